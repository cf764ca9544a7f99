//! This machine: what its kernel can enforce, and what its store holds.

pub mod doctor;
pub mod store;
pub mod gc;
pub mod transfer;
