//! What a Rego module reads of `input`: a path that no document has is an error of the module.
//!
//! Rego takes a path that leads nowhere for undefined, and a rule over something undefined never
//! denies: one misspelt letter would take a rule out of force without a word. So every reference is
//! held against the shape of the document before anything is evaluated. What a variable stands for is
//! followed through `:=`, `some … in`, `every` and the arguments of functions. Where it cannot be, a
//! member must at least have a name that occurs in the document or that the module itself gives. `data`
//! holds the rules of the module and nothing else, so a path there must lead to one of them.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleBody, RuleHead, Span};
use zwieback_model::manifest::diagnostic::nearest;

use super::rego_names::{BY_PATH, constant, name, root, rules, variable};
use super::rego_shape::{INPUT, Shape};

/// What an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A part of the document.
    Part(&'static Shape),
    /// Something that the module made.
    Own,
    /// Something that has not been met yet: in the end it is the module's own.
    Unmet,
}

/// The rule that is asked for.
const RULE: &str = "deny";

/// Makes sure that a module reads only what the document can have.
pub fn check(module: &Module) -> Result<(), String> {
    let mut reader = Reader {
        names: INPUT.names().into_iter().map(str::to_owned).collect(),
        rules: rules(module),
        ..Reader::default()
    };
    // What a variable stands for may follow from another that is written later, and so on: as often
    // as it takes, and a bound, for a chain of four is longer than any that was seen.
    for _ in 0..4 {
        reader.read(module);
    }
    reader.wrong = None;
    reader.is_final = true;
    reader.read(module);
    let unheard = module.policy.iter().any(|rule| name(rule) == "allow");
    if unheard {
        let why = "`allow` is looked at by nobody: what is not in `deny` is allowed";
        return Err(why.to_owned());
    }
    let mut names = module.policy.iter().map(|rule| name(rule));
    let is_near = |name: &str| name != RULE && nearest(name, [RULE]).is_some();
    let misspelt = names.find(|name| is_near(name) && !reader.used.contains(*name));
    if let Some(name) = misspelt {
        let why = format!("`{name}` is looked at by nobody: did you mean `{RULE}`?");
        return Err(why);
    }
    reader.wrong.map_or(Ok(()), Err)
}

#[derive(Debug, Default)]
struct Reader {
    /// What variables of the module, and those of each rule, stand for.
    known: BTreeMap<(usize, String), Kind>,
    /// What functions are given, by name and position.
    given: BTreeMap<(String, usize), Kind>,
    /// Names of members that the document has somewhere, or that the module gives.
    names: BTreeSet<String>,
    /// Names that are read or called.
    used: BTreeSet<String>,
    /// Where the module's rules are, step by step from `data`.
    rules: Vec<Vec<String>>,
    /// The rule that is read; 0 is the module.
    rule: usize,
    is_final: bool,
    wrong: Option<String>,
}

impl Reader {
    fn read(&mut self, module: &Module) {
        self.rule = 0;
        for import in &module.imports {
            if root(&import.refr) == Some("data") {
                self.of(&import.refr);
            }
            if root(&import.refr) == Some("input") {
                let kind = self.of(&import.refr);
                let last = import.refr.span().text().rsplit('.').next();
                let name = import.r#as.as_ref().map(Span::text).or(last);
                if let Some(name) = name.filter(|name| *name != "input") {
                    self.bind(name, kind);
                }
            }
        }
        for (index, rule) in module.policy.iter().enumerate() {
            self.rule = index + 1;
            self.rule(rule);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        match rule {
            Rule::Spec { head, bodies, .. } => {
                self.head(head);
                for body in bodies {
                    self.body(body);
                }
                self.result(head);
            }
            Rule::Default { refr, value, .. } => {
                self.named(refr);
                self.of(value);
            }
        }
    }

    fn head(&mut self, head: &RuleHead) {
        match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => self.named(refr),
            RuleHead::Func { refr, args, .. } => {
                self.named(refr);
                let function = refr.span().text().to_owned();
                for (position, argument) in args.iter().enumerate() {
                    let given = self.given.get(&(function.clone(), position)).copied();
                    match (variable(argument), given) {
                        (Some(name), Some(kind)) => self.bind(name, kind),
                        (Some(_), None) => {}
                        (None, _) => drop(self.of(argument)),
                    }
                }
            }
        }
    }

    /// What a rule comes to, after its bodies have told what its variables stand for.
    fn result(&mut self, head: &RuleHead) {
        match head {
            RuleHead::Compr { refr, assign, .. } => {
                let kind = assign.as_ref().map(|assign| self.of(&assign.value));
                if let (Some(name), Some(kind)) = (variable(refr), kind) {
                    let rule = std::mem::take(&mut self.rule);
                    self.bind(name, kind);
                    self.rule = rule;
                }
            }
            RuleHead::Set { key, .. } => {
                if let Some(key) = key {
                    self.of(key);
                }
            }
            RuleHead::Func { assign, .. } => {
                if let Some(assign) = assign {
                    self.of(&assign.value);
                }
            }
        }
    }

