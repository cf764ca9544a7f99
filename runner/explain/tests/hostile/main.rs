//! Hostile bytes: whatever the outputs hold, an explanation ends, within its limits, without a panic.

mod arbitrary;
mod bombs;
mod inputs;
mod mutated;
