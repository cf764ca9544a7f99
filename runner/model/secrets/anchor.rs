//! The texts by which secrets are found: a rule looks only where its text stands.

use super::class::{Class, URL};
use super::rule::Rule;
use super::window::{Found, Reach, Window};
use super::{access_key, assigned, der, encoded, login, private_key, rules, userinfo};

/// A text, and who looks where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// The text.
    pub text: &'static [u8],
    /// Whether letters may be of the other case.
    pub case: Case,
    /// What stands before the text, where the text itself is short.
    pub before: Option<Class>,
    /// What stands behind it.
    pub after: Option<Class>,
    /// How far the rule looks.
    pub reach: Reach,
    looks: Looks,
}

/// Whether letters may be of the other case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They may not.
    Same,
    /// They may.
    Any,
}

#[derive(Clone, Copy, Debug)]
enum Looks {
    Token(&'static Rule, usize),
    With(fn(&Window<'_>) -> Option<Found>),
}

type Finder = fn(&Window<'_>) -> Option<Found>;

/// Keys and documents: what is looked at far ahead and far back.
const DOCUMENTS: [(&[u8], Finder); 13] = [
    (b"BEGIN ", private_key::block),
    (b"PuTTY-User-Key-File-", private_key::putty),
    (der::RSA_PKCS1, der::rsa),
    (der::SEC1_P256, der::sec1),
    (der::SEC1_P384, der::sec1),
    (der::ED25519_PKCS8, der::edwards),
    (der::X25519_PKCS8, der::edwards),
    (b"\"kty", encoded::json_web_key),
    (b"eyJ", encoded::json_web_token),
    (b"QkVHSU4g", encoded::wrapped_key),
    (b"LUJFR0lO", encoded::wrapped_key),
    (b"LS1CRUdJTiB", encoded::wrapped_key),
    (b"kind: Secret", assigned::kubernetes),
];

const SHAPES: [(&[u8], Finder); 10] = [
    (b"://", userinfo::credentials),
    (b"machine ", login::netrc),
    (b":5432:", login::pgpass),
    (b":*:*:", login::pgpass),
    (b"_authToken", login::npmrc),
    (b":_password", login::npmrc),
    (b":_auth", login::npmrc),
    (b"\"auth\"", login::registry),
    (b"AKIA", access_key::near_id),
    (b"ASIA", access_key::near_id),
];

const HEADERS: [(&[u8], Finder); 2] = [
    (b"Basic ", login::basic_header),
    (b"Bearer ", assigned::bearer),
];

/// What names are called that hold a secret.
const TELLING: [&str; 34] = [
    "passw",
    "passphrase",
    "_pass",
    "pwd=",
    "pwd:",
    "pwd\"",
    "pwd'",
    "pwd ",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "authkey",
    "auth_key",
    "appkey",
    "app_key",
    "privatekey",
    "private_key",
    "presharedkey",
    "credential",
    "signingkey",
    "signing_key",
    "encryptionkey",
    "encryption_key",
    "masterkey",
    "master_key",
    "account_key",
    "service_key",
    "license_key",
    "shared_key",
];

/// All texts of all rules.
pub fn all() -> Vec<Anchor> {
    let tokens = rules::all().flat_map(|rule| {
        let tokens = rule.tokens.iter().enumerate();
        tokens.map(move |(index, token)| {
            let (part, text) = token.anchor();
            Anchor {
                text: text.as_bytes(),
                case: Case::Same,
                before: part.checked_sub(1).and_then(|before| token.class(before)),
                after: token.follows_anchor(),
                reach: Reach::Near,
                looks: Looks::Token(rule, index),
            }
        })
    });
    let documents = DOCUMENTS
        .iter()
        .map(|(text, finder)| with(text, Case::Same, *finder))
        .map(|anchor| Anchor {
            reach: Reach::Far,
            ..anchor
        });
    let shapes = SHAPES
        .iter()
        .map(|(text, finder)| with(text, Case::Same, *finder));
    let headers = HEADERS
        .iter()
        .map(|(text, finder)| with(text, Case::Any, *finder));
    let names = TELLING
        .iter()
        .map(|text| with(text.as_bytes(), Case::Any, assigned::named));
    let texts = documents.chain(shapes).chain(headers).chain(names);
    tokens.chain(texts).collect()
}

impl Anchor {
    /// Looks where the text stands.
    pub fn find(&self, window: &Window<'_>) -> Option<Found> {
        match self.looks {
            Looks::Token(rule, index) => rule.tokens.get(index)?.find(rule.name, window),
            Looks::With(finder) => finder(window),
        }
    }
}

fn with(text: &'static [u8], case: Case, finder: Finder) -> Anchor {
    let (before, after) = match text {
        b"://" => (Some(userinfo::SCHEME), None),
        b"eyJ" => (None, Some(URL)),
        _ => (None, None),
    };
    Anchor {
        text,
        case,
        before,
        after,
        reach: Reach::Near,
        looks: Looks::With(finder),
    }
}
