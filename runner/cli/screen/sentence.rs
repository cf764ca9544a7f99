//! Events as sentences: a verb and the rest. Pure.

use zwieback_model::amount::{bytes, counted, seconds};
use zwieback_model::event::{Event, Verdict};
use zwieback_model::name::Name;

/// The sentence of an event that has one.
pub fn of(event: &Event) -> Option<(&'static str, String)> {
    Some(match event {
        Event::Locked {
            kind,
            name,
            changes,
        } => {
            let mut text = format!("{kind} {name}");
            for change in changes {
                text.push_str(&format!("\n             {change}"));
            }
            ("Locked", text)
        }
        Event::LockKept { kind, name } => ("Kept", format!("{kind} {name}: nothing has changed")),
        Event::Planned {
            recipe,
            version,
            steps,
            sources,
            toolchains,
        } => (
            "Planned",
            planned(recipe, version, *steps, *sources, toolchains),
        ),
        Event::Fetched {
            inputs,
            bytes: size,
            ..
        } if *inputs > 0 => (
            "Fetched",
            format!("{} ({})", counted(*inputs, "input"), bytes(*size)),
        ),
        Event::BehindProxy => (
            "Proxy",
            "the addresses that it connects to are not checked".to_owned(),
        ),
        Event::Sandboxed { summary, .. } => ("Sandbox", summary.clone()),
        Event::Compared { files, differing } => ("Compared", compared(*files, *differing)),
        Event::Confirming { .. } => (
            "Confirming",
            "each suspect by a run in which it alone differs".to_owned(),
        ),
        Event::Signed { bundle, key } => ("Signed", format!("{bundle}, key {key}")),
        Event::Reused { run, .. } => (
            "Found",
            format!("in the store, built and signed by run {run}"),
        ),
        Event::Exported { folder, files } => (
            "Exported",
            format!("{} to {folder}", counted(*files, "file")),
        ),
        Event::Finished {
            recipe,
            version,
            verdict,
            wall_ms,
            ..
        } => ("Finished", finished(recipe, version, *verdict, *wall_ms)),
        _ => return None,
    })
}

fn planned(
    recipe: &Name,
    version: &str,
    steps: usize,
    sources: usize,
    toolchains: &[(Name, usize)],
) -> String {
    let toolchains: Vec<_> = toolchains
        .iter()
        .map(|(name, packages)| format!("{name} ({})", counted(*packages, "package")))
        .collect();
    let noun = if toolchains.len() == 1 {
        "toolchain"
    } else {
        "toolchains"
    };
    format!(
        "{recipe} {version}: {}, {}, {noun} {}",
        counted(steps, "step"),
        counted(sources, "source"),
        toolchains.join(" + ")
    )
}

fn compared(files: usize, differing: usize) -> String {
    let same = files - differing;
    match differing {
        0 => format!("{}, {same} identical", counted(files, "file")),
        1 => format!("{}, {same} identical, 1 differs", counted(files, "file")),
        _ => format!(
            "{}, {same} identical, {differing} differ",
            counted(files, "file")
        ),
    }
}

fn finished(recipe: &Name, version: &str, verdict: Verdict, wall_ms: u64) -> String {
    let time = seconds(wall_ms);
    match verdict {
        Verdict::Reproducible => format!("{recipe} {version} is reproducible, in {time}"),
        Verdict::Unsigned => {
            format!("{recipe} {version} came out twice the same, in {time}: nothing was signed")
        }
        Verdict::BuiltOnce => {
            format!(
                "{recipe} {version} was built once, in {time}: nothing was compared, nothing was signed"
            )
        }
    }
}
