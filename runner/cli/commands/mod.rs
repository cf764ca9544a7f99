//! One file a command: arguments to a story, its result to the screen.

pub mod lock;

pub mod fetch;

pub mod key;

pub mod completions;
