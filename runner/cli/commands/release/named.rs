//! What an argument names: a file that is here, or a digest that the log may know.

use std::path::Path;

use anyhow::{Context as _, bail};
use zwieback_core::attest::verified::Artifact;
use zwieback_core::digest::Digest;
use zwieback_core::timestamp::Timestamp;
use zwieback_trust::state::folded::State;
use zwieback_trust::story::desk::open_artifact;

/// So many digits of a digest are enough to look something up.
const FEWEST: usize = 8;

/// The artifact of a file, or of its whole digest: whoever signs for it names all of it.
pub fn artifact(text: &str) -> anyhow::Result<Artifact> {
    let path = Path::new(text);
    if path.exists() {
        return Ok(open_artifact(path)?.1);
    }
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let sha256: Digest = digits
        .parse()
        .ok()
        .with_context(|| format!("{text} is neither a file nor a whole SHA-256"))?;
    Ok(Artifact {
        name: sha256.short(),
        sha256,
        blake3: None,
    })
}

/// The digest of a file, or the only one in the log that begins so.
pub fn looked_up(text: &str, state: &State) -> anyhow::Result<Digest> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let is_short = digits.len() >= FEWEST && digits.chars().all(|it| it.is_ascii_hexdigit());
    if Path::new(text).exists() || !is_short {
        return Ok(artifact(text)?.sha256);
    }
    let known = state.artifacts().keys();
    let mut found = known.filter(|it| it.to_hex().starts_with(digits));
    match (found.next(), found.next()) {
        (Some(digest), None) => Ok(*digest),
        (Some(_), Some(_)) => {
            bail!("the log knows more than one artifact that begins with {digits}")
        }
        (None, _) => bail!("the log knows no artifact that begins with {digits}"),
    }
}

/// A moment so many seconds after another.
pub fn later(now: Timestamp, seconds: i64) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_unix(now.as_unix().saturating_add(seconds))?)
}
