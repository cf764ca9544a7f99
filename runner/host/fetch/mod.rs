//! Fetching: every input from whichever place has it, and only if its digest is the locked one.

pub mod canceller;
pub mod client;
mod limited;
mod paced;
mod redirect;
mod resolver;
pub mod download;
pub mod error;
pub mod event;
pub mod failure;
pub mod fetch_all;
pub mod into_store;
pub mod part;
pub mod settings;
