//! Evidence in the differing bytes: what they could be, and whether that matches what is known of the runs.

pub mod attribution;
pub mod calendar;
pub mod judging;
pub mod classifier;
pub mod clock;
pub mod context;
pub mod count;
pub mod date;
pub mod naming;
pub mod order;
pub mod parts;
pub mod reading;
pub mod shape;
pub mod token;
