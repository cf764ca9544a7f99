//! The address by which a policy knows an input: its own, or one that is given to it here.

use std::borrow::Cow;

use crate::build::statement::{MADE, NEEDS, ROOT};
use crate::build_type::{FILE, FOLDER, PATCH};
use crate::resource::ResourceDescriptor;

/// How the name of an input without an address of its own begins, and the scheme it gets.
const GIVEN: [(&str, &str); 6] = [
    (NEEDS, "recipe:"),
    (MADE, "recipe:"),
    (FOLDER, "folder:"),
    (FILE, "folder:"),
    (PATCH, "patch:"),
    (ROOT, "toolchain:"),
];
/// The scheme of whatever else has a name alone.
const OTHER: &str = "input:";

/// The address of an input. No input is without one, so that no rule about addresses passes it over.
pub fn of(input: &ResourceDescriptor) -> Cow<'_, str> {
    if let Some(uri) = &input.uri {
        return Cow::Borrowed(uri);
    }
    let name = input.label();
    let given = GIVEN
        .iter()
        .find_map(|(prefix, scheme)| Some((*prefix, *scheme, name.strip_prefix(prefix)?)));
    let (scheme, rest) = match given {
        // The files of a folder are part of it, and its name has no `/`.
        Some((FILE, scheme, rest)) => (scheme, rest.split('/').next().unwrap_or(rest)),
        Some((_, scheme, rest)) => (scheme, rest),
        None => (OTHER, name),
    };
    Cow::Owned(format!("{scheme}{}", escaped(rest)))
}

/// Whether an address has one of the schemes that are given here.
pub fn is_given(address: &str) -> bool {
    let mut schemes = GIVEN.iter().map(|(_, scheme)| *scheme).chain([OTHER]);
    schemes.any(|scheme| address.starts_with(scheme))
}

/// A name as part of an address: what an address cannot hold, as escapes (RFC 3986, 2.1).
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_graphic() && !b"%\\?#*".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::source_pattern::is_plain;
    use zwieback_model::digest::Digest;
    use zwieback_model::digest_set::DigestSet;

    #[test]
    fn every_input_has_an_address_and_one_spelling() {
        let digest = DigestSet::sha256(Digest::sha256(b"x"));
        for (name, address) in [
            ("needs lib", "recipe:lib"),
            ("outputs of cc", "recipe:cc"),
            ("folder web", "folder:web"),
            ("file web/Src/Main.c", "folder:web"),
            ("patch Patches/Fix 1.patch", "patch:Patches/Fix%201.patch"),
            ("toolchain/c+rust", "toolchain:c+rust"),
            ("whatever", "input:whatever"),
            ("100%", "input:100%25"),
        ] {
            let input = ResourceDescriptor::named(name, digest.clone());
            assert_eq!(of(&input), address);
            assert!(is_plain(address), "{address}");
        }
        let nameless = ResourceDescriptor {
            digest,
            ..ResourceDescriptor::default()
        };
        assert_eq!(of(&nameless), "input:a%20thing%20without%20a%20name");
        let odd = ResourceDescriptor::named("patch ../evil", DigestSet::default());
        assert!(!is_plain(&of(&odd)));
    }
}
