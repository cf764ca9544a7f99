//! Two trees and what differed between the runs, turned into findings. Pure over bytes.
//!
//! The story: [`explain::explain`] takes the differing outputs as [`pair::Pair`]s, walks into
//! containers ([`format`]), finds where the bytes part ([`differ`]), asks what the runner knows
//! of both runs ([`knowledge`], [`clue`]) and returns a [`finding::Report`], which is shown by
//! [`screen`] and [`html`]. The bytes come from a build and may be hostile: every
//! reader is total, and [`limits::Limits`] bounds depth, memory and work.
//!
//! The same readers lead [`search`] through one content and all that is inside of it.

#![forbid(unsafe_code)]

pub mod cause;
pub mod certainty;
pub mod clue;
pub mod content;
pub mod differ;
pub mod excerpt;
pub mod explain;
pub mod finding;
pub mod format;
pub mod hint;
pub mod html;
pub mod knowledge;
pub mod limits;
pub mod names;
pub mod pair;
pub mod screen;
pub mod search;
pub mod spot;
pub mod walk;
