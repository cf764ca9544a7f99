//! Control groups, where the caller may make some.

pub(crate) mod group;
pub(crate) mod layout;
