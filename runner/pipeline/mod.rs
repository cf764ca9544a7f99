//! The stories. Each file is one; each chapter is one call. Read `build` first.

// The stories.
pub mod build;
pub mod sign;
pub mod verify;
pub mod recheck;
pub mod lock;
pub mod fetch;
pub mod build_all;
pub mod shell;
pub mod again;
pub mod init;
pub mod drafting;
pub mod starter;

// What the stories of a release, which are told in the room of trust, are given.
pub mod gate_file;
pub mod log_memory;

pub mod gate_memory;
pub mod gate;
pub mod log_copy;

// The chapters of a build, in order.
pub mod read;
pub mod graph;
pub mod resolver;
pub mod resolve;
pub mod places;
pub mod checkouts;
pub mod find;
pub mod inputs;
pub mod root;
pub mod remembered;
pub mod roots;
pub mod sources;
pub mod vendored;
pub mod alone;
pub mod twin;
pub mod run;
pub mod furnish;
pub mod scenery;
pub mod pace;
pub mod slots;
pub mod log;
pub mod advice;
pub mod explain;
pub mod explained;
pub mod confirm;
pub mod lab;
pub mod keyring;
pub mod countersign;
pub mod bundles;
pub mod tree_file;
pub mod folder_terms;
pub mod companions;
pub mod folder;
pub mod root_memory;
pub mod root_state;
pub mod policy_file;
pub mod root_file;
pub mod carried;
pub mod attest;
pub mod secrets;
pub mod theirs;
pub mod keep;
pub mod built;
pub mod earlier_export;
pub mod export;
pub mod hand_over;

// What all of them are told and tell.
pub mod context;
pub mod error;
pub mod notices;
pub mod shared;
pub mod observe;
pub mod stop;
