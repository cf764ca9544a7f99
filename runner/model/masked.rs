//! Addresses as they may be shown: without what lets somebody in. Errors go to logs that many read.

use std::borrow::Cow;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Names of parameters, or parts of them, whose values let somebody in.
const SECRET: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "auth",
    "sig",
    "credential",
    "session",
];

/// A text with the addresses in it masked: user and password, and parameters that look like secrets.
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = address.find(is_end).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let scheme = before.trim_end_matches("://");
        mask(scheme, address, &mut shown);
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// What stands behind the scheme of an address, to the end of it.
fn mask(scheme: &str, address: &str, shown: &mut String) {
    let path = address.find(['/', '?', '#']).unwrap_or(address.len());
    let (authority, rest) = address.split_at(path);
    match authority.rsplit_once('@') {
        // `git@host` by ssh is how everybody calls it, and no secret.
        Some((user, _)) if scheme.ends_with("ssh") && !user.contains(':') => {
            shown.push_str(authority);
        }
        Some((_, host)) => {
            shown.push_str(MASK);
            shown.push('@');
            shown.push_str(host);
        }
        None => shown.push_str(authority),
    }
    let Some((path, query)) = rest.split_once('?') else {
        shown.push_str(rest);
        return;
    };
    shown.push_str(path);
    let mut separator = '?';
    for parameter in query.split('&') {
        shown.push(separator);
        separator = '&';
        match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(MASK);
            }
            _ => shown.push_str(parameter),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "key" || SECRET.iter().any(|word| name.contains(word))
}

/// Where an address ends in a text around it.
fn is_end(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>' | '\\' | ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_lets_somebody_in() {
        for (text, expected) in [
            ("no address, a@b", "no address, a@b"),
            (
                "https://mirror.example/a@1?arch=x",
                "https://mirror.example/a@1?arch=x",
            ),
            (
                "https://me:pass@mirror.example/x 404",
                "https://***@mirror.example/x 404",
            ),
            (
                "at 'https://t0ken@mirror.example': no",
                "at 'https://***@mirror.example': no",
            ),
            (
                "https://a:p@ss@mirror.example",
                "https://***@mirror.example",
            ),
            ("ssh://git@mirror.example/x", "ssh://git@mirror.example/x"),
            (
                "git+ssh://git:pw@mirror.example/x",
                "git+ssh://***@mirror.example/x",
            ),
            (
                "http://m.example/f?v=1&X-Amz-Signature=ab&access_token=cd#e, http://u:v@w/",
                "http://m.example/f?v=1&X-Amz-Signature=***&access_token=***, http://***@w/",
            ),
            (
                "{\"url\":\"http://u:v@w/\",\"x\":1}",
                "{\"url\":\"http://***@w/\",\"x\":1}",
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
