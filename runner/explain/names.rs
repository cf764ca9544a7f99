//! Outputs whose very name differs between the runs: `app-20261122.txt` and `app-20271227.txt`.

use std::collections::BTreeMap;

use zwieback_model::rel_path::RelPath;

use crate::certainty::Certainty;
use crate::evidence::attribution::Attribution;
use crate::evidence::classifier::Classifier;
use crate::evidence::context::TextContext;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::pair::Pair;
use crate::walk::Walk;

/// One output under two names.
pub struct Renaming {
    a: String,
    b: String,
    attribution: Attribution,
}

/// Outputs only one run has, paired by folder and order where the names differ by a known word.
/// Both names lead to the same renaming.
pub fn renamed(classifier: &Classifier<'_>, pairs: &[Pair<'_>]) -> BTreeMap<RelPath, Renaming> {
    let only_a = pairs
        .iter()
        .filter(|pair| pair.b.entry.is_none())
        .map(|pair| &pair.path);
    let only_b: Vec<_> = pairs
        .iter()
        .filter(|pair| pair.a.entry.is_none())
        .map(|pair| &pair.path)
        .collect();
    let mut renamed = BTreeMap::new();
    for (a, b) in only_a.zip(only_b) {
        let classified = classifier.lines(
            TextContext::Text,
            a.as_str().as_bytes(),
            b.as_str().as_bytes(),
        );
        let known = classified
            .into_iter()
            .map(|classified| classified.attribution)
            .find(|attribution| attribution.certainty == Certainty::Known);
        for path in [a, b] {
            renamed.extend(known.clone().map(|attribution| {
                let renaming = Renaming {
                    a: a.to_string(),
                    b: b.to_string(),
                    attribution,
                };
                (path.clone(), renaming)
            }));
        }
    }
    renamed
}

/// Adds the finding, at the name of run A.
pub fn explain(walk: &mut Walk<'_>, location: &Location, renaming: &Renaming) {
    if location.path.as_str() != renaming.a {
        return;
    }
    let draft = FindingDraft {
        detail: "name".to_owned(),
        offset: None,
        left: excerpt::text(&renaming.a),
        right: excerpt::text(&renaming.b),
        attribution: renaming.attribution.clone(),
        context: renaming.a.as_bytes(),
    };
    walk.add(location, draft);
}
