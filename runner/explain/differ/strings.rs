//! The printable strings in binary data.

/// Shorter rows of printable bytes are noise.
const SHORTEST: usize = 4;

/// A printable string and its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintableString<'b> {
    /// Where it starts.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'b [u8],
}

/// The strings of printable bytes, in order, at most `most`.
pub fn all(bytes: &[u8], most: usize) -> Vec<PrintableString<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, byte) in bytes.iter().chain([&0]).enumerate() {
        if is_printable(*byte) {
            continue;
        }
        if at - start >= SHORTEST && found.len() < most {
            found.push(PrintableString {
                offset: start,
                bytes: &bytes[start..at],
            });
        }
        start = at + 1;
    }
    found
}

/// Only ASCII: in any other data every third byte could be a letter of some script.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_any_other_byte() {
        let found = all(b"\0\x01abcd\0xy\0last", 9);
        assert_eq!(
            found,
            [
                PrintableString {
                    offset: 2,
                    bytes: b"abcd"
                },
                PrintableString {
                    offset: 10,
                    bytes: b"last"
                }
            ]
        );
    }
}
