//! What could leak the machine into the bytes, and how the two runs differ in it.

pub mod factor;

pub mod conditions;

pub mod variation;

pub mod spec;

pub mod counterfactual;
