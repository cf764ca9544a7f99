//! Outputs whose very name differs between the runs: `app-20261122.txt` and `app-20271227.txt`.

use std::collections::BTreeMap;

use zwieback_model::rel_path::RelPath;

use crate::certainty::Certainty;
use crate::clue::judge::Judge;
use crate::clue::scene::Scene;
use crate::clue::verdict::Verdict;
use crate::excerpt;
use crate::pair::Pair;
use crate::spot::{Draft, Spot};
use crate::walk::Walk;

/// One output under two names.
pub struct Renaming {
    a: String,
    b: String,
    verdict: Verdict,
}

/// Outputs only one run has, paired by folder and order where the names differ by a known word.
/// Both names lead to the same renaming.
pub fn renamed(judge: &Judge<'_>, pairs: &[Pair<'_>]) -> BTreeMap<RelPath, Renaming> {
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
        let judged = judge.lines(Scene::Text, a.as_str().as_bytes(), b.as_str().as_bytes());
        let known = judged
            .into_iter()
            .map(|judged| judged.verdict)
            .find(|verdict| verdict.certainty == Certainty::Known);
        for path in [a, b] {
            renamed.extend(known.clone().map(|verdict| {
                let renaming = Renaming {
                    a: a.to_string(),
                    b: b.to_string(),
                    verdict,
                };
                (path.clone(), renaming)
            }));
        }
    }
    renamed
}

/// Adds the finding, at the name of run A.
pub fn explain(walk: &mut Walk<'_>, spot: &Spot, renaming: &Renaming) {
    if spot.path.as_str() != renaming.a {
        return;
    }
    let draft = Draft {
        detail: "name".to_owned(),
        offset: None,
        left: excerpt::text(&renaming.a),
        right: excerpt::text(&renaming.b),
        verdict: renaming.verdict.clone(),
        context: renaming.a.as_bytes(),
    };
    walk.add(spot, draft);
}
