//! What could leak the machine into the bytes, and how the two runs differ in it.

pub mod factor;

pub mod choice;

pub mod profile;

pub mod conditions;

pub mod varied;

pub mod other_machine;

pub mod planning;

pub mod expected;

pub mod claim;

pub mod state;

pub mod sighting;

pub mod spec;

pub mod counterfactual;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod sighting_tests;
#[cfg(test)]
mod test_machine;
