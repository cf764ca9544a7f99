//! A trust root line by line, and what one changes in another: for whoever is about to sign it.
//!
//! The lines are made from the document that is signed, member by member: one that is added to it later
//! shows by itself, and none can be left out.

use std::collections::BTreeMap;
use std::fmt;

use zwieback_model::base64;
use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;

use super::key_id::KeyId;
use super::public_key::PublicKey;
use super::trust_root::TrustRoot;
use crate::trusted_time::certificate;

/// One statement of a root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RootLine {
    path: String,
    /// What is compared: two values may look the same to people.
    value: Value,
    shown: String,
}

/// What one root changes in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootChanges {
    /// What the old one says and the new one does not.
    pub gone: Vec<RootLine>,
    /// What the new one says and the old one does not.
    pub new: Vec<RootLine>,
    /// Whether something stands in another order.
    pub reordered: bool,
}

/// All that a root says.
pub fn lines(root: &TrustRoot) -> Vec<RootLine> {
    let mut lines = Vec::new();
    collect("", &root.to_value(), &mut lines);
    lines
}

/// What a root says otherwise than the one before it; all of it, where there is none.
pub fn changes(old: Option<&TrustRoot>, new: &TrustRoot) -> RootChanges {
    let (old, new) = (old.map(lines).unwrap_or_default(), lines(new));
    let changes = RootChanges {
        gone: without(&old, &new),
        new: without(&new, &old),
        reordered: false,
    };
    let same = changes.gone.is_empty() && changes.new.is_empty();
    RootChanges {
        reordered: same && old != new,
        ..changes
    }
}

impl fmt::Display for RootLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// What of the lines the others lack; one that is there twice is lacking once.
fn without(lines: &[RootLine], others: &[RootLine]) -> Vec<RootLine> {
    let mut left: BTreeMap<&RootLine, usize> = BTreeMap::new();
    for line in others {
        *left.entry(line).or_default() += 1;
    }
    let mut lacking = lines.to_vec();
    lacking.retain(|line| match left.get_mut(line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    lacking
}

/// One line for each value, and for each element of a list.
fn collect(path: &str, value: &Value, lines: &mut Vec<RootLine>) {
    let mut add = |value: &Value| {
        lines.push(RootLine {
            path: path.to_owned(),
            value: value.clone(),
            shown: format!("{path} {}", shown(path, value)),
        });
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter() {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(&below, member, lines);
            }
        }
        Value::Array(elements) => elements.iter().for_each(add),
        value => add(value),
    }
}

/// A value on a line of its own, or as a part of one.
fn shown(path: &str, value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{name} {}", shown(&format!("{path}.{name}"), value))
            };
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
        Value::Array(elements) => {
            let element = |element: &Value| shown(path, element);
            let all: Vec<String> = elements.iter().map(element).collect();
            format!("[{}]", all.join(", "))
        }
        Value::String(text) => key_or_certificate(path, text).unwrap_or_else(|| plain(text)),
        value => canonical::to_string(value),
    }
}

/// Keys by their whole fingerprint and certificates by their whole digest: shorter ones can be made to look
/// like another's.
fn key_or_certificate(path: &str, text: &str) -> Option<String> {
    let bytes = || base64::decode(text).ok();
    match path {
        "quorum.keys" | "builders.key" | "verifiers.key" => {
            let key = PublicKey::from_der(&bytes()?).ok()?;
            Some(KeyId::to_string(&key.id()))
        }
        "timeStampers" => {
            let der = bytes()?;
            let digest = Digest::sha256(&der);
            // Its key is what a revocation names.
            let key = certificate::key(&der).map(|key| format!(", key {}", key.id()));
            Some(format!("sha256:{digest}{}", key.unwrap_or_default()))
        }
        _ => None,
    }
}

