//! What a probe must have seen in one run for a claim to be believed.

use std::fmt;

/// Two readings of one clock may lie this many seconds apart, on a machine that is busy with something else.
const APART: u64 = 60;

/// Process numbers that the runner's own steps, which apply patches, may have used up before the probe.
const USED: u32 = 4096;

/// What a probe sees where a mechanism works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// These words.
    Exactly(String),
    /// Words that begin so.
    Beginning(&'static str),
    /// Words that do not begin so.
    NotBeginning(&'static str),
    /// A number that is near to this one, and these words after it.
    Near(i64, String),
    /// A process number that is given out soon after this one.
    After(u32),
    /// This folder, or one in it.
    Beneath(String),
    /// All of these among the words.
    Among(Vec<String>),
    /// Anything: this run is the plain one, and the other must have seen something else.
    Anything,
}

impl Expected {
    /// Exactly what this shows as.
    pub fn exactly(text: impl fmt::Display) -> Self {
        Self::Exactly(text.to_string())
    }

    /// Whether that was seen. Nothing is no sight.
    pub fn is_met_by(&self, seen: &str) -> bool {
        !seen.is_empty() && self.matches(seen)
    }

    fn matches(&self, seen: &str) -> bool {
        match self {
            Self::Exactly(text) => seen == text,
            Self::Beginning(text) => seen.starts_with(text),
            Self::NotBeginning(text) => !seen.starts_with(text),
            Self::Near(number, words) => is_near(seen, *number, words),
            Self::After(first) => {
                let number = seen.parse::<u32>().ok();
                number.is_some_and(|number| number >= *first && number - first < USED)
            }
            Self::Beneath(folder) => {
                let rest = seen.strip_prefix(folder.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Among(words) => {
                let among = |word: &String| seen.split(' ').any(|one| one == word);
                words.iter().all(among)
            }
            Self::Anything => true,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => f.write_str(text),
            Self::Beginning(text) => write!(f, "{text}…"),
            Self::NotBeginning(text) => write!(f, "anything but {text}…"),
            Self::Near(number, words) => write!(f, "{number} {words}"),
            Self::After(first) => write!(f, "{first} or soon after"),
            Self::Beneath(folder) => write!(f, "{folder}"),
            Self::Among(words) if words.is_empty() => f.write_str("nothing more"),
            Self::Among(words) => f.write_str(&words.join(" ")),
            Self::Anything => f.write_str("anything else"),
        }
    }
}

fn is_near(seen: &str, number: i64, words: &str) -> bool {
    let Some((first, rest)) = seen.split_once(' ') else {
        return false;
    };
    let first = first.parse::<i64>();
    rest == words && first.is_ok_and(|first| first.abs_diff(number) <= APART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_held_against_what_was_planned() {
        let near = Expected::Near(400, "s ahead".to_owned());
        let words = Expected::Among(vec!["STRAY".to_owned()]);
        let beneath = Expected::Beneath("/build/x".to_owned());
        for (expected, met, missed) in [
            (Expected::exactly("UTC"), "UTC", "UTC+1"),
            (Expected::Beginning("2.6."), "2.6.78", "6.18.0"),
            (Expected::NotBeginning("2.6."), "6.18.0", "2.6.78"),
            (near.clone(), "402 s ahead", "0 s ahead"),
            (near.clone(), "341 s ahead", "339 s ahead"),
            (near, "400 s ahead", "400 s behind"),
            (Expected::After(7777), "7779", "7776"),
            (Expected::After(2), "2", "7777"),
            (beneath.clone(), "/build/x/y", "/build/xy"),
            (beneath, "/build/x", "/build"),
            (words, "HOME STRAY TZ", "HOME STRAY_TZ"),
        ] {
            assert!(expected.is_met_by(met), "{expected:?}, {met}");
            assert!(!expected.is_met_by(missed), "{expected:?}, {missed}");
            assert!(!expected.is_met_by(""), "{expected:?}, nothing");
        }
    }
}
