//! Keys and tokens that are JSON, and what is encoded as base64.

use super::class::{BASE64, Class, PADDED, URL};
use super::private_key;
use super::rule::{JWT, PRIVATE_KEY_BASE64, PRIVATE_KEY_JWK};
use super::window::{BEHIND, Found, Window, position};

const BLANKS: Class = Class::of("\\\" :");
/// The shortest secret number of a JSON Web Key: 32 bytes have 43 characters.
const SHORTEST_NUMBER: usize = 40;

/// The first line of a key in base64, and more.
const HEAD: usize = 192;

/// What payloads of tokens in documentation say.
const SAMPLES: [&[u8]; 6] = [
    b"John Doe",
    b"1234567890",
    b"\"joe\"",
    b"example.com",
    b"Jane Doe",
    b"\"payload\"",
];

/// A JSON Web Key whose member `kty` stands here, with its secret number.
pub fn json_web_key(window: &Window<'_>) -> Option<Found> {
    let before = window.before();
    let is_bracket = |byte: &u8| matches!(byte, b'{' | b'}');
    let open = before.iter().rposition(is_bracket);
    window.spend(before.len() - open.unwrap_or(0));
    let open = open?;
    let close = window.after().iter().position(is_bracket);
    window.spend(2 * close.unwrap_or(window.after().len()));
    let close = close?;
    let object = open..window.end() + close;
    let text = &window.bytes[object.clone()];
    if before[open] != b'{' {
        return None;
    }
    let is_symmetric = position(text, b"oct").is_some();
    let secret: &[u8] = if is_symmetric { b"\"k" } else { b"\"d" };
    let mut from = 0;
    while let Some(at) = position(&text[from..], secret) {
        let value = from + at + secret.len();
        let value = value + BLANKS.run(&text[value..], 12);
        let length = URL.run(&text[value..], text.len());
        let is_member = value - from - at - secret.len() >= 3;
        if is_member && length >= if is_symmetric { 22 } else { SHORTEST_NUMBER } {
            let start = object.start + value;
            return Some(Found {
                rule: PRIVATE_KEY_JWK,
                range: start..start + length,
                is_strong: true,
            });
        }
        from += at + secret.len();
    }
    None
}

/// A JSON Web Token that begins here. One without a signature proves nothing.
pub fn json_web_token(window: &Window<'_>) -> Option<Found> {
    if !window.is_edge_before(window.at) {
        return None;
    }
    let rest = &window.bytes[window.at..];
    let mut parts = rest.split(|byte| !URL.has(*byte));
    let mut part = || {
        let part = parts.next()?;
        window.spend(part.len());
        Some(part)
    };
    let (header, payload, signature) = (part()?, part()?, part()?);
    let end = header.len() + 1 + payload.len() + 1 + signature.len();
    let dots = [header.len(), header.len() + 1 + payload.len()];
    let is_dotted = dots.iter().all(|dot| rest.get(*dot) == Some(&b'.'));
    if !is_dotted || signature.len() < 20 || payload.len() < 12 {
        return None;
    }
    window.spend(4 * (header.len() + payload.len()).min(2 * BEHIND));
    let header = decode(header)?;
    let payload = decode(payload)?;
    let is_sample = SAMPLES
        .iter()
        .any(|sample| position(&payload, sample).is_some());
    let is_one = position(&header, b"\"alg\"").is_some() && payload.starts_with(b"{") && !is_sample;
    is_one.then(|| Found {
        rule: JWT,
        range: window.at..window.at + end,
        is_strong: signature.len() >= 22,
    })
}

/// PEM that was encoded once more. The window's text is `BEGIN ` with up to two dashes before it: whole groups.
pub fn wrapped_key(window: &Window<'_>) -> Option<Found> {
    let start = window.at - BASE64.run_back(window.before(), 8) / 4 * 4;
    let encoded = &window.bytes[start..];
    // Whether it is a key is said at its beginning: only then all of it is decoded.
    let head = encoded.get(..HEAD).unwrap_or(encoded);
    window.spend(2 * head.len());
    let head = decode_standard(&lines(head))?;
    let begin = position(&head, b"BEGIN ").filter(|begin| *begin < 16)?;
    position(&head[begin..], b"PRIVATE KEY")?;
    window.spend(2 * encoded.len());
    let decoded = decode_standard(&lines(encoded))?;
    let inner = Window {
        bytes: &decoded,
        at: begin,
        length: 6,
        is_settings: false,
        budget: window.budget,
    };
    private_key::block(&inner)?;
    let run = PADDED.run(encoded, encoded.len());
    Some(Found {
        rule: PRIVATE_KEY_BASE64,
        range: start..start + run,
        is_strong: true,
    })
}

/// The characters of lines of base64.
fn lines(encoded: &[u8]) -> Vec<u8> {
    let belongs = |byte: &&u8| BASE64.has(**byte) || byte.is_ascii_whitespace();
    let lines = encoded.iter().take_while(belongs);
    lines
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect()
}

/// Decodes as many whole groups as there are.
pub fn decode_standard(text: &[u8]) -> Option<Vec<u8>> {
    let whole = text.len() / 4 * 4;
    let text = std::str::from_utf8(text.get(..whole)?).ok()?;
    crate::base64::decode(text).ok()
}

fn decode(part: &[u8]) -> Option<Vec<u8>> {
    // What is longer is no header and no payload of a token.
    let part = part.get(..BEHIND).unwrap_or(part);
    let whole = part.len() - usize::from(part.len() % 4 == 1);
    let text = std::str::from_utf8(&part[..whole]).ok()?;
    crate::base64::decode(text)
        .ok()
        .or_else(|| crate::base64::decode(text.get(..whole / 4 * 4)?).ok())
}
