//! Private keys as DER, known by the numbers that stand at fixed places: PKCS#1 and SEC 1, which PKCS#8 wraps,
//! and PKCS#8 of Edwards' curves.

use super::entropy::{self, BIT};
use super::rule::PRIVATE_KEY_DER;
use super::window::{Found, Window};

/// Algorithm and the beginning of the key of PKCS#8 with Ed25519.
pub const ED25519_PKCS8: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// The same with X25519.
pub const X25519_PKCS8: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20";
/// Version and length of the modulus of PKCS#1.
pub const RSA_PKCS1: &[u8] = b"\x02\x01\x00\x02\x82";
/// Version and length of the number of SEC 1, on P-256.
pub const SEC1_P256: &[u8] = b"\x02\x01\x01\x04\x20";
/// The same on P-384.
pub const SEC1_P384: &[u8] = b"\x02\x01\x01\x04\x30";

/// A key of RSA whose version stands here, by its public exponent behind the modulus.
pub fn rsa(window: &Window<'_>) -> Option<Found> {
    let rest = window.after();
    let modulus = usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?);
    let exponent = rest.get(2 + modulus..)?;
    let is_exponent = exponent.starts_with(b"\x02\x03\x01\x00\x01\x02")
        || exponent.starts_with(b"\x02\x01\x03\x02");
    let key = rest.get(2..2 + modulus)?;
    found(
        window,
        window.at.checked_sub(4)?,
        2 + modulus,
        is_exponent && is_drawn(window, key),
    )
}

/// A key on an elliptic curve whose version stands here. Its number is followed by the curve or the point.
pub fn sec1(window: &Window<'_>) -> Option<Found> {
    let size = usize::from(*window.bytes.get(window.end() - 1)?);
    let key = window.after().get(..size)?;
    let next = window.after().get(size..size + 2)?;
    let is_followed = matches!(next, [0xa0, 0x05..=0x0b] | [0xa1, 0x44 | 0x64]);
    let head = window.bytes.get(window.at.checked_sub(2)?)?;
    found(
        window,
        window.at - 2,
        size,
        is_followed && *head == 0x30 && is_drawn(window, key),
    )
}

/// A key of Edwards' or Montgomery's curve whose algorithm stands here.
pub fn edwards(window: &Window<'_>) -> Option<Found> {
    let key = window.after().get(..32)?;
    let head = window.bytes.get(window.at.checked_sub(5)?..window.at)?;
    let is_head = matches!(head, [0x30, _, 0x02, 0x01, 0x00 | 0x01]);
    found(window, window.at - 5, 32, is_head && is_drawn(window, key))
}

fn found(window: &Window<'_>, start: usize, more: usize, is_one: bool) -> Option<Found> {
    is_one.then(|| Found {
        rule: PRIVATE_KEY_DER,
        range: start..window.end() + more,
        is_strong: true,
    })
}

/// Constants that a program keeps beside such numbers are texts, tables or zeros.
fn is_drawn(window: &Window<'_>, key: &[u8]) -> bool {
    window.spend(key.len());
    let many = if key.len() < 100 {
        17 * BIT / 4
    } else {
        6 * BIT
    };
    entropy::each(key) >= many
        && key.iter().filter(|byte| byte.is_ascii_graphic()).count() * 3 < key.len() * 2
}
