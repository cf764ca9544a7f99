//! Words about outputs that are as they should be and may still surprise: names and links.

use zwieback_model::event::Event;
use zwieback_model::rel_path::RelPath;
use zwieback_model::shown_name::escaped;
use zwieback_model::tree::Tree;
use zwieback_model::tree_names::{links_out, same_but_for_case};

use super::command_context::Context;

/// So many are named; the rest is counted.
const MOST_NAMED: usize = 5;

/// Notes outputs whose names are one name where case does not count.
pub fn names(outputs: &Tree, ctx: &Context<'_>) {
    let groups = same_but_for_case(outputs);
    let shown = groups.iter().map(|group| {
        let names: Vec<String> = group.iter().map(|path| quoted(path)).collect();
        names.join(" and ")
    });
    tell(
        "names differ in case alone, and are one where case does not count",
        shown,
        ctx,
    );
}

/// Notes the links of an export that lead out of it.
pub fn links(outputs: &Tree, ctx: &Context<'_>) {
    let links = links_out(outputs).into_iter();
    let shown = links.map(|(path, target)| format!("{} -> `{}`", quoted(path), escaped(target)));
    tell(
        "links lead out of the folder and are exported as they are",
        shown,
        ctx,
    );
}

fn tell(about: &str, what: impl ExactSizeIterator<Item = String>, ctx: &Context<'_>) {
    let count = what.len();
    if count == 0 {
        return;
    }
    let named: Vec<String> = what.take(MOST_NAMED).collect();
    let more = match count - named.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let message = format!("{about}: {}{more}", named.join(", "));
    ctx.tell(&Event::Notice { message });
}

fn quoted(path: &RelPath) -> String {
    format!("`{}`", escaped(path.as_str()))
}
