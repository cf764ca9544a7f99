//! What a user changes of a profile: factors to vary as well, and factors to hold still.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::factor::Factor;

/// Room for a sentence. The reason stands in the provenance, where people read it.
const LONGEST: usize = 300;

/// Single factors, added to or taken from those that a profile varies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Varied although the profile fixes them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub vary: BTreeSet<Factor>,
    /// The same in both runs although the profile varies them, each with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fix: BTreeMap<Factor, Reason>,
}

/// Why a factor is held still: one line that says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub struct Reason(String);

/// Why a choice cannot be made. A lower-case fragment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A reason is missing, or it is no line of text.
    #[error("a reason takes 1 to {LONGEST} characters in one line: it stands in the provenance")]
    NoReason,
    /// Nothing can hold this factor still.
    #[error("`{0}` cannot be fixed: nothing holds it still")]
    Unsteady(Factor),
    /// Nothing varies this factor on purpose.
    #[error("`{0}` cannot be varied: it differs, or does not, by itself")]
    Unsteerable(Factor),
    /// The same factor is to be varied and to be fixed.
    #[error("`{0}` is to be varied and to be fixed")]
    Both(Factor),
    /// It is not `FACTOR=WHY`.
    #[error("`{0}` is not `FACTOR=WHY`")]
    NoPair(String),
    /// There is no such factor.
    #[error("there is no factor `{0}`")]
    Unknown(String),
}

impl Choice {
    /// Checks that each factor can be what it is to be.
    pub fn check(&self) -> Result<(), ChoiceError> {
        let is_both = |it: &&Factor| self.fix.contains_key(it);
        if let Some(both) = self.vary.iter().find(is_both) {
            return Err(ChoiceError::Both(*both));
        }
        if let Some(factor) = self.vary.iter().find(|it| !it.is_steerable()) {
            return Err(ChoiceError::Unsteerable(*factor));
        }
        let unsteady = self.fix.keys().find(|it| !it.is_steerable());
        unsteady.map_or(Ok(()), |it| Err(ChoiceError::Unsteady(*it)))
    }

    /// This choice, where another one does not say otherwise.
    #[must_use]
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.vary.retain(|it| !other.fix.contains_key(it));
        self.fix.retain(|it, _| !other.vary.contains(it));
        self.vary.extend(&other.vary);
        self.fix.extend(other.fix.clone());
        self
    }

    /// Why a factor is held still, if it is. A machine has one clock: where that is held, so are the times
    /// that it stamps files with.
    pub fn reason_to_fix(&self, factor: Factor) -> Option<&Reason> {
        let own = self.fix.get(&factor);
        own.or_else(|| match factor {
            Factor::CreatedMtime => self.fix.get(&Factor::Clock),
            _ => None,
        })
    }

    /// Whether the profile is taken as it is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes `FACTOR=WHY`, as it stands on a command line.
    pub fn fix_for(&mut self, text: &str) -> Result<(), ChoiceError> {
        let pair = text.split_once('=');
        let (factor, why) = pair.ok_or_else(|| ChoiceError::NoPair(text.to_owned()))?;
        self.fix
            .insert(factor.parse()?, Reason::try_from(why.to_owned())?);
        Ok(())
    }
}

impl Reason {
    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Factor {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.as_str() == text)
            .ok_or_else(|| ChoiceError::Unknown(text.to_owned()))
    }
}

impl TryFrom<String> for Reason {
    type Error = ChoiceError;

    fn try_from(text: String) -> Result<Self, ChoiceError> {
        let text = text.trim();
        let fits = (1..=LONGEST).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ChoiceError::NoReason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str) -> Result<Choice, ChoiceError> {
        let mut choice = Choice::default();
        choice.fix_for(text)?;
        choice.check()?;
        Ok(choice)
    }

    #[test]
    fn dropping_a_factor_takes_a_reason() {
        let choice = fixed("locale=upstream's tests know only C").unwrap();
        let reason = choice.fix[&Factor::Locale].as_str();
        assert_eq!(reason, "upstream's tests know only C");
        assert_eq!(fixed("locale= "), Err(ChoiceError::NoReason));
        assert_eq!(fixed("locale=a\nb"), Err(ChoiceError::NoReason));
        assert_eq!(fixed("locale"), Err(ChoiceError::NoPair("locale".into())));
        assert_eq!(fixed("moon=full"), Err(ChoiceError::Unknown("moon".into())));
    }

    #[test]
    fn what_nothing_can_hold_cannot_be_dropped() {
        let error = fixed("scheduling=it races").unwrap_err();
        assert_eq!(error, ChoiceError::Unsteady(Factor::Scheduling));
    }

    #[test]
    fn the_nearer_choice_counts() {
        let recipe = fixed("locale=upstream").unwrap();
        let wish = Choice {
            vary: [Factor::Locale, Factor::Umask].into(),
            ..Choice::default()
        };
        assert_eq!(recipe.overridden_by(&wish), wish);
        assert_eq!(wish.clone().overridden_by(&Choice::default()), wish);
    }
}
