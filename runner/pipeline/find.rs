//! Chapter: look the action up in the store; a result that is there is not built again.

use zwieback_core::bake::action::{Action, ActionResult};
use zwieback_core::event::Event;

use super::built::{Built, Origin};
use super::context::{Context, Reuse, Runs, Wish};
use super::error::PipelineError;
use super::read::Planned;
use super::root;

/// The platform that steps run on, in OCI's words.
pub const PLATFORM: &str = "linux/amd64";

/// The result of a plan, if it was built before, is still whole, and may be used.
pub fn built(
    planned: &Planned,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Option<Built>, PipelineError> {
    if wish.reuse == Reuse::Forbidden || wish.runs == Runs::Once {
        return Ok(None);
    }
    let Some(root) = root::known(&planned.plan.toolchains, ctx)? else {
        return Ok(None);
    };
    let action = Action::new(&planned.plan, PLATFORM, root, planned.patch_digests()).digest();
    let Some(entry) = ctx.store.action(&action)? else {
        return Ok(None);
    };
    let Ok(result) = serde_json::from_slice::<ActionResult>(&entry) else {
        return Ok(None);
    };
    let Some(outputs) = ctx.store.tree(&result.outputs)? else {
        return Ok(None);
    };
    outputs.check_quick()?;
    if ctx.store.blob(&result.bundle.sha256)?.is_none() {
        return Ok(None);
    }
    ctx.tell(&Event::Reused {
        action,
        run: result.run.clone(),
    });
    Ok(Some(Built {
        action,
        outputs,
        bundle: Some(result.bundle),
        run: result.run,
        origin: Origin::Store,
    }))
}
