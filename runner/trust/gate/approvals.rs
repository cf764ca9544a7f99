//! Who approved: different people, none of whom changed the source or built the artifact.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_attest::identity::Identity;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::builds::Builds;
use super::case::Case;
use super::decision::{Decision, Rule, SetAside, Waivable};
use super::inputs::Authored;
use super::tested;
use crate::policy::release_policy::Authors;
use crate::reason::{Reason, Refusal, Why};
use crate::state::environment::Generation;
use crate::state::record::Entered;
use crate::statement::approval::Approval;
use crate::statement::heading::OutOfSpan;

const DAY: i64 = 86_400;

/// Those who cannot approve, and what else an approval is held against.
struct Bench<'a> {
    case: &'a Case<'a>,
    name: &'a str,
    authors: BTreeSet<&'a Name>,
    makers: BTreeSet<Identity>,
    taken_out: Option<&'a Generation>,
    /// A source of which nobody has said who changed it, where someone should have.
    unclaimed: Option<String>,
}

/// Applies the rules about people: authors, approvals, tests.
pub(super) fn apply(case: &Case<'_>, builds: &Builds, decision: &mut Decision) {
    let state = case.question.state;
    let sources = builds.authored();
    let authors = sources
        .iter()
        .flat_map(|source| state.authors(source.digest));
    let authors: BTreeSet<&Name> = authors.collect();
    let bench = Bench {
        case,
        makers: makers(case, builds),
        name: case.name(builds),
        taken_out: taken_out(case),
        authors,
        unclaimed: unclaimed(&sources, case),
    };
    decision.rules.extend(bench.authors());
    decision
        .rules
        .extend(bench.approvals(&mut decision.set_aside));
    decision
        .rules
        .extend(tested::rule(case, &mut decision.set_aside));
}

impl Bench<'_> {
    fn authors(&self) -> Option<Rule> {
        if self.case.environment.authors == Authors::IfKnown {
            return None;
        }
        let names: Vec<&str> = self.authors.iter().map(|name| name.as_str()).collect();
        let why = self
            .unclaimed
            .as_ref()
            .map(|_| Reason::AuthorsUnknown.into());
        let saw = match &self.unclaimed {
            Some(source) => format!("nobody for {source}"),
            None => names.join(", "),
        };
        let asked = "someone known as author of each source of the project's own, or else of one";
        Some(Rule::new("authors", asked, saw, why))
    }

    fn approvals(&self, set_aside: &mut Vec<SetAside>) -> Option<Rule> {
        let asked = &self.case.environment.approvals;
        if asked.is_empty() {
            return None;
        }
        let mut counted: BTreeMap<Identity, (&Name, u64)> = BTreeMap::new();
        let mut reasons = Vec::new();
        for approval in self.candidates() {
            let (who, person) = match self.count(approval, &counted) {
                Ok(approver) => approver,
                Err(why) => {
                    reasons.push(why.reason);
                    set_aside.push(aside(approval.index, "approval", why));
                    continue;
                }
            };
            counted.insert(who, (person, approval.index));
        }
        let approvers: BTreeSet<&Name> = counted.into_values().map(|(name, _)| name).collect();
        self.other_artifacts(&mut reasons, set_aside);
        let filled = self.fill(&approvers);
        let needed: usize = asked.values().sum();
        let wanted: Vec<String> = asked
            .iter()
            .map(|(role, count)| format!("{count} of the role {role}"))
            .collect();
        let names: Vec<&str> = approvers.iter().map(|name| name.as_str()).collect();
        let saw = match names.as_slice() {
            [] => "nobody".to_owned(),
            names if filled == names.len() => format!("{filled}: {}", names.join(", ")),
            names => format!("{filled} among {}", names.join(", ")),
        };
        // What was set aside is the better reason: it says what was wrong with what is there.
        let why = reasons
            .first()
            .copied()
            .unwrap_or(Reason::ApprovalsTooFew.into());
        let why: Option<Why> = (filled < needed).then_some(why);
        let rule = Rule::new("approvals", wanted.join(" and "), saw, why);
        Some(rule.waivable(Waivable::ByOne))
    }

    /// Approvals that were meant for elsewhere, and did their work there, are no news here.
    fn candidates(&self) -> impl Iterator<Item = &Entered<Approval>> {
        let question = self.case.question;
        let artifact = question.artifact.sha256;
        let record = question.state.artifact(artifact);
        let approvals = record.map_or(&[][..], |record| &record.approvals);
        approvals.iter().filter(move |it| {
            it.what.environment == *question.environment
                || !self.was_in(&it.what.environment, artifact)
        })
    }

    fn was_in(&self, environment: &Name, artifact: Digest) -> bool {
        let history = self.case.question.state.history(environment);
        history.is_some_and(|history| history.last_of(artifact).is_some())
    }

    /// Whose approval this is, if it counts.
    fn count(
        &self,
        approval: &Entered<Approval>,
        counted: &BTreeMap<Identity, (&Name, u64)>,
    ) -> Result<(Identity, &Name), Refusal> {
        let (question, what) = (self.case.question, &approval.what);
        let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
        if what.environment != *question.environment {
            return refuse(Reason::ApprovalEnvironment, what.environment.to_string());
        }
        self.check_time(what, question.now)?;
        let is_used = |out: &&Generation| out.is_after(approval.index, what.heading.issued);
        if let Some(out) = self.taken_out.filter(is_used) {
            return refuse(Reason::ApprovalUsed, format!("before entry {}", out.index));
        }
        let person = question.state.speaker(approval)?;
        let people = question.state.people();
        let who = people.key(approval.key);
        let name = || people.describe(person, &self.case.policy.release.people);
        let mut authors = self.authors.iter();
        if authors.any(|author| people.name(author.as_str()) == who) {
            return refuse(Reason::SelfApproval, name());
        }
        if self.makers.contains(&who) {
            return refuse(Reason::BuilderApproves, name());
        }
        match counted.get(&who) {
            Some((first, index)) if *first == person => {
                refuse(Reason::PersonCounted, format!("{person}, entry {index}"))
            }
            Some((_, index)) => refuse(Reason::PersonCounted, format!("entry {index}: {}", name())),
            None => Ok((who, person)),
        }
    }

    fn check_time(&self, approval: &Approval, now: Timestamp) -> Result<(), Refusal> {
        let Approval {
            heading, expires, ..
        } = approval;
        let days = i64::from(self.case.environment.max_approval_days);
        match heading.check_span(*expires, days * DAY, now) {
            Ok(()) => Ok(()),
            Err(OutOfSpan::Over) => {
                let saw = format!("from {} to {expires}, it is {now}", heading.issued);
                Err(Refusal::new(Reason::ApprovalExpired, saw))
            }
            Err(OutOfSpan::TooLong(lasts)) => {
                let saw = format!("{} days, {days} are allowed", lasts / DAY);
                Err(Refusal::new(Reason::ApprovalTooLong, saw))
            }
        }
    }

    /// Approvals of other bytes by the same name: what a late change does to them should be seen.
    fn other_artifacts(&self, reasons: &mut Vec<Why>, set_aside: &mut Vec<SetAside>) {
        let question = self.case.question;
        let artifact = question.artifact.sha256;
        let (name, now) = (self.name, question.now);
        let others: BTreeSet<Digest> = question.state.waiting(name, now).collect();
        let fresh = |it: &Digest| *it != artifact && !self.was_in(question.environment, *it);
        for other in others.into_iter().filter(fresh) {
            let record = question.state.artifact(other);
            let approvals = record.map_or(&[][..], |it| &it.approvals);
            let current = approvals.iter().filter(|approval| {
                approval.what.environment == *question.environment
                    && question.now < approval.what.expires
            });
            for approval in current {
                let why = Refusal::new(Reason::ApprovalArtifact, other.short());
                reasons.push(why.reason);
                set_aside.push(aside(approval.index, "approval", why));
            }
        }
    }

    /// How many of the asked-for places different people can fill; no one fills two.
    fn fill(&self, approvers: &BTreeSet<&Name>) -> usize {
        let asked = self.case.environment.approvals.iter();
        let places: Vec<&Name> = asked
            .flat_map(|(role, count)| std::iter::repeat_n(role, *count))
            .collect();
        let mut taken: BTreeMap<&Name, usize> = BTreeMap::new();
        let fits = |person: &Name, place: usize| {
            self.case
                .policy
                .release
                .people
                .has_role(person, places[place])
        };
        (0..places.len())
            .filter(|place| seat(*place, approvers, &fits, &mut taken, &mut BTreeSet::new()))
            .count()
    }
}

