//! The one way to write a value: sorted names, no blanks, the fewest escapes.
//!
//! The form is that of RFC 8785 but for the order of names, which is that of their UTF-8 bytes
//! (`jq --sort-keys` has the same), and for numbers, which are whole.

use std::fmt::Write as _;

use super::value::Value;

/// The canonical bytes of a value.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    to_string(value).into_bytes()
}

/// The canonical text of a value.
pub fn to_string(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// The text with a name and a value a line, for people; never digested.
pub fn to_pretty(value: &Value) -> String {
    let mut text = String::new();
    write_indented(&mut text, value, 0);
    text
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Array(elements) => {
            write_list(out, ['[', ']'], elements, write_value);
        }
        Value::Object(members) => {
            write_list(out, ['{', '}'], members.iter(), |out, (name, value)| {
                write_text(out, name);
                out.push(':');
                write_value(out, value);
            });
        }
        _ => write_scalar(out, value),
    }
}

fn write_list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(close);
}

fn write_indented(out: &mut String, value: &Value, depth: usize) {
    let indent = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', 2 * depth));
    };
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            write_list(out, ['[', ']'], elements, |out, element| {
                indent(out, depth + 1);
                write_indented(out, element, depth + 1);
            });
        }
        Value::Object(members) if !members.is_empty() => {
            write_list(out, ['{', '}'], members.iter(), |out, (name, value)| {
                indent(out, depth + 1);
                write_text(out, name);
                out.push_str(": ");
                write_indented(out, value, depth + 1);
            });
        }
        _ => return write_value(out, value),
    }
    let close = out.pop();
    indent(out, depth);
    out.extend(close);
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => {
            write!(out, "{number}").expect("writing to a string cannot fail");
        }
        Value::Decimal(number) => out.push_str(number.as_str()),
        Value::String(text) => write_text(out, text),
        Value::Null | Value::Array(_) | Value::Object(_) => out.push_str("null"),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(character))
                    .expect("writing to a string cannot fail");
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let value = Value::object([
            ("b", Value::from(vec![1, -2])),
            ("a", Value::from("\u{1}\n\"\\é\u{7f}")),
            ("", Value::object([])),
            ("Z", Value::Null),
        ]);
        assert_eq!(
            to_string(&value),
            "{\"\":{},\"Z\":null,\"a\":\"\\u0001\\n\\\"\\\\é\u{7f}\",\"b\":[1,-2]}"
        );
    }

    #[test]
    fn pretty_is_for_people() {
        let value = Value::object([("a", Value::from(vec![true])), ("b", Value::object([]))]);
        assert_eq!(
            to_pretty(&value),
            "{\n  \"a\": [\n    true\n  ],\n  \"b\": {}\n}"
        );
    }
}
