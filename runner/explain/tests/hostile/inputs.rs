//! What the hostile tests share: a pair of byte rows explained, and a reproducible source of chance.

use zwieback_explain::explain::explain;
use zwieback_explain::finding::Explanation;
use zwieback_explain::html;
use zwieback_explain::knowledge::{Knowledge, RunFacts, TimeSpan};
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::pair::{Pair, Side};
use zwieback_explain::screen;
use zwieback_model::digest::Fingerprint;
use zwieback_model::tree::Entry;
use zwieback_model::variation::factor::Factor;

/// Explains two contents under a name and shows the result in every form.
pub(crate) fn explained(
    name: &str,
    a: &Vec<u8>,
    b: &Vec<u8>,
    limits: &ExplainLimits,
) -> Explanation {
    let report = all_explained(&[(name, a, b)], limits);
    let lines = screen::summary(&report);
    assert!(lines.len() <= screen::SUMMARY);
    assert!(
        screen::plain(&lines)
            .chars()
            .all(|c| c == '\n' || !c.is_control())
    );
    assert!(html::page(&report, name, name).ends_with("</html>\n"));
    report
}

/// Explains pairs of contents, each under a name, in one report.
pub(crate) fn all_explained(
    contents: &[(&str, &Vec<u8>, &Vec<u8>)],
    limits: &ExplainLimits,
) -> Explanation {
    let entry = |bytes: &[u8]| Entry::File {
        content: Fingerprint::of(bytes),
        executable: false,
    };
    let entries: Vec<_> = contents
        .iter()
        .map(|(_, a, b)| (entry(a), entry(b)))
        .collect();
    let pairs: Vec<_> = contents
        .iter()
        .zip(&entries)
        .map(|((name, a, b), (entry_a, entry_b))| Pair {
            path: name.parse().expect("the tests name their outputs well"),
            a: Side::file(entry_a, *a),
            b: Side::file(entry_b, *b),
        })
        .collect();
    explain(&pairs, &knowledge(), limits)
}

/// Limits small enough to be reached by small inputs.
pub(crate) fn tight() -> ExplainLimits {
    ExplainLimits {
        depth: 3,
        inflated: 1 << 20,
        decompressed: 4 << 20,
        loaded: 1 << 16,
        program: 1 << 20,
        members: 50,
        classified: 50,
        findings_of_one: 8,
        findings: 8,
        held: 8 << 20,
        judged: 64 << 20,
        compared: 8 << 20,
    }
}

fn knowledge() -> Knowledge {
    let facts = |start: i64, path: &str| {
        let span = Some(TimeSpan {
            start,
            end: start + 60,
        });
        let facts = RunFacts {
            clock: span,
            created: span,
            pids: Some((1, 9000)),
            uptime: span,
            ..RunFacts::default()
        };
        facts
            .with(Factor::BuildPath, "root", path)
            .with(Factor::CpuCount, "count", "2")
    };
    Knowledge {
        a: facts(1_795_360_848, "/build"),
        b: facts(1_829_946_845, "/other/place"),
        varied: None,
        ..Knowledge::default()
    }
}

/// A small generator (xorshift64*): the same seed gives the same test.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % bound.max(1)
    }
}
