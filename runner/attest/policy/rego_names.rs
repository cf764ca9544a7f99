//! What is called how in the text of a Rego module.

use regorus::unstable::{Expr, Module, Rule, RuleHead};

/// Functions that read by a path that is a value: the path of these is not looked at.
pub(super) const BY_PATH: [&str; 6] = [
    "json.filter",
    "json.patch",
    "json.remove",
    "object.filter",
    "object.remove",
    "object.subset",
];

/// What a rule is called.
pub(super) fn name(rule: &Rule) -> &str {
    match rule {
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. }
            | RuleHead::Set { refr, .. }
            | RuleHead::Func { refr, .. } => refr.span().text(),
        },
        Rule::Default { refr, .. } => refr.span().text(),
    }
}

/// Where a module's rules are: below its package, each under its name.
pub(super) fn rules(module: &Module) -> Vec<Vec<String>> {
    let package = module.package.refr.span().text();
    let path = |rule| {
        let name = name(rule).split(['[', '(']).next().unwrap_or_default();
        let words = package.split('.').chain(name.split('.'));
        words.map(|word| word.trim().to_owned()).collect()
    };
    module.policy.iter().map(|rule| path(rule)).collect()
}

/// The variable that an expression is.
pub(super) fn variable(expr: &Expr) -> Option<&str> {
    matches!(expr, Expr::Var { .. }).then(|| expr.span().text())
}

/// The text that an expression is, if it is written there.
pub(super) fn constant(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().ok().map(ToString::to_string)
        }
        _ => None,
    }
}

/// The variable that a reference starts from.
pub(super) fn root(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => root(refr),
        _ => variable(expr),
    }
}
