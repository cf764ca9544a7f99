//! Rego modules of a policy: what they deny, over the document of `rego_input`.
//!
//! The engine has no network, no clock and no randomness: the same document has the same answer.

use std::fmt;

use regorus::{Engine, Value as RegoValue};
use serde::Deserialize;

use super::rego_calls::{Chain, fatal_chain};
use crate::json::canonical;
use crate::json::value::Value;

/// What a module must define: the messages for which it denies, in the package and under the name
/// that every tool around Open Policy Agent looks for.
const RULE: &str = "data.zwieback.deny";
/// What a file is called in the engine's own messages.
const FILE: &str = "module";

/// The engine reads a bracket as a comprehension first and as a list then, so that its time doubles
/// with every bracket inside another (regorus 0.11, `parse_compr`); its own limit of 32 is hours.
const DEEPEST: usize = 12;
/// A module longer than this was not written by hand.
const LONGEST: usize = 64 << 10;

/// A module that defines `deny` in `package zwieback`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RegoModule(String);

/// A module that cannot be used, or that came to no answer. Either way it denies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegoError {
    /// Its text is no module that defines the rule.
    #[error("no Rego module that defines `{RULE}`: {0}")]
    Module(String),
    /// It would keep the engine busy for hours.
    #[error(
        "the module is longer than {LONGEST} bytes, or has more than {DEEPEST} brackets in each other"
    )]
    TooLarge,
    /// A function calls itself, which the engine would do until its stack is full.
    #[error("the function `{0}` calls itself")]
    Recursive(String),
    /// More rules need each other in a row than the engine's stack is sure to hold.
    #[error("too many of its rules need each other in a row")]
    Chained,
    /// A rule failed, or is defined by nothing.
    #[error("the rule failed: {0}")]
    Failed(String),
    /// The answer is no set of messages.
    #[error("`{RULE}` is no set of texts")]
    Answer,
}

impl RegoModule {
    /// The messages for which the module denies; none means that it has nothing against it.
    pub fn denials(&self, input: &Value) -> Result<Vec<String>, RegoError> {
        let mut engine = engine(&self.0)?;
        engine
            .set_input_json(&canonical::to_string(input))
            .map_err(failed)?;
        let answer = engine.eval_rule(RULE.to_owned()).map_err(failed)?;
        let messages = answer.as_set().map_err(|_| RegoError::Answer)?;
        messages.iter().map(text).collect()
    }
}

fn engine(text: &str) -> Result<Engine, RegoError> {
    let mut engine = Engine::new();
    // A function that fails must not leave a denial undefined, and so unsaid.
    engine.set_strict_builtin_errors(true);
    engine
        .add_policy(FILE.to_owned(), text.to_owned())
        .map_err(refused)?;
    Ok(engine)
}

/// How many brackets are open at most. Those in texts and comments count: the engine is not asked yet.
fn nesting(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for character in text.chars() {
        match character {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = open.max(most);
    }
    most
}

fn text(message: &RegoValue) -> Result<String, RegoError> {
    let text = message.as_string().map_err(|_| RegoError::Answer)?;
    Ok(text.to_string())
}

fn refused(error: impl fmt::Display) -> RegoError {
    RegoError::Module(one_line(error))
}

fn failed(error: impl fmt::Display) -> RegoError {
    RegoError::Failed(one_line(error))
}

/// The engine draws a picture of the place over several lines; a screen of rules has one for each.
fn one_line(error: impl fmt::Display) -> String {
    let text = format!("{error:#}");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl TryFrom<String> for RegoModule {
    type Error = RegoError;

    fn try_from(text: String) -> Result<Self, RegoError> {
        if text.len() > LONGEST || nesting(&text) > DEEPEST {
            return Err(RegoError::TooLarge);
        }
        let mut engine = engine(&text)?;
        let tree = engine.get_ast_as_json().map_err(refused)?;
        match fatal_chain(&tree).map_err(refused)? {
            Some(Chain::Endless(name)) => return Err(RegoError::Recursive(name)),
            Some(Chain::Long) => return Err(RegoError::Chained),
            None => {}
        }
        // Evaluated over nothing: a missing rule shows when the policy is read, not when it counts.
        engine.eval_rule(RULE.to_owned()).map_err(refused)?;
        Ok(Self(text))
    }
}

impl fmt::Display for RegoModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "rego_tests.rs"]
mod tests;
