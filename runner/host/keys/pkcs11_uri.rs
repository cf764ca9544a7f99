//! RFC 7512: which key of which token, written as a URI.

use std::str::FromStr;

/// A key in a token: `pkcs11:token=…;object=…?module-path=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// The library that talks to the token.
    pub module_path: String,
    /// The token's label.
    pub token: Option<String>,
    /// The number of the slot it is in.
    pub slot: Option<u64>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's `CKA_ID`.
    pub id: Option<Vec<u8>>,
    /// Where the PIN stands.
    pub pin: PinSource,
}

/// Where the PIN of a token stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PinSource {
    /// Nowhere: the user is asked, or the token has its own keypad.
    #[default]
    Absent,
    /// In the URI itself.
    Value(String),
    /// In a file.
    File(String),
}

/// Text that names no key in a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs11UriError {
    /// Another kind of URI.
    #[error("no `pkcs11:` URI")]
    Scheme,
    /// A part that is not `name=value`, or whose escapes are broken.
    #[error("{0:?} is not `name=value` with %-escapes")]
    Part(String),
    /// The same attribute twice.
    #[error("the attribute {0:?} is there twice")]
    Twice(String),
    /// An attribute that is not understood: ignoring it could pick another key.
    #[error("the attribute {0:?} is not understood")]
    Attribute(String),
    /// Nothing says which library to talk to.
    #[error("there is no `module-path`")]
    NoModule,
    /// Nothing says which key it is.
    #[error("neither `object` nor `id` says which key it is")]
    NoKey,
    /// Nothing says which token it is in.
    #[error("neither `token` nor `slot-id` says which token it is in")]
    NoToken,
}

impl FromStr for Pkcs11Uri {
    type Err = Pkcs11UriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("pkcs11:").ok_or(Pkcs11UriError::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self {
            module_path: String::new(),
            token: None,
            slot: None,
            object: None,
            id: None,
            pin: PinSource::Absent,
        };
        let mut seen = Vec::new();
        let parts = path.split(';').chain(query.split('&'));
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = attribute(part)?;
            if seen.contains(&name) {
                return Err(Pkcs11UriError::Twice(name.to_owned()));
            }
            uri.set(name, value)?;
            seen.push(name);
        }
        uri.check()
    }
}

impl Pkcs11Uri {
    fn set(&mut self, name: &str, value: Vec<u8>) -> Result<(), Pkcs11UriError> {
        let broken = || Pkcs11UriError::Part(name.to_owned());
        if name == "id" {
            self.id = Some(value);
            return Ok(());
        }
        let text = String::from_utf8(value).map_err(|_| broken())?;
        match name {
            "token" => self.token = Some(text),
            "object" => self.object = Some(text),
            "slot-id" => self.slot = Some(text.parse().map_err(|_| broken())?),
            "module-path" => self.module_path = text,
            "pin-value" => self.pin = PinSource::Value(text),
            "pin-source" => {
                let file = text.strip_prefix("file:").unwrap_or(&text);
                self.pin = PinSource::File(file.to_owned());
            }
            // Both say what is already meant: the private half of a key pair.
            "type" if text == "private" => {}
            _ => return Err(Pkcs11UriError::Attribute(name.to_owned())),
        }
        Ok(())
    }

    fn check(self) -> Result<Self, Pkcs11UriError> {
        if self.module_path.is_empty() {
            Err(Pkcs11UriError::NoModule)
        } else if self.object.is_none() && self.id.is_none() {
            Err(Pkcs11UriError::NoKey)
        } else if self.token.is_none() && self.slot.is_none() {
            Err(Pkcs11UriError::NoToken)
        } else {
            Ok(self)
        }
    }
}

impl Pkcs11UriError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let example = "pkcs11:token=release;object=signing?module-path=/usr/lib/module.so";
        Some(format!("a whole URI looks like `{example}` (RFC 7512)"))
    }
}

fn attribute(part: &str) -> Result<(&str, Vec<u8>), Pkcs11UriError> {
    let broken = || Pkcs11UriError::Part(part.to_owned());
    let (name, value) = part.split_once('=').ok_or_else(broken)?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit().ok_or_else(broken)?, digit().ok_or_else(broken)?);
                u8::try_from(high << 4 | low).map_err(|_| broken())?
            }
            _ => byte,
        });
    }
    Ok((name, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_uri() {
        let uri: Pkcs11Uri =
            "pkcs11:token=My%20token;object=sig;id=%01%ff;type=private?module-path=/m.so&pin-source=file:/pin"
                .parse()
                .unwrap();
        assert_eq!(uri.token.as_deref(), Some("My token"));
        assert_eq!(uri.id, Some(vec![1, 255]));
        assert_eq!(uri.module_path, "/m.so");
        assert_eq!(uri.pin, PinSource::File("/pin".into()));
    }

    #[test]
    fn half_a_uri() {
        for (text, expected) in [
            ("token:x", Pkcs11UriError::Scheme),
            ("pkcs11:token=a;object=b", Pkcs11UriError::NoModule),
            ("pkcs11:token=a?module-path=m", Pkcs11UriError::NoKey),
            ("pkcs11:object=a?module-path=m", Pkcs11UriError::NoToken),
            ("pkcs11:token", Pkcs11UriError::Part("token".into())),
            ("pkcs11:token=%4", Pkcs11UriError::Part("token=%4".into())),
            (
                "pkcs11:serial=1",
                Pkcs11UriError::Attribute("serial".into()),
            ),
            (
                "pkcs11:token=a;token=b",
                Pkcs11UriError::Twice("token".into()),
            ),
        ] {
            assert_eq!(text.parse::<Pkcs11Uri>(), Err(expected), "{text}");
        }
    }
}
