//! Why a log is believed: by its own key, or on the word of witnesses.

use std::path::PathBuf;

use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_model::manifest::quantity::Seconds;
use zwieback_trust::log::error::LogError;
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use super::failure::{About as _, Failure};

/// Why a log is believed.
#[derive(Clone, Debug, Default)]
pub struct LogBelief {
    /// By that key of its own.
    pub signed_by: Option<String>,
    /// By a file with its key, its witnesses and their quorum.
    pub witnesses: Option<PathBuf>,
    /// How old the witnesses' word may be.
    pub max_age: Option<Seconds>,
}

impl LogBelief {
    /// Which logs are believed, and on whose word.
    pub fn policy(&self) -> Result<WitnessPolicy, Failure> {
        match (&self.signed_by, &self.witnesses) {
            (Some(key), _) => signed_by(key),
            (None, Some(path)) => {
                let text = given_file::read_text(path, DOCUMENT);
                let text = text.with_context(|| path.display().to_string())?;
                Ok(WitnessPolicy::parse(&text).map_err(LogError::from)?)
            }
            (None, None) => Err(Failure::asked(
                "say why the log is believed: --signed-by or --witnesses",
            )),
        }
    }

    /// How old the witnesses' word may be, in seconds.
    pub fn max_age(&self) -> Result<Option<i64>, Failure> {
        let age = self.max_age.map(|age| i64::try_from(age.0)).transpose();
        age.context("the age is longer than time itself")
    }
}

/// Believes the log with that key by itself.
pub fn signed_by(key: &str) -> Result<WitnessPolicy, Failure> {
    let key: NoteKey = key.parse().map_err(LogError::from)?;
    Ok(WitnessPolicy::unwitnessed(key))
}
