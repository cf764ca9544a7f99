//! What is looked for: every rule by its name, the most telling first.

use super::rule::{
    AWS_SECRET, HEADER, JWT, KUBERNETES, LOGIN, NAMED, PRIVATE_KEY, PRIVATE_KEY_BASE64,
    PRIVATE_KEY_DER, PRIVATE_KEY_JWK, Rule, URL, plain,
};
use super::window::RuleName;
use super::{tokens_of_clouds, tokens_of_forges, tokens_of_models, tokens_of_services};

const KEYS: &[Rule] = &[
    plain(
        PRIVATE_KEY,
        "private key as text: PEM (RSA, EC, DSA, PKCS#8, encrypted, OpenSSH, OpenPGP), PuTTY, age, minisign, signify",
    ),
    plain(PRIVATE_KEY_DER, "private key as DER: PKCS#8, PKCS#1, SEC 1"),
    plain(PRIVATE_KEY_JWK, "private or symmetric JSON Web Key"),
    plain(PRIVATE_KEY_BASE64, "private key in PEM, wrapped in base64"),
];

const SHAPES: &[Rule] = &[
    plain(AWS_SECRET, "AWS secret access key beside its key id"),
    plain(JWT, "JSON Web Token with a signature"),
    plain(URL, "password in a URL"),
    plain(
        LOGIN,
        "password in `.netrc`, `.pgpass`, `.npmrc`, or of a container registry",
    ),
    plain(KUBERNETES, "value of a Kubernetes Secret"),
    plain(
        HEADER,
        "Authorization header with Basic or Bearer credentials",
    ),
    plain(
        NAMED,
        "random value beside a telling name, such as `password`, `secret`, `token`, `api_key`",
    ),
];

/// Every rule, the most telling first: of several that find the same, the first is reported.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    KEYS.iter()
        .chain(tokens_of_forges::RULES)
        .chain(tokens_of_clouds::RULES)
        .chain(tokens_of_models::RULES)
        .chain(tokens_of_services::RULES)
        .chain(SHAPES)
}

/// The rule of a name.
pub fn named(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}

/// The place of a rule among all.
pub fn rank(name: RuleName) -> usize {
    all().take_while(|rule| rule.name != name).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_page_lists_every_rule() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/secrets.md");
        let text = std::fs::read_to_string(&page).unwrap();
        let head = "| rule | what it finds |\n|---|---|\n";
        let (before, _) = text.split_once(head).unwrap();
        let rows = all().map(|rule| format!("| `{}` | {} |\n", rule.name, rule.title));
        let wanted = [before, head, &rows.collect::<String>()].concat();
        if std::env::var_os("ZWIEBACK_BLESS").is_some() {
            std::fs::write(&page, &wanted).unwrap();
        }
        assert_eq!(text, wanted, "docs/secrets.md: run with ZWIEBACK_BLESS=1");
    }

    #[test]
    fn every_name_is_there_once() {
        let names: BTreeSet<_> = all().map(|rule| rule.name).collect();
        assert_eq!(names.len(), all().count());
        assert_eq!(
            named("private-key").map(|rule| rule.name),
            Some(PRIVATE_KEY)
        );
        assert_eq!(rank(PRIVATE_KEY), 0);
    }
}
