//! What is known of builds and of what they would do: shown, never changed.

pub mod plan;
pub mod show;
pub mod explain;
