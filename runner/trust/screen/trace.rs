//! A trace on the screen: from where it is back to what it was made of.

use std::collections::BTreeMap;

use zwieback_model::labelled::{Cell, Text, Tone};
use zwieback_model::name::Name;

use crate::command::status::RevocationStatus;
use crate::command::trace::{BuildTrace, Deployment, InputTrace, Trace, origin};

/// How the role of a source begins.
const SOURCE: &str = "source ";
/// How the role of a toolchain's package begins.
const TOOLCHAIN: &str = "toolchain ";

/// Whether packages of toolchains are counted or listed: there are dozens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Counted by toolchain.
    Counted,
    /// Listed, each with its digest.
    Listed,
}

/// The trace as text.
pub fn trace(trace: &Trace, inputs: Inputs) -> Text {
    let mut text = Text::default();
    let recipe = trace.builds.iter().find_map(|build| build.recipe.as_ref());
    let version = recipe.map_or(String::new(), |(_, version)| format!(" {version}"));
    text.line()
        .add(Tone::Strong, &trace.name)
        .add(Tone::Plain, version);
    text.add(Tone::Faint, format!("  sha256 {}", trace.artifact))
        .line();
    let mut rows = revocations(trace);
    rows.extend(deployments(trace));
    rows.extend(approvals(trace));
    rows.extend(tests(trace));
    rows.extend(trace.builds.iter().map(build));
    text.table(&rows);
    let mut shown: Vec<&[InputTrace]> = Vec::new();
    for build in &trace.builds {
        // Builders that agree have the same inputs: once is enough.
        if !shown.contains(&&build.inputs[..]) {
            shown.push(&build.inputs);
            text.line().table(&made_from(build, inputs));
        }
    }
    text
}

/// What was done, to what or where, how, when, and the entry that says so.
fn row(done: Cell, what: &str, how: String, when: String, index: u64) -> Vec<Cell> {
    vec![
        done,
        (Tone::Strong, what.to_owned()),
        (Tone::Plain, how),
        (Tone::Faint, when),
        (Tone::Faint, format!("entry {index}")),
    ]
}

fn revocations(trace: &Trace) -> Vec<Vec<Cell>> {
    let row = |it: &RevocationStatus| {
        let done = (Tone::Bad, "revoked".to_owned());
        let (what, why) = (it.revocation.revoked.label(), &it.revocation.reason);
        let when = it.revocation.heading.issued.to_string();
        row(
            done,
            &what,
            format!("{why:?}, by {}", it.by),
            when,
            it.index,
        )
    };
    trace.revocations.iter().map(row).collect()
}

fn deployments(trace: &Trace) -> Vec<Vec<Cell>> {
    let row = |it: &Deployment| {
        let done = if it.is_current {
            (Tone::Good, "deployed".to_owned())
        } else {
            (Tone::Faint, "was in".to_owned())
        };
        let generation = &it.generation;
        let how = format!("generation {}, {}", generation.number, origin(generation));
        let when = generation.decided.to_string();
        row(done, it.environment.as_str(), how, when, generation.index)
    };
    trace.deployments.iter().map(row).collect()
}

fn approvals(trace: &Trace) -> Vec<Vec<Cell>> {
    let rows = trace
        .approvals
        .iter()
        .map(|(index, who, environment, expires)| {
            let done = (Tone::Plain, "approved".to_owned());
            let until = format!("until {expires}");
            row(
                done,
                environment.as_str(),
                format!("by {who}"),
                until,
                *index,
            )
        });
    rows.collect()
}

fn tests(trace: &Trace) -> Vec<Vec<Cell>> {
    let rows = trace.tests.iter().map(|(index, who, result)| {
        let done = (Tone::Plain, "tested".to_owned());
        row(
            done,
            result.word(),
            format!("by {who}"),
            String::new(),
            *index,
        )
    });
    rows.collect()
}

fn build(build: &BuildTrace) -> Vec<Cell> {
    let done = (Tone::Plain, "built".to_owned());
    let how = format!("by key {}", build.key.short());
    row(done, &build.builder, how, String::new(), build.index)
}

fn made_from(build: &BuildTrace, inputs: Inputs) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    if let Some((name, version)) = &build.recipe {
        let what = format!("{name} {version}");
        rows.push(vec![
            (Tone::Plain, "recipe".to_owned()),
            (Tone::Strong, what),
        ]);
    }
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    // The sources are what people look for.
    let (first, rest): (Vec<_>, Vec<_>) = build
        .inputs
        .iter()
        .partition(|input| input.role.starts_with(SOURCE));
    for input in first.into_iter().chain(rest) {
        match input.role.strip_prefix(TOOLCHAIN) {
            Some(toolchain) if inputs == Inputs::Counted => {
                *counted.entry(toolchain).or_default() += 1;
            }
            _ => rows.push(made_of(input)),
        }
    }
    let packages = counted.into_iter().map(|(toolchain, count)| {
        let what = format!("{count} packages of toolchain {toolchain}");
        vec![(Tone::Plain, "from".to_owned()), (Tone::Strong, what)]
    });
    rows.extend(packages);
    rows
}

fn made_of(input: &InputTrace) -> Vec<Cell> {
    let authors: Vec<&str> = input.authors.iter().map(Name::as_str).collect();
    let mut cells = vec![
        (Tone::Plain, "from".to_owned()),
        (Tone::Strong, input.name.clone()),
        (Tone::Faint, input.digest.short()),
        (Tone::Plain, input.uri.clone().unwrap_or_default()),
    ];
    if !authors.is_empty() {
        let said = format!("changed by {}", authors.join(", "));
        cells.push((Tone::Plain, said));
    }
    cells
}
