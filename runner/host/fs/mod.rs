//! Files below a directory descriptor, never through a link; and the one reader of files by name.

pub mod artifact_file;
pub mod beneath;
pub mod descent;
pub mod folder_content;
pub mod folder_lock;
pub mod folder_walk;
pub mod given_file;
pub mod mode;
pub mod pour;
pub mod private;
pub mod remove;
pub mod replace;
pub mod site;
pub mod stamp;
pub mod walk;
