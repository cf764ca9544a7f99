//! A report for people, in which places need a look, run A is wrong and run B as it should be: that is how
//! they are told apart.

use zwieback_model::labelled::{Line, Tone};

use crate::certainty::Certainty;
use crate::excerpt;
use crate::finding::{Explanation, Finding, Group};

/// The most lines a summary has.
pub const SUMMARY: usize = 25;
/// Both sides share a line up to this width together.
const WIDE: usize = 72;

/// At most [`SUMMARY`] lines: the weightiest causes in full, the others counted.
pub fn summary(report: &Explanation) -> Vec<Line> {
    let groups = report.groups();
    let notes = usize::from(!report.unexamined.is_empty());
    let mut lines: Vec<Line> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let block = block(group);
        let rest = groups.len() - at - 1;
        // What does not fit needs one line to say so.
        if lines.len() + block.len() + usize::from(rest > 0) + notes > SUMMARY {
            lines.push(remainder(&groups[at..]));
            break;
        }
        lines.extend(block);
    }
    lines.extend(unexamined(report));
    lines
}

/// Every finding, however many there are.
pub fn full(report: &Explanation) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for group in report.groups() {
        lines.extend(group.findings.iter().flat_map(|finding| entry(finding)));
    }
    for skipped in &report.unexamined {
        lines.push(vec![
            span(Tone::Hint, "  not looked at: "),
            span(Tone::Plain, &skipped.to_string()),
        ]);
    }
    lines
}

/// The lines as plain text.
pub fn plain(lines: &[Line]) -> String {
    let text = |line: &Line| {
        line.iter()
            .map(|(_, text)| text.as_str())
            .collect::<String>()
            + "\n"
    };
    lines.iter().map(text).collect()
}

fn block(group: &Group<'_>) -> Vec<Line> {
    let Some((first, others)) = group.findings.split_first() else {
        return Vec::new();
    };
    let mut lines = entry(first);
    if let Some(second) = others.first() {
        let more = match others.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let place = span(Tone::Warning, &second.place());
        lines.push(vec![
            span(Tone::Hint, "    also:  "),
            place,
            span(Tone::Plain, &more),
        ]);
    }
    lines
}

fn entry(finding: &Finding) -> Vec<Line> {
    let mut lines = vec![heading(finding)];
    lines.extend(sides(finding));
    lines.push(vec![
        span(Tone::Hint, "    cause: "),
        span(Tone::Plain, &cause(finding)),
    ]);
    if let Some(fix) = &finding.fix {
        lines.push(vec![
            span(Tone::Hint, "    fix:   "),
            span(Tone::Plain, fix),
        ]);
    }
    lines
}

fn heading(finding: &Finding) -> Line {
    let offset = match finding.offset {
        Some(offset) => format!(", first difference at {offset:#x}"),
        None => String::new(),
    };
    let times = match finding.occurrences {
        0 | 1 => String::new(),
        count => format!(", {count} times"),
    };
    let detail = format!("   {}{offset}{times}", excerpt::text(&finding.detail));
    let mut line = vec![
        span(Tone::Warning, &format!("  {}", finding.place())),
        span(Tone::Plain, &detail),
    ];
    if let Some(step) = &finding.step {
        line.push(span(Tone::Plain, &format!("     step `{step}`")));
    }
    line
}

fn sides(finding: &Finding) -> Vec<Line> {
    let (a, b) = (&finding.left, &finding.right);
    if a.chars().count() + b.chars().count() <= WIDE {
        let width = (a.chars().count() + 3).max(16);
        let a = span(Tone::Bad, &format!("    A  {a:<width$}"));
        return vec![vec![a, span(Tone::Good, &format!("B  {b}"))]];
    }
    vec![
        vec![span(Tone::Bad, &format!("    A  {a}"))],
        vec![span(Tone::Good, &format!("    B  {b}"))],
    ]
}

/// What is known of why it is so, in one line.
pub fn cause(finding: &Finding) -> String {
    let title = finding.cause.title();
    if let Some(confirmed) = &finding.confirmed {
        return format!("{title}; confirmed: {confirmed}");
    }
    if let Some(unsteady) = &finding.unsteady {
        return format!("{title}; unsteady, a race or elapsed time: {unsteady}");
    }
    let factors: Vec<_> = finding
        .factors
        .iter()
        .take(3)
        .map(|factor| factor.as_str())
        .collect();
    let suspects = factors.join(", ");
    match (&finding.certainty, factors.is_empty()) {
        (_, true) if finding.cause.is_consequence() => title.to_owned(),
        (Certainty::Unknown, true) => format!("{title}; nothing known of the runs matches"),
        (_, true) => title.to_owned(),
        (Certainty::Known, false) => format!("{title}; matches both runs' {suspects}"),
        (_, false) => format!("{title}; suspected: {suspects}"),
    }
}

