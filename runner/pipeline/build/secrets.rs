//! Chapter: nothing that looks like a secret is signed, unless the recipe says that it is meant to be there.

use std::os::fd::AsFd as _;
use std::thread;

use zwieback_attest::build::signed_texts::{self, SignedText};
use zwieback_attest::statement::Statement;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::event::Event;
use zwieback_model::manifest::allowed_secret::AllowedSecret;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::rel_path::RelPath;
use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::hit::Hit;
use zwieback_model::secrets::rules;
use zwieback_model::secrets::scan::Scan;

use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::search::{Search, Searched};
use zwieback_host::content::Folder;
use zwieback_host::run_folder::read_log;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::shown_name::escaped;
use zwieback_model::tree::{Entry, Tree};
use zwieback_model::variation::conditions::RunName;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// So many are shown; the rest is counted.
const MOST_SHOWN: usize = 20;

/// Where secrets are looked for.
pub struct Suspects<'a> {
    /// What is said, which holds the recipe, its environment and what the statement carries.
    pub statement: Option<&'a Statement>,
    /// The recipe, which says what is meant to be there.
    pub recipe: &'a Recipe,
    /// A tree that holds the outputs.
    pub stored: &'a StoredTree,
    /// The outputs.
    pub outputs: &'a Tree,
    /// The run whose logs belong to it.
    pub id: &'a str,
    /// The runs that there were.
    pub runs: &'a [RunName],
}

/// One secret: where it is, and the digest that an entry names to allow it.
struct Secret {
    path: String,
    hit: Hit,
    sha256: Digest,
}

/// Ends the story if something looks like a secret and is not allowed.
pub fn refuse(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let found = look(suspects, ctx)?;
    if found.is_empty() {
        return Ok(());
    }
    // What was found may be known to nobody else on this machine yet.
    suspects.stored.keep_private()?;
    let head = &suspects.recipe.recipe;
    Err(PipelineError::Secrets {
        recipe: head.name.clone(),
        version: head.version.clone(),
        lines: lines(&found),
        kept: Some(suspects.stored.path().to_owned()),
    })
}

/// Ends the story before hours are spent, if the recipe itself holds a secret that it does not allow.
pub fn refuse_in_recipe(recipe: &Recipe, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let found = in_texts(signed_texts::of_recipe(recipe), Filter::shared(), ctx)?;
    let found = not_allowed(found, &recipe.allow_secret, ctx);
    if found.is_empty() {
        return Ok(());
    }
    Err(PipelineError::Secrets {
        recipe: recipe.name().clone(),
        version: recipe.recipe.version.clone(),
        lines: lines(&found),
        kept: None,
    })
}

