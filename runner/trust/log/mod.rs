//! The log's folder: what is appended is never lost, never changed, and can be served as it is.
//!
//! ```text
//! checkpoint               the log's signed word, replaced last
//! tile/<level>/<n>         digests, 256 a file (C2SP's tlog-tiles)
//! tile/entries/<n>         entries, 256 a file
//! statements/<n>           the bundles behind them, 256 a file, only ever appended to
//! log.vkey                 the log's public key
//! trusted_root.json        the same for Sigstore's clients
//! ```
//! A batch is written and synced before the checkpoint that speaks of it: a crash leaves garbage
//! behind the end, which the next batch overwrites, and never a lie.

pub mod error;
pub mod files;

pub mod place;

pub mod memory;

pub mod believed;

pub mod put_back;

pub mod read;

pub mod bundles;

pub mod record;

pub mod entries;

pub mod copied;

pub mod append;
pub mod prove;

pub mod blocks;

pub mod audit;
pub mod monitor;
pub mod witness;
