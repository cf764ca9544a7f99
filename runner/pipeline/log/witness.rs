//! `zwieback log witness` and `take`: others vouch for the log's growth, and its keeper publishes that.

use std::path::PathBuf;

use serde_json::json;
use zwieback_host::clock;
use zwieback_host::fs::replace::replace;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::log::witness::Witness;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::{NoteKey, NoteKind};

use super::session::{self, LogSession};
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::About as _;
use crate::pipeline::context::keyring::{self, KeyChoice};
use crate::pipeline::context::log_belief::{LogBelief, signed_by};
use crate::pipeline::trust::evidence;

/// Who vouches for which log.
#[derive(Clone, Debug)]
pub struct WitnessOptions {
    /// The log's folder or address.
    pub log: String,
    /// The log's key.
    pub signed_by: String,
    /// The name of the witness.
    pub name: String,
    /// The key of the witness.
    pub sign: KeyChoice,
    /// Where the witness remembers what it vouched for.
    pub memory: Option<PathBuf>,
    /// The file for the cosigned checkpoint, in place of the log.
    pub output: Option<PathBuf>,
}

/// What witnesses elsewhere have vouched for.
#[derive(Clone, Debug)]
pub struct TakeOptions {
    /// The log's folder.
    pub folder: PathBuf,
    /// Checkpoints that witnesses have cosigned.
    pub checkpoints: Vec<PathBuf>,
    /// Whose word is taken.
    pub belief: LogBelief,
}

/// Vouches for the newest checkpoint, if it extends the last one that was vouched for.
pub fn vouch(session: &LogSession<'_>, options: &WitnessOptions) -> Ended {
    let policy = signed_by(&options.signed_by)?;
    let name = options.name.parse().map_err(LogError::from)?;
    let keyring = keyring::open(session.dirs, &options.sign)?;
    let signer = keyring.signer.as_ref();
    let key = NoteKey::new(NoteKind::Witness, name, signer.public_key()).map_err(LogError::from)?;
    let role = format!("witness-{}", key.name().as_str().replace('/', "_"));
    let memory = session.position(options.memory.as_deref(), &role, &policy)?;
    let seen = session.memory(&policy)?;
    let log = session.open(&options.log, Some(&policy))?;
    let witness = Witness {
        key: &key,
        signer,
        memory: &memory,
        policy: &policy,
    };
    let checkpoint = match &options.output {
        None => log.witness(&witness, &seen, clock::now)?,
        Some(path) => {
            let cosigned = log.vouched(&witness, &seen, clock::now())?;
            let written = replace(path, cosigned.to_text().as_bytes());
            written.with_context(|| path.display().to_string())?;
            Checkpoint::of(&cosigned).map_err(LogError::from)?
        }
    };
    tell(session, &key, &checkpoint)
}

/// Publishes what witnesses elsewhere have vouched for.
pub fn take(session: &LogSession<'_>, options: &TakeOptions) -> Ended {
    let log = LogDir::open(&options.folder)?;
    let policy = options.belief.policy()?;
    let mut taken = 0;
    for path in &options.checkpoints {
        let note = Note::parse(&evidence::read(path)?).map_err(LogError::from)?;
        taken += log.take(&note, &policy)?;
    }
    let sentence = match taken {
        1 => "1 cosignature".to_owned(),
        taken => format!("{taken} cosignatures"),
    };
    let value = json!({ "cosignatures": taken });
    session::tell(session.screen, "Took", sentence, &value)?;
    Ok(End::Done)
}

fn tell(session: &LogSession<'_>, key: &NoteKey, checkpoint: &Checkpoint) -> Ended {
    let head = checkpoint.head;
    let (entries, root) = (session::entries(head.size), head.root.short());
    let sentence = format!("{entries} of {}, root {root}, as {key}", checkpoint.origin);
    let value = json!({
        "log": checkpoint.origin.as_str(),
        "size": head.size,
        "root": head.root.to_hex(),
        "witness": key.to_string(),
    });
    session::tell(session.screen, "Vouched", sentence, &value)?;
    Ok(End::Done)
}
