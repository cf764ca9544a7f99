//! Files below a directory descriptor: nothing here takes an absolute path or follows a link.

pub mod beneath;
pub mod descent;
pub mod fault;
pub mod folder_walk;
pub mod remove;
pub mod stamp;
pub mod walk;
