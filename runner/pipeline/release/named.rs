//! What an argument names: a file that is here, or a digest that the log may know.

use std::path::Path;

use crate::pipeline::context::failure::{About as _, Failure};
use zwieback_attest::key_id::KeyName;
use zwieback_attest::verified::Artifact;
use zwieback_host::keys::certificate::read_key;
use zwieback_host::keys::key_directory::read_public;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::session::open_artifact;
use zwieback_trust::state::folded::State;

/// So many digits of a digest are enough to look something up.
const FEWEST: usize = 8;
const WHOLE: usize = 64;
const PREFIX: &str = "sha256:";

/// The artifact of a file, or of its whole digest: whoever signs for it names all of it.
pub fn artifact(text: &str) -> Result<Artifact, Failure> {
    let Some(digits) = digits(text) else {
        let path = Path::new(text);
        if !path.exists() {
            return Err(Failure::asked(format!(
                "{text} is neither a file nor a whole SHA-256"
            )));
        }
        return Ok(open_artifact(path)?.1);
    };
    let sha256: Digest = digits.parse().ok().with_context(|| {
        format!("{text} is no whole SHA-256 in lower case; a file of that name is ./{text}")
    })?;
    Ok(Artifact {
        name: sha256.short(),
        sha256,
        blake3: None,
    })
}

/// The digest of a file, or the only one in the log that begins so.
pub fn looked_up(text: &str, state: &State) -> Result<Digest, Failure> {
    let digits = match digits(text) {
        Some(digits) if digits.len() < WHOLE => digits,
        _ => return Ok(artifact(text)?.sha256),
    };
    let known = state.artifacts().keys();
    let mut found = known.filter(|digest| digest.to_hex().starts_with(digits));
    match (found.next(), found.next()) {
        (Some(digest), None) => Ok(*digest),
        (Some(_), Some(_)) => Err(Failure::asked(format!(
            "the log knows more than one artifact that begins with {digits}"
        ))),
        (None, _) => Err(Failure::asked(format!(
            "the log knows no artifact that begins with {digits}; a file of that name is ./{text}"
        ))),
    }
}

/// A key by its id, or of a file with its public half or with a certificate of it.
pub fn key(text: &str) -> Result<KeyName, Failure> {
    if let Ok(name) = text.parse() {
        return Ok(name);
    }
    let path = Path::new(text);
    if !path.is_file() {
        return Err(Failure::asked(format!(
            "{text} is neither a public key's file nor the id of one"
        )));
    }
    let of_certificate = read_key(path)?;
    let key = of_certificate.map_or_else(|| read_public(path), Ok)?;
    Ok(key.id().name())
}

/// What of a text is a digest, or the beginning of one. It is one whatever lies in the folder: a file that
/// somebody put there must not decide what is revoked, approved or looked at.
fn digits(text: &str) -> Option<&str> {
    if let Some(digits) = text.strip_prefix(PREFIX) {
        return Some(digits);
    }
    let is_digest = text.len() >= FEWEST && text.chars().all(|c| c.is_ascii_hexdigit());
    is_digest.then_some(text)
}

/// A moment so many seconds after another.
pub fn later(now: Timestamp, seconds: i64) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_unix(now.as_unix().saturating_add(seconds))?)
}
