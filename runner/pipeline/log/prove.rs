//! `zwieback log prove`: a proof that works without the log.

use std::path::PathBuf;

use zwieback_host::fs::replace::replace;

use super::session::LogSession;
use crate::pipeline::context::answer::{Answer, End, Ended};
use crate::pipeline::context::failure::About as _;

/// Which entry of which log.
#[derive(Clone, Debug)]
pub struct ProveOptions {
    /// The log's folder or address.
    pub log: String,
    /// The entry.
    pub index: u64,
    /// Whether the entry's bundle is asked for, with the proof in it.
    pub bundle: bool,
    /// Where the proof is written.
    pub output: Option<PathBuf>,
}

/// Runs the command; the proof goes to stdout unless a file is named.
pub fn run(session: &LogSession<'_>, options: &ProveOptions) -> Ended {
    let log = session.believe_own(&options.log)?;
    let proof = if options.bundle {
        log.proven_bundle(options.index)?.to_bytes()
    } else {
        log.prove(options.index)?.to_text().into_bytes()
    };
    match &options.output {
        Some(path) => {
            replace(path, &proof).with_context(|| path.display().to_string())?;
        }
        None => session.screen.tell(&Answer::File(proof))?,
    }
    Ok(End::Done)
}
