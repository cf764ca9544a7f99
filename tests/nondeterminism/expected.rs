//! What must be said of a seed: its `expected.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use zwieback_explain::cause::Cause;
use zwieback_model::variation::factor::Factor;

/// What must become of a seed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// Under the profile in which everything differs.
    pub(crate) strict: Verdict,
    /// Under the profile in which the sandbox fixes what it can; `scripts/bench detect` looks at it.
    #[serde(rename = "hermetic")]
    pub(crate) _hermetic: Verdict,
    /// Why a defect does not show everywhere.
    pub(crate) why: Option<String>,
    /// What the report says, unless the seed is a control.
    pub(crate) finding: Option<Finding>,
    /// How the report's advice is applied.
    pub(crate) fix: Option<Fix>,
}

/// What two runs of a seed come to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// They differ, and the report says why.
    Detected,
    /// They are the same, because the sandbox shows every machine's build the same.
    Fixed,
    /// They may be the same although another machine's would differ.
    Uncontrolled,
    /// They are the same, because nothing is wrong.
    Quiet,
}

/// What the report must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    /// The factor it must point to.
    pub(crate) factor: Factor,
    /// The cause it must name.
    pub(crate) cause: Cause,
    /// The output, and the member in it; the beginning is enough where names differ by machine.
    pub(crate) place: String,
    /// A part of the field, section or line.
    #[serde(default)]
    pub(crate) detail: String,
}

/// How advice is applied.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fix {
    /// What the advice must hold.
    pub(crate) hint: String,
    /// What it makes of the recipe: texts and what is put in their places.
    pub(crate) replace: BTreeMap<String, String>,
}
