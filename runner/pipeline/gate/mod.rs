//! What a release is decided by: the gate file, and what a machine remembers of logs and gates.

pub mod session;
pub mod gate_file;
pub mod gate_memory;
pub mod log_memory;
pub mod log_copy;
