//! Whole commands on real files: a log, people with keys, builders, targets, and those who cheat.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod statements;
mod world;

mod log;
mod log_attacks;
mod record_attacks;
mod restoration;
mod snapshot;

mod environments;
mod release;
mod relied_on;
mod deploy;

mod rollback_attacks;
mod standing_attacks;

mod approval_attacks;
mod history_attacks;
mod kinds;
mod people;
mod needs_attacks;
mod role_attacks;
mod standing;
mod time_stamps;
mod waiting;

mod crash;
