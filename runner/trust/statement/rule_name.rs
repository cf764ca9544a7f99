//! What rules of the gate are called in statements.

/// What goes to an environment must be in the one before it.
pub const PREVIOUS_ENVIRONMENT: &str = "previous-environment";
/// Its name in statements of earlier versions.
const FORMER: &str = "ladder";

/// No rule has a longer name: those of modules are the longest.
const LONGEST: usize = 128;

/// Whether a text could be the name of a rule.
pub fn is_rule_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=LONGEST).contains(&text.len()) && text.chars().all(plain)
}

/// The name that the rule has today.
pub fn current(name: &str) -> String {
    match name {
        FORMER => PREVIOUS_ENVIRONMENT.to_owned(),
        name => name.to_owned(),
    }
}
