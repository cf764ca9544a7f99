//! The one place where a program that is not ours is started: cargo, pip, npm, apt, git, what signs, what deploys.
//!
//! Whatever lies in the folder that the user happens to be in steers none of them: each starts in an empty
//! folder of its own, finds programs in absolute folders alone, and sees the variables that its list names.
//! It has a time, a bound on what it may print and on its memory, and a closed standard input unless something is handed to it.

// What a program is allowed.
pub mod rules;
pub mod client;
pub mod memory;

// What it starts with.
pub mod environment;
pub mod folder;

// How it runs.
pub mod running;
pub mod collector;
pub mod growth;
pub mod launched;

pub mod error;
