//! `zwieback policy propose` and `policy digest`: the three documents of a policy about releases.

use std::path::{Path, PathBuf};

use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_trust::command::statements::proposal;
use zwieback_trust::policy::in_force::PolicyInForce;
use zwieback_trust::statement::policy_change::PolicyDocuments;

use super::session::{ReleaseSession, SayOptions};
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::trust::evidence;

/// The files of the documents.
#[derive(Clone, Debug)]
pub struct DocumentsOptions {
    /// Who may do what to releases.
    pub release: PathBuf,
    /// What is asked of builds.
    pub builds: PathBuf,
    /// Whom to believe about builds: a signed trust root.
    pub root: PathBuf,
}

/// Proposes them.
pub fn run(session: &ReleaseSession<'_>, options: &DocumentsOptions, say: &SayOptions) -> Ended {
    let documents = read(options)?;
    not_older(options, &documents.root)?;
    let statement = proposal(&session.reader(), documents)?;
    session.hand_in(&statement, say, "Proposed")?;
    Ok(End::Done)
}

/// Shows their digest. That of what is no policy would set up a gate that nothing can open.
pub fn digest(options: &DocumentsOptions, screen: &dyn Tell) -> Ended {
    let policy = PolicyInForce::recorded(&read(options)?)?;
    not_older(options, &policy.documents().root)?;
    screen.tell(&Answer::Page(format!("{}\n", policy.digest)))?;
    Ok(End::Done)
}

/// A trust root that is older than what was met of its line is put in force nowhere.
fn not_older(options: &DocumentsOptions, root: &str) -> Result<(), Failure> {
    evidence::root(&options.root, root.as_bytes()).map(drop)
}

/// The documents as they were written: their digest is over every byte.
fn read(options: &DocumentsOptions) -> Result<PolicyDocuments, Failure> {
    let text = |path: &Path| -> Result<String, Failure> {
        given_file::read_text(path, DOCUMENT).with_context(|| path.display().to_string())
    };
    Ok(PolicyDocuments {
        release: text(&options.release)?,
        builds: text(&options.builds)?,
        root: text(&options.root)?,
    })
}
