//! Every differing output is entered, compared and classified; the result is one explanation.

use zwieback_model::tree::Entry;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::evidence::attribution::Attribution;
use crate::evidence::attribution::unknown;
use crate::excerpt;
use crate::finding::{Explanation, Finding, SCHEMA};
use crate::format::enter;
use crate::knowledge::Knowledge;
use crate::limits::ExplainLimits;
use crate::location::{FindingDraft, Location};
use crate::names;
use crate::pair::{Pair, Side};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Explains all outputs that differ, within the limits.
pub fn explain(pairs: &[Pair<'_>], knowledge: &Knowledge, limits: &ExplainLimits) -> Explanation {
    let mut walk = Walk::new(knowledge, limits, enter::explain);
    let renamed = names::renamed(&walk.classifier, pairs);
    for pair in pairs {
        let location = Location::output(&pair.path);
        walk.begin_output();
        match renamed.get(&pair.path) {
            Some(renaming) => names::explain(&mut walk, &location, renaming),
            None => explain_pair(&mut walk, &location, pair),
        }
        walk.end_output(&location);
    }
    let (mut findings, unexamined) = walk.finish();
    settle_digests(&mut findings);
    Explanation {
        schema: SCHEMA.to_owned(),
        differing: pairs.len(),
        findings,
        unexamined,
    }
}

fn explain_pair(walk: &mut Walk<'_>, location: &Location, pair: &Pair<'_>) {
    match (pair.a.entry, pair.b.entry) {
        (Some(Entry::File { executable: a, .. }), Some(Entry::File { executable: b, .. })) => {
            if a != b {
                executable_bit(walk, location, *a, *b);
            }
            contents(walk, location, &pair.a, &pair.b);
        }
        (Some(Entry::Symlink { target: a }), Some(Entry::Symlink { target: b })) => {
            targets(walk, location, a, b);
        }
        (Some(Entry::Directory), Some(Entry::Directory)) | (None, None) => {}
        (Some(a), Some(b)) => plain(
            walk,
            location,
            "kind",
            Cause::EntryKind,
            kind(Some(a)),
            kind(Some(b)),
        ),
        (a, b) => plain(
            walk,
            location,
            "presence",
            Cause::Presence,
            kind(a),
            kind(b),
        ),
    }
}

fn contents(walk: &mut Walk<'_>, location: &Location, a: &Side<'_>, b: &Side<'_>) {
    match (a.content, b.content) {
        (Some(a), Some(b)) => walk.contents(location, &View::of(a), &View::of(b)),
        _ => walk.skip(location, "the content is not at hand".to_owned()),
    }
}

fn executable_bit(walk: &mut Walk<'_>, location: &Location, a: bool, b: bool) {
    let show = |set: bool| if set { "executable" } else { "not executable" }.to_owned();
    let factors = walk
        .classifier
        .knowledge()
        .suspects(&[Factor::Umask, Factor::Scheduling]);
    let attribution = Attribution::new(Cause::FileMode, Certainty::Guess, factors);
    let draft = FindingDraft {
        detail: "executable bit".to_owned(),
        offset: None,
        left: show(a),
        right: show(b),
        attribution,
        context: &[],
    };
    walk.add(location, draft);
}

fn targets(walk: &mut Walk<'_>, location: &Location, a: &str, b: &str) {
    let classified = walk.classifier.lines(
        crate::evidence::context::TextContext::Text,
        a.as_bytes(),
        b.as_bytes(),
    );
    for classified in classified {
        let mut attribution = classified.attribution;
        if attribution.cause.is_nameless() {
            attribution = unknown(Cause::LinkTarget);
        }
        let draft = FindingDraft {
            detail: "target of the link".to_owned(),
            offset: None,
            left: excerpt::text(a),
            right: excerpt::text(b),
            attribution,
            context: a.as_bytes(),
        };
        walk.add(location, draft);
    }
}

fn plain(
    walk: &mut Walk<'_>,
    location: &Location,
    detail: &str,
    cause: Cause,
    left: &str,
    right: &str,
) {
    let draft = FindingDraft {
        detail: detail.to_owned(),
        offset: None,
        left: left.to_owned(),
        right: right.to_owned(),
        attribution: unknown(cause),
        context: &[],
    };
    walk.add(location, draft);
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
