//! Two trees and what differed between the runs, turned into findings. Pure over bytes.
//!
//! [`explain::explain`] takes the differing outputs as [`pair::Pair`]s, walks into containers
//! ([`archive`], [`format`]), finds the ranges that differ ([`differ`]), compares them with what the
//! runner knows of both runs ([`knowledge`], [`evidence`]) and returns a [`finding::Explanation`],
//! which [`screen`] and [`html`] show. The bytes come from a build and may be hostile: every
//! reader is total, and [`limits::ExplainLimits`] bounds depth, memory and work.
//!
//! The same readers lead [`search`] through one content and all that is inside of it.

#![forbid(unsafe_code)]

pub mod archive;
pub mod cause;
pub mod certainty;
pub mod content;
pub mod content_kind;
pub mod differ;
pub mod evidence;
pub mod excerpt;
pub mod explain;
pub mod finding;
pub mod format;
pub mod hint;
pub mod html;
pub mod knowledge;
pub mod language;
pub mod limits;
pub mod location;
pub mod names;
pub mod pair;
pub mod screen;
pub mod search;
pub mod walk;
