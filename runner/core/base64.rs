//! Base64 as DSSE and protobuf's JSON take it: two alphabets, padding or none, but no stray bits.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};

/// Text that is not base64, or is one of several spellings of the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not base64: a strange character, a wrong length, or bits beyond the last byte")]
pub struct Base64Error;

/// The standard alphabet with padding.
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Reads either alphabet; the two may not be mixed.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    let url_safe = text.contains(['-', '_']);
    match (url_safe, text.ends_with('=')) {
        (false, true) => decode_as::<Base64>(text),
        (false, false) => decode_as::<Base64Unpadded>(text),
        (true, true) => decode_as::<Base64Url>(text),
        (true, false) => decode_as::<Base64UrlUnpadded>(text),
    }
}

fn decode_as<E: Encoding>(text: &str) -> Result<Vec<u8>, Base64Error> {
    let bytes = E::decode_vec(text).map_err(|_| Base64Error)?;
    // The last character may carry bits that no byte takes; only one spelling has them zero.
    if E::encode_string(&bytes) == text {
        Ok(bytes)
    } else {
        Err(Base64Error)
    }
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
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[A-Za-z0-9+/=_-]{0,12}|.{0,12}") {
            drop(decode(&text));
        }
    }
}
