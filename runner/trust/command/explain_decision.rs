//! Repeating a decision from the log alone.

use zwieback_attest::grounds::Grounds;
use zwieback_attest::verified::Artifact;

use super::error::CommandError;
use super::promote::levels;
use super::session::Reader;
use crate::gate::decide::decide;
use crate::gate::decision::Decision;
use crate::gate::question::{Intent, Question};
use crate::reason::{Reason, Refusal};
use crate::statement::promotion::Promotion;
use crate::statement::said::{Check, Reading, Said, Signed};

/// A decision, repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The entry.
    pub index: u64,
    /// What comes of it now, from the same entries, policy and time.
    pub decision: Decision,
    /// Whether that is what was said then.
    pub agrees: Result<(), Refusal>,
}

/// Repeats the decision behind a promotion, with the log as it was and its time as it was.
pub fn explain_decision(reader: &Reader<'_>, index: u64) -> Result<Explained, CommandError> {
    let ledger = reader.ledger;
    let record = ledger.believe(reader.now)?.record(index)?;
    let signed = match record.read(Check::Signature) {
        Reading::Said(signed) => signed,
        Reading::Forged(refusal) | Reading::Unreadable(refusal) => return Err(refusal.into()),
    };
    let (Said::Promoted(promotion), subject) = (&signed.said, signed.subject) else {
        return Err(CommandError::NoDecision(index));
    };
    let then = promotion.summary.time_verified;
    let then = then.ok_or(CommandError::NoDecision(index))?;
    let state = ledger.load_until(promotion.size, then, reader.now)?;
    let provenance = ledger.provenance(&state, subject, reader.now)?;
    let needed = ledger.needed(&state, subject, reader.now)?;
    let decision = decide(&Question {
        state: &state,
        artifact: &artifact(&signed),
        environment: &promotion.environment,
        provenance: &provenance,
        needed: &needed,
        rego: reader.rego,
        intent: Intent::Promote,
        now: then,
    })?;
    let agrees = compare(&decision, promotion, &signed);
    Ok(Explained {
        index,
        decision,
        agrees,
    })
}

/// The subject has both digests, as they were taken from the bytes.
fn artifact(signed: &Signed) -> Artifact {
    Artifact {
        name: signed.name.clone(),
        sha256: signed.subject,
        blake3: None,
    }
}

fn compare(decision: &Decision, said: &Promotion, signed: &Signed) -> Result<(), Refusal> {
    decision.verdict()?;
    let inputs = said
        .summary
        .inputs
        .iter()
        .filter_map(|input| input.digest.get_sha256());
    let same = decision.artifact == signed.subject
        && decision.name == signed.name
        && Some(decision.policy) == said.summary.policy.digest.get_sha256()
        && decision.generation == said.generation
        && decision.version == said.version
        && decision.inputs == inputs.collect()
        && levels(decision) == said.summary.levels
        && said
            .summary
            .grounds
            .as_ref()
            .is_none_or(|promotion| same_grounds(decision, promotion))
        && decision.waived() == said.waived;
    if same {
        Ok(())
    } else {
        Err(Refusal::new(Reason::DecisionDiffers, "another result"))
    }
}

/// Earlier versions did not name the policy about builds there, or gave no grounds at all.
fn same_grounds(decision: &Decision, said: &Grounds) -> bool {
    let build_policy = said.build_policy.and(decision.grounds.build_policy);
    *said
        == Grounds {
            build_policy,
            ..decision.grounds.clone()
        }
}
