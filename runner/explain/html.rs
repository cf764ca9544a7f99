//! A report as one HTML page: both sides, collapsible, readable without scripts or a network.

use std::fmt::Write as _;

use crate::excerpt;
use crate::finding::{Explanation, Finding, Group};
use crate::screen;

/// Nothing may be loaded and nothing executed, whatever an output smuggles into the page.
const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
code, td { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
details { border: 1px solid #8886; border-radius: 4px; margin: .5rem 0; padding: .3rem .8rem }
summary { cursor: pointer }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
td { border: 1px solid #8886; padding: .2rem .5rem; vertical-align: top; white-space: pre-wrap }
th { text-align: left; font-weight: normal; width: 50% }
.more { opacity: .75 }
</style>
";

/// The whole page. `title` names the build, e.g. `zlib 1.2.13`, and `run` its run and when that was.
pub fn page(report: &Explanation, title: &str, run: &str) -> String {
    let mut page = HEAD.to_owned();
    let title = escape(&excerpt::text(title));
    push(
        &mut page,
        format_args!(
            "<title>{title} is not reproducible</title>\n</head>\n<body>\n<h1>{title} is not reproducible</h1>\n"
        ),
    );
    let groups = report.groups();
    push(
        &mut page,
        format_args!(
            "<p>{} outputs differ, by {} causes. {}</p>\n",
            report.differing,
            groups.len(),
            escape(&excerpt::text(run))
        ),
    );
    for (at, group) in groups.iter().enumerate() {
        section(&mut page, group, at == 0);
    }
    unexamined(&mut page, report);
    page.push_str("</body>\n</html>\n");
    page
}

fn section(page: &mut String, group: &Group<'_>, open: bool) {
    let title = escape(group.cause.title());
    let open = if open { " open" } else { "" };
    push(
        page,
        format_args!(
            "<details{open}>\n<summary><strong>{title}</strong> <span class=\"more\">{} places in {} outputs</span></summary>\n",
            group.findings.len(),
            group.outputs()
        ),
    );
    for (at, finding) in group.findings.iter().enumerate() {
        entry(page, finding, at == 0);
    }
    page.push_str("</details>\n");
}

fn entry(page: &mut String, finding: &Finding, open: bool) {
    let open = if open { " open" } else { "" };
    let place = escape(&finding.place());
    let detail = escape(&finding.detail);
    push(
        page,
        format_args!("<details{open}>\n<summary><code>{place}</code> {detail}</summary>\n"),
    );
    let title = escape(&screen::cause(finding));
    push(
        page,
        format_args!("<p><strong>cause</strong>: {title}</p>\n"),
    );
    if let Some(fix) = &finding.fix {
        let fix = escape(fix);
        push(page, format_args!("<p><strong>fix</strong>: {fix}</p>\n"));
    }
    push(
        page,
        format_args!(
            "<table><tr><th>run A</th><th>run B</th></tr>\n<tr><td>{}</td><td>{}</td></tr></table>\n",
            escape(&finding.left),
            escape(&finding.right)
        ),
    );
    page.push_str("<ul>\n");
    for (name, text) in facts(finding) {
        push(page, format_args!("<li>{name}: {}</li>\n", escape(&text)));
    }
    page.push_str("</ul>\n</details>\n");
}

fn facts(finding: &Finding) -> Vec<(&'static str, String)> {
    let factors: Vec<_> = finding
        .factors
        .iter()
        .map(|factor| factor.as_str())
        .collect();
    let facts = [
        ("certainty", Some(finding.certainty.title())),
        (
            "factors",
            Some(factors.join(", ")).filter(|text| !text.is_empty()),
        ),
        (
            "first difference at",
            finding.offset.map(|offset| format!("{offset:#x}")),
        ),
        ("differences", Some(finding.occurrences.to_string())),
        ("step", finding.step.clone()),
    ];
    facts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

fn unexamined(page: &mut String, report: &Explanation) {
    if report.unexamined.is_empty() {
        return;
    }
    push(
        page,
        format_args!(
            "<details>\n<summary>{} places were not looked at</summary>\n<ul>\n",
            report.unexamined.len()
        ),
    );
    for skipped in &report.unexamined {
        push(
            page,
            format_args!("<li>{}</li>\n", escape(&skipped.to_string())),
        );
    }
    page.push_str("</ul>\n</details>\n");
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("writing to a string cannot fail");
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::certainty::Certainty;
    use crate::finding::{SCHEMA, Unexamined};
    use crate::language::Languages;

    #[test]
    fn nothing_hostile_becomes_markup() {
        let evil = "<script>alert(1)</script>\"'&".to_owned();
        let finding = Finding {
            path: "a<b>".parse().unwrap(),
            members: vec![evil.clone()],
            detail: evil.clone(),
            offset: Some(1),
            left: evil.clone(),
            right: evil.clone(),
            cause: Cause::Content,
            certainty: Certainty::Normaliser(evil.clone()),
            factors: Vec::new(),
            fix: Some(evil.clone()),
            occurrences: 1,
            step: Some(evil.clone()),
            confirmed: Some(evil.clone()),
            unsteady: Some(evil.clone()),
            languages: Languages::default(),
        };
        let skipped = Unexamined {
            place: evil.clone(),
            reason: evil.clone(),
        };
        let report = Explanation {
            schema: SCHEMA.to_owned(),
            differing: 1,
            findings: vec![finding],
            unexamined: vec![skipped],
        };
        let page = page(&report, &evil, &evil);
        assert!(!page.contains("<script"));
        assert!(!page.contains("a<b>"));
        assert_eq!(
            page.matches("<details").count(),
            page.matches("</details>").count()
        );
    }
}
