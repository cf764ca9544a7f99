//! Clues in the differing bytes: what they could be, and whether that matches what is known.

pub mod calendar;
pub mod clock;
pub mod count;
pub mod date;
pub mod judge;
pub mod naming;
pub mod order;
pub mod parts;
pub mod reading;
pub mod scene;
pub mod shape;
pub mod token;
pub mod verdict;
