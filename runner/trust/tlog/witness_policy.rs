//! C2SP's tlog-policy: which logs to believe, and which witnesses must vouch for them.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::timestamp::Timestamp;

use super::checkpoint::Checkpoint;
use super::cosignature;
use super::note::Note;
use super::note_key::{NoteKey, NoteKind};
use crate::reason::{Reason, Refusal};

/// Logs, witnesses and groups in one file; more than enough for any real one.
const MOST: usize = 256;

/// Which logs to believe, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPolicy {
    logs: Vec<NoteKey>,
    members: BTreeMap<String, Member>,
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Witness(NoteKey),
    Group {
        threshold: usize,
        members: Vec<String>,
    },
}

/// What a quorum line asks for.
enum Needed {
    Nobody,
    Member(String),
}

/// The file under reading.
#[derive(Default)]
struct Reading {
    logs: Vec<NoteKey>,
    members: BTreeMap<String, Member>,
    grouped: BTreeSet<String>,
    keys: BTreeSet<[u8; 32]>,
    quorum: Option<Needed>,
}

impl WitnessPolicy {
    /// Believes one log by itself.
    pub fn unwitnessed(log: NoteKey) -> Self {
        Self {
            logs: vec![log],
            members: BTreeMap::new(),
            quorum: None,
        }
    }

    /// Reads the text of a policy.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut reading = Reading::default();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line
                .split([' ', '\t'])
                .filter(|it| !it.is_empty())
                .collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            let taken = reading.logs.len() + reading.members.len() < MOST && reading.take(&words);
            if !taken {
                let saw = format!("line {}: {line:?}", number + 1);
                return Err(Refusal::new(Reason::WitnessPolicyMalformed, saw));
            }
        }
        let missing = || Refusal::new(Reason::WitnessPolicyMalformed, "no quorum line");
        Ok(Self {
            quorum: match reading.quorum.ok_or_else(missing)? {
                Needed::Nobody => None,
                Needed::Member(name) => Some(name),
            },
            logs: reading.logs,
            members: reading.members,
        })
    }

    /// The logs that are believed.
    pub fn logs(&self) -> &[NoteKey] {
        &self.logs
    }

    /// Every witness by its name in the file.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &NoteKey)> {
        self.members
            .iter()
            .filter_map(|(name, member)| match member {
                Member::Witness(key) => Some((name.as_str(), key)),
                Member::Group { .. } => None,
            })
    }

    /// Reads a checkpoint that a known log has signed and the quorum has witnessed, and the newest
    /// time that still has the whole quorum behind it.
    pub fn open(&self, note: &Note) -> Result<(Checkpoint, Option<Timestamp>), Refusal> {
        let claimed = Checkpoint::of(note)?;
        let log = self.logs.iter().find(|log| *log.name() == claimed.origin);
        let unknown = || Refusal::new(Reason::LogKeyUnknown, &claimed.origin);
        let checkpoint = Checkpoint::open(note, log.ok_or_else(unknown)?)?;
        let Some(quorum) = &self.quorum else {
            return Ok((checkpoint, None));
        };
        let witnessed = self.witnessed(quorum, note);
        let time = witnessed.ok_or_else(|| {
            let vouch = self
                .witnesses()
                .filter(|(_, key)| cosignature::time(note, key).is_some());
            let names: Vec<&str> = vouch.map(|(name, _)| name).collect();
            let saw = format!("{:?} needs more than [{}]", quorum, names.join(", "));
            Refusal::new(Reason::WitnessQuorum, saw)
        })?;
        Ok((checkpoint, Some(time)))
    }

    /// Since when the member vouches: a group does since its threshold-newest member does.
    fn witnessed(&self, name: &str, note: &Note) -> Option<Timestamp> {
        match self.members.get(name)? {
            Member::Witness(key) => cosignature::time(note, key),
            Member::Group { threshold, members } => {
                let times = members
                    .iter()
                    .filter_map(|member| self.witnessed(member, note));
                let mut times: Vec<Timestamp> = times.collect();
                times.sort_unstable_by(|a, b| b.cmp(a));
                times.get(threshold - 1).copied()
            }
        }
    }
}

impl Reading {
    /// Takes one line, or says that it cannot.
    fn take(&mut self, words: &[&str]) -> bool {
        match words {
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(name, key),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => false,
        }
    }

    fn log(&mut self, key: &str) -> bool {
        let key = key.parse::<NoteKey>().ok();
        let key =
            key.filter(|key| key.kind() == NoteKind::Log && self.keys.insert(*key.as_bytes()));
        self.logs.extend(key.clone());
        key.is_some()
    }

    /// The same key under a second name would be a witness that counts twice.
    fn witness(&mut self, name: &str, key: &str) -> bool {
        let key = key.parse::<NoteKey>().ok();
        let fresh = |key: &NoteKey| key.kind() == NoteKind::Witness;
        match key.filter(fresh) {
            Some(key) if self.keys.insert(*key.as_bytes()) => {
                self.define(name, Member::Witness(key))
            }
            _ => false,
        }
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> bool {
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => number.parse().unwrap_or(0),
        };
        let known = |name: &&&str| self.members.contains_key(**name);
        let all_known = members.iter().filter(known).count() == members.len();
        // Every name stands in one group at most, so that each witness counts once.
        let all_free = members
            .iter()
            .all(|member| self.grouped.insert((*member).to_owned()));
        let members: Vec<String> = members.iter().map(|member| (*member).to_owned()).collect();
        let reachable = (1..=members.len()).contains(&threshold);
        all_known
            && all_free
            && reachable
            && self.define(name, Member::Group { threshold, members })
    }

    fn quorum(&mut self, name: &str) -> bool {
        let known = name == "none" || self.members.contains_key(name);
        let first = self.quorum.is_none();
        self.quorum = Some(match name {
            "none" => Needed::Nobody,
            _ => Needed::Member(name.to_owned()),
        });
        known && first
    }

    fn define(&mut self, name: &str, member: Member) -> bool {
        name != "none" && self.members.insert(name.to_owned(), member).is_none()
    }
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
