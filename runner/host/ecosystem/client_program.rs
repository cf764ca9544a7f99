//! Asking an ecosystem's own client: it knows the user's registries, mirrors and credentials.

use crate::ecosystem::error::EcosystemError;
use crate::launch::client::Client;
use crate::launch::error::LaunchError;
use crate::launch::launched::Launch;

/// How much of a client's own words an error repeats.
const MAX_WORDS: usize = 2000;

/// Runs a client that only answers a question, and gives what it printed.
pub fn ask(client: &Client, arguments: &[&str]) -> Result<String, EcosystemError> {
    let printed = run(client.program, &Launch::of(client).arguments(arguments))?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Runs a client to its end, and gives what it printed.
pub(crate) fn run(tool: &'static str, launch: &Launch) -> Result<Vec<u8>, EcosystemError> {
    let output = launch.run(b"").map_err(not_run(tool))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let words: String = told.trim().chars().take(MAX_WORDS).collect();
    Err(EcosystemError::Refused {
        command: launch.shown(),
        words: if words.is_empty() {
            output.status.to_string()
        } else {
            words
        },
    })
}

/// What became of a client that gave no answer.
pub(crate) fn not_run(tool: &'static str) -> impl FnOnce(LaunchError) -> EcosystemError {
    move |error| match error {
        LaunchError::Absent { .. } => EcosystemError::Absent { tool },
        LaunchError::Interrupted => EcosystemError::Cancelled,
        other => EcosystemError::Launch(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::rules::GIT;

    #[test]
    fn a_missing_client_and_a_refusal_are_told_apart() {
        let client = |program, first| Client {
            program,
            first,
            rules: &GIT,
        };
        let absent = ask(&client("zwieback-no-such-client", &[]), &[]).unwrap_err();
        assert!(matches!(absent, EcosystemError::Absent { .. }));
        let shell = client("sh", &["-c"]);
        let refused = ask(&shell, &["echo no >&2; exit 3"]).unwrap_err();
        assert!(refused.to_string().ends_with("failed: no"), "{refused}");
        assert_eq!(ask(&shell, &["echo yes"]).unwrap(), "yes\n");
    }
}
