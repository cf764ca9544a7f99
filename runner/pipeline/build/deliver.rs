//! Chapter: a finished build to whoever asked for it: export, link, and where everything is.

use std::path::PathBuf;
use std::time::Instant;

use zwieback_model::event::{Event, Verdict};
use zwieback_model::manifest::recipe::Recipe;

use super::export;
use crate::pipeline::context::command_context::{Context, Signing, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::plan::built::{Built, Origin};

/// Exports and links what was built, and says where it is.
pub fn hand_over(
    recipe: &Recipe,
    built: &Built,
    wish: &Wish,
    begun: Instant,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let bundle = bundle_path(built, ctx)?;
    if let Some(folder) = &wish.export {
        export::export(&built.outputs, bundle.as_deref(), recipe, folder, ctx)?;
    }
    if let Some(link) = &wish.out_link {
        export::link(&built.outputs, link)?;
        let link = std::path::absolute(link).map_err(PipelineError::io(link))?;
        ctx.store.put_link_root(&link, built.outputs.digest())?;
    }
    ctx.tell(&Event::Finished {
        recipe: recipe.name().clone(),
        version: recipe.recipe.version.clone(),
        verdict: if built.bundle.is_some() {
            Verdict::Reproducible
        } else if wish.signing == Signing::Later {
            Verdict::Unsigned
        } else {
            Verdict::BuiltOnce
        },
        reused: built.origin == Origin::Store,
        action: built.action,
        outputs: *built.outputs.digest(),
        path: built.outputs.path().display().to_string(),
        bundle: bundle.map(|path| path.display().to_string()),
        wall_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok(())
}

fn bundle_path(built: &Built, ctx: &Context<'_>) -> Result<Option<PathBuf>, PipelineError> {
    let Some(bundle) = built.bundle else {
        return Ok(None);
    };
    let blob = ctx.store.blob(&bundle.sha256)?;
    let gone = || PipelineError::Vanished {
        file: format!("bundle {}", bundle.sha256.short()),
    };
    Ok(Some(blob.ok_or_else(gone)?.path().to_owned()))
}
