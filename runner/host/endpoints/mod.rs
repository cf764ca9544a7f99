//! Where to ask for an input: read from the ecosystems' own clients and the user's mirrors, never built in.

pub mod base_url;
pub mod cargo;
pub mod relative_reference;
pub mod table;
pub mod template;
