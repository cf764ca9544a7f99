//! Zwieback: hermetic builds, baked twice.
