//! `zwieback attest`: how tests ended, and who changed a source.

use std::path::PathBuf;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_trust::command::session::open_artifact;
use zwieback_trust::command::statements::{Bearing, authorship, bearing, test_result};
use zwieback_trust::deploy::copy::fingerprint;
use zwieback_trust::statement::test_result::TestResult;

use super::named;
use super::session::{ReleaseSession, SayOptions};
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Failure;

/// How tests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// All passed.
    Passed,
    /// All passed, with warnings.
    Warned,
    /// Not all passed.
    Failed,
}

/// How the tests of an artifact ended.
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// The artifact: a file, or its whole SHA-256.
    pub artifact: String,
    /// How they ended.
    pub result: Tested,
    /// The file of what was run.
    pub suite: PathBuf,
    /// Who says it.
    pub say: SayOptions,
}

/// Who changed a source.
#[derive(Clone, Debug)]
pub struct AuthorsOptions {
    /// The source: a file, or its whole SHA-256.
    pub source: String,
    /// Who changed it.
    pub authors: Vec<Name>,
    /// Who after all did not.
    pub withdrawn: Vec<Name>,
    /// Who says it.
    pub say: SayOptions,
}

/// States how tests ended.
pub fn test(session: &ReleaseSession<'_>, options: &TestOptions) -> Ended {
    let artifact = named::artifact(&options.artifact)?;
    let (file, named) = open_artifact(&options.suite)?;
    let suite = ResourceDescriptor::named(named.name, &fingerprint(&file)?);
    let result = match options.result {
        Tested::Passed => TestResult::Passed,
        Tested::Warned => TestResult::Warned,
        Tested::Failed => TestResult::Failed,
    };
    let statement = test_result(&session.reader(), &artifact, result, &suite)?;
    session.hand_in(&statement, &options.say, "Attested")?;
    Ok(End::Done)
}

/// States who changed a source.
pub fn authors(session: &ReleaseSession<'_>, options: &AuthorsOptions) -> Ended {
    let source = named::artifact(&options.source)?;
    let bearing = bearing(&session.reader(), source.sha256)?;
    if bearing == Bearing::Nothing {
        let name = &source.name;
        return Err(Failure::asked(format!(
            "{name} has no authors that matter: in the log it is part of a toolchain, or what another recipe made"
        ))
        .with_hint(Some(
            "`zwieback trace ARTIFACT` shows the sources of a release by their digests".to_owned(),
        )));
    }
    let people = [&options.authors, &options.withdrawn];
    let [authors, withdrawn] = people.map(|names| names.iter().cloned().collect());
    let (reader, people) = (session.reader(), (authors, withdrawn));
    let statement = authorship(&reader, source.sha256, &source.name, people)?;
    session.hand_in(&statement, &options.say, "Attested")?;
    if bearing == Bearing::Unseen {
        let sentence =
            "no build in the log has used it so far; what lies within a source is known by that";
        session.note(Tone::Hint, "Unused", sentence)?;
    }
    Ok(End::Done)
}
