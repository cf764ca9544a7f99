//! Where to ask for an input: read from the ecosystems' own clients and the user's mirrors, never built in.

pub mod apt;
pub mod base_url;
pub mod cargo;
pub mod table;
pub mod template;
