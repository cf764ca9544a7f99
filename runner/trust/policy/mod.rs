//! The policy about releases: who may do what, environment by environment, and the three documents that
//! are in force together.

pub mod people;
pub mod release_policy;

pub mod in_force;

pub mod known_people;
