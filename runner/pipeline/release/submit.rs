//! `zwieback submit`: what others have signed, into the log.

use std::path::{Path, PathBuf};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::key_id::KeyName;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::Refusal;
use zwieback_host::keys::key_directory::read_public;
use zwieback_trust::command::submit::submit;
use zwieback_trust::state::folded::State;

use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::trust::evidence;

/// What is submitted.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
    /// Bundles that others have signed.
    pub bundles: Vec<PathBuf>,
    /// Public keys of signers whom the policy does not know.
    pub keys: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &SubmitOptions) -> Ended {
    let given = options.keys.iter().map(|path| read_public(path));
    let given = given.collect::<Result<Vec<_>, _>>()?;
    let state = session.reader().state()?;
    let bundles = options
        .bundles
        .iter()
        .map(|path| signed(path, &given, &state));
    let bundles = bundles.collect::<Result<Vec<_>, Failure>>()?;
    let log = session.gate.log_signer()?;
    for line in submit(&session.reader(), log.signer.as_ref(), &bundles)? {
        session.recorded("Recorded", &line)?;
    }
    Ok(End::Done)
}

/// A bundle with its signer's key: one that was given, or that the policy in force knows.
fn signed(path: &Path, given: &[PublicKey], state: &State) -> Result<(Bundle, PublicKey), Failure> {
    let bytes = evidence::read(path)?;
    let bundle = Bundle::parse(&bytes).map_err(Refusal::from)?;
    let Ok(hint) = bundle.hint().parse::<KeyName>() else {
        let path = path.display();
        return Err(Failure::asked(format!(
            "{path}: its hint is no id of a key"
        )));
    };
    let known = state.policy().ok().and_then(|policy| policy.key(hint));
    let named = given.iter().find(|key| hint.names(key.id()));
    let key = named.or(known).cloned();
    let key = key.with_context(|| {
        let short = hint.short();
        format!(
            "{}: the policy knows no key {short}; --key names its file",
            path.display()
        )
    })?;
    Ok((bundle, key))
}