/// Finds someone for a place, moving others to other places where that helps (an augmenting path).
fn seat<'a>(
    place: usize,
    approvers: &BTreeSet<&'a Name>,
    fits: &impl Fn(&Name, usize) -> bool,
    taken: &mut BTreeMap<&'a Name, usize>,
    tried: &mut BTreeSet<&'a Name>,
) -> bool {
    for person in approvers.iter().copied() {
        if !fits(person, place) || !tried.insert(person) {
            continue;
        }
        let free = match taken.get(person).copied() {
            None => true,
            Some(other) => seat(other, approvers, fits, taken, tried),
        };
        if free {
            taken.insert(person, place);
            return true;
        }
    }
    false
}

/// Approvals from before the artifact was taken out of the environment do not bring it back.
fn taken_out<'a>(case: &Case<'a>) -> Option<&'a Generation> {
    let history = case.question.state.history(case.question.environment);
    history?.taken_out(case.question.artifact.sha256)
}

/// Who built the artifact, and who ever ran the builders: those also whose build is believed no more, because
/// a key was revoked or the trust root of today does not know it. They built it all the same.
fn makers(case: &Case<'_>, builds: &Builds) -> BTreeSet<Identity> {
    let (state, (mut keys, operators)) = (case.question.state, builds.makers());
    let people = state.people();
    let record = state.artifact(case.question.artifact.sha256);
    let built = record.map_or(&[][..], |record| &record.builds);
    let built = built.iter().map(|build| build.key);
    keys.extend(built.filter(|key| people.is_builder(*key)));
    let operated = keys.iter().flat_map(|key| people.operators(*key));
    let named = operators.into_iter().chain(operated);
    let named = named.map(|name| people.name(name));
    named
        .chain(keys.iter().map(|key| people.key(*key)))
        .collect()
}

/// What lies in the project, and nowhere else, must all have authors; where nothing does, some source.
fn unclaimed(sources: &[Authored], case: &Case<'_>) -> Option<String> {
    let claimed = |source: &&Authored| !case.question.state.authors(source.digest).is_empty();
    let whole = || sources.iter().filter(|source| !source.is_part);
    let mut own = whole().filter(|source| source.is_own).peekable();
    let missing = if own.peek().is_some() {
        own.find(|source| !claimed(source))
    } else if whole().any(|source| claimed(&source)) {
        None
    } else {
        return Some("any source".to_owned());
    };
    missing.map(|source| source.name.clone())
}

fn aside(index: u64, what: &str, why: Refusal) -> SetAside {
    SetAside {
        index: Some(index),
        what: what.to_owned(),
        why,
    }
}
