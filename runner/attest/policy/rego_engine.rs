//! Evaluates Rego modules where it is called.
//!
//! The engine has no network, no clock and no randomness: the same document has the same answer. It
//! has no bounds either. A function that calls itself fills the stack, and so do four thousand rules
//! that need each other in a row; a bracket inside another doubles its time (regorus 0.11,
//! `parse_compr`). So it belongs into a process that may end.

use std::fmt;

use regorus::{Engine, Value};

use super::rego::{LONGEST_ANSWER, Rego, RegoError, RegoModule};
use super::rego_reads;

/// What a module must define: the messages for which it denies, in the package and under the name
/// that every tool around Open Policy Agent looks for.
const RULE: &str = "data.zwieback.deny";
/// What a file is called in the engine's own messages.
const FILE: &str = "module";

/// The engine in this very process, for a process that has nothing to lose.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegoEngine;

impl Rego for RegoEngine {
    fn denials(&self, module: &RegoModule, input: Option<&str>) -> Result<Vec<String>, RegoError> {
        let mut engine = Engine::new();
        // A function that fails must not leave a denial undefined, and so unsaid.
        engine.set_strict_builtin_errors(true);
        engine
            .add_policy(FILE.to_owned(), module.as_str().to_owned())
            .map_err(refused)?;
        for module in engine.get_modules() {
            rego_reads::check(module).map_err(RegoError::Reads)?;
        }
        let Some(input) = input else {
            // Without a document a rule may be undefined, but it is there.
            engine.eval_rule(RULE.to_owned()).map_err(refused)?;
            return Ok(Vec::new());
        };
        engine.set_input_json(input).map_err(failed)?;
        let answer = engine.eval_rule(RULE.to_owned()).map_err(failed)?;
        let messages = answer.as_set().map_err(|_| RegoError::Answer)?;
        let messages = messages.iter().map(text);
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        if messages.iter().map(String::len).sum::<usize>() > LONGEST_ANSWER {
            return Err(RegoError::LongAnswer);
        }
        Ok(messages)
    }
}

fn text(message: &Value) -> Result<String, RegoError> {
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

#[cfg(test)]
#[path = "rego_tests.rs"]
mod tests;
