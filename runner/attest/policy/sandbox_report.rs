//! What a provenance says about its sandbox: the states of factors and locks, as the builder wrote them.

use serde::Serialize;
use zwieback_model::enforcement::{Lock, LockState};
use zwieback_model::json::from_serde::value_of;
use zwieback_model::json::value::Value;
use zwieback_model::variation::factor::Factor;

use crate::build::statement::SANDBOX;
use crate::provenance::Provenance;

/// The word for a factor's state; none where the provenance does not tell.
pub fn factor(provenance: &Provenance, factor: Factor) -> Option<&str> {
    let factors = annotation(provenance, "factors")?;
    factors.get(factor.as_str())?.get("state")?.as_str()
}

/// A lock's state in the run in which it held less; none unless the provenance tells of both.
pub fn lock(provenance: &Provenance, lock: Lock) -> Option<LockState> {
    let enforcement = annotation(provenance, "enforcement")?;
    let name = word(&lock);
    let state = |run: &str| {
        let state = enforcement.get(run)?.get(&name)?.get("state")?.as_str()?;
        let all = [LockState::Enforced, LockState::Partial, LockState::Absent];
        all.into_iter().find(|it| word(it) == state)
    };
    Some(state("A")?.max(state("B")?))
}

/// The one word of a value that is a word, as it stands in files and in provenance.
pub fn word(value: &impl Serialize) -> String {
    let value = value_of(value).expect("a word has a JSON form");
    value.as_str().unwrap_or_default().to_owned()
}

fn annotation<'p>(provenance: &'p Provenance, name: &str) -> Option<&'p Value> {
    let mut byproducts = provenance.byproducts.iter();
    let report = byproducts.find(|byproduct| byproduct.name.as_deref() == Some(SANDBOX))?;
    report.annotations.get(name)
}
