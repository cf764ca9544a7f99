//! Asking an ecosystem's own client: it knows the user's registries, mirrors and credentials.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::ecosystem::error::EcosystemError;

/// How much of a client's own words an error repeats.
const MAX_WORDS: usize = 2000;

/// Runs a client that only answers a question, and gives what it printed.
pub fn ask(tool: &'static str, args: &[&str]) -> Result<String, EcosystemError> {
    let mut command = Command::new(tool);
    command.args(args).stdin(Stdio::null());
    let printed = run(tool, command)?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Runs a client to its end, and gives what it printed.
pub(crate) fn run(tool: &'static str, mut command: Command) -> Result<Vec<u8>, EcosystemError> {
    let output = command.output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => EcosystemError::Absent { tool },
        _ => EcosystemError::Io {
            call: "execute",
            path: PathBuf::from(tool),
            source,
        },
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let words: String = told.trim().chars().take(MAX_WORDS).collect();
    Err(EcosystemError::Refused {
        command: shown(tool, &command),
        words: if words.is_empty() {
            output.status.to_string()
        } else {
            words
        },
    })
}

fn shown(tool: &str, command: &Command) -> String {
    let mut text = tool.to_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_client_and_a_refusal_are_told_apart() {
        let absent = ask("zwieback-no-such-client", &[]).unwrap_err();
        assert!(matches!(absent, EcosystemError::Absent { .. }));
        let refused = ask("sh", &["-c", "echo no >&2; exit 3"]).unwrap_err();
        assert!(refused.to_string().ends_with("failed: no"), "{refused}");
        assert_eq!(ask("sh", &["-c", "echo yes"]).unwrap(), "yes\n");
    }
}
