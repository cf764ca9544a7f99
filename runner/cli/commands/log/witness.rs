//! `zwieback log witness` and `take`: others vouch for the log's growth, and its keeper publishes that.

use serde_json::json;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::log::witness::Witness;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::{NoteKey, NoteKind};

use super::place;
use crate::cli::args::global::Global;
use crate::cli::args::log::{TakeArgs, WitnessArgs};
use crate::cli::commands::evidence;
use crate::cli::exit;
use crate::cli::screen::paint::counted;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring;

/// Vouches for the newest checkpoint, if it extends the last one that was vouched for.
pub fn vouch(global: &Global, args: &WitnessArgs) -> Result<u8, Failure> {
    let dirs = Dirs::of_user()?;
    let policy = place::signed_by(&args.signed_by)?;
    let name = args.name.parse().map_err(LogError::from)?;
    let keyring = keyring::open(
        &dirs,
        &load_config(global, &dirs)?
            .sign
            .choice(Some(&args.sign_key)),
    )?;
    let signer = keyring.signer.as_ref();
    let key = NoteKey::new(NoteKind::Witness, name, signer.public_key()).map_err(LogError::from)?;
    let role = format!("witness-{}", key.name().as_str().replace('/', "_"));
    let memory = place::position(args.memory.as_deref(), &role, &policy, &dirs)?;
    let seen = place::memory(&policy, &dirs)?;
    let log = place::open(&args.log, Some(&policy), global, &dirs)?;
    let witness = Witness {
        key: &key,
        signer,
        memory: &memory,
        policy: &policy,
    };
    let checkpoint = match &args.output {
        None => log.witness(&witness, &seen, clock::now())?,
        Some(path) => {
            let cosigned = log.vouched(&witness, &seen, clock::now())?;
            let written = replace(path, cosigned.to_text().as_bytes());
            written.with_context(|| path.display().to_string())?;
            Checkpoint::of(&cosigned).map_err(LogError::from)?
        }
    };
    tell(global, &key, &checkpoint)
}

/// Publishes what witnesses elsewhere have vouched for.
pub fn take(global: &Global, args: &TakeArgs) -> Result<u8, Failure> {
    let log = LogDir::open(&args.folder)?;
    let policy = place::belief(&args.belief)?;
    let mut taken = 0;
    for path in &args.checkpoints {
        let note = Note::parse(&evidence::read(path)?).map_err(LogError::from)?;
        taken += log.take(&note, &policy)?;
    }
    let sentence = counted(taken, "cosignature");
    place::tell(global, "Took", &sentence, &json!({ "cosignatures": taken }))?;
    Ok(exit::DONE)
}

fn tell(global: &Global, key: &NoteKey, checkpoint: &Checkpoint) -> Result<u8, Failure> {
    let head = checkpoint.head;
    let (entries, root) = (place::entries(head.size), head.root.short());
    let sentence = format!("{entries} of {}, root {root}, as {key}", checkpoint.origin);
    let value = json!({
        "log": checkpoint.origin.as_str(),
        "size": head.size,
        "root": head.root.to_hex(),
        "witness": key.to_string(),
    });
    place::tell(global, "Vouched", &sentence, &value)?;
    Ok(exit::DONE)
}
