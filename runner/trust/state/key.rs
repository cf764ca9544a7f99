//! The parts of a state: what can be kept and read again by itself.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::needs;
use crate::statement::said::{Said, Signed};

/// Generations in one part.
const ROW: u64 = 64;

/// Under what a part of a state is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// All that was said about what has that digest.
    Thing(Digest),
    /// What waits for an environment under that name.
    Called(String),
    /// A row of an environment's generations.
    Row(Name, u64),
}

impl Key {
    /// The row with that generation, counted from 1.
    pub fn generation(environment: &Name, number: u64) -> Self {
        Self::Row(environment.clone(), number.saturating_sub(1) / ROW)
    }

    /// The digest that stands for it: evenly spread, whatever it is about.
    pub fn digest(&self) -> Digest {
        let text = match self {
            Self::Thing(digest) => format!("thing\n{digest}"),
            Self::Called(name) => format!("called\n{name}"),
            Self::Row(environment, row) => format!("row\n{environment}\n{row}"),
        };
        Digest::sha256(text.as_bytes())
    }

    /// The parts without which a statement cannot be folded; [`Self::further`] tells the rest.
    pub fn of(signed: &Signed) -> BTreeSet<Self> {
        let mut keys = BTreeSet::from([Self::Thing(signed.subject)]);
        match &signed.said {
            Said::Built(provenance) => {
                keys.extend(needs::outputs(provenance).map(Self::Thing));
                let subjects = signed.subjects().into_iter();
                keys.extend(subjects.map(|(digest, _)| Self::Thing(digest)));
            }
            Said::Approved(_) | Said::Promoted(_) | Said::RolledBack(_) => {
                keys.insert(Self::Called(signed.name.clone()));
            }
            _ => {}
        }
        keys
    }
}
