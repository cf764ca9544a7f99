//! One function for each command, in rooms of which each uses those above it. Read `build::build` first.

pub mod context;
pub mod plan;
pub mod inputs;
pub mod lock;
pub mod runs;
pub mod explain;
pub mod build;
pub mod shell;
pub mod inspect;
pub mod machine;
pub mod trust;
pub mod gate;
pub mod release;
pub mod log;
