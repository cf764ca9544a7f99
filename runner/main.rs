//! The `zwieback` program.

fn main() {}
