//! The texts of a statement: what a step printed or wrote is elsewhere, this is what a recipe's author wrote.

use zwieback_model::base64;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::json::value::Value;
use zwieback_model::manifest::recipe::Recipe;

use crate::statement::Statement;

/// What entries are that allow secrets: they hold digests and reasons, and no secret.
const ALLOWED: &str = "allow-secret";
/// Where the recipe stands.
const RECIPE: &str = "predicate.buildDefinition.externalParameters.recipe";
/// Names of settings are read as those of a file of settings.
const SETTINGS: &str = ".env";

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText {
    /// Where it stands: `recipe.env.NAME`, `file SOURCE/PATH`, or the way to it in the statement.
    pub path: String,
    /// Its bytes, as they were written.
    pub bytes: Vec<u8>,
    /// The same as a line of settings, where it stands beside a name.
    pub setting: Option<Vec<u8>>,
}

/// Every text of a statement's predicate, and the bytes that it carries; its subjects are the outputs.
pub fn of(statement: &Statement) -> Vec<SignedText> {
    let mut texts = Vec::new();
    walk("predicate", "", &statement.predicate, &mut texts);
    texts
}

/// Every text of a recipe, by the names that they have in a statement.
pub fn of_recipe(recipe: &Recipe) -> Vec<SignedText> {
    let value = value_of(recipe).expect("a recipe holds only text, whole numbers and tables");
    let mut texts = Vec::new();
    walk(RECIPE, "", &value, &mut texts);
    texts
}

/// The name by which a setting is looked through: `NAME=VALUE` in a file of settings.
pub fn settings_name(path: &str) -> String {
    format!("{path}/{SETTINGS}")
}

fn walk(path: &str, key: &str, value: &Value, texts: &mut Vec<SignedText>) {
    if let Some(text) = value.as_str() {
        let is_setting = path.contains(".env.") && !text.contains('\n');
        texts.push(SignedText {
            path: shortened(path),
            bytes: text.as_bytes().to_vec(),
            setting: is_setting.then(|| format!("{key}={text}\n").into_bytes()),
        });
    }
    for (index, item) in value.as_array().unwrap_or_default().iter().enumerate() {
        let name = item.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| index.to_string(), str::to_owned);
        walk(&format!("{path}.{name}"), key, item, texts);
    }
    let Some(members) = value.as_object() else {
        return;
    };
    let name = value.get("name").and_then(Value::as_str).unwrap_or(path);
    for (key, member) in members.iter().filter(|(key, _)| *key != ALLOWED) {
        match member
            .as_str()
            .filter(|_| key == "content")
            .map(base64::decode)
        {
            Some(Ok(bytes)) => texts.push(SignedText {
                path: name.to_owned(),
                bytes,
                setting: None,
            }),
            _ => walk(&format!("{path}.{key}"), key, member, texts),
        }
    }
}

fn shortened(path: &str) -> String {
    match path.strip_prefix(RECIPE) {
        Some(rest) => format!("recipe{rest}"),
        None => format!("statement.{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::json::strict;

    #[test]
    fn texts_are_named_by_where_they_stand() {
        let json = br#"{"buildDefinition":{
            "externalParameters":{"recipe":{"env":{"TOKEN":"one"},"steps":[{"name":"make","run":"two"}],
                "allow-secret":[{"reason":"three"}]}},
            "resolvedDependencies":[{"name":"file app/.env","content":"Zm91cg=="}]}}"#;
        let statement = Statement {
            subject: Vec::new(),
            predicate_type: String::new(),
            predicate: strict::parse(json).unwrap(),
        };
        let found = of(&statement);
        let all: Vec<(&str, &[u8])> = found
            .iter()
            .map(|text| (text.path.as_str(), text.bytes.as_slice()))
            .collect();
        assert!(all.contains(&("recipe.env.TOKEN", b"one")), "{all:?}");
        assert!(all.contains(&("recipe.steps.make.run", b"two")), "{all:?}");
        assert!(all.contains(&("file app/.env", b"four")), "{all:?}");
        assert!(!all.iter().any(|(_, bytes)| *bytes == b"three"));
        let setting = found.iter().find_map(|text| text.setting.as_deref());
        assert_eq!(setting, Some(&b"TOKEN=one\n"[..]));
    }
}
