//! The search for secrets: all of what is to be signed, within one budget.

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::thread;

use zwieback_attest::build::signed_texts::{self, SignedText};
use zwieback_attest::statement::Statement;
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::search::{PlacedHit, Search, Searched};
use zwieback_host::content::Folder;
use zwieback_host::run_folder::read_log;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::event::Event;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::rel_path::RelPath;
use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::hit::Hit;
use zwieback_model::secrets::scan::Scan;
use zwieback_model::secrets::search_budget::{SearchBudget, SearchEnd};
use zwieback_model::shown_name::escaped;
use zwieback_model::tree::{Entry, Tree};
use zwieback_model::variation::conditions::RunName;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// So many are shown; the rest is counted.
pub const MOST_SHOWN: usize = 20;

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
pub struct Secret {
    /// A path and the names of members, a log, or a text of the recipe.
    pub path: Arc<str>,
    /// What was found.
    pub hit: Hit,
    /// That of the secret, or of the file that it is in.
    pub sha256: Digest,
}

/// One search: outputs, logs and texts share what it may cost.
pub struct SecretSearch<'s> {
    filter: &'static Filter,
    budget: SearchBudget,
    found: Vec<Secret>,
    skipped: Vec<(String, String)>,
    ctx: &'s Context<'s>,
}

impl<'s> SecretSearch<'s> {
    /// A search that has not begun.
    pub fn new(ctx: &'s Context<'s>) -> Self {
        Self {
            filter: Filter::shared(),
            budget: SearchBudget::new(ExplainLimits::default().decompressed),
            found: Vec::new(),
            skipped: Vec::new(),
            ctx,
        }
    }

    /// Looks through all that belongs to a build.
    pub fn all(&mut self, suspects: &Suspects<'_>) -> Result<(), PipelineError> {
        self.outputs(suspects)?;
        for run in suspects.runs {
            let log = read_log(&self.ctx.dirs.runs(), suspects.id, *run)?;
            self.bytes(&format!("log of run {run}"), &log);
        }
        self.texts(suspects.statement.map_or_else(
            || signed_texts::of_recipe(suspects.recipe),
            signed_texts::of,
        ))
    }

    /// Looks through texts of the recipe and of the statement, and the files that the statement carries, which may
    /// be archives.
    pub fn texts(&mut self, texts: Vec<SignedText>) -> Result<(), PipelineError> {
        let files: Vec<_> = texts
            .iter()
            .map(|text| Digest::sha256(&text.bytes))
            .collect();
        let mut search = Search::new(self.filter, ExplainLimits::default(), &self.budget);
        for text in &texts {
            search
                .content(&text.path, &text.bytes)
                .map_err(PipelineError::io(text.path.as_ref()))?;
        }
        let searched = search.finish();
        self.take(searched, &files);
        for (text, file) in texts.into_iter().zip(files) {
            let settings = signed_texts::settings_name(&text.path);
            let bytes = text.setting.unwrap_or_default();
            let hits = Scan::of(self.filter, &settings, &bytes, &self.budget);
            self.keep(&text.path, hits, file);
        }
        Ok(())
    }

    /// What was found, and why not all was looked at if it was not. What was skipped is told.
    pub fn finish(mut self) -> (Vec<Secret>, Option<SearchEnd>) {
        self.note_skipped();
        (self.found, self.budget.end())
    }

    /// Looks through all files, with as many threads as there are CPUs; both runs have ended.
    fn outputs(&mut self, suspects: &Suspects<'_>) -> Result<(), PipelineError> {
        let files: Vec<(&RelPath, &Fingerprint)> = suspects.outputs.files().collect();
        let threads = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(4);
        let part = |first: usize| -> Vec<_> {
            files.iter().skip(first).step_by(threads).copied().collect()
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        let searched: Vec<_> = thread::scope(|scope| {
            let (stored, filter, budget) = (suspects.stored, self.filter, &self.budget);
            let worker =
                |part| scope.spawn(move || in_files(stored, part, filter, budget, threads));
            let workers: Vec<_> = parts.iter().map(|part| worker(part)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("a search does not panic"))
                .collect()
        });
        for (searched, part) in searched.into_iter().zip(&parts) {
            let digests: Vec<_> = part.iter().map(|(_, content)| content.sha256).collect();
            self.take(searched?, &digests);
        }
        let names = names_of(suspects.outputs);
        self.bytes("names of the outputs", names.as_bytes());
        Ok(())
    }

    fn bytes(&mut self, path: &str, bytes: &[u8]) {
        let hits = Scan::of(self.filter, path, bytes, &self.budget);
        if let Some(end) = self.budget.end() {
            self.skipped.push((path.to_owned(), end.to_string()));
        }
        self.keep(path, hits, Digest::sha256(bytes));
    }

    /// Keeps hits that no search of contents counted.
    fn keep(&mut self, path: &str, hits: Vec<Hit>, file: Digest) {
        if !self.budget.keep(hits.len()) {
            return;
        }
        let path = Arc::<str>::from(path);
        let secret = |hit| secret(Arc::clone(&path), hit, file);
        self.found.extend(hits.into_iter().map(secret));
    }

    /// Takes what was found in contents, of which these are the digests in their order.
    fn take(&mut self, searched: Searched, digests: &[Digest]) {
        let secret = |placed: PlacedHit| {
            let file = digests.get(placed.content).copied();
            let file = file.unwrap_or_else(|| Digest::sha256(placed.path.as_bytes()));
            secret(placed.path, placed.hit, file)
        };
        self.found.extend(searched.hits.into_iter().map(secret));
        self.skipped.extend(searched.skipped);
    }

    /// What could not be looked into is said: nobody knows whether it holds a secret.
    fn note_skipped(&mut self) {
        self.skipped.sort();
        for (path, reason) in self.skipped.iter().take(MOST_SHOWN) {
            let path = escaped(path);
            let message =
                format!("`{path}` was not looked through for secrets as a whole: {reason}");
            self.ctx.tell(&Event::Notice { message });
        }
    }
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

fn in_files(
    stored: &StoredTree,
    files: &[(&RelPath, &Fingerprint)],
    filter: &Filter,
    budget: &SearchBudget,
    threads: usize,
) -> Result<Searched, PipelineError> {
    let all = ExplainLimits::default();
    let limits = ExplainLimits {
        inflated: all.inflated / threads as u64,
        ..all
    };
    let mut search = Search::new(filter, limits, budget);
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

fn secret(path: Arc<str>, hit: Hit, file: Digest) -> Secret {
    Secret {
        path,
        sha256: hit.digest.unwrap_or(file),
        hit,
    }
}
