//! Who changed a source. A word counts until somebody else takes it back, who says so after it by the log's
//! order and by their clock: what was kept back, or said ahead of time, takes back nothing.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::folded::State;
use super::key::Key;
use super::record::{AuthorshipRecord, Entered};
use crate::reason::{Reason, Refusal};
use crate::statement::authorship::Authorship;

impl State {
    /// Who changed a source, as far as anyone said and nobody whose word still counts took it back: by the
    /// names that were given, and by those of the policy in force.
    pub fn authors(&self, source: Digest) -> BTreeSet<&Name> {
        self.assert_known(&Key::Thing(source));
        let said = self.authors.get(&source).map_or(&[][..], Vec::as_slice);
        let named = said.iter().flat_map(|word| {
            let names = word.what.authors.iter();
            names.filter(|name| !self.is_withdrawn(word.index, name, said))
        });
        let mut names: BTreeSet<&Name> = named.collect();
        if names.is_empty() {
            return names;
        }
        let people = names.iter().map(|name| self.people.name(name.as_str()));
        let people: BTreeSet<_> = people.collect();
        let policy = self.policy.iter();
        let called_now = policy.flat_map(|policy| policy.release.people.pairs());
        let called_now = called_now.filter(|(_, key)| people.contains(&self.people.key(*key)));
        names.extend(called_now.map(|(name, _)| name));
        names
    }

    pub(super) fn authored(
        &mut self,
        source: Digest,
        word: &Entered<&Authorship>,
    ) -> Result<String, Refusal> {
        let said = self.authors.get(&source).map_or(&[][..], Vec::as_slice);
        let mut withdrawn = BTreeSet::new();
        for name in &word.what.withdrawn {
            withdrawn.extend(self.taken_back(name, word.what, said)?);
        }
        if withdrawn.is_empty() && word.what.authors.is_empty() {
            let names: Vec<&str> = word.what.withdrawn.iter().map(Name::as_str).collect();
            let saw = format!("there is nothing to take back of {}", names.join(", "));
            return Err(Refusal::new(Reason::AuthorsUnknown, saw));
        }
        let record = AuthorshipRecord {
            issued: word.what.heading.issued,
            authors: word.what.authors.clone(),
            withdrawn,
        };
        self.authors
            .entry(source)
            .or_default()
            .push(word.with(record));
        let names = self.authors(source);
        let names: Vec<&str> = names.into_iter().map(Name::as_str).collect();
        Ok(match names.as_slice() {
            [] => "changed by no one".to_owned(),
            names => format!("changed by {}", names.join(", ")),
        })
    }

    /// Every word by which that person is an author so far, whatever they are called there. What a later
    /// policy makes the same person was not spoken of.
    fn taken_back(
        &self,
        name: &Name,
        word: &Authorship,
        said: &[Entered<AuthorshipRecord>],
    ) -> Result<BTreeSet<(u64, Name)>, Refusal> {
        let person = self.people.name(name.as_str());
        let mut found = BTreeSet::new();
        for before in said {
            let names = before.what.authors.iter();
            let mut names = names.filter(|name| self.people.name(name.as_str()) == person);
            let first = names.clone().next();
            if first.is_some() && before.what.issued >= word.heading.issued {
                let saw = format!("{name} is an author by a word that is no older");
                return Err(Refusal::new(Reason::StatementSuperseded, saw));
            }
            found.extend(names.by_ref().map(|name| (before.index, name.clone())));
        }
        Ok(found)
    }

    /// Whether someone who may do so still takes it back. In doubt a person is an author.
    fn is_withdrawn(&self, entry: u64, name: &Name, said: &[Entered<AuthorshipRecord>]) -> bool {
        let withdraws = |word: &&Entered<AuthorshipRecord>| {
            let mut withdrawn = word.what.withdrawn.iter();
            withdrawn.any(|(index, of)| *index == entry && of == name)
        };
        let mut later = said.iter().filter(withdraws);
        later.any(|word| self.may_withdraw(word, name))
    }
}
