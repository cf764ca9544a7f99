//! Debian packages: what apt is configured with, what it resolves to, and what a `.deb` holds.

pub mod apt_client;
pub mod apt_state;
pub mod archive_roots;
pub mod package;
pub mod resolve;
pub mod source_list;
pub mod source_locations;
pub mod uri_list;
