//! A reader's own snapshot of the state, so that a decision needs not read the whole log.
//!
//! The state is kept in parts, found by digest in a tree of pages. Every page is named by its digest
//! from the one above it, and the first by the **head**, which names the log, the tree of entries that
//! was folded, and carries a keyed digest by a key that only its owner has. Who can write the files and
//! has no key can make the snapshot unreadable, not wrong: it is then made anew from the log.
//!
//! A snapshot is never taken for the log: the log's checkpoint must extend the tree in the head, and
//! what was appended since is read, held against the checkpoint, checked and folded.

pub mod page;
pub mod pages;
pub mod tree;

pub mod head;
pub mod dir;

pub mod follow;
