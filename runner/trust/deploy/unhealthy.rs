//! Which releases did not work when they were last looked at, by their digests: what was left like that is
//! not gone back to. A file in the target's folder, as the health command is the target's too.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;

use super::error::TargetError;
use super::home::Home;
use super::target::Target;

const FILE: &str = "unhealthy";
/// Some ten thousand releases; of more the first ones are forgotten.
const LARGEST: u64 = 1 << 20;

/// The releases that did not work.
pub fn all(target: &Target) -> Result<BTreeSet<Digest>, TargetError> {
    let Some(home) = Home::open(target.home())? else {
        return Ok(BTreeSet::new());
    };
    let bytes = home.read(FILE, LARGEST)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// Notes whether a release works that a generation put there. What was looked at may have been another one, if that
/// took its place meanwhile: then nothing is noted, and its number is the answer.
pub fn note(
    target: &Target,
    (generation, artifact): (u64, Digest),
    works: bool,
) -> Result<Option<u64>, TargetError> {
    if works && !all(target)?.contains(&artifact) {
        return Ok(None);
    }
    // Nobody is half way through putting another one there.
    let _lock = target.lock()?;
    // Numbers only grow: the one that is there still was there all the time.
    let there = target.deployed()?.map_or(0, |there| there.generation);
    if there != generation {
        return Ok(Some(there));
    }
    let mut all = all(target)?;
    if works {
        all.remove(&artifact);
    } else {
        all.insert(artifact);
    }
    let lines: Vec<String> = all.iter().map(Digest::to_string).collect();
    Home::make(target.home())?.write(FILE, lines.join("\n").as_bytes())?;
    Ok(None)
}
