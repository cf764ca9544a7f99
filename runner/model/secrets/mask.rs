//! Lines for a screen, without the secrets that stand in them.

use super::filter::Filter;
use super::scan::Scan;
use super::search_budget::SearchBudget;
use super::window::position;

/// What is shown in the place of a secret.
const MASK: &[u8] = b"***";

/// Takes secrets out of one line after the other.
#[derive(Debug)]
pub struct Mask<'f> {
    filter: &'f Filter,
    /// Between the lines that a private key begins and ends with.
    is_in_key: bool,
    budget: SearchBudget,
}

impl<'f> Mask<'f> {
    /// No line yet.
    pub fn new(filter: &'f Filter) -> Self {
        Self {
            filter,
            is_in_key: false,
            budget: SearchBudget::default(),
        }
    }

    /// The line, with each secret masked. One that the budget is not enough for is masked as a whole.
    pub fn line(&mut self, line: &[u8]) -> Vec<u8> {
        let holds = |text: &[u8]| position(line, text).is_some();
        let ends = holds(b"END ");
        if self.is_in_key {
            self.is_in_key = !ends;
            return MASK.to_vec();
        }
        self.is_in_key = holds(b"BEGIN ") && holds(b"PRIVATE KEY") && !ends;
        let (mut shown, mut at) = (Vec::with_capacity(line.len()), 0);
        let hits = Scan::of(self.filter, "", line, &self.budget);
        if self.budget.end().is_some() {
            return MASK.to_vec();
        }
        for hit in hits {
            let start = usize::try_from(hit.offset).unwrap_or(line.len()).max(at);
            let end = usize::try_from(hit.end()).unwrap_or(line.len());
            shown.extend(line.get(at..start).unwrap_or_default());
            shown.extend(MASK);
            at = end.max(at);
        }
        shown.extend(line.get(at..).unwrap_or_default());
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::seeds_tests::{Seed, ed25519, pem};

    #[test]
    fn secrets_are_masked_and_the_rest_is_left() {
        let seed = &mut Seed::new(7);
        let (one, two) = (seed.password(), seed.password());
        let filter = Filter::new();
        let mut mask = Mask::new(&filter);
        let line = format!("password = \"{one}\" and passwd: \"{two}\".");
        let shown = mask.line(line.as_bytes());
        assert_eq!(shown, b"password = \"***\" and passwd: \"***\".");
        assert_eq!(mask.line(b"gcc -O2 -c token.c"), b"gcc -O2 -c token.c");
    }

    #[test]
    fn a_private_key_is_masked_over_its_lines() {
        let key = pem("PRIVATE KEY", &ed25519(&mut Seed::new(8)));
        let filter = Filter::new();
        let mut mask = Mask::new(&filter);
        let lines = key.lines().chain(["after"]);
        let shown: Vec<Vec<u8>> = lines.map(|line| mask.line(line.as_bytes())).collect();
        assert_eq!(shown[1..], [&b"***"[..], b"***", b"after"]);
    }
}
