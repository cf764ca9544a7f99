//! Values of our own types as JSON, by way of serde.

use serde::Serialize;

use super::value::Value;

/// A value that has no exact JSON form.
#[derive(Debug, thiserror::Error)]
pub enum FromSerdeError {
    /// A number with a fraction, or beyond 63 bits and a sign.
    #[error("the number {0} is not a whole number of at most 63 bits")]
    Number(serde_json::Number),
    /// The type has no JSON form, such as a map whose keys are no strings.
    #[error("no JSON form")]
    Form(#[from] serde_json::Error),
}

/// The JSON of a value that implements [`Serialize`]. Floats are refused: they have no one spelling.
pub fn value_of<T: Serialize + ?Sized>(value: &T) -> Result<Value, FromSerdeError> {
    exact(serde_json::to_value(value)?)
}

fn exact(value: serde_json::Value) -> Result<Value, FromSerdeError> {
    Ok(match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => return Err(FromSerdeError::Number(number)),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(elements) => {
            Value::Array(elements.into_iter().map(exact).collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(members) => {
            let exact_member = |(name, value)| Ok((name, exact(value)?));
            let members = members.into_iter().map(exact_member);
            Value::Object(members.collect::<Result<_, FromSerdeError>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn types_become_values() {
        let map = BTreeMap::from([("a", vec![Some(1), None])]);
        let value = value_of(&map).unwrap();
        assert_eq!(
            crate::json::canonical::to_string(&value),
            r#"{"a":[1,null]}"#
        );
    }

    #[test]
    fn floats_have_no_place() {
        assert!(matches!(value_of(&0.5), Err(FromSerdeError::Number(_))));
        assert!(matches!(
            value_of(&u64::MAX),
            Err(FromSerdeError::Number(_))
        ));
    }
}
