//! The user's wish to stop, for whoever works too long to be asked by anyone: loops over strangers'
//! files, and programs that are waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Set when the user wants to stop.
static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Has every long work end once the flag is set.
pub fn stop_at(flag: Arc<AtomicBool>) {
    // The first flag stays: there is one user.
    drop(STOP.set(flag));
}

/// Whether the user wants to stop.
pub fn is_stopped() -> bool {
    STOP.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}
