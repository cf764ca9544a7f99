//! Bringing a target to what the log says: after a crash, or a command that failed.

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::copy::{discard_staged, fingerprint};
use super::error::TargetError;
use super::home::Home;
use super::staged::{Staged, plain_name};
use super::target::Target;
use crate::state::environment::History;

/// Deploys the current generation if the target has another one. The caller holds the lock.
///
/// The bytes come from the copy that was staged before the log spoke, or from an earlier generation
/// of the same artifact; either way their digest is taken again.
pub fn settle(target: &Target, environment: &Name, history: &History) -> Result<(), TargetError> {
    let Some(current) = history.current() else {
        return discard_staged(target.home());
    };
    let deployed = target.deployed()?;
    if deployed.is_none_or(|there| there.generation != current.number) {
        let copy = match waiting(target, current.artifact, plain_name(&current.name)?)? {
            Some(copy) => copy,
            None => restage(target, history, current.artifact)?.ok_or(TargetError::Absent {
                generation: current.number,
            })?,
        };
        target.deploy(environment, current, &copy)?;
    }
    discard_staged(target.home())
}

fn waiting(target: &Target, artifact: Digest, name: &str) -> Result<Option<Staged>, TargetError> {
    let staged = Staged::new(target.home(), artifact, name);
    let home = Home::make(target.home())?;
    let Ok(Some(file)) = home.file(&staged.file()) else {
        return Ok(None);
    };
    let whole = fingerprint(&file)?.sha256 == artifact;
    Ok(whole.then_some(staged))
}

/// A new copy from any generation that had the same artifact and still has its bytes.
pub fn restage(
    target: &Target,
    history: &History,
    artifact: Digest,
) -> Result<Option<Staged>, TargetError> {
    let same = history.generations().iter().rev();
    for generation in same.filter(|generation| generation.artifact == artifact) {
        let Some(file) = target.kept(generation)? else {
            continue;
        };
        match target.stage(&file, artifact, &generation.name) {
            Ok(staged) => return Ok(Some(staged)),
            // This copy was changed; another generation may have a good one.
            Err(TargetError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
