//! `zwieback store path`, `ls` and `verify`: what the store holds, and whether it is what it was.

use zwieback_model::amount::counted;
use zwieback_model::bake::action::ActionResult;
use zwieback_model::digest::Digest;

use crate::pipeline::build::record;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::{Failure, Kind};

/// Shows the folder of the store, or of a recipe's outputs or a tree in it.
pub fn path(what: Option<&str>, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let path = match what {
        None => ctx.store.path().to_owned(),
        Some(what) => {
            let digest = match what.parse::<Digest>() {
                Ok(digest) => digest,
                Err(_) => outputs(what, ctx)?,
            };
            ctx.tree(&digest)?.path().to_owned()
        }
    };
    screen.tell(&Answer::Page(format!("{}\n", path.display())))?;
    Ok(End::Done)
}

fn outputs(what: &str, ctx: &Context<'_>) -> Result<Digest, Failure> {
    let result = record::result(&record::find(what, ctx)?.action, ctx)?;
    let none = || Failure::asked(format!("`{what}` has no outputs in the store"));
    Ok(result.ok_or_else(none)?.outputs)
}

/// Lists every object.
pub fn ls(ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let mut text = String::new();
    for listed in ctx.store.ls()? {
        let (kind, digest) = (listed.object.kind.as_str(), listed.object.digest);
        text.push_str(&format!("{kind:<7} {digest} {}\n", listed.bytes));
    }
    screen.tell(&Answer::Page(text))?;
    Ok(End::Done)
}

/// Reads everything again; what is damaged is removed, if that is wanted.
pub fn verify(repair: bool, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let report = ctx.store.verify(&references)?;
    for problem in &report.problems {
        screen.tell(&Answer::Page(format!("{problem}\n")))?;
        if repair {
            ctx.store.remove(&problem.object)?;
        }
    }
    let read = counted(report.objects, "object");
    let found = counted(report.problems.len(), "problem");
    let removed = if repair { ", all removed" } else { "" };
    let sentence = format!("{read} read again, {found}{removed}");
    screen.tell(&Answer::Beside(sentence))?;
    Ok(if report.problems.is_empty() || repair {
        End::Done
    } else {
        End::As(Kind::DigestMismatch)
    })
}

/// The objects that an action's result names.
pub fn references(entry: &[u8]) -> Vec<Digest> {
    let result = serde_json::from_slice::<ActionResult>(entry);
    result
        .map(|result| vec![result.outputs, result.bundle.sha256])
        .unwrap_or_default()
}
