//! An entry of `[[allow-secret]]`: something that looks like a secret and is meant to be signed.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::manifest::diagnostic::nearest;
use crate::secrets::rules;

/// One `[[allow-secret]]` table. It stands in the provenance with the recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllowedSecret {
    /// The rule that finds it, as the report names it.
    pub rule: String,
    /// Where it stands, as the report says it: an output and its members, a log, a key of the recipe.
    pub path: String,
    /// What the report names: the digest of the match, or of the whole file where a match has so little
    /// randomness that its digest would tell it.
    pub sha256: Digest,
    /// Why it is meant to be there.
    pub reason: String,
}

/// An entry that allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// No rule has this name.
    #[error("there is no rule `{rule}` for secrets{}", did_you_mean(.rule))]
    UnknownRule {
        /// The name.
        rule: String,
    },
    /// Nobody says why.
    #[error("`reason` says why the secret is meant to be there: it may not be empty")]
    NoReason,
}

impl AllowedSecret {
    /// Checks what its grammar cannot say.
    pub fn check(&self) -> Result<(), AllowError> {
        if rules::named(&self.rule).is_none() {
            let rule = self.rule.clone();
            return Err(AllowError::UnknownRule { rule });
        }
        if self.reason.trim().is_empty() {
            return Err(AllowError::NoReason);
        }
        Ok(())
    }
}

fn did_you_mean(rule: &str) -> String {
    let near = nearest(rule, rules::all().map(|rule| rule.name));
    near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}
