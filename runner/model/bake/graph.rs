//! Which recipe needs which, in an order that builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::json::canonical;
use crate::json::value::Value;
use crate::name::Name;

/// Recipes and what each needs, free of circles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    needs: BTreeMap<Name, Vec<Name>>,
    order: Vec<Name>,
}

/// Recipes that need each other; the first one is also the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle(pub Vec<Name>);

impl Graph {
    /// The graph of these recipes. Whatever is needed must itself be a key.
    pub fn new(needs: BTreeMap<Name, Vec<Name>>) -> Result<Self, Circle> {
        let order = order(&needs)?;
        Ok(Self { needs, order })
    }

    /// The recipes, each behind everything it needs; equal graphs have equal orders.
    pub fn order(&self) -> &[Name] {
        &self.order
    }

    /// What a recipe needs itself.
    pub fn needs(&self, name: &Name) -> &[Name] {
        self.needs.get(name).map_or(&[], Vec::as_slice)
    }

    /// One line for each recipe, in the order they are built.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for name in &self.order {
            let needs: Vec<_> = self.needs(name).iter().map(Name::as_str).collect();
            let arrow = if needs.is_empty() { "" } else { " <- " };
            writeln!(text, "{name}{arrow}{}", needs.join(", ")).expect("text takes more text");
        }
        text
    }

    /// The graph for Graphviz; an arrow leads from what is needed to who needs it.
    pub fn to_dot(&self) -> String {
        let mut text = String::from("digraph recipes {\n  rankdir=LR;\n");
        for name in &self.order {
            writeln!(text, "  \"{name}\";").expect("text takes more text");
            for need in self.needs(name) {
                writeln!(text, "  \"{need}\" -> \"{name}\";").expect("text takes more text");
            }
        }
        text + "}\n"
    }

    /// The graph as one JSON object: what each recipe needs, and the order.
    pub fn to_json(&self) -> String {
        let list =
            |names: &[Name]| Value::Array(names.iter().map(|name| name.as_str().into()).collect());
        let needs = self
            .needs
            .iter()
            .map(|(name, needs)| (name.to_string(), list(needs)));
        let value = Value::object([
            ("needs", Value::Object(needs.collect())),
            ("order", list(&self.order)),
        ]);
        canonical::to_string(&value) + "\n"
    }
}

/// Depth first, without recursion: a chain of needs may be as long as there are recipes.
fn order(needs: &BTreeMap<Name, Vec<Name>>) -> Result<Vec<Name>, Circle> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    for start in needs.keys() {
        let mut path: Vec<(&Name, usize)> = vec![(start, 0)];
        while let Some((name, next)) = path.last().copied() {
            let need = needs.get(name).and_then(|all| all.get(next));
            match need {
                _ if done.contains(name) => drop(path.pop()),
                Some(need) => {
                    if let Some(at) = path.iter().position(|(name, _)| *name == need) {
                        let circle = path[at..].iter().map(|(name, _)| *name);
                        return Err(Circle(circle.chain([need]).cloned().collect()));
                    }
                    if let Some(last) = path.last_mut() {
                        last.1 += 1;
                    }
                    path.push((need, 0));
                }
                None => {
                    done.insert(name);
                    order.push(name.clone());
                    path.pop();
                }
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(pairs: &[(&str, &[&str])]) -> Result<Graph, Circle> {
        let name = |text: &&str| text.parse::<Name>().unwrap();
        let needs = pairs
            .iter()
            .map(|(from, to)| (name(from), to.iter().map(name).collect()));
        Graph::new(needs.collect())
    }

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let graph = graph(&[("a", &["c", "b"]), ("b", &["c"]), ("c", &[]), ("d", &["a"])]).unwrap();
        let order: Vec<_> = graph.order().iter().map(Name::as_str).collect();
        assert_eq!(order, ["c", "b", "a", "d"]);
        assert_eq!(graph.to_text(), "c\nb <- c\na <- c, b\nd <- a\n");
        assert!(graph.to_dot().contains("\"c\" -> \"b\";"));
        assert!(
            graph
                .to_json()
                .starts_with("{\"needs\":{\"a\":[\"c\",\"b\"]")
        );
    }

    #[test]
    fn a_circle_is_told_as_a_path() {
        let circle = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]).unwrap_err();
        let names: Vec<_> = circle.0.iter().map(Name::as_str).collect();
        assert_eq!(names, ["b", "c", "b"]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let name = |number: usize| format!("r{number:06}").parse::<Name>().unwrap();
        let needs = (0..2_000).map(|at| {
            (
                name(at),
                if at == 1_999 {
                    vec![]
                } else {
                    vec![name(at + 1)]
                },
            )
        });
        let graph = Graph::new(needs.collect()).unwrap();
        assert_eq!(graph.order()[0], name(1_999));
    }
}
