//! Chapter: what differs, where the runs first parted, and why.

use std::os::fd::{AsFd as _, BorrowedFd};

use zwieback_explain::content::Content;
use zwieback_explain::explain::explain as explain_pairs;
use zwieback_explain::finding::Explanation;
use zwieback_explain::knowledge::{Knowledge, RunFacts, TimeSpan};
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::pair::{Pair, Side};
use zwieback_host::capture::snapshot::Snapshot;
use zwieback_host::content::{FileContent, Folder};
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::comparison::Comparison;
use zwieback_model::bake::record::RunRecord;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::tree::Entry;
use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::factor::Factor;

use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::explained::Explained;
use crate::pipeline::runs::run::Ran;

/// Explains a comparison that did not come out equal.
pub fn explain(
    comparison: &Comparison,
    (a, b): (&Ran, &Ran),
    recipe: &Recipe,
    varied: &[Factor],
    id: &str,
) -> Result<Explained, PipelineError> {
    let knowledge = knowledge(&a.record, &b.record, varied);
    let mut report = trees(comparison, &a.written, &b.written, &knowledge)?;
    for finding in &mut report.findings {
        let path = finding.path.as_str();
        finding.step = first_step(recipe, (a, b), path);
    }
    Ok(Explained {
        report,
        compared: comparison.compared,
        differing: comparison.differences.len(),
        parted: parted(recipe, (a, b)),
        id: id.to_owned(),
    })
}

/// Explains the differences between two stored trees.
pub fn trees(
    comparison: &Comparison,
    a: &StoredTree,
    b: &StoredTree,
    knowledge: &Knowledge,
) -> Result<Explanation, PipelineError> {
    let (dir_a, dir_b) = (a.open()?, b.open()?);
    Ok(opened(
        comparison,
        (dir_a.as_fd(), dir_b.as_fd()),
        knowledge,
    ))
}

/// Explains the differences between what lies in two directories.
pub fn opened(
    comparison: &Comparison,
    (dir_a, dir_b): (BorrowedFd<'_>, BorrowedFd<'_>),
    knowledge: &Knowledge,
) -> Explanation {
    let (folder_a, folder_b) = (Folder::new(dir_a), Folder::new(dir_b));
    let contents: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| {
            (
                content(&folder_a, difference.path.as_str(), difference.a.as_ref()),
                content(&folder_b, difference.path.as_str(), difference.b.as_ref()),
            )
        })
        .collect();
    let pairs: Vec<_> = comparison
        .differences
        .iter()
        .zip(&contents)
        .map(|(difference, (a, b))| Pair {
            path: difference.path.clone(),
            a: side(difference.a.as_ref(), a.as_ref()),
            b: side(difference.b.as_ref(), b.as_ref()),
        })
        .collect();
    explain_pairs(&pairs, knowledge, &ExplainLimits::default())
}

/// What is known of both runs, for whoever looks for its traces.
pub fn knowledge(a: &RunRecord, b: &RunRecord, varied: &[Factor]) -> Knowledge {
    Knowledge {
        a: facts(a),
        b: facts(b),
        programs: a.programs.union(&b.programs).cloned().collect(),
        varied: Some(varied.iter().copied().collect()),
    }
}

fn facts(run: &RunRecord) -> RunFacts {
    let it = &run.conditions;
    let created = TimeSpan {
        start: run.began + it.file_times_offset,
        end: run.ended + it.file_times_offset,
    };
    let clock = TimeSpan {
        start: run.began + it.clock_offset,
        end: run.ended + it.clock_offset,
    };
    let uptime = run.booted.map(|booted| TimeSpan {
        start: run.began - booted + it.uptime_offset,
        end: run.ended - booted + it.uptime_offset,
    });
    let facts = RunFacts {
        clock: Some(clock),
        created: Some(created),
        source_mtime: Some(run.source_date_epoch + it.source_mtime_offset),
        source_date_epoch: Some(run.source_date_epoch),
        utc_offset: utc_offset(&it.timezone),
        uptime,
        umask: Some(it.umask),
        pids: Some((it.first_pid, it.first_pid + 30_000)),
        ..RunFacts::default()
    };
    let variables = it.env.iter();
    variables
        .fold(facts, |facts, (name, value)| {
            facts.with(Factor::Env, name, value)
        })
        .with(Factor::BuildPath, "root", &it.build_path)
        .with(Factor::OutPath, "out", &it.out_path)
        .with(Factor::Home, "home", &it.home)
        .with(Factor::Tmpdir, "tmpdir", &it.tmpdir)
        .with(Factor::User, "name", &it.user)
        .with(Factor::User, "uid", &it.uid.to_string())
        .with(Factor::User, "gid", &it.gid.to_string())
        .with(Factor::Hostname, "hostname", &it.hostname)
        .with(Factor::Timezone, "zone", &it.timezone)
        .with(Factor::Locale, "locale", &it.locale)
        .with(Factor::Columns, "columns", &it.columns.to_string())
        .with(Factor::CpuCount, "count", &it.cpus.len().to_string())
        .with(Factor::CpuModel, "model", &it.cpu_model)
        .with(Factor::Memory, "MemTotal", &memory(it, 1024))
        .with(Factor::Memory, "bytes", &memory(it, 1))
        .with(Factor::BootId, "boot", &it.boot_id)
}

/// The memory that a run was told of, in units of so many bytes.
fn memory(it: &Conditions, unit: u64) -> String {
    (it.memory.saturating_sub(it.memory_withheld) / unit).to_string()
}

/// Seconds east of Greenwich of a zone in POSIX's form, which counts hours west: `XXX-14`.
fn utc_offset(zone: &str) -> Option<i64> {
    let west = zone.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    match west {
        "" => (zone == "UTC").then_some(0),
        hours => Some(-3600 * hours.parse::<i64>().ok()?),
    }
}

fn content<'f>(
    folder: &'f Folder<'_>,
    path: &str,
    entry: Option<&Entry>,
) -> Option<FileContent<'f>> {
    match entry {
        Some(Entry::File { content, .. }) => Some(folder.file(path, content.size)),
        _ => None,
    }
}

fn side<'a>(entry: Option<&'a Entry>, content: Option<&'a FileContent<'_>>) -> Side<'a> {
    Side {
        entry,
        content: content.map(|content| content as &dyn Content),
    }
}

/// The first step after which the runs differ in the work place or in the outputs.
fn parted(recipe: &Recipe, (a, b): (&Ran, &Ran)) -> Option<(String, String)> {
    let both = a.snapshots.iter().zip(&b.snapshots);
    recipe
        .steps
        .iter()
        .zip(both)
        .find_map(|(step, ([work_a, out_a], [work_b, out_b]))| {
            let first = |one: &Snapshot, other: &Snapshot| one.differences(other).next();
            let work = first(work_a, work_b);
            let path = work.or_else(|| first(out_a, out_b).map(|path| format!("$OUT/{path}")))?;
            Some((step.name.to_string(), path))
        })
}

/// The first step after which an output differs.
fn first_step(recipe: &Recipe, (a, b): (&Ran, &Ran), path: &str) -> Option<String> {
    let both = a.snapshots.iter().zip(&b.snapshots);
    recipe
        .steps
        .iter()
        .zip(both)
        .find(|(_, ([_, out_a], [_, out_b]))| out_a.differs_at(out_b, path))
        .map(|(step, _)| step.name.to_string())
}
