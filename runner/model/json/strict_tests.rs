//! What the strict reader takes and refuses.

use proptest::prelude::*;

use super::{JsonError, Limits, Problem, parse, parse_within};
use crate::json::canonical;
use crate::json::value::Value;

fn problem(text: impl AsRef<[u8]>) -> Problem {
    parse(text.as_ref()).unwrap_err().problem
}

#[test]
fn whole_documents() {
    let value = parse(br#" {"b":[1,-2,true,null],"a":"\u00e9\ud83d\ude00\n"} "#).unwrap();
    assert_eq!(
        canonical::to_string(&value),
        "{\"a\":\"é😀\\n\",\"b\":[1,-2,true,null]}"
    );
}

#[test]
fn one_name_has_one_value_at_any_depth() {
    for text in [r#"{"a":1,"a":1}"#, r#"[{"x":{"a":1,"\u0061":2}}]"#] {
        assert_eq!(problem(text), Problem::DuplicateName("a".into()), "{text}");
    }
}

#[test]
fn nothing_follows_the_value() {
    for text in ["1 2", "{}{}", "[] x", "null\0", "{} // note"] {
        assert_eq!(problem(text), Problem::TrailingData, "{text}");
    }
}

#[test]
fn characters_are_characters() {
    for text in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\u0041""#,
        r#""\ud800x""#,
        r#"{"\udfff":1}"#,
    ] {
        assert_eq!(problem(text), Problem::LoneSurrogate, "{text}");
    }
    assert_eq!(problem(b"\"\xff\""), Problem::NotUtf8);
    assert_eq!(problem(b"\"\xed\xa0\x80\""), Problem::NotUtf8);
    assert_eq!(problem("\u{feff}{}"), Problem::ByteOrderMark);
    assert_eq!(problem("\"\n\""), Problem::Control);
    assert_eq!(problem(r#""\x41""#), Problem::Escape);
    assert_eq!(problem(r#""\u+123""#), Problem::Escape);
}

#[test]
fn numbers_are_those_of_the_grammar() {
    for text in [
        "NaN",
        "Infinity",
        "-Infinity",
        "+1",
        ".5",
        "1.",
        "01",
        "-",
        "1e",
        "1e+",
    ] {
        assert_eq!(problem(text), Problem::Number, "{text}");
    }
    assert_eq!(
        parse(b"9223372036854775807").unwrap(),
        Value::Integer(i64::MAX)
    );
    for text in ["9223372036854775808", "1.50", "1e9", "-0"] {
        let value = parse(text.as_bytes()).unwrap();
        assert!(matches!(value, Value::Decimal(_)), "{text}");
        assert_eq!(canonical::to_string(&value), text);
    }
}

#[test]
fn broken_structure() {
    for text in ["", " ", "{", "[1", "\"a", r#"{"a""#, r#"{"a":"#, "tru"] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    for text in [
        "{a:1}",
        "{'a':1}",
        "[1,]",
        r#"{"a":1,}"#,
        "[1 2]",
        r#"{"a" 1}"#,
        "truE",
    ] {
        assert!(matches!(problem(text), Problem::Unexpected(_)), "{text}");
    }
}

#[test]
fn bounds_hold() {
    assert_eq!(problem("[".repeat(10_000)), Problem::TooDeep(64));
    assert_eq!(problem("{\"a\":".repeat(10_000)), Problem::TooDeep(64));
    assert_eq!(
        problem(" ".repeat((16 << 20) + 1)),
        Problem::TooLarge(16 << 20)
    );
    let few = Limits {
        values: 3,
        ..Limits::DEFAULT
    };
    assert!(parse_within(b"[1,2]", few).is_ok());
    let error = parse_within(b"[1,2,3]", few).unwrap_err();
    assert_eq!(error.problem, Problem::TooMany(3));
}

#[test]
fn a_refusal_says_where() {
    let error: JsonError = parse(b"{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name \"a\" for the second time at line 3 column 3"
    );
    assert_eq!(error.position.offset, 14);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in any_value()) {
        prop_assert_eq!(parse(&canonical::to_bytes(&value)), Ok(value.clone()));
        prop_assert_eq!(parse(canonical::to_pretty(&value).as_bytes()), Ok(value));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(parse(&bytes));
    }

    #[test]
    fn almost_json_is_read_or_refused(text in "[\\[\\]{},:\"\\\\u0-9a-fdDeE.+\\- ]{0,60}") {
        if let Ok(value) = parse(text.as_bytes()) {
            let written = canonical::to_bytes(&value);
            prop_assert_eq!(canonical::to_bytes(&parse(&written).unwrap()), written);
        }
    }
}
