//! Base64 as DSSE and protobuf's JSON take it: two alphabets, padding or none, but no stray bits.

use base64::Engine as _;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};

/// Text that is not base64, or is one of several spellings of the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not base64: a strange character, a wrong length, or bits beyond the last byte")]
pub struct Base64Error;

/// The standard alphabet with padding.
pub fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// How many characters that many bytes become, padding included.
pub const fn encoded_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Reads either alphabet; the two may not be mixed.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    // None of these takes bits beyond the last byte, nor other padding than it says. What the second one
    // reads and the first one does not has one of its two own characters.
    let (standard, url_safe) = if text.ends_with('=') {
        (&BASE64_STANDARD, &BASE64_URL_SAFE)
    } else {
        (&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD)
    };
    let read = standard.decode(text);
    read.or_else(|_| url_safe.decode(text))
        .map_err(|_| Base64Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_alphabets() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode(text), Ok(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn one_spelling_each() {
        for text in [
            "+_8=", "+/9=", "+/8==", "+/8=\n", " +/8=", "+", "+/8=+/8=", "é===",
        ] {
            assert_eq!(decode(text), Err(Base64Error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_round_trip(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_length(bytes.len()));
            prop_assert_eq!(decode(&text), Ok(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[A-Za-z0-9+/=_-]{0,12}|.{0,12}") {
            let Ok(bytes) = decode(&text) else { return Ok(()) };
            // What is read has this spelling, but for its alphabet and padding, and no other.
            let plain = text.replace('-', "+").replace('_', "/");
            let spelt = encode(&bytes);
            prop_assert!(plain == spelt || plain == spelt.trim_end_matches('='), "{text}");
        }
    }
}