    fn body(&mut self, body: &RuleBody) {
        self.query(&body.query);
        if let Some(assign) = &body.assign {
            self.of(&assign.value);
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            self.literal(&statement.literal);
            for with in &statement.with_mods {
                self.of(&with.refr);
                self.of(&with.r#as);
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::SomeVars { vars, .. } => {
                for name in vars {
                    self.refuse_shadow(name.text());
                }
            }
            Literal::SomeIn {
                key,
                value,
                collection,
                ..
            } => {
                let inner = element(self.of(collection));
                if let Some(key) = key {
                    self.pattern(key, Kind::Own);
                }
                self.pattern(value, inner);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => drop(self.of(expr)),
            Literal::Every {
                key,
                value,
                domain,
                query,
                ..
            } => {
                let inner = element(self.of(domain));
                if let Some(key) = key {
                    self.bind(key.text(), Kind::Own);
                }
                self.bind(value.text(), inner);
                self.query(query);
            }
        }
    }

    /// What an expression stands for, after everything in it was looked at.
    fn of(&mut self, expr: &Expr) -> Kind {
        if root(expr) == Some("data") {
            return self.data(expr);
        }
        match expr {
            Expr::Var { .. } => {
                self.used.insert(expr.span().text().to_owned());
                self.variable(expr.span().text())
            }
            Expr::RefDot { refr, field, .. } => {
                let base = self.of(refr);
                self.member(base, field.0.text(), expr)
            }
            Expr::RefBrack { refr, index, .. } => {
                let base = self.of(refr);
                if let Some(name) = constant(index) {
                    return self.member(base, &name, expr);
                }
                self.of(index);
                self.indexed(base, expr)
            }
            Expr::Call { fcn, params, .. } => self.call(fcn.span().text(), params),
            Expr::AssignExpr { lhs, rhs, .. } => {
                let (left, right) = (variable(lhs), variable(rhs));
                let kind = self.of(rhs);
                match (left, right) {
                    (Some(name), _) => self.bind(name, kind),
                    // `=` works in both directions.
                    (None, Some(name)) => {
                        let kind = self.of(lhs);
                        self.bind(name, kind);
                    }
                    (None, None) => drop(self.of(lhs)),
                }
                Kind::Own
            }
            _ => {
                self.inside(expr);
                Kind::Own
            }
        }
    }

    /// A path from `data`, which leads to a rule of the module.
    fn data(&mut self, expr: &Expr) -> Kind {
        let steps = self.steps(expr);
        self.used.extend(steps.iter().flatten().cloned());
        let leads = |rule: &Vec<String>| {
            let steps = steps.iter().map(|step| step.as_deref());
            let known = rule.iter().map(|step| Some(step.as_str()));
            steps.take(rule.len()).eq(known)
        };
        if !self.rules.iter().any(leads) {
            let last = self.rules.iter().filter_map(|rule| rule.last());
            let mut given = steps.iter().rev().flatten();
            let close = given.find_map(|step| nearest(step, last.clone().map(String::as_str)));
            let advice = close.map_or(String::new(), |close| format!(": did you mean `{close}`?"));
            self.refuse(expr, &format!("leads to no rule of the module{advice}"));
        }
        Kind::Own
    }

    /// The steps of a path, `None` for one that only shows later.
    fn steps(&mut self, expr: &Expr) -> Vec<Option<String>> {
        let (refr, step) = match expr {
            Expr::RefDot { refr, field, .. } => (refr, Some(field.0.text().to_owned())),
            Expr::RefBrack { refr, index, .. } => {
                let step = constant(index);
                if step.is_none() {
                    self.of(index);
                }
                (refr, step)
            }
            _ => return Vec::new(),
        };
        let mut steps = self.steps(refr);
        steps.push(step);
        steps
    }

    /// Everything in an expression that makes a value of its own.
    fn inside(&mut self, expr: &Expr) {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                for item in items {
                    self.of(item);
                }
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.names.extend(constant(key));
                    self.of(key);
                    self.of(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query);
                self.of(term);
            }
            Expr::ObjectCompr {
                key, value, query, ..
            } => {
                self.query(query);
                self.of(key);
                self.of(value);
            }
            Expr::UnaryExpr { expr, .. } => drop(self.of(expr)),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => {
                self.of(lhs);
                self.of(rhs);
            }
            Expr::Membership {
                key,
                value,
                collection,
                ..
            } => {
                for part in key.iter().chain([value, collection]) {
                    self.of(part);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, function: &str, params: &[regorus::unstable::Ref<Expr>]) -> Kind {
        self.used.insert(function.to_owned());
        let kinds: Vec<Kind> = params.iter().map(|param| self.of(param)).collect();
        for (position, kind) in kinds.iter().enumerate() {
            let place = (function.to_owned(), position);
            join(&mut self.given, place, *kind);
        }
        let (Some(Kind::Part(shape)), Some(first)) = (kinds.first(), params.first()) else {
            return Kind::Own;
        };
        if function == "object.get" {
            return self.get(shape, params);
        }
        if BY_PATH.contains(&function) && *shape != &Shape::Free {
            self.refuse(first, "is read by a path that nobody checks: write it out");
        }
        Kind::Own
    }

    /// `object.get(object, path, default)`: its path counts like one that is written out.
    fn get(&mut self, shape: &'static Shape, params: &[regorus::unstable::Ref<Expr>]) -> Kind {
        let Some(path) = params.get(1) else {
            return Kind::Own;
        };
        let steps = match &**path {
            Expr::Array { items, .. } => items.iter().collect(),
            _ => vec![path],
        };
        let mut kind = Kind::Part(shape);
        for step in steps {
            kind = match constant(step) {
                Some(name) => self.member(kind, &name, path),
                None => self.indexed(kind, path),
            };
        }
        kind
    }

    fn variable(&self, name: &str) -> Kind {
        if name == "input" {
            return Kind::Part(&INPUT);
        }
        let own = self.known.get(&(self.rule, name.to_owned()));
        let module = self.known.get(&(0, name.to_owned()));
        own.or(module).copied().unwrap_or(Kind::Unmet)
    }

    fn member(&mut self, base: Kind, name: &str, expr: &Expr) -> Kind {
        match base {
            Kind::Part(Shape::Record(members)) => {
                if let Some((_, shape)) = members.iter().find(|(known, _)| *known == name) {
                    return Kind::Part(shape);
                }
                let known = members.iter().map(|(known, _)| *known);
                let advice = nearest(name, known)
                    .map_or(String::new(), |close| format!(": did you mean `{close}`?"));
                self.refuse(expr, &format!("leads to no member of the document{advice}"));
                Kind::Own
            }
            Kind::Part(Shape::Map(inner)) => Kind::Part(inner),
            Kind::Part(Shape::Free) => base,
            Kind::Part(Shape::List(_)) => {
                self.refuse(expr, "asks a list for a member: `[_]` stands for each");
                Kind::Own
            }
            Kind::Part(Shape::Leaf) => {
                self.refuse(expr, "asks a text or a number for a member");
                Kind::Own
            }
            Kind::Own | Kind::Unmet => {
                if !self.names.contains(name) {
                    let why = "has a member that is called so nowhere in the document";
                    self.refuse(expr, why);
                }
                base
            }
        }
    }

    /// An element or a member that is chosen when the module runs.
    fn indexed(&mut self, base: Kind, expr: &Expr) -> Kind {
        match base {
            Kind::Part(Shape::List(inner) | Shape::Map(inner)) => Kind::Part(inner),
            Kind::Part(Shape::Free) | Kind::Own | Kind::Unmet => base,
            Kind::Part(Shape::Record(_)) => {
                self.refuse(expr, "chooses a member by a name that only shows later");
                Kind::Own
            }
            Kind::Part(Shape::Leaf) => {
                self.refuse(expr, "asks a text or a number for an element");
                Kind::Own
            }
        }
    }

    /// The left side of `some … in`: a variable, or a pattern with variables in it.
    fn pattern(&mut self, pattern: &Expr, kind: Kind) {
        match variable(pattern) {
            Some(name) => self.bind(name, kind),
            None => drop(self.of(pattern)),
        }
    }

    fn bind(&mut self, name: &str, kind: Kind) {
        self.refuse_shadow(name);
        let place = (self.rule, name.to_owned());
        join(&mut self.known, place, kind);
    }

    fn refuse_shadow(&mut self, name: &str) {
        let is_taken = ["input", "data"].contains(&name);
        if is_taken && self.is_final && self.wrong.is_none() {
            self.wrong = Some(format!(
                "`{name}` is given another meaning: take another name"
            ));
        }
    }

    /// The name of a rule is one that others may use, and so is each part of it.
    fn named(&mut self, refr: &Expr) {
        let text = refr.span().text();
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        self.names.extend(words.map(str::to_owned));
    }

    fn refuse(&mut self, expr: &Expr, why: &str) {
        if self.is_final && self.wrong.is_none() {
            let (line, text) = (expr.span().line, expr.span().text());
            self.wrong = Some(format!("line {line}: `{text}` {why}"));
        }
    }
}

/// Two meanings of one name are none that is known.
fn join<K: Ord>(known: &mut BTreeMap<K, Kind>, place: K, kind: Kind) {
    let before = known.entry(place).or_insert(kind);
    if *before == Kind::Unmet {
        *before = kind;
    } else if kind != Kind::Unmet && *before != kind {
        *before = Kind::Own;
    }
}

fn element(kind: Kind) -> Kind {
    match kind {
        Kind::Part(Shape::List(inner) | Shape::Map(inner)) => Kind::Part(inner),
        Kind::Part(Shape::Free) | Kind::Unmet => kind,
        Kind::Part(Shape::Record(_) | Shape::Leaf) | Kind::Own => Kind::Own,
    }
}

#[cfg(test)]
#[path = "rego_reads_tests.rs"]
mod tests;
