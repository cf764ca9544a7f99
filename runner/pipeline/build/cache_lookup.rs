//! Chapter: look the action up in the store; a result that is there is not built again.

use zwieback_attest::build::kept::{self, Asked, NotUsable};
use zwieback_host::fs::given_file;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::action::{Action, ActionResult};
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;

use super::attest::{asked_key, builders};
use crate::pipeline::context::command_context::{Context, Reuse, Runs, Signing, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::toolchain;
use crate::pipeline::plan::built::{Built, Origin};
use crate::pipeline::plan::read::Planned;

/// No bundle is as long.
const LARGEST: u64 = 256 << 20;

/// The platform that steps run on, in OCI's words.
pub const PLATFORM: &str = "linux/amd64";

/// The result of a plan, if it was built before, is still whole, and may be used.
pub fn built(
    planned: &Planned,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Option<Built>, PipelineError> {
    // Whose signature a result must have is known only where there is a key.
    let is_keyless = wish.runs == Runs::Once || wish.signing == Signing::Later;
    if wish.reuse == Reuse::Forbidden || is_keyless {
        return Ok(None);
    }
    let Some(root) = toolchain::known(&planned.plan.toolchains, ctx)? else {
        return Ok(None);
    };
    let action = Action::new(&planned.plan, PLATFORM, root, planned.patch_digests()).digest();
    let Some(entry) = ctx.store.action(&action)? else {
        return Ok(None);
    };
    let Some((result, outputs)) = kept(&entry, action, wish, ctx)? else {
        return Ok(None);
    };
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

/// The bundle of a recipe that was built and signed before: of this action, about this tree, by the key that
/// is to sign; nothing, where there is none.
pub fn bundle(
    action: Digest,
    tree: Digest,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Option<Digest>, PipelineError> {
    let Some(entry) = ctx.store.action(&action)? else {
        return Ok(None);
    };
    let known = kept(&entry, action, wish, ctx)?;
    let known = known.filter(|(result, _)| result.outputs == tree);
    Ok(known.map(|(result, _)| result.bundle.sha256))
}

/// Entry, outputs and bundle, held against each other and against the key that is to sign. A result that
/// another key has signed is built again: only two runs that were compared may be signed.
fn kept(
    entry: &[u8],
    action: Digest,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Option<(ActionResult, StoredTree)>, PipelineError> {
    let result = match kept::read(entry) {
        Ok(result) => result,
        Err(why) => return Ok(not_used(&why, ctx)),
    };
    let (Some(outputs), Some(bundle)) = (
        ctx.store.tree(&result.outputs)?,
        ctx.store.blob(&result.bundle.sha256)?,
    ) else {
        return Ok(None);
    };
    outputs.check_quick()?;
    let Some(key) = asked_key(wish, ctx)? else {
        return Ok(None);
    };
    let bundle =
        given_file::read(bundle.path(), LARGEST).map_err(PipelineError::io(bundle.path()))?;
    let builders = builders(wish);
    let asked = Asked {
        action,
        key: &key,
        builders: &builders.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    match kept::check(&result, outputs.tree(), &bundle, &asked) {
        Ok(()) => Ok(Some((result, outputs))),
        Err(why) => Ok(not_used(&why, ctx)),
    }
}

fn not_used<T>(why: &NotUsable, ctx: &Context<'_>) -> Option<T> {
    let message = format!("the store has a result that is not used: {why}");
    ctx.tell(&Event::Notice { message });
    None
}
