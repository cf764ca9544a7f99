//! What manifests name, resolved once and written down; and new recipes.

pub mod resolver;
pub mod resolve;
pub mod locked;
pub mod several;
pub mod starter;
pub mod drafting;
pub mod init;
