//! Short, printable pieces of untrusted bytes.

use zwieback_model::shown_name::is_shown;

/// The most characters an excerpt shows of one side.
pub const LONGEST: usize = 96;

/// The bytes as printable text on one line, shortened in the middle of nowhere but marked.
pub fn escape(bytes: &[u8]) -> String {
    // Twice the bytes is enough: no byte becomes less than one character unless it is UTF-8.
    let clipped = &bytes[..bytes.len().min(LONGEST * 4)];
    let mut text = String::new();
    for chunk in clipped.utf8_chunks() {
        text.extend(chunk.valid().chars().flat_map(printable));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shorten(text, bytes.len() > clipped.len())
}

/// A window of `bytes` around a range, so that what differs is always visible.
pub fn around(bytes: &[u8], range: &std::ops::Range<usize>) -> String {
    if bytes.len() <= LONGEST {
        return escape(bytes);
    }
    let start = range.start.min(bytes.len()).saturating_sub(LONGEST / 4);
    let text = escape(&bytes[start..]);
    if start == 0 {
        text
    } else {
        format!("…{text}")
    }
}

/// Up to 16 bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
    let more = if bytes.len() > 16 { " …" } else { "" };
    format!("{}{more}", digits.join(" "))
}

/// Text that came from outside, without control characters and of bounded length.
pub fn text(text: &str) -> String {
    escape(text.as_bytes())
}

fn printable(c: char) -> impl Iterator<Item = char> {
    // The joiners are fit for a name, but where two texts differ, each of them is to be seen.
    let hidden = !is_shown(c) || matches!(c, '\u{200c}' | '\u{200d}');
    let escaped = hidden.then(|| c.escape_default().collect::<String>());
    let plain = if hidden { None } else { Some(c) };
    escaped
        .unwrap_or_default()
        .chars()
        .collect::<Vec<_>>()
        .into_iter()
        .chain(plain)
}

fn shorten(text: String, cut: bool) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None if cut => format!("{text}…"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_reach_a_terminal() {
        assert_eq!(escape(b"a\x1b[2J\n\xff"), "a\\u{1b}[2J\\n\\xff");
        assert_eq!(escape("x\u{202e}y".as_bytes()), "x\\u{202e}y");
    }

    #[test]
    fn long_excerpts_are_cut_and_show_the_difference() {
        assert_eq!(escape(&[b'a'; 500]).chars().count(), LONGEST + 1);
        let mut bytes = vec![b'a'; 500];
        bytes[300] = b'!';
        assert!(around(&bytes, &(300..301)).contains('!'));
    }
}
