//! Where a signing key is, in one text: a name, a file, a token's URI, or a command that signs.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::pkcs11_uri::{Pkcs11Uri, Pkcs11UriError};

/// What a URI of RFC 7512 starts with.
const TOKEN: &str = "pkcs11:";
/// What a command starts with; no file is called so by accident.
const COMMAND: &str = "exec:";

/// Where a signing key is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum KeyLocator {
    /// A file, or a name in the user's folder of keys.
    Place(PathBuf),
    /// A token.
    Token(Box<Pkcs11Uri>),
    /// A command that speaks the protocol of [`super::external`]: a program and its arguments.
    Command(Vec<OsString>),
}

/// Text that says of no key where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyLocatorError {
    /// It is empty, or a command without a program.
    #[error("{0:?} names no key")]
    Empty(String),
    /// It names no key in a token.
    #[error(
        "{source}; a whole URI looks like `pkcs11:token=release;object=signing?module-path=/usr/lib/module.so`"
    )]
    Token {
        /// Why.
        #[from]
        source: Pkcs11UriError,
    },
}

impl KeyLocator {
    /// Whether it is a file, by its path or by a name.
    pub fn is_place(&self) -> bool {
        matches!(self, Self::Place(_))
    }
}

impl FromStr for KeyLocator {
    type Err = KeyLocatorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let empty = || KeyLocatorError::Empty(text.to_owned());
        if text.starts_with(TOKEN) {
            return Ok(Self::Token(Box::new(text.parse()?)));
        }
        let Some(command) = text.strip_prefix(COMMAND) else {
            let Ok(place): Result<PathBuf, Infallible> = text.parse();
            return if text.is_empty() {
                Err(empty())
            } else {
                Ok(Self::Place(place))
            };
        };
        // Split at blanks and never given to a shell: nothing in a configuration is expanded.
        let words: Vec<OsString> = command.split_whitespace().map(OsString::from).collect();
        if words.is_empty() {
            Err(empty())
        } else {
            Ok(Self::Command(words))
        }
    }
}

impl TryFrom<String> for KeyLocator {
    type Error = KeyLocatorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_form() {
        let read = |text: &str| text.parse::<KeyLocator>();
        assert_eq!(read("release"), Ok(KeyLocator::Place("release".into())));
        assert_eq!(read("./a.key"), Ok(KeyLocator::Place("./a.key".into())));
        let words = ["sign", "--with", "a key"].map(OsString::from);
        assert_eq!(
            read("exec:sign  --with"),
            Ok(KeyLocator::Command(words[..2].to_vec()))
        );
        let token = read("pkcs11:token=t;object=o?module-path=/m.so");
        assert!(matches!(token, Ok(KeyLocator::Token(_))));
    }

    #[test]
    fn half_a_locator_is_refused() {
        for text in ["", "exec:", "exec:  ", "pkcs11:", "pkcs11:token=t"] {
            assert!(text.parse::<KeyLocator>().is_err(), "{text}");
        }
    }
}