/// A text that could be taken for more than one word stands in quotation marks.
fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/._+-=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        canonical::to_string(&text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{BUILDER, public as key};
    use crate::trust_root::{BuilderKey, Quorum, Revocation, VerifierKey};
    use zwieback_model::timestamp::Timestamp;

    type Edit = (&'static str, fn(&mut TrustRoot));

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A root that says something in every member.
    fn whole() -> TrustRoot {
        let revoked = |number, from: Option<&str>| {
            let revocation = Revocation {
                from: from.map(time),
                reason: "lost".into(),
            };
            (key(number).id().name(), revocation)
        };
        TrustRoot {
            version: 2,
            line: Some(Digest::sha256(b"the first")),
            expires: time("2027-01-01T00:00:00Z"),
            quorum: Quorum {
                keys: vec![key(11), key(12)],
                threshold: 1,
            },
            builders: vec![BuilderKey {
                key: key(1),
                builder: BUILDER.into(),
                operator: "acme".into(),
                level: 2.try_into().unwrap(),
                from: Some(time("2026-01-01T00:00:00Z")),
                until: Some(time("2026-06-01T00:00:00Z")),
            }],
            verifiers: vec![VerifierKey {
                key: key(2),
                verifier: "https://gate.example/v1".into(),
            }],
            revoked: vec![revoked(2, None), revoked(3, Some("2026-02-01T00:00:00Z"))],
            time_stampers: vec![b"a certificate".to_vec()],
        }
    }

    /// Whatever differs in what is signed is shown: each member of the document, one after the other.
    #[test]
    fn every_difference_of_what_is_signed_is_shown() {
        let edits: [Edit; 16] = [
            ("version 3", |root| root.version += 1),
            ("line", |root| root.line = Some(Digest::sha256(b"another"))),
            ("expires 2030", |root| {
                root.expires = "2030-01-01T00:00:00Z".parse().unwrap();
            }),
            ("quorum.keys", |root| root.quorum.keys.push(key(9))),
            ("quorum.threshold", |root| root.quorum.threshold += 1),
            ("builders", |root| root.builders[0].from = None),
            ("builders", |root| root.builders[0].until = None),
            ("level 1", |root| {
                root.builders[0].level = 1.try_into().unwrap();
            }),
            ("operator x", |root| root.builders[0].operator = "x".into()),
            ("builder x", |root| root.builders[0].builder = "x".into()),
            ("verifiers", |root| root.verifiers[0].key = key(9)),
            ("verifier x", |root| root.verifiers[0].verifier = "x".into()),
            // A key of a verifier, which no line about a builder shows, is good again.
            ("revoked", |root| drop(root.revoked.remove(0))),
            ("revoked", |root| {
                root.revoked[0].1.from = Some(root.expires);
            }),
            ("\"on purpose\"", |root| {
                root.revoked[1].1.reason = "on purpose".into();
            }),
            ("timeStampers", |root| root.time_stampers[0].push(b'!')),
        ];
        let old = whole();
        for (word, edit) in edits {
            let mut new = old.clone();
            edit(&mut new);
            assert_ne!(old.to_bytes(), new.to_bytes(), "{word}");
            let RootChanges { gone, new, .. } = changes(Some(&old), &new);
            let all: Vec<String> = gone.iter().chain(&new).map(ToString::to_string).collect();
            assert!(
                all.iter().any(|line| line.contains(word)),
                "{word}: {all:?}"
            );
        }
        assert_eq!(changes(Some(&old), &old), RootChanges::default());
        assert_eq!(changes(None, &old).new, lines(&old));
    }

    #[test]
    fn what_is_there_twice_or_in_another_order_is_no_less_a_difference() {
        let old = whole();
        let mut twice = old.clone();
        twice.revoked.push(old.revoked[0].clone());
        assert_eq!(changes(Some(&twice), &old).gone.len(), 1);
        let mut turned = old.clone();
        turned.revoked.reverse();
        assert!(changes(Some(&old), &turned).reordered);
    }
}
