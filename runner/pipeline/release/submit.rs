//! `zwieback submit`: what others have signed, into the log.

use std::path::Path;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::key_id::KeyName;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::Refusal;
use zwieback_host::keys::key_directory::read_public;
use zwieback_trust::command::submit::submit;
use zwieback_trust::state::folded::State;

use super::counter::Counter;
use crate::cli::args::global::Global;
use crate::cli::args::release::SubmitArgs;
use crate::cli::commands::evidence;
use crate::cli::exit;
use crate::pipeline::context::failure::{About as _, Failure};

/// Runs the command.
pub fn run(global: &Global, args: &SubmitArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let given = args.keys.iter().map(|path| read_public(path));
    let given = given.collect::<Result<Vec<_>, _>>()?;
    let state = counter.reader().state()?;
    let bundles = args.bundles.iter().map(|path| signed(path, &given, &state));
    let bundles = bundles.collect::<Result<Vec<_>, Failure>>()?;
    let log = counter.gate.log_signer()?;
    for line in submit(&counter.reader(), log.signer.as_ref(), &bundles)? {
        counter.recorded("Recorded", &line)?;
    }
    Ok(exit::DONE)
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
    let known = state.policy().ok().and_then(|it| it.key(hint));
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
