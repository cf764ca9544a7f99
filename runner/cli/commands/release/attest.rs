//! `zwieback attest`: how tests ended, and who changed a source.

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_trust::command::session::open_artifact;
use zwieback_trust::command::statements::{authorship, test_result};
use zwieback_trust::deploy::copy::fingerprint;
use zwieback_trust::statement::test_result::TestResult;

use super::counter::Counter;
use super::named;
use crate::cli::args::global::Global;
use crate::cli::args::release::{AttestArgs, AttestWhat, TestWord};
use crate::cli::exit;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &AttestArgs) -> Result<u8, Failure> {
    match &args.what {
        AttestWhat::Test {
            artifact,
            result,
            suite,
            say,
        } => {
            let counter = Counter::open(global, &say.gate)?;
            let artifact = named::artifact(artifact)?;
            let (file, named) = open_artifact(suite)?;
            let suite = ResourceDescriptor::named(named.name, &fingerprint(&file)?);
            let (reader, word) = (counter.reader(), word(*result));
            let statement = test_result(&reader, &artifact, word, &suite)?;
            counter.hand_in(&statement, say, "Attested")?;
        }
        AttestWhat::Authors {
            source,
            authors,
            withdrawn,
            say,
        } => {
            let counter = Counter::open(global, &say.gate)?;
            let source = named::artifact(source)?;
            let people = [authors, withdrawn].map(|names| names.iter().cloned().collect());
            let [authors, withdrawn] = people;
            let (reader, people) = (counter.reader(), (authors, withdrawn));
            let statement = authorship(&reader, source.sha256, &source.name, people)?;
            counter.hand_in(&statement, say, "Attested")?;
        }
    }
    Ok(exit::DONE)
}

fn word(word: TestWord) -> TestResult {
    match word {
        TestWord::Passed => TestResult::Passed,
        TestWord::Warned => TestResult::Warned,
        TestWord::Failed => TestResult::Failed,
    }
}
