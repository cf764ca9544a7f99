//! The store: blobs, trees and records by digest, shared by processes and never half-written.
//!
//! ```text
//! version                    the layout's version
//! lock  commit.lock          shared by every user, taken alone by gc; held while a tree becomes visible
//! blobs/ab/<blake3>          content of fetched files, mode 0444
//! sha256/ab/<sha256>         the blob's record, written last: blake3, size and stamp
//! trees/<digest>/            a materialised tree: 0555, 0444, mtime 1
//! trees/<digest>.stamps      what every entry looked like when it was written
//! trees/<digest>.tree        its canonical bytes, written last: without it the tree is not there
//! actions/<digest>.json      results by action, written last of all
//! assemblies/ links/         the trees that were derived before, plain or with a note
//! roots/                     what must not be collected
//! tmp/<pid>-<n>/             scratch, locked while in use; what is unlocked is garbage of a crash
//! ```
//!
//! Everything but `actions/` can be fetched or built again and is checked on every use, so only index entries
//! are flushed to the disk. A power cut can leave a tree with cut files behind; its stamps say so.

pub mod blob;
pub mod commit;
pub mod derived;
pub mod error;
pub mod gc;
pub mod listing;
pub mod merge;
pub mod open;
pub mod origin;
pub mod place;
pub mod quick;
pub mod record;
pub mod roots;
pub mod scratch;
pub mod stamps;
pub mod stored;
pub mod transfer;
pub mod verify;
pub mod writer;
