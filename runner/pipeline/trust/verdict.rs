//! What a verification came to, for people and for programs.

use serde_json::{Value, json};
use zwieback_attest::folder::Leave;
use zwieback_attest::policy::decide::{Decision, Outcome};
use zwieback_attest::reason::Reason;
use zwieback_attest::trust::Trust;
use zwieback_attest::verify::Verified;
use zwieback_attest::vsa::Summary;
use zwieback_model::amount::counted;
use zwieback_model::labelled::Tone;

use super::folder::Held;
use super::verification::{Asked, Verification};
use crate::pipeline::context::answer::{Answer, Sentence, Tell};

/// What was verified, and what was left out.
#[derive(Clone, Copy, Debug)]
pub struct LookedAt {
    files: usize,
    leave: Leave,
    /// Whether a statement does not tell of links and executable bits.
    is_unsaid: bool,
}

/// That everything was verified, and by whom.
pub fn verified(
    what: &LookedAt,
    verified: &Verification,
    trust: &Trust,
    screen: &dyn Tell,
) -> Answer {
    let decision = verified.decision.as_ref();
    if screen.is_for_programs() {
        let builds: Vec<Value> = verified.builds.iter().map(|it| build(it, trust)).collect();
        let verdict = json!({
            "verdict": "verified",
            "builds": builds,
            "policy": decision.map(rules),
            "policySigned": verified.policy_signed,
        });
        return what.told(vec![], verdict);
    }
    let files = counted(what.files, "artifact");
    let by = |build: &Verified| {
        let by = trust.attribution(build.key(), &build.provenance().builder.id);
        Sentence::new(Tone::Good, "Verified", format!("{files} by {by}"))
    };
    let mut sentences: Vec<Sentence> = verified.builds.iter().map(by).collect();
    if let Some(decision) = decision {
        let rules = counted(decision.outcomes().len(), "rule");
        let whose = match verified.policy_signed {
            Some(true) => "the policy",
            _ => "a policy that nobody signed",
        };
        let kept = format!("{rules} of {whose}");
        sentences.push(Sentence::new(Tone::Good, "Kept", kept));
    }
    what.told(sentences, Value::Null)
}

/// That a verifier's summary was believed, and what it says.
pub fn believed(what: &LookedAt, summary: &Summary) -> Answer {
    let grounds = summary.grounds.as_ref();
    let levels: Vec<&str> = summary.levels.iter().map(String::as_str).collect();
    let verdict = json!({
        "verdict": "verified",
        "verifier": summary.verifier,
        "resource": summary.resource,
        "levels": levels,
        "environment": grounds.and_then(|grounds| grounds.environment.as_deref()),
        "expires": grounds.map(|grounds| grounds.expires.to_string()),
        "policySigned": grounds.map(|grounds| grounds.policy_signed),
    });
    let (files, verifier) = (counted(what.files, "artifact"), &summary.verifier);
    let levels = levels.join(", ");
    let by = format!("{files} by the summary of {verifier}: {levels}");
    what.told(vec![Sentence::new(Tone::Good, "Verified", by)], verdict)
}

/// Every rule that was applied: it is what was asked for.
pub fn explained(decision: &Decision) -> Answer {
    let line = |rule: &Outcome| {
        let (asked, saw) = (&rule.asked, &rule.saw);
        let mark = rule.denied.map_or("ok", Reason::code);
        format!("{:<24} asks for {asked}, saw {saw}: {mark}", rule.rule)
    };
    let lines = decision.outcomes().iter().map(line);
    Answer::lines(lines, rules(decision).to_string())
}

impl LookedAt {
    /// What was asked, and which folders were held against it.
    pub fn of(asked: &Asked, held: &[Held]) -> Self {
        Self {
            files: asked.artifacts.len() + held.iter().map(|it| it.files.len()).sum::<usize>(),
            leave: asked.leave,
            is_unsaid: held.iter().any(|it| it.is_unsaid),
        }
    }

    /// What there is to say, with what was left out where something was.
    fn told(&self, mut sentences: Vec<Sentence>, mut verdict: Value) -> Answer {
        let left_out = self.left_out();
        if !left_out.is_empty() {
            let first = Sentence::new(Tone::Warning, "Left out", left_out.join(", "));
            sentences.insert(0, first);
            verdict["left_out"] = left_out.into();
        }
        Answer::Told {
            sentences,
            value: Some(verdict.to_string()),
        }
    }

    fn left_out(&self) -> Vec<&'static str> {
        let all = [
            (self.leave.modes, "executable bits"),
            (self.leave.missing, "what is missing"),
            (
                self.is_unsaid,
                "links and executable bits, which are not stated",
            ),
        ];
        all.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
}

fn build(build: &Verified, trust: &Trust) -> Value {
    let named = &build.provenance().builder.id;
    json!({
        "bundle": build.bundle().to_hex(),
        // Whom the trust root names; a key alone vouches for no name.
        "builder": trust.vouches_for_builders().then_some(named),
        "claimedBuilder": named,
        "key": build.key().to_string(),
        "level": build.level().to_string(),
        "signed": build.time().describe(),
        "subjects": build.subjects(),
    })
}

fn rules(decision: &Decision) -> Value {
    let rule = |outcome: &Outcome| {
        json!({
            "rule": outcome.rule,
            "asked": &*outcome.asked,
            "saw": outcome.saw,
            "denied": outcome.denied.map(Reason::code),
        })
    };
    decision.outcomes().iter().map(rule).collect()
}
