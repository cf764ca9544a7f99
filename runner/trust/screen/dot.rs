//! A trace as a graph for Graphviz: arrows lead from what is to what it came from.

use std::fmt::Write as _;

use crate::command::trace::Trace;

/// The trace in the dot language.
pub fn dot(trace: &Trace) -> String {
    let mut out = String::from("digraph trace {\n  rankdir=LR;\n  node [shape=box];\n");
    let artifact = trace.artifact.short();
    node(&mut out, &artifact, &format!("{}\n{artifact}", trace.name));
    for deployment in &trace.deployments {
        let generation = &deployment.generation;
        let id = format!("{}/{}", deployment.environment, generation.number);
        node(
            &mut out,
            &id,
            &format!(
                "{}\ngeneration {}",
                deployment.environment, generation.number
            ),
        );
        edge(
            &mut out,
            &id,
            &artifact,
            if deployment.is_current {
                "deployed"
            } else {
                "was"
            },
        );
    }
    for (index, who, environment, _) in &trace.approvals {
        let id = format!("entry {index}");
        node(&mut out, &id, &format!("approval\n{who}"));
        edge(&mut out, &artifact, &id, &format!("for {environment}"));
    }
    for (index, who, result) in &trace.tests {
        let id = format!("entry {index}");
        node(&mut out, &id, &format!("{}\n{who}", result.word()));
        edge(&mut out, &artifact, &id, "tested");
    }
    for build in &trace.builds {
        let id = format!("entry {}", build.index);
        node(&mut out, &id, &format!("build\n{}", build.builder));
        edge(&mut out, &artifact, &id, "built");
        for input in &build.inputs {
            let digest = input.digest.short();
            node(&mut out, &digest, &format!("{}\n{digest}", input.name));
            edge(&mut out, &id, &digest, "from");
        }
    }
    out.push_str("}\n");
    out
}

fn node(out: &mut String, id: &str, label: &str) {
    let (id, label) = (quote(id), quote(label));
    writeln!(out, "  {id} [label={label}];").expect("writing to a string cannot fail");
}

fn edge(out: &mut String, from: &str, to: &str, label: &str) {
    let (from, to, label) = (quote(from), quote(to), quote(label));
    writeln!(out, "  {from} -> {to} [label={label}];").expect("writing to a string cannot fail");
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            _ if character.is_control() => quoted.push('\u{fffd}'),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
