//! What a key is used for, read from the very bytes that it is to sign: it cannot be said of others.

use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::strict;
use zwieback_model::json::value::Value;

use super::dsse::pae;

/// How much of a text that is no envelope is told.
const LONGEST: usize = 200;

/// What a message says that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The payload type of an envelope; `text` for a checkpoint or its like, `bytes` for anything else.
    pub kind: String,
    /// The SHA-256 of the message.
    pub digest: Digest,
    /// What a statement says about its subjects.
    pub predicate: Option<String>,
    /// Name and version of the recipe that was built.
    pub recipe: Option<(String, String)>,
    /// The builder it speaks for.
    pub builder: Option<String>,
    /// What a statement is about, or the first line of a text; with a SHA-256 where there is one.
    pub subjects: Vec<(String, Option<String>)>,
}

impl Purpose {
    /// The purpose of signing that message.
    pub fn of(message: &[u8]) -> Self {
        let digest = Digest::sha256(message);
        match envelope(message) {
            Some((kind, payload)) => Self::of_payload(kind, payload, digest),
            None => Self::of_text(message, digest),
        }
    }

    /// As one line of JSON, for an external signer.
    pub fn to_line(&self) -> String {
        let text = |text: &String| Value::from(text.as_str());
        let subject = |(name, digest): &(String, Option<String>)| {
            let digest = digest.as_ref().map_or(Value::Null, text);
            Value::object([("name", text(name)), ("sha256", digest)])
        };
        let recipe = self.recipe.as_ref().map_or(Value::Null, |(name, version)| {
            Value::object([("name", text(name)), ("version", text(version))])
        });
        let subjects: Vec<Value> = self.subjects.iter().map(subject).collect();
        canonical::to_string(&Value::object([
            ("kind", text(&self.kind)),
            (
                "predicateType",
                self.predicate.as_ref().map_or(Value::Null, text),
            ),
            ("recipe", recipe),
            ("builder", self.builder.as_ref().map_or(Value::Null, text)),
            ("subjects", subjects.into()),
        ]))
    }

    fn of_payload(kind: &str, payload: &[u8], digest: Digest) -> Self {
        let payload = strict::parse(payload).unwrap_or_default();
        let text = |value: Option<&Value>| value?.as_str().map(str::to_owned);
        let predicate = payload.get("predicate");
        let built = |name| predicate?.get("buildDefinition")?.get(name);
        let recipe = built("externalParameters").and_then(|it| it.get("recipe"));
        // The recipe's file has its head in a table of its own.
        let head = recipe.and_then(|recipe| recipe.get("recipe"));
        let head = |name| text(head?.get(name));
        let details = predicate.and_then(|predicate| predicate.get("runDetails"));
        let builder = details.and_then(|detail| detail.get("builder"));
        let subjects = payload.get("subject").and_then(Value::as_array);
        let subject = |subject: &Value| {
            let name = text(subject.get("name")).unwrap_or_default();
            let digest = subject.get("digest").and_then(|it| it.get("sha256"));
            (name, text(digest))
        };
        Self {
            kind: kind.to_owned(),
            digest,
            predicate: text(payload.get("predicateType")),
            recipe: head("name").zip(head("version")),
            builder: text(builder.and_then(|builder| builder.get("id"))),
            subjects: subjects.unwrap_or_default().iter().map(subject).collect(),
        }
    }

    fn of_text(message: &[u8], digest: Digest) -> Self {
        let text = std::str::from_utf8(message).ok();
        let line = text.and_then(|text| text.lines().next());
        let line = line.map(|line| line.chars().take(LONGEST).collect());
        Self {
            kind: line.as_ref().map_or("bytes", |_| "text").to_owned(),
            digest,
            predicate: None,
            recipe: None,
            builder: None,
            subjects: line.map(|line: String| (line, None)).into_iter().collect(),
        }
    }
}

/// Type and payload of an envelope whose pre-authentication encoding that is, to the last byte.
fn envelope(message: &[u8]) -> Option<(&str, &[u8])> {
    let rest = message.strip_prefix(b"DSSEv1 ")?;
    let (kind, rest) = measured(rest)?;
    let (payload, rest) = measured(rest.strip_prefix(b" ")?)?;
    let kind = std::str::from_utf8(kind).ok()?;
    (rest.is_empty() && pae(kind, payload) == message).then_some((kind, payload))
}

/// What follows a decimal length and a blank, and what follows that.
fn measured(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let (length, rest) = bytes.split_at_checked(blank)?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    rest.strip_prefix(b" ")?.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dsse::PAYLOAD_TYPE;
    use crate::fixture::{BUILDER, payload, provenance};
    use crate::provenance::PREDICATE_TYPE;

    #[test]
    fn a_statement_tells_what_it_is_about() {
        let mut built = provenance();
        let recipe = "{\"recipe\":{\"recipe\":{\"name\":\"zlib\",\"version\":\"1\"}}}";
        let recipe = strict::parse(recipe.as_bytes()).unwrap();
        built.external_parameters = recipe.as_object().unwrap().clone();
        let purpose = Purpose::of(&pae(PAYLOAD_TYPE, payload(&built).as_bytes()));
        assert_eq!(purpose.kind, PAYLOAD_TYPE);
        assert_eq!(purpose.predicate.as_deref(), Some(PREDICATE_TYPE));
        assert_eq!(purpose.recipe, Some(("zlib".into(), "1".into())));
        assert_eq!(purpose.builder.as_deref(), Some(BUILDER));
        let digest = Digest::sha256(b"lib/a").to_hex();
        assert_eq!(purpose.subjects[0], ("lib/a".to_owned(), Some(digest)));
        let line = purpose.to_line();
        assert!(
            !line.contains('\n') && line.contains("\"name\":\"zlib\""),
            "{line}"
        );
    }

    #[test]
    fn what_is_no_envelope_is_not_taken_for_one() {
        for (message, kind) in [
            (&b"log.example/releases\n9\n"[..], "text"),
            (b"\xff\xfe", "bytes"),
            (b"", "bytes"),
            (b"DSSEv1 1 a 1 bc", "text"),
            (b"DSSEv1 01 a 1 b", "text"),
            (b"DSSEv1 1 a 1 b", "a"),
            (b"DSSEv1 99999999999999999999 a 1 b", "text"),
        ] {
            assert_eq!(Purpose::of(message).kind, kind, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn any_message_has_a_purpose_in_one_line(message: Vec<u8>, kind in ".{0,9}") {
            for message in [pae(&kind, &message), message] {
                let line = Purpose::of(&message).to_line();
                prop_assert!(!line.contains('\n') && !line.contains('\u{1b}'), "{line}");
            }
        }
    }
}
