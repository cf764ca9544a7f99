//! Passwords in URLs.

use super::class::{Class, DIGITS};
use super::entropy::{changes, kinds};
use super::placeholder::is_placeholder;
use super::rule::URL;
use super::window::{Found, Window};
use super::word_list::WordList;

/// What a user's name and password are written with.
const USERINFO: Class = Class::of("!$*+.0-9:=A-Za-z_~%#^?-");
/// What schemes are written with.
pub const SCHEME: Class = Class::of("0-9A-Za-z+.-");
const HOST: Class = Class::of("0-9A-Za-z.[:_-");
/// The longest name and password together.
const LONGEST: usize = 512;

/// Words that documentation writes in the place of a password.
const WORDS: [&[u8]; 30] = [
    b"pass",
    b"passwd",
    b"password",
    b"passw0rd",
    b"pwd",
    b"pw",
    b"secret",
    b"token",
    b"user",
    b"username",
    b"name",
    b"foo",
    b"bar",
    b"baz",
    b"test",
    b"admin",
    b"root",
    b"guest",
    b"anonymous",
    b"postgres",
    b"mysql",
    b"redis",
    b"p",
    b"x",
    b"key",
    b"host",
    b"port",
    b"auth",
    b"credentials",
    b"login",
];
/// What no password has in it.
const PARTS: WordList = WordList::of(&[b"_token", b"anoncvs", b"pass", b"secret_"]);
/// Hosts that are nobody's, or this very machine's.
const NOBODY: [&[u8]; 12] = [
    b"example",
    b".test",
    b".invalid",
    b"localhost",
    b"127.0.0.1",
    b"[::1]",
    b"host",
    b"hostname",
    b"server",
    b"proxy",
    b"foo",
    b"domain",
];

/// A name and a password behind the `://` that stands here.
pub fn credentials(window: &Window<'_>) -> Option<Found> {
    let scheme = SCHEME.run_back(window.before(), 20);
    let rest = window.after();
    let length = USERINFO.run(rest, LONGEST);
    window.spend(length);
    let (userinfo, behind) = rest.split_at(length);
    let host = behind.strip_prefix(b"@")?;
    let host = &host[..HOST.run(host, 253)];
    if scheme < 2 || host.is_empty() || is_nobody(host) {
        return None;
    }
    window.spend(16 * length);
    let (start, password) = match userinfo.iter().position(|byte| *byte == b':') {
        Some(colon) => (colon + 1, &userinfo[colon + 1..]),
        None => (0, userinfo),
    };
    let is_one = if start > 0 {
        is_password(password)
    } else {
        is_key(password)
    };
    let start = window.end() + start;
    is_one.then(|| Found {
        rule: URL,
        range: start..start + password.len(),
        is_strong: false,
    })
}

/// Whether an address logs in: with a name and a password, or over HTTP with a name alone, which may be a token.
/// The user of SSH is part of where a repository is.
pub fn logs_in(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let userinfo = authority.rsplit_once('@').map(|(userinfo, _)| userinfo);
    userinfo.is_some_and(|userinfo| userinfo.contains(':') || !scheme.ends_with("ssh"))
}

/// Whether what stands in the place of a password is one.
pub fn is_password(text: &[u8]) -> bool {
    let text = without_escapes(text);
    let lower = text.to_ascii_lowercase();
    let stem = &lower[..lower.len() - DIGITS.run_back(&lower, 4)];
    let is_word = WORDS.contains(&stem);
    let is_variable = matches!(text.first(), Some(b'$' | b'%' | b'*' | b'.' | b'<' | b'{'));
    let is_varied = kinds(&text) >= 2 && text.len() >= 6 || text.len() >= 10;
    is_varied && !is_word && !is_variable && !is_placeholder(&text) && !PARTS.is_in(&lower)
}

/// Characters that are written as `%` and two digits are left out.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let (mut left, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.get(at) {
        let escaped = text
            .get(at + 1..at + 3)
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        if *byte == b'%' && escaped.is_some() {
            at += 3;
        } else {
            left.push(*byte);
            at += 1;
        }
    }
    left
}

/// A token may stand in the place of the name.
fn is_key(text: &[u8]) -> bool {
    text.len() >= 20
        && changes(text) * 5 >= text.len()
        && !is_placeholder(text)
        && !text.contains(&b'%')
}

fn is_nobody(host: &[u8]) -> bool {
    let lower = host.to_ascii_lowercase();
    let name = lower.split(|byte| *byte == b':').next().unwrap_or_default();
    NOBODY.iter().any(|nobody| match nobody {
        [b'.', ..] => name.ends_with(nobody),
        [b'e', b'x', ..] => name.windows(nobody.len()).any(|part| part == *nobody),
        _ => name == *nobody || lower.starts_with(b"[::1]"),
    })
}
