//! A rule: a kind of secret, with the name that reports and allow entries know it by.

use super::token::Token;
use super::window::RuleName;

/// A kind of secret.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, in reports and allow entries.
    pub name: RuleName,
    /// What it finds.
    pub title: &'static str,
    /// The formats of tokens that it finds; none where the form is not that of a token.
    pub tokens: &'static [Token],
}

/// A private key as text: PEM of any form, `OpenSSH`, `OpenPGP`, `PuTTY`, age, minisign, signify.
pub const PRIVATE_KEY: RuleName = "private-key";
/// A private key as DER.
pub const PRIVATE_KEY_DER: RuleName = "private-key-der";
/// A private key as JSON.
pub const PRIVATE_KEY_JWK: RuleName = "private-key-jwk";
/// A private key in base64 once more.
pub const PRIVATE_KEY_BASE64: RuleName = "private-key-base64";
/// The secret half of an access key.
pub const AWS_SECRET: RuleName = "aws-secret-access-key";
/// A signed token.
pub const JWT: RuleName = "json-web-token";
/// A password in a URL.
pub const URL: RuleName = "url-credentials";
/// A file of a program with passwords in it.
pub const LOGIN: RuleName = "login-file";
/// A value of a Kubernetes Secret.
pub const KUBERNETES: RuleName = "kubernetes-secret";
/// A header that authenticates.
pub const HEADER: RuleName = "authorization-header";
/// A value beside a name that says what it is.
pub const NAMED: RuleName = "named-secret";

/// A rule that finds something else than tokens.
pub(super) const fn plain(name: RuleName, title: &'static str) -> Rule {
    Rule {
        name,
        title,
        tokens: &[],
    }
}

/// A rule that finds tokens.
pub(super) const fn tokens(name: RuleName, title: &'static str, tokens: &'static [Token]) -> Rule {
    Rule {
        name,
        title,
        tokens,
    }
}
