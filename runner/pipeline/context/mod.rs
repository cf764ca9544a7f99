//! What every command is given and tells: settings, keys, slots for runs, events and errors.

pub mod command_context;
pub mod configuration;
pub mod user;
pub mod world;
pub mod error;
mod hint;
pub mod answer;
pub mod log_belief;
pub mod failure;
pub mod explained;
pub mod observe;
pub mod stop;
pub mod shared;
pub mod slots;
pub mod key_place;
pub mod keyring;
pub mod notices;
