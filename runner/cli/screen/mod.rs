//! What a user sees: every screen is a consumer of events and knows nothing else.

pub mod paint;

pub mod terminal;

pub mod volume;

pub mod human;

pub mod sentence;

pub mod crowd;

pub mod runs;

pub mod json;

pub mod explanation;

pub mod answers;
