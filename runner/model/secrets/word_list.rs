//! Short lists of words that a text may hold, asked for all of them in one pass.

/// Words in small letters, in the order of their first letters.
#[derive(Debug)]
pub struct WordList {
    words: &'static [&'static [u8]],
    /// Where the words begin that begin with each byte, or a later one.
    begins: [u8; 257],
}

impl WordList {
    /// A list of at most 255 words.
    ///
    /// # Panics
    ///
    /// At compile time, if the words are not in the order of their first letters.
    pub const fn of(words: &'static [&'static [u8]]) -> Self {
        let mut begins = [0; 257];
        let (mut byte, mut at) = (0, 0);
        while byte < 257 {
            while at < words.len() && (words[at][0] as usize) < byte {
                at += 1;
                assert!(
                    at == words.len() || words[at - 1][0] <= words[at][0],
                    "words stand in the order of their first letters"
                );
            }
            assert!(at <= u8::MAX as usize, "a list is short");
            #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
            let begin = at as u8;
            begins[byte] = begin;
            byte += 1;
        }
        Self { words, begins }
    }

    /// Whether one of the words stands in the text, in letters of either case.
    pub fn is_in(&self, text: &[u8]) -> bool {
        (0..text.len()).any(|at| self.stands_at(text, at))
    }

    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        let first = usize::from(text[at].to_ascii_lowercase());
        let (from, to) = (self.begins[first], self.begins[first + 1]);
        let words = &self.words[usize::from(from)..usize::from(to)];
        let is_here = |word: &&[u8]| {
            let here = text.get(at..at + word.len());
            here.is_some_and(|here| here.eq_ignore_ascii_case(word))
        };
        words.iter().any(is_here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: WordList = WordList::of(&[b"-----", b"2yot", b"path", b"pass", b"z"]);

    #[test]
    fn each_word_is_found_at_any_place_in_either_case() {
        for text in ["-----", "a-----b", "12Yot", "thePATH", "passz", "Z"] {
            assert!(WORDS.is_in(text.as_bytes()), "{text}");
        }
        for text in ["", "----", "pat", "pas", "2yo", "\u{e9}"] {
            assert!(!WORDS.is_in(text.as_bytes()), "{text}");
        }
    }
}
