//! Whole stories on real files: a log, people with keys, builders, targets, and those who cheat.

mod world;

mod log;
mod log_attacks;

mod release;
mod target;

mod approval_attacks;
mod history_attacks;

mod crash;
