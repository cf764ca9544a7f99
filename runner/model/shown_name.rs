//! Names that can be shown: the one rule for outputs when they are taken and for signed names when they are read.

use std::fmt;

/// Why a name cannot be shown, or leads out of the folder it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// A control character, which moves a cursor or forges a line.
    #[error("it holds {0}, a control character")]
    Control(Escaped),
    /// A character that turns the direction of text around (CVE-2021-42574).
    #[error("it holds {0}, which changes the direction of text")]
    Direction(Escaped),
    /// A character that no screen shows: two names with and without it look the same.
    #[error("it holds {0}, which no screen shows")]
    Invisible(Escaped),
    /// A separator and `..`, or a root: also where `\` separates.
    #[error("it leads out of its folder")]
    Leaves,
}

/// A character, shown as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escaped(pub char);

/// Checks a name with its folders, as it stands in a tree or in a statement.
pub fn check(name: &str) -> Result<(), NameFault> {
    check_shown(name)?;
    let leaves = name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..");
    if leaves {
        Err(NameFault::Leaves)
    } else {
        Ok(())
    }
}

/// Checks a name that is of no file, such as a key's or a builder's.
pub fn check_shown(name: &str) -> Result<(), NameFault> {
    name.chars().find_map(fault_of).map_or(Ok(()), Err)
}

/// Whether a character can stand in text for a screen without changing what the rest seems to say.
pub fn is_shown(character: char) -> bool {
    fault_of(character).is_none()
}

/// A text for a screen: as it is if all of it can be shown, and else with escapes.
pub fn escaped(text: &str) -> String {
    if text.chars().all(is_shown) {
        return text.to_owned();
    }
    let escape = |character: char| -> String {
        match character {
            '\n' | '\r' | '\t' | '\\' => character.escape_default().collect(),
            _ if is_shown(character) => character.to_string(),
            _ => character.escape_unicode().collect(),
        }
    };
    text.chars().map(escape).collect()
}

/// The name as a file system sees it that does not tell case apart: Unicode's full mappings, to upper
/// case and back to lower case, so that `ß` meets `SS` and the long s meets s.
pub fn without_case(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// Text that cannot forge a line or move a cursor, whatever the bytes are.
pub fn printable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => escaped(text),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

fn fault_of(character: char) -> Option<NameFault> {
    let shown = Escaped(character);
    if character.is_control() {
        Some(NameFault::Control(shown))
    } else if is_direction(character) {
        Some(NameFault::Direction(shown))
    } else if is_invisible(character) {
        Some(NameFault::Invisible(shown))
    } else {
        None
    }
}

fn is_direction(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Line ends of Unicode, fillers, and format characters. The joiners U+200C and U+200D and the selectors of
/// variants are not among them: Persian, Indic and emoji names are written with them.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
        | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}')
}

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X}", u32::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forges_a_screen_is_refused_and_other_scripts_are_not() {
        for good in [
            "usr/lib/libz.a",
            "Főtanúsítvány.crt",
            "שלום",
            "می\u{200c}خواهم",
            "a..b/c...",
            "👩\u{200d}💻",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert!(matches!(check("a\u{1b}[2J"), Err(NameFault::Control(_))));
        assert!(matches!(check("a\u{85}"), Err(NameFault::Control(_))));
        assert!(matches!(
            check("\u{202e}gpj.exe"),
            Err(NameFault::Direction(_))
        ));
        for same in [
            "tool\u{200b}",
            "tool\u{feff}",
            "tool\u{ad}",
            "\u{3164}",
            "a\u{2028}b",
            "tool\u{e0020}",
        ] {
            assert!(
                matches!(check(same), Err(NameFault::Invisible(_))),
                "{same:?}"
            );
        }
        for out in ["/etc/a", "../a", "a/..", "a\\..\\b"] {
            assert_eq!(check(out), Err(NameFault::Leaves), "{out}");
        }
    }

    #[test]
    fn a_fault_names_the_character_and_shows_nothing_of_it() {
        let fault = check("\u{202e}gpj.exe").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "it holds U+202E, which changes the direction of text"
        );
        assert_eq!(escaped("a\u{202e}b\u{1b}ä"), "a\\u{202e}b\\u{1b}ä");
    }

    #[test]
    fn case_is_folded_in_every_script() {
        for (one, other) in [
            ("Foo", "foo"),
            ("ÄÖ", "äö"),
            ("straße", "STRASSE"),
            ("ſ", "s"),
            ("\u{212a}", "k"),
            ("Σς", "σσ"),
        ] {
            assert_eq!(without_case(one), without_case(other), "{one} {other}");
        }
        assert_ne!(without_case("a"), without_case("ä"));
    }

    #[test]
    fn hostile_names_are_shown_escaped() {
        assert_eq!(printable("zlib-ä".as_bytes()), "zlib-ä");
        assert_eq!(printable(b"a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable(b"a\xff"), "a\\xff");
        assert_eq!(printable("\u{202e}gpj.exe".as_bytes()), "\\u{202e}gpj.exe");
    }
}
