//! Control groups, where the caller may make some.

pub(crate) mod layout;
pub(crate) mod group;
