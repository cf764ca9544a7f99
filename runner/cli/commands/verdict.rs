//! What a verification came to, for people and for programs.

use std::io::Write as _;

use serde_json::{Value, json};
use zwieback_attest::folder::Leave;
use zwieback_attest::policy::decide::{Decision, Outcome};
use zwieback_attest::reason::Reason;
use zwieback_attest::trust::Trust;
use zwieback_attest::verify::Verified;
use zwieback_attest::vsa::Summary;

use crate::cli::args::global::{Format, Global};
use crate::cli::error;
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint, counted};
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::{Failure, Refused, RefusedBy, Why};
use crate::pipeline::trust::verify::Answer;

/// Further refusals that a screen names; all are in JSON.
const MOST_NAMED: usize = 20;

/// What was verified, and what was left out.
#[derive(Clone, Copy, Debug)]
pub struct LookedAt {
    /// How many files.
    pub files: usize,
    /// What was not asked of folders.
    pub leave: Leave,
    /// Whether a statement does not tell of links and executable bits.
    pub is_unsaid: bool,
}

/// Says that everything was verified, and by whom.
pub fn accepted(
    global: &Global,
    what: &LookedAt,
    answer: &Answer,
    trust: &Trust,
) -> Result<u8, Failure> {
    if global.format == Format::Json {
        let builds: Vec<Value> = answer.builds.iter().map(|it| build(it, trust)).collect();
        let verdict = json!({
            "verdict": "verified",
            "builds": builds,
            "policy": answer.decision.as_ref().map(rules),
            "policySigned": answer.policy_signed,
        });
        print(&with(verdict, "left_out", what.left_out()))?;
        return Ok(exit::DONE);
    }
    let paint = Paint::for_stderr(global.color);
    what.tell(paint)?;
    let what = counted(what.files, "artifact");
    let line = |build: &Verified| {
        let by = trust.attribution(build.key(), &build.provenance().builder.id);
        paint.line(Meaning::Good, "Verified", format!("{what} by {by}"))
    };
    let lines: Vec<String> = answer.builds.iter().map(line).collect();
    say(&lines.join("\n"))?;
    if let Some(decision) = &answer.decision {
        let rules = counted(decision.outcomes().len(), "rule");
        let whose = match answer.policy_signed {
            Some(true) => "the policy",
            _ => "a policy that nobody signed",
        };
        let kept = format!("{rules} of {whose}");
        say(&paint.line(Meaning::Good, "Kept", kept))?;
    }
    Ok(exit::DONE)
}

/// Says that a verifier's summary was believed, and what it says.
pub fn believed(global: &Global, what: &LookedAt, summary: &Summary) -> Result<u8, Failure> {
    let grounds = summary.grounds.as_ref();
    let levels: Vec<&str> = summary.levels.iter().map(String::as_str).collect();
    if global.format == Format::Json {
        let verdict = json!({
            "verdict": "verified",
            "verifier": summary.verifier,
            "resource": summary.resource,
            "levels": levels,
            "environment": grounds.and_then(|it| it.environment.as_deref()),
            "expires": grounds.map(|it| it.expires.to_string()),
            "policySigned": grounds.map(|it| it.policy_signed),
        });
        print(&with(verdict, "left_out", what.left_out()))?;
        return Ok(exit::DONE);
    }
    let paint = Paint::for_stderr(global.color);
    what.tell(paint)?;
    let (what, verifier) = (counted(what.files, "artifact"), &summary.verifier);
    let by = format!("{what} by the summary of {verifier}: {}", levels.join(", "));
    say(&paint.line(Meaning::Good, "Verified", by))?;
    Ok(exit::DONE)
}

/// A refusal of a verification is an answer, and has a form of its own; any other failure stays one.
pub fn refused_or(global: &Global, failure: Failure) -> Result<u8, Failure> {
    let refused = failure.refused.as_deref();
    let Some(refused) = refused.filter(|refused| refused.by == RefusedBy::Verification) else {
        return Err(failure);
    };
    match global.format {
        Format::Json => print(&refusal(refused))?,
        Format::Human => {
            let paint = Paint::for_stderr(global.color);
            let (error, first) = (paint.text(Meaning::Bad, "error:"), &refused.first);
            say(&format!("{error} {} [{}]", first.sentence, first.code))?;
            for other in refused.others.iter().take(MOST_NAMED) {
                say(&format!("  {} {}", other.code, other.saw))?;
            }
        }
    }
    Ok(error::code(&failure))
}

/// Whether the gate or a reader of the log refused something.
pub fn is_of_gate(failure: &Failure) -> bool {
    let refused = failure.refused.as_deref();
    refused.is_some_and(|refused| refused.by == RefusedBy::Gate)
}

/// Says what the gate or the log refused, with the reason's code and advice.
pub fn refused_release(global: &Global, failure: &Failure) -> Result<u8, Failure> {
    match (global.format, &failure.refused) {
        (Format::Json, Some(refused)) => print(&refusal(refused))?,
        _ => error::print(failure, Paint::for_stderr(global.color)),
    }
    Ok(error::code(failure))
}

fn refusal(refused: &Refused) -> Value {
    let other = |why: &Why| json!({"reason": why.code, "saw": why.saw});
    let verdict = json!({
        "verdict": "refused",
        "reason": refused.first.code,
        "message": refused.first.sentence,
    });
    with(
        verdict,
        "others",
        refused.others.iter().map(other).collect(),
    )
}

/// Prints every rule that was applied, on stdout: it is what was asked for.
pub fn explain(global: &Global, decision: &Decision) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print(&rules(decision));
    }
    let mut stdout = terminal::stdout();
    for it in decision.outcomes() {
        let mark = it.denied.map_or("ok", Reason::code);
        writeln!(
            stdout,
            "{:<24} asks for {}, saw {}: {mark}",
            it.rule, it.asked, it.saw
        )?;
    }
    Ok(())
}

impl LookedAt {
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

    fn tell(&self, paint: Paint) -> Result<(), Failure> {
        match self.left_out().as_slice() {
            [] => Ok(()),
            left_out => say(&paint.line(Meaning::Warning, "Left out", left_out.join(", "))),
        }
    }
}

/// A list is named where it holds something.
fn with<T: Into<Value>>(mut verdict: Value, name: &str, list: Vec<T>) -> Value {
    if !list.is_empty() {
        verdict[name] = list.into();
    }
    verdict
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
    let rule = |it: &Outcome| {
        json!({
            "rule": it.rule,
            "asked": &*it.asked,
            "saw": it.saw,
            "denied": it.denied.map(Reason::code),
        })
    };
    decision.outcomes().iter().map(rule).collect()
}

fn print(value: &Value) -> Result<(), Failure> {
    Ok(writeln!(terminal::stdout(), "{value}")?)
}

fn say(line: &str) -> Result<(), Failure> {
    // In one piece: stderr has no buffer of its own.
    let text = format!("{line}\n");
    Ok(terminal::stderr().write_all(text.as_bytes())?)
}
