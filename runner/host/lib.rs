//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

// What the user has.
pub mod dirs;
pub mod project;
pub mod clock;
pub mod machine;
pub mod run_folder;
pub mod stop;

// Where bytes are kept.
pub mod archive;
pub mod capture;
pub mod fs;
pub mod stage;
pub mod store;
pub mod content;

// Where bytes come from.
pub mod launch;
pub mod endpoints;
pub mod fetch;
pub mod deb;
pub mod worktree;
pub mod ecosystem;

// What is made of them.
pub mod toolchain;

// What is signed with.

pub mod keys;
pub mod time_stamp;

// What policies are evaluated by.
pub mod rego;
