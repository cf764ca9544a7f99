//! One build at a time, where the kernel shows a toolchain through the inodes of the host: builds beside each
//! other could signal by locks, leases and watches on its files.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::{Sandbox, Sources};

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::toolchain::Root;

/// How often a waiting build looks whether it is its turn, or the user wants to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Held by a build that no other one runs beside; by one that has inodes of its own, nothing.
pub type Alone = Option<OwnedFd>;

/// Waits until no other build from this store runs, if that is needed here. No run has room yet: what waits
/// here holds nothing that the other build could want.
pub fn turn(root: &Root, canceller: &Canceller, ctx: &Context<'_>) -> Result<Alone, PipelineError> {
    if !shares_inodes(root, canceller, ctx)? {
        return Ok(None);
    }
    let mut is_told = false;
    loop {
        if let Some(lock) = ctx.store.try_alone()? {
            return Ok(Some(lock));
        }
        ctx.check_stop()?;
        if !std::mem::replace(&mut is_told, true) {
            ctx.tell(&Event::Notice {
                message: "waiting for another build: this store is where the kernel gives no sandbox inodes of its \
                          own, so that one build runs at a time"
                    .to_owned(),
            });
        }
        thread::sleep(GLANCE);
    }
}

/// Tries it, once for each root: a sandbox is started, and says how its locks hold.
fn shares_inodes(
    root: &Root,
    canceller: &Canceller,
    ctx: &Context<'_>,
) -> Result<bool, PipelineError> {
    if let Some(known) = ctx.shared.shares_inodes(root.digest()) {
        return Ok(known);
    }
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: root.path().to_owned(),
        empty: ctx.store.empty(),
        ..Sources::default()
    };
    let sandbox = Sandbox::start(ctx.sandboxes, &spec, sources, canceller)?;
    let shares = sandbox.enforcement().shares_inodes();
    sandbox.leave();
    ctx.shared.put_shares_inodes(*root.digest(), shares);
    Ok(shares)
}
