//! TOML to values, with errors that people can act on.

use serde::de::DeserializeOwned;

use super::diagnostic::{Diagnostic, SourceText, nearest};

/// The largest manifest that is read: nobody writes a megabyte of recipe by hand.
pub const MAX_MANIFEST: usize = 1 << 20;

/// Parses a file into a value of type `T`.
pub fn parse<T: DeserializeOwned>(source: SourceText<'_>) -> Result<T, Diagnostic> {
    toml::from_str(source.text).map_err(|error| diagnose(source, &error))
}

fn diagnose(source: SourceText<'_>, error: &toml::de::Error) -> Diagnostic {
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let diagnostic = match error.span() {
        Some(span) => Diagnostic::at(source, span, message.as_str()),
        None => Diagnostic::whole(source.path, message.as_str()),
    };
    match hint(&message) {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
}

/// Advice for an unknown key. Serde says what it expected; the nearest of that is meant.
fn hint(message: &str) -> Option<String> {
    let rest = message
        .strip_prefix("unknown field `")
        .or(message.strip_prefix("unknown variant `"))?;
    let (given, expected) = rest.split_once('`')?;
    if given == "secrets" {
        return Some(
            "a hermetic build has no secrets: what a step can read, the artifact can hold".into(),
        );
    }
    let known: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    match nearest(given, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known here: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "version")]
        _version: String,
    }

    fn fail(text: &str) -> Diagnostic {
        parse::<Sample>(SourceText {
            path: "recipe.toml",
            text,
        })
        .unwrap_err()
    }

    #[test]
    fn an_unknown_key_suggests_the_near_one() {
        let error = fail("versoin = \"1\"");
        assert_eq!((error.line, error.column), (1, 1));
        assert_eq!(error.hint.as_deref(), Some("did you mean `version`?"));
    }

    #[test]
    fn a_duplicate_key_is_found_where_it_stands() {
        let error = fail("version = \"1\"\nversion = \"2\"");
        assert_eq!(error.line, 2, "{error}");
        assert!(error.message.contains("duplicate key"), "{error}");
    }

    #[test]
    fn a_wrong_type_says_what_is_expected() {
        let error = fail("version = 1");
        assert!(error.message.contains("expected a string"), "{error}");
        assert_eq!(error.column, 11);
    }

    #[test]
    fn broken_toml_is_located() {
        assert_eq!(fail("version = \"1\"\n[").line, 2);
    }

    #[test]
    fn secrets_are_refused_with_the_reason() {
        assert!(fail("secrets = 1").hint.unwrap().contains("hermetic"));
    }
}