/// Says what looks like a secret, where nothing is signed.
pub fn warn(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<(), PipelineError> {
    for line in lines(&look(suspects, ctx)?) {
        let message = format!("this looks like a secret, and would not be signed: {line}");
        ctx.tell(&Event::Notice { message });
    }
    Ok(())
}

fn look(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<Vec<Secret>, PipelineError> {
    let filter = Filter::shared();
    let mut found = in_outputs(suspects, filter, ctx)?;
    found.extend(in_logs(suspects, filter, ctx)?);
    let texts = suspects.statement.map_or_else(
        || signed_texts::of_recipe(suspects.recipe),
        signed_texts::of,
    );
    found.extend(in_texts(texts, filter, ctx)?);
    note_unused(&found, &suspects.recipe.allow_secret, ctx);
    found.sort_by(|one, other| (&one.path, one.hit.offset).cmp(&(&other.path, other.hit.offset)));
    found.dedup_by(|one, other| {
        one.path == other.path && one.hit.rule == other.hit.rule && one.sha256 == other.sha256
    });
    Ok(not_allowed(found, &suspects.recipe.allow_secret, ctx))
}

/// Whether an entry names a secret: its rule, its place and its digest.
fn names(entry: &AllowedSecret, secret: &Secret) -> bool {
    entry.rule == secret.hit.rule && entry.path == secret.path && entry.sha256 == secret.sha256
}

/// An entry that allows nothing is told: it may be one too many.
fn note_unused(found: &[Secret], allowed: &[AllowedSecret], ctx: &Context<'_>) {
    let is_unused = |entry: &&AllowedSecret| !found.iter().any(|secret| names(entry, secret));
    for entry in allowed.iter().filter(is_unused) {
        let path = escaped(&entry.path);
        let message = format!(
            "`[[allow-secret]]` for `{path}` by `{}` allows nothing that is there",
            entry.rule
        );
        ctx.tell(&Event::Notice { message });
    }
}

/// What no entry of the recipe allows.
fn not_allowed(
    mut found: Vec<Secret>,
    allowed: &[AllowedSecret],
    ctx: &Context<'_>,
) -> Vec<Secret> {
    found.retain(|secret| !allowed.iter().any(|entry| names(entry, secret)));
    for secret in &found {
        ctx.tell(&Event::Secret {
            path: secret.path.clone(),
            place: secret.hit.place.to_string(),
            rule: secret.hit.rule.to_owned(),
            title: title(&secret.hit).to_owned(),
            sha256: secret.sha256,
        });
    }
    found
}

/// Looks through all files, with as many threads as there are CPUs; both runs have ended.
fn in_outputs(
    suspects: &Suspects<'_>,
    filter: &Filter,
    ctx: &Context<'_>,
) -> Result<Vec<Secret>, PipelineError> {
    let files: Vec<(&RelPath, &Fingerprint)> = suspects.outputs.files().collect();
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let searched = thread::scope(|scope| {
        let every = |first: usize| files.iter().skip(first).step_by(threads).copied();
        let workers: Vec<_> = (1..threads)
            .map(|first| {
                scope.spawn(move || in_files(suspects.stored, every(first), filter, threads))
            })
            .collect();
        let mut all = vec![in_files(suspects.stored, every(0), filter, threads)];
        all.extend(
            workers
                .into_iter()
                .map(|worker| worker.join().expect("a search does not panic")),
        );
        all.into_iter()
            .collect::<Result<Vec<Searched>, PipelineError>>()
    })?;
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for searched in searched {
        for (path, hit) in searched.hits {
            let whole = path.split('!').next().unwrap_or(&path);
            let file = files.iter().find(|(file, _)| file.as_str() == whole);
            let file = file.map_or_else(
                || Digest::sha256(path.as_bytes()),
                |(_, content)| content.sha256,
            );
            found.extend(secrets(&path, vec![hit], file));
        }
        skipped.extend(searched.skipped);
    }
    note_skipped(&mut skipped, ctx);
    let names = names_of(suspects.outputs);
    found.extend(in_bytes("names of the outputs", names.as_bytes(), filter));
    Ok(found)
}

/// The paths and the targets of links, a line each.
fn names_of(outputs: &Tree) -> String {
    let mut names = String::new();
    for (path, entry) in outputs.entries() {
        names.push_str(path.as_str());
        names.push('\n');
        if let Entry::Symlink { target } = entry {
            names.push_str(target);
            names.push('\n');
        }
    }
    names
}

fn in_files<'f>(
    stored: &StoredTree,
    files: impl Iterator<Item = (&'f RelPath, &'f Fingerprint)>,
    filter: &Filter,
    threads: usize,
) -> Result<Searched, PipelineError> {
    let all = ExplainLimits::default();
    let limits = ExplainLimits {
        inflated: all.inflated / threads as u64,
        ..all
    };
    let mut search = Search::new(filter, limits);
    let top = stored.open()?;
    let folder = Folder::new(top.as_fd());
    for (path, content) in files {
        let file = folder.file(path.as_str(), content.size);
        search
            .content(path.as_str(), &file)
            .map_err(PipelineError::io(&stored.path().join(path.as_str())))?;
    }
    Ok(search.finish())
}

fn in_logs(
    suspects: &Suspects<'_>,
    filter: &Filter,
    ctx: &Context<'_>,
) -> Result<Vec<Secret>, PipelineError> {
    let mut found = Vec::new();
    for run in suspects.runs {
        let log = read_log(&ctx.dirs.runs(), suspects.id, *run)?;
        found.extend(in_bytes(&format!("log of run {run}"), &log, filter));
    }
    Ok(found)
}

/// Texts of the recipe and of the statement, and the files that the statement carries, which may be archives.
fn in_texts(
    texts: Vec<SignedText>,
    filter: &Filter,
    ctx: &Context<'_>,
) -> Result<Vec<Secret>, PipelineError> {
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for text in texts {
        let file = Digest::sha256(&text.bytes);
        let mut search = Search::new(filter, ExplainLimits::default());
        search
            .content(&text.path, &text.bytes)
            .map_err(PipelineError::io(text.path.as_ref()))?;
        let searched = search.finish();
        let hits = searched.hits.into_iter();
        found.extend(hits.flat_map(|(path, hit)| secrets(&path, vec![hit], file)));
        skipped.extend(searched.skipped);
        let settings = signed_texts::settings_name(&text.path);
        let hits = Scan::of(filter, &settings, &text.setting.unwrap_or_default());
        found.extend(secrets(&text.path, hits, file));
    }
    note_skipped(&mut skipped, ctx);
    Ok(found)
}

fn in_bytes(path: &str, bytes: &[u8], filter: &Filter) -> Vec<Secret> {
    secrets(path, Scan::of(filter, path, bytes), Digest::sha256(bytes))
}

fn secrets(path: &str, hits: Vec<Hit>, file: Digest) -> Vec<Secret> {
    let secret = |hit: Hit| Secret {
        path: path.to_owned(),
        sha256: hit.digest.unwrap_or(file),
        hit,
    };
    hits.into_iter().map(secret).collect()
}

fn lines(found: &[Secret]) -> Vec<String> {
    let line = |secret: &Secret| {
        let (path, place) = (escaped(&secret.path), secret.hit.place);
        let (rule, title) = (secret.hit.rule, title(&secret.hit));
        format!(
            "{path}, {place}: {title} [{rule}], sha256 {}",
            secret.sha256
        )
    };
    let mut lines: Vec<String> = found.iter().take(MOST_SHOWN).map(line).collect();
    if found.len() > MOST_SHOWN {
        lines.push(format!("and {} more", found.len() - MOST_SHOWN));
    }
    lines
}

fn title(hit: &Hit) -> &'static str {
    rules::named(hit.rule).map_or("a secret", |rule| rule.title)
}

/// What could not be looked into is said: nobody knows whether it holds a secret.
fn note_skipped(skipped: &mut [(String, String)], ctx: &Context<'_>) {
    skipped.sort();
    for (path, reason) in skipped.iter().take(MOST_SHOWN) {
        let path = escaped(path);
        let message = format!("`{path}` was not looked through for secrets as a whole: {reason}");
        ctx.tell(&Event::Notice { message });
    }
}
