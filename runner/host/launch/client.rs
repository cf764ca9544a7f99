//! The clients that are asked, each in the mode in which it takes its user's configuration and nobody else's.

use super::rules::{self, Rules};

/// A program with the arguments that come before all others.
#[derive(Debug)]
pub struct Client {
    /// The program.
    pub program: &'static str,
    /// What makes it look away from the folder it is in.
    pub first: &'static [&'static str],
    /// What it is allowed.
    pub rules: &'static Rules,
}

/// cargo reads configuration from every folder above the one it is in, and has no mode that does not.
pub const CARGO: Client = Client {
    program: "cargo",
    first: &[],
    rules: &rules::CARGO,
};

/// Python without `PYTHON*`, without the user's packages, and without the folder it is in (`-I`).
pub const PYTHON: Client = Client {
    program: "python3",
    first: &["-I"],
    rules: &rules::PIP,
};

/// pip as a module of that Python.
pub const PIP: Client = Client {
    program: "python3",
    first: &["-I", "-m", "pip"],
    rules: &rules::PIP,
};

/// npm in the mode in which no project's `.npmrc` is read and no package's script is run.
pub const NPM: Client = Client {
    program: "npm",
    first: &["--global", "--ignore-scripts"],
    rules: &rules::NPM,
};

/// git, which is only ever given repositories of ours.
pub const GIT: Client = Client {
    program: "git",
    first: &[],
    rules: &rules::GIT,
};
