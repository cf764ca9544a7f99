//! Who changed a source. The newest word about a person counts, by when it was made and not by when it was
//! recorded: a withdrawal that was kept back takes back nothing that was said after it.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::folded::State;
use super::key::Key;
use super::record::{AuthorshipRecord, Entered};
use crate::reason::{Reason, Refusal};
use crate::statement::authorship::Authorship;

impl State {
    /// Who changed a source, as far as anyone said and nobody whose word still counts took it back.
    pub fn authors(&self, source: Digest) -> BTreeSet<&Name> {
        self.assert_known(&Key::Thing(source));
        let said = self.authors.get(&source).map_or(&[][..], Vec::as_slice);
        let named = said.iter().flat_map(|signed| &signed.what.authors);
        // Whoever is called otherwise by now has changed it all the same.
        let keys = said.iter().flat_map(|signed| &signed.what.keys);
        let called_now = keys.filter_map(|key| self.person(*key).ok());
        let mut names: BTreeSet<&Name> = named.chain(called_now).collect();
        names.retain(|name| !self.is_withdrawn(name, said));
        names
    }

    pub(super) fn authored(
        &mut self,
        source: Digest,
        word: &Entered<&Authorship>,
    ) -> Result<String, Refusal> {
        let people = &self.policy()?.release.people;
        let keys = word.what.authors.iter().flat_map(|name| people.keys(name));
        let record = AuthorshipRecord {
            keys: keys.collect(),
            issued: word.what.heading.issued,
            authors: word.what.authors.clone(),
            withdrawn: word.what.withdrawn.clone(),
        };
        let said = self.authors.entry(source).or_default();
        let is_late =
            |name: &&Name| named_at(name, said).is_some_and(|named| named >= record.issued);
        let late = record.withdrawn.iter().find(is_late);
        if let Some(name) = late {
            let saw = format!("{name} is an author by a word that is no older");
            return Err(Refusal::new(Reason::StatementSuperseded, saw));
        }
        said.push(word.with(record));
        let names = self.authors(source);
        let names: Vec<&str> = names.into_iter().map(Name::as_str).collect();
        Ok(match names.as_slice() {
            [] => "changed by no one".to_owned(),
            names => format!("changed by {}", names.join(", ")),
        })
    }

    /// Whether someone who may do so still takes it back. In doubt a person is an author.
    fn is_withdrawn(&self, name: &Name, said: &[Entered<AuthorshipRecord>]) -> bool {
        let named = named_at(name, said);
        let mut later = said.iter().filter(|signed| {
            signed.what.withdrawn.contains(name) && named.is_none_or(|at| signed.what.issued > at)
        });
        later.any(|signed| self.may_withdraw(signed))
    }
}

/// When a person was named last.
fn named_at(name: &Name, said: &[Entered<AuthorshipRecord>]) -> Option<Timestamp> {
    let naming = said
        .iter()
        .filter(|signed| signed.what.authors.contains(name));
    naming.map(|signed| signed.what.issued).max()
}