fn remainder(groups: &[Group<'_>]) -> Line {
    let count: usize = groups.iter().map(|group| group.findings.len()).sum();
    let titles: Vec<_> = groups
        .iter()
        .take(3)
        .map(|group| group.cause.title())
        .collect();
    let more = if groups.len() > 3 { ", …" } else { "" };
    let text = format!(
        "{count} differences of {} other causes: {}{more}",
        groups.len(),
        titles.join(", ")
    );
    vec![span(Tone::Hint, "  and "), span(Tone::Plain, &text)]
}

fn unexamined(report: &Explanation) -> Option<Line> {
    let first = report.unexamined.first()?;
    let more = match report.unexamined.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(vec![
        span(Tone::Hint, "  not looked at: "),
        span(Tone::Plain, &format!("{first}{more}")),
    ])
}

fn span(tone: Tone, text: &str) -> (Tone, String) {
    (tone, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::explain::explain;
    use crate::finding::Unexamined;
    use crate::knowledge::{Knowledge, RunFacts, TimeSpan as Clock};
    use crate::limits::ExplainLimits;
    use crate::pair::{Pair, Side};
    use zwieback_model::digest::Fingerprint;
    use zwieback_model::tree::Entry;
    use zwieback_model::variation::factor::Factor;

    fn archive(time: i64) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for name in ["adler32.o/", "crc32.o/"] {
            bytes.extend(
                format!("{name:<16}{time:<12}0     0     100644  4         `\nbody").into_bytes(),
            );
        }
        bytes
    }

    fn report() -> Explanation {
        let (a, b) = (archive(1_763_819_416), archive(1_798_408_233));
        let entry = |bytes: &[u8]| Entry::File {
            content: Fingerprint::of(bytes),
            executable: false,
        };
        let (entry_a, entry_b) = (entry(&a), entry(&b));
        let facts = |at| RunFacts {
            clock: Some(Clock { start: at, end: at }),
            ..RunFacts::default()
        };
        let knowledge = Knowledge {
            a: facts(1_763_819_416),
            b: facts(1_798_408_233),
            varied: Some([Factor::Clock].into()),
            ..Knowledge::default()
        };
        let pair = Pair {
            path: "usr/lib/libz.a".parse().unwrap(),
            a: Side::file(&entry_a, &a),
            b: Side::file(&entry_b, &b),
        };
        explain(&[pair], &knowledge, &ExplainLimits::default())
    }

    #[test]
    fn the_screen_of_a_library() {
        let mut report = report();
        assert_eq!(
            plain(&summary(&report)),
            "  usr/lib/libz.a!adler32.o   member mtime, first difference at 0x18
    A  1763819416      B  1798408233
    cause: modification time of an archive member; matches both runs' clock
    fix:   make the archive deterministic: `ar D`, e.g. ARFLAGS=Dcr, and `ranlib -D`
    also:  usr/lib/libz.a!crc32.o
"
        );
        report.findings.truncate(1);
        report.findings[0].step = Some("install".to_owned());
        report.findings[0].confirmed = Some("differs when only the clock is varied".to_owned());
        assert_eq!(
            plain(&summary(&report)),
            "  usr/lib/libz.a!adler32.o   member mtime, first difference at 0x18     step `install`
    A  1763819416      B  1798408233
    cause: modification time of an archive member; confirmed: differs when only the clock is varied
    fix:   make the archive deterministic: `ar D`, e.g. ARFLAGS=Dcr, and `ranlib -D`
"
        );
    }

    #[test]
    fn a_report_survives_its_json() {
        let report = report();
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), report);
    }

    #[test]
    fn many_causes_fit_into_a_summary() {
        let mut report = report();
        let first = report.findings[0].clone();
        let causes = [
            Cause::DebugPath,
            Cause::DateMacro,
            Cause::HostName,
            Cause::LineOrder,
            Cause::UserName,
            Cause::BuildId,
            Cause::Content,
        ];
        report.findings = causes
            .map(|cause| Finding {
                cause,
                ..first.clone()
            })
            .to_vec();
        report.unexamined.push(Unexamined {
            place: "x.rpm".to_owned(),
            reason: "unreadable".to_owned(),
        });
        let lines = summary(&report);
        assert!(lines.len() <= SUMMARY);
        let text = plain(&lines);
        assert!(text.ends_with(
            "  and 2 differences of 2 other causes: content, build id, which follows from the other differences
  not looked at: x.rpm: unreadable
"
        ), "{text}");
        assert_eq!(
            plain(&full(&report)).matches("cause:").count(),
            causes.len()
        );
    }
}
