//! What version control keeps of a folder, read from git's own files; no program of git runs there.
//!
//! A folder's `.git/config` may be anybody's, and git does what it says: start a monitor, a filter, a hook.
//! So nothing here looks into any configuration, but for the line by which a repository elsewhere names its
//! checkout. What counts is the index, the `.gitignore` files that are
//! there, and `.git/info/exclude`.

// Which repository a folder belongs to.
pub mod place;
pub mod config;
pub mod repository;

// What is tracked, and what is ignored.
pub mod index_file;
pub mod index;
pub mod ignored;

// Both, over the files that are there.
pub mod listing;

pub mod error;
