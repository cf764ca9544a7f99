//! What an artifact was built from is held to what it is held to itself: at any depth, recipes that made
//! an input or a part of a toolchain have provenance that is believed, and nothing of it was revoked.
//!
//! The bundles are found by the tree of outputs that they vouch for, which the build that used it names.

use std::collections::BTreeSet;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::trust::Trust;
use zwieback_attest::verify::{Request, Verified, verify_claim};
use zwieback_model::digest::Digest;

use super::case::Case;
use super::decision::{Rule, SetAside, Waivable};
use crate::reason::{Reason, Refusal, Why};
use crate::state::needs::{needs, outputs};

/// The builds behind a build, and the first need that nothing believed answers.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) builds: Vec<Verified>,
    pub(super) set_aside: Vec<SetAside>,
    trees: BTreeSet<Digest>,
    lacking: Option<(String, Why)>,
}

impl Rest {
    /// Verifies what those builds rest on, each tree once: a circle of recipes has an end too.
    pub(super) fn of(builds: &[Verified], trust: &Trust, case: &Case<'_>) -> Self {
        let mut rest = Self::default();
        let mut open: Vec<_> = builds
            .iter()
            .flat_map(|build| needs(build.provenance()))
            .collect();
        while let Some((tree, name)) = open.pop() {
            let Some(tree) = tree else {
                let saw = format!("`{name}` without a sha256");
                rest.lacking
                    .get_or_insert((saw, Reason::NeedsMissing.into()));
                continue;
            };
            if !rest.trees.insert(tree) {
                continue;
            }
            match rest.verify(tree, &name, trust, case) {
                Ok(builds) => {
                    open.extend(builds.iter().flat_map(|build| needs(build.provenance())));
                    rest.builds.extend(builds);
                }
                Err(why) => {
                    let saw = format!("{}, tree {}: {}", name, tree.short(), why.saw());
                    rest.lacking.get_or_insert((saw, why.reason));
                }
            }
        }
        rest
    }

    /// Every build of that tree that is believed: at least one.
    fn verify(
        &mut self,
        tree: Digest,
        name: &str,
        trust: &Trust,
        case: &Case<'_>,
    ) -> Result<Vec<Verified>, Refusal> {
        let question = case.question;
        let mut builds = Vec::new();
        let mut first = None;
        for bundle in question.needed.get(&tree).into_iter().flatten() {
            let verified = verify_claim(&Request {
                bundle,
                artifacts: &[],
                trust,
                foreign: case.policy.builds.policy.foreign(),
                now: question.now,
            });
            match verified {
                Ok(build) if outputs(build.provenance()) == Some(tree) => builds.push(build),
                Ok(_) => {}
                Err(refusal) => {
                    let why = Refusal::from(refusal);
                    first.get_or_insert_with(|| why.clone());
                    let what = format!("provenance of `{name}` by key {:?}", hint(bundle));
                    self.set_aside.push(SetAside {
                        index: None,
                        what,
                        why,
                    });
                }
            }
        }
        let missing = || {
            let saw = "no provenance in the log; `zwieback submit` takes its bundle";
            Refusal::new(Reason::NeedsMissing, saw)
        };
        match builds.as_slice() {
            [] => Err(first.unwrap_or_else(missing)),
            _ => Ok(builds),
        }
    }

    /// The rule, where there is anything to ask for.
    pub(super) fn rule(&self) -> Option<Rule> {
        if self.trees.is_empty() && self.lacking.is_none() {
            return None;
        }
        let asked = "provenance by trusted builders of all that recipes made for it";
        let (saw, why) = match &self.lacking {
            Some((saw, why)) => (saw.clone(), Some(*why)),
            None => (format!("{} believed", self.builds.len()), None),
        };
        Some(Rule::new("needs", asked, saw, why).waivable(Waivable::ByQuorum))
    }
}

/// By which key a bundle claims to be signed.
pub(super) fn hint(bundle: &[u8]) -> String {
    let bundle = Bundle::parse(bundle);
    bundle.map_or_else(|_| "unreadable".to_owned(), |it| it.hint().to_owned())
}
