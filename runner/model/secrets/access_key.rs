//! The secret half of an AWS access key: forty characters without a mark of their own, near the key's id.

use super::class::{BASE32, BASE64, Class};
use super::entropy::{self, BIT};
use super::placeholder::is_placeholder;
use super::rule::AWS_SECRET;
use super::window::{Found, Window};

/// How far from the id the secret is looked for.
const NEAR: usize = 300;
const LENGTH: usize = 40;
const NEIGHBOUR: Class = Class::of("0-9A-Za-z+/=_");

/// The secret near the key id that begins here.
pub fn near_id(window: &Window<'_>) -> Option<Found> {
    if BASE32.run(window.after(), 17) != 16 || !window.is_edge_before(window.at) {
        return None;
    }
    let end = window.bytes.len().min(window.end() + 16 + NEAR);
    let from = window.at.saturating_sub(NEAR);
    window.spend(4 * (end - from));
    let mut at = from;
    while at < end {
        let run = NEIGHBOUR.run(&window.bytes[at..end], NEAR);
        let skip = if run > LENGTH { escape(window, at) } else { 0 };
        let text = &window.bytes[at + skip..at + run];
        if text.len() == LENGTH && is_secret(text) {
            return Some(Found {
                rule: AWS_SECRET,
                range: at + skip..at + run,
                is_strong: true,
            });
        }
        at += run + 1;
    }
    None
}

/// `SECRET=` is part of the run: what is behind the sign counts.
fn escape(window: &Window<'_>, at: usize) -> usize {
    let run = &window.bytes[at..];
    let run = &run[..NEIGHBOUR.run(run, NEAR)];
    run.iter()
        .position(|byte| *byte == b'=')
        .map_or(0, |equal| equal + 1)
}

fn is_secret(text: &[u8]) -> bool {
    BASE64.run(text, LENGTH) == LENGTH
        && entropy::kinds(text) >= 3
        && entropy::each(text) >= 4 * BIT
        && !is_placeholder(text)
}
