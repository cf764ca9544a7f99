//! The story: every differing output is entered, compared and judged; the result is one report.

use zwieback_model::tree::Entry;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::clue::verdict::Verdict;
use crate::clue::verdict::unknown;
use crate::content::View;
use crate::excerpt;
use crate::finding::{Finding, Report, SCHEMA};
use crate::format::enter;
use crate::knowledge::Knowledge;
use crate::limits::Limits;
use crate::names;
use crate::pair::{Pair, Side};
use crate::spot::{Draft, Spot};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Explains all outputs that differ, within the limits.
pub fn explain(pairs: &[Pair<'_>], knowledge: &Knowledge, limits: &Limits) -> Report {
    let mut walk = Walk::new(knowledge, limits, enter::explain);
    let renamed = names::renamed(&walk.judge, pairs);
    for pair in pairs {
        let spot = Spot::output(&pair.path);
        walk.begin_output();
        match renamed.get(&pair.path) {
            Some(renaming) => names::explain(&mut walk, &spot, renaming),
            None => explain_pair(&mut walk, &spot, pair),
        }
        walk.end_output(&spot);
    }
    let (mut findings, unexamined) = walk.finish();
    settle_digests(&mut findings);
    Report {
        schema: SCHEMA.to_owned(),
        differing: pairs.len(),
        findings,
        unexamined,
    }
}

fn explain_pair(walk: &mut Walk<'_>, spot: &Spot, pair: &Pair<'_>) {
    match (pair.a.entry, pair.b.entry) {
        (Some(Entry::File { executable: a, .. }), Some(Entry::File { executable: b, .. })) => {
            if a != b {
                executable_bit(walk, spot, *a, *b);
            }
            contents(walk, spot, &pair.a, &pair.b);
        }
        (Some(Entry::Symlink { target: a }), Some(Entry::Symlink { target: b })) => {
            targets(walk, spot, a, b);
        }
        (Some(Entry::Directory), Some(Entry::Directory)) | (None, None) => {}
        (Some(a), Some(b)) => plain(
            walk,
            spot,
            "kind",
            Cause::EntryKind,
            kind(Some(a)),
            kind(Some(b)),
        ),
        (a, b) => plain(walk, spot, "presence", Cause::Presence, kind(a), kind(b)),
    }
}

fn contents(walk: &mut Walk<'_>, spot: &Spot, a: &Side<'_>, b: &Side<'_>) {
    match (a.content, b.content) {
        (Some(a), Some(b)) => walk.contents(spot, &View::of(a), &View::of(b)),
        _ => walk.skip(spot, "the content is not at hand".to_owned()),
    }
}

fn executable_bit(walk: &mut Walk<'_>, spot: &Spot, a: bool, b: bool) {
    let show = |set: bool| if set { "executable" } else { "not executable" }.to_owned();
    let factors = walk
        .judge
        .knowledge()
        .suspects(&[Factor::Umask, Factor::Scheduling]);
    let verdict = Verdict::new(Cause::FileMode, Certainty::Guess, factors);
    let draft = Draft {
        detail: "executable bit".to_owned(),
        offset: None,
        left: show(a),
        right: show(b),
        verdict,
        context: &[],
    };
    walk.add(spot, draft);
}

fn targets(walk: &mut Walk<'_>, spot: &Spot, a: &str, b: &str) {
    let judged = walk
        .judge
        .lines(crate::clue::scene::Scene::Text, a.as_bytes(), b.as_bytes());
    for judged in judged {
        let mut verdict = judged.verdict;
        if verdict.cause.is_nameless() {
            verdict = unknown(Cause::LinkTarget);
        }
        let draft = Draft {
            detail: "target of the link".to_owned(),
            offset: None,
            left: excerpt::text(a),
            right: excerpt::text(b),
            verdict,
            context: a.as_bytes(),
        };
        walk.add(spot, draft);
    }
}

fn plain(walk: &mut Walk<'_>, spot: &Spot, detail: &str, cause: Cause, left: &str, right: &str) {
    let draft = Draft {
        detail: detail.to_owned(),
        offset: None,
        left: left.to_owned(),
        right: right.to_owned(),
        verdict: unknown(cause),
        context: &[],
    };
    walk.add(spot, draft);
}

fn kind(entry: Option<&Entry>) -> &'static str {
    match entry {
        None => "absent",
        Some(Entry::File { .. }) => "file",
        Some(Entry::Directory) => "directory",
        Some(Entry::Symlink { .. }) => "symlink",
    }
}

/// A digest follows from something else that differs. Where nothing else does, it was no digest
/// of an output but a value of its own.
fn settle_digests(findings: &mut [Finding]) {
    if findings
        .iter()
        .any(|finding| !finding.cause.is_consequence())
    {
        return;
    }
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.cause == Cause::ContentDigest)
    {
        finding.cause = Cause::RandomValue;
        finding.factors = vec![Factor::Entropy];
    }
}
