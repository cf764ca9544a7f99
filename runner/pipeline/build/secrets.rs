//! Chapter: nothing that looks like a secret is signed, unless the recipe says that it is meant to be there.

use std::path::PathBuf;

use zwieback_attest::build::signed_texts;
use zwieback_model::event::Event;
use zwieback_model::manifest::allowed_secret::AllowedSecret;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::secrets::hit::Hit;
use zwieback_model::secrets::rules;
use zwieback_model::secrets::search_budget::SearchEnd;
use zwieback_model::shown_name::escaped;

use super::secret_search::{MOST_SHOWN, Secret, SecretSearch, Suspects};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// So many are told to programs; the rest is counted.
const MOST_TOLD: usize = 1000;

/// What is not allowed of what was found, and whether all was looked at.
struct Verdict {
    found: Vec<Secret>,
    end: Option<SearchEnd>,
}

/// Ends the story if something looks like a secret and is not allowed, or if not all could be looked at.
pub fn refuse(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let verdict = look(suspects, ctx)?;
    if verdict.is_clean() {
        return Ok(());
    }
    // What was found may be known to nobody else on this machine yet.
    suspects.stored.keep_private()?;
    let kept = Some(suspects.stored.path().to_owned());
    Err(verdict.refusal(suspects.recipe, kept))
}

/// Ends the story before hours are spent, if the recipe itself holds a secret that it does not allow.
pub fn refuse_in_recipe(recipe: &Recipe, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let mut search = SecretSearch::new(ctx);
    search.texts(signed_texts::of_recipe(recipe))?;
    let (found, end) = search.finish();
    let found = not_allowed(found, &recipe.allow_secret, ctx);
    let verdict = Verdict { found, end };
    if verdict.is_clean() {
        return Ok(());
    }
    Err(verdict.refusal(recipe, None))
}

/// Says what looks like a secret, where nothing is signed.
pub fn warn(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let verdict = look(suspects, ctx)?;
    for line in lines(&verdict.found) {
        let message = format!("this looks like a secret, and would not be signed: {line}");
        ctx.tell(&Event::Notice { message });
    }
    if let Some(end) = verdict.end {
        let message =
            format!("not all was looked through for secrets, and would not be signed: {end}");
        ctx.tell(&Event::Notice { message });
    }
    Ok(())
}

impl Verdict {
    /// Whether it may be signed.
    fn is_clean(&self) -> bool {
        self.found.is_empty() && self.end.is_none()
    }

    fn refusal(&self, recipe: &Recipe, kept: Option<PathBuf>) -> PipelineError {
        let name = recipe.name().clone();
        let version = recipe.recipe.version.clone();
        let mut lines = lines(&self.found);
        match self.end {
            Some(end) if lines.is_empty() => {
                return PipelineError::Unsearched {
                    recipe: name,
                    version,
                    end,
                    kept,
                };
            }
            Some(end) => lines.push(format!("there may be more: {end}")),
            None => {}
        }
        PipelineError::Secrets {
            recipe: name,
            version,
            lines,
            kept,
        }
    }
}

fn look(suspects: &Suspects<'_>, ctx: &Context<'_>) -> Result<Verdict, PipelineError> {
    let mut search = SecretSearch::new(ctx);
    search.all(suspects)?;
    let (mut found, end) = search.finish();
    if end.is_none() {
        note_unused(&found, &suspects.recipe.allow_secret, ctx);
    }
    found.sort_by(|one, other| (&one.path, one.hit.offset).cmp(&(&other.path, other.hit.offset)));
    found.dedup_by(|one, other| {
        one.path == other.path && one.hit.rule == other.hit.rule && one.sha256 == other.sha256
    });
    let found = not_allowed(found, &suspects.recipe.allow_secret, ctx);
    Ok(Verdict { found, end })
}

/// Whether an entry names a secret: its rule, its place and its digest.
fn names(entry: &AllowedSecret, secret: &Secret) -> bool {
    entry.rule == secret.hit.rule && *entry.path == *secret.path && entry.sha256 == secret.sha256
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
    for secret in found.iter().take(MOST_TOLD) {
        ctx.tell(&Event::Secret {
            path: secret.path.to_string(),
            place: secret.hit.place.to_string(),
            rule: secret.hit.rule.to_owned(),
            title: title(&secret.hit).to_owned(),
            sha256: secret.sha256,
        });
    }
    found
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
