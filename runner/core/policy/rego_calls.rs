//! Rows of rules in a Rego module that would fill the engine's stack, and so end the whole program
//! (regorus 0.11): functions that call themselves, which Open Policy Agent refuses as well, and rows
//! that are too long.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// So many rules may need each other in a row; the engine's stack holds a few thousand.
const LONGEST_CHAIN: usize = 64;

/// Rules in a row that would fill the engine's stack.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// This function calls itself.
    Endless(String),
    /// More than [`LONGEST_CHAIN`] need each other.
    Long,
}

/// What a rule or a function mentions, by the name of either.
type Mentions = BTreeMap<String, BTreeSet<String>>;

/// The first such row in the syntax tree of a module, as the engine writes it in JSON. A name counts
/// wherever it stands, a local variable's too: a function that only looks as if it called itself is
/// refused as well.
pub(super) fn fatal_chain(tree: &str) -> Result<Option<Chain>, serde_json::Error> {
    // What is nested deeper than a hundred levels is refused here, as `serde_json` has it.
    let tree: Value = serde_json::from_str(tree)?;
    let rules = tree.pointer("/0/ast/rules").and_then(Value::as_array);
    let mut mentions = Mentions::new();
    let mut functions = BTreeSet::new();
    for rule in rules.into_iter().flatten() {
        let Some((kind, names, words)) = read(rule) else {
            continue;
        };
        for name in names {
            if kind == "Func" {
                functions.insert(name.clone());
            }
            mentions.entry(name).or_default().extend(words.clone());
        }
    }
    if is_deep(&mentions) {
        return Ok(Some(Chain::Long));
    }
    let is_caught = |function: &String| reaches(function, &mentions);
    Ok(functions.into_iter().find(is_caught).map(Chain::Endless))
}

/// The kind of a rule's head, the words of its name, and all other words of it.
fn read(rule: &Value) -> Option<(&str, BTreeSet<String>, BTreeSet<String>)> {
    let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
    let (kind, head) = rule.pointer("/Spec/head")?.as_object()?.iter().next()?;
    for (part, tree) in head.as_object()? {
        if part == "refr" {
            collect_all(tree, &mut names);
        } else {
            collect(tree, &mut words);
        }
    }
    collect(rule.pointer("/Spec/bodies")?, &mut words);
    Some((kind, names, words))
}

/// The names that a tree mentions. What follows a dot is a member of something, unless that is the
/// document of all modules or the whole is called.
fn collect(tree: &Value, words: &mut BTreeSet<String>) {
    match tree {
        Value::String(word) => {
            words.insert(word.clone());
        }
        Value::Array(list) => list.iter().for_each(|it| collect(it, words)),
        Value::Object(map) => map.iter().for_each(|(key, it)| match key.as_str() {
            "RefDot" => collect_member(it, words),
            "fcn" => collect_all(it, words),
            "span" | "String" | "RawString" => {}
            _ => collect(it, words),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect_member(tree: &Value, words: &mut BTreeSet<String>) {
    let mut of = BTreeSet::new();
    collect(&tree["refr"], &mut of);
    if of.contains("data") {
        collect_all(&tree["field"], words);
    }
    words.extend(of);
}

fn collect_all(tree: &Value, words: &mut BTreeSet<String>) {
    match tree {
        Value::String(word) => {
            words.insert(word.clone());
        }
        Value::Array(list) => list.iter().for_each(|it| collect_all(it, words)),
        Value::Object(map) => map.values().for_each(|it| collect_all(it, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a rule needs another, that one the next, and so on through more than [`LONGEST_CHAIN`].
/// A rule that needs itself is the engine's to refuse.
fn is_deep(mentions: &Mentions) -> bool {
    let mut level: BTreeSet<&String> = mentions.keys().collect();
    for _ in 0..LONGEST_CHAIN {
        let mut next = BTreeSet::new();
        for from in level {
            let others = mentions[from].iter().filter(|to| *to != from);
            next.extend(others.filter(|to| mentions.contains_key(*to)));
        }
        level = next;
    }
    !level.is_empty()
}

/// Whether what a name stands for leads back to it.
fn reaches(name: &String, mentions: &Mentions) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![name];
    while let Some(from) = next.pop() {
        for to in mentions.get(from).into_iter().flatten() {
            if to == name {
                return true;
            }
            if mentions.contains_key(to) && seen.insert(to) {
                next.push(to);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use regorus::Engine;

    use super::*;

    fn caught(rules: &str) -> Option<Chain> {
        let mut engine = Engine::new();
        let text = format!("package zwieback\n{rules}\n");
        engine.add_policy("module".to_owned(), text).unwrap();
        let tree = engine.get_ast_as_json().unwrap();
        fatal_chain(&tree).unwrap()
    }

    #[test]
    fn a_function_that_needs_itself_is_caught() {
        for rules in [
            "f(x) := f(x)",
            "f(x) := data.zwieback.f(x)",
            "f(x) := g(x)\ng(x) := f(x)",
            "f(x) := p\np := f(1)",
            "f(x) := 1 if { x == 0 } else := f(x)",
            "f(x) := [y | some y in f(x)]",
            "f(x) := 1 if { count(x) with count as f }",
            "f(x) := 1 if { every y in x { f(y) } }",
            "default f(x) := 1\nf(x) if { not f(x) }",
        ] {
            let caught = caught(rules);
            let is_endless = caught == Some(Chain::Endless("f".to_owned()));
            assert!(is_endless || caught == Some(Chain::Long), "{rules}");
        }
    }

    #[test]
    fn a_chain_has_an_end() {
        let chain = |count: usize| {
            let link = |at: usize| format!("p{at} := p{}\n", at + 1);
            (0..count).map(link).collect::<String>()
        };
        assert_eq!(caught(&chain(LONGEST_CHAIN)), None);
        assert_eq!(caught(&chain(LONGEST_CHAIN + 1)), Some(Chain::Long));
    }

    #[test]
    fn others_are_left_alone() {
        for rules in [
            "f(x) := x + 1\ng(x) := f(f(x))\np := g(2)",
            "p contains x if { some x in input.list }\ndeny contains \"no\" if { count(p) > 1 }",
            "f(x) := count(x)\nf(y) := sum(y)",
            "level(b) := b.level",
            "f(x) := \"f\"",
        ] {
            assert_eq!(caught(rules), None, "{rules}");
        }
    }
}
