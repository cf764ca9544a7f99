//! What the gate answers: every rule, what it asked for, what it saw.

use std::collections::BTreeSet;

use zwieback_attest::grounds::Grounds;
use zwieback_attest::level::BuildLevel;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use crate::reason::{Refusal, Why};

/// A decision, with all that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The artifact.
    pub artifact: Digest,
    /// What it is called.
    pub name: String,
    /// Its version, where its provenance has one.
    pub version: Option<String>,
    /// Where it is to be used.
    pub environment: Name,
    /// The policy.
    pub policy: Digest,
    /// How many entries of the log were looked at.
    pub size: u64,
    /// The generation that a promotion would make.
    pub generation: u64,
    /// When it was decided.
    pub now: Timestamp,
    /// Every rule that was applied, in order.
    pub rules: Vec<Rule>,
    /// Statements that were looked at and did not count.
    pub set_aside: Vec<SetAside>,
    /// The bundles of provenance that counted, by their digests.
    pub inputs: BTreeSet<Digest>,
    /// The lowest level of those.
    pub level: Option<BuildLevel>,
    /// How many independent builders agree.
    pub builders: usize,
    /// What those who rely on the decision elsewhere have to know, to judge it like the builds.
    pub grounds: Grounds,
}

/// One rule as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule, as the policy's file names it.
    pub name: String,
    /// What it asked for.
    pub asked: String,
    /// What it saw.
    pub saw: String,
    /// Whose exception lets it pass.
    pub waivable: Waivable,
    /// What came of it.
    pub verdict: Verdict,
}

/// Whose exception lets a rule pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waivable {
    /// Nobody's: signatures, revocations, the order of releases, and whatever does not say otherwise.
    Never,
    /// That of one person who may break glass: rules about how people work.
    ByOne,
    /// That of as many keepers as may change the policy: rules about what something is made of.
    ByQuorum,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was kept.
    Held,
    /// It was not kept, and an exception let it pass.
    Waived {
        /// The entry with the exception.
        by: u64,
    },
    /// It was not kept.
    Denied(Why),
}

/// A statement that did not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its entry, where it has one.
    pub index: Option<u64>,
    /// What it is.
    pub what: String,
    /// Why it did not count.
    pub why: Refusal,
}

impl Decision {
    /// Whether no rule denied; otherwise why each of them did, the first one for all.
    pub fn verdict(&self) -> Result<(), Refusal> {
        denials(&self.rules).map_or(Ok(()), Err)
    }

    /// The rules that only passed by an exception.
    pub fn waived(&self) -> BTreeSet<String> {
        let waived = self.rules.iter();
        let waived = waived.filter(|waived| matches!(waived.verdict, Verdict::Waived { .. }));
        waived.map(|waived| waived.name.clone()).collect()
    }
}

/// Why the rules deny, if any of them does.
pub fn denials(rules: &[Rule]) -> Option<Refusal> {
    let denial = |rule: &Rule| match rule.verdict {
        Verdict::Denied(why) => {
            let (name, asked, saw) = (&rule.name, &rule.asked, &rule.saw);
            let saw = format!("`{name}` asks for {asked}, there is {saw}");
            Some(Refusal::new(why, saw))
        }
        Verdict::Held | Verdict::Waived { .. } => None,
    };
    Refusal::of_many(rules.iter().filter_map(denial))
}

impl Rule {
    /// A rule that was kept, or denies for that reason; no exception lets it pass.
    pub fn new(
        name: impl Into<String>,
        asked: impl Into<String>,
        saw: impl Into<String>,
        denied: Option<Why>,
    ) -> Self {
        Self {
            name: name.into(),
            asked: asked.into(),
            saw: saw.into(),
            waivable: Waivable::Never,
            verdict: denied.map_or(Verdict::Held, Verdict::Denied),
        }
    }

    /// The same rule, that those may let pass.
    #[must_use]
    pub(super) fn waivable(self, waivable: Waivable) -> Self {
        Self { waivable, ..self }
    }
}
