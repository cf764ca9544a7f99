//! Two lists of members compared: who is there, in which order, with which fields and contents.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::member::{Extent, Field, Listing, Member, Value};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::clue::order;
use crate::clue::scene::Scene;
use crate::clue::verdict::Verdict;
use crate::clue::verdict::unknown;
use crate::excerpt;
use crate::spot::{Draft, Spot};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Compares the members of two archives of one kind.
pub fn compare(walk: &mut Walk<'_>, spot: &Spot, kind: Kind, a: &Listing<'_>, b: &Listing<'_>) {
    let (in_a, in_b) = (by_name(&a.members), by_name(&b.members));
    if (a.extent, b.extent) == (Extent::Whole, Extent::Whole) {
        presence(walk, spot, &in_a, &in_b);
        order(walk, spot, &a.members, &b.members);
    } else {
        // Which members are missing then says nothing of the runs.
        let read = a.members.len().min(b.members.len());
        walk.skip(spot, format!("only the first {read} members could be read"));
    }
    for (key, member_a) in &in_a {
        if let Some(member_b) = in_b.get(key) {
            let spot = spot.member(&member_a.name, kind);
            fields(walk, &spot, member_a, member_b);
            super::unpack::contents(walk, &spot, member_a, member_b);
        }
    }
}

/// Members by name and by how often the name came before: archives may hold a name twice.
type Named<'m, 'a> = BTreeMap<(&'m str, usize), &'m Member<'a>>;

fn by_name<'m, 'a>(members: &'m [Member<'a>]) -> Named<'m, 'a> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for member in members {
        let count = seen.entry(&member.name).or_insert(0);
        named.insert((member.name.as_str(), *count), member);
        *count += 1;
    }
    named
}

fn presence(walk: &mut Walk<'_>, spot: &Spot, a: &Named<'_, '_>, b: &Named<'_, '_>) {
    let missing = |here: &Named<'_, '_>, there: &Named<'_, '_>| -> Vec<String> {
        here.keys()
            .filter(|key| !there.contains_key(*key))
            .map(|key| key.0.to_owned())
            .collect()
    };
    let (only_a, only_b) = (missing(a, b), missing(b, a));
    for at in 0..only_a.len().max(only_b.len()) {
        let (name_a, name_b) = (only_a.get(at), only_b.get(at));
        for verdict in name_verdicts(walk, name_a, name_b) {
            let show = |name: Option<&String>| {
                name.map_or("absent".to_owned(), |name| excerpt::text(name))
            };
            let draft = Draft {
                detail: "name of a member".to_owned(),
                offset: None,
                left: show(name_a),
                right: show(name_b),
                verdict,
                context: &[],
            };
            walk.add(spot, draft);
        }
    }
}

/// A name on each side may be one name with a token of the run in it.
fn name_verdicts(walk: &Walk<'_>, a: Option<&String>, b: Option<&String>) -> Vec<Verdict> {
    let (Some(a), Some(b)) = (a, b) else {
        return vec![unknown(Cause::Presence)];
    };
    let judged = walk.judge.lines(Scene::Text, a.as_bytes(), b.as_bytes());
    let verdicts = judged.into_iter().map(|judged| judged.verdict);
    verdicts
        .map(|verdict| {
            if verdict.cause.is_nameless() {
                unknown(Cause::Presence)
            } else {
                verdict
            }
        })
        .collect()
}

fn order(walk: &mut Walk<'_>, spot: &Spot, a: &[Member<'_>], b: &[Member<'_>]) {
    let names = |members: &'_ [Member<'_>]| {
        members
            .iter()
            .map(|member| member.name.clone().into_bytes())
            .collect::<Vec<_>>()
    };
    let (a, b) = (names(a), names(b));
    if !order::is_order_only(&a, &b) {
        return;
    }
    let (a, b): (Vec<&[u8]>, Vec<&[u8]>) = (
        a.iter().map(Vec::as_slice).collect(),
        b.iter().map(Vec::as_slice).collect(),
    );
    let first = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let factors = order::suspects(walk.judge.knowledge(), &a, &b);
    let draft = Draft {
        detail: format!("order, from member {}", first + 1),
        offset: None,
        left: listing(&a[first..]),
        right: listing(&b[first..]),
        verdict: Verdict::new(Cause::MemberOrder, Certainty::OrderOnly, factors),
        context: &[],
    };
    walk.add(spot, draft);
}

fn listing(names: &[&[u8]]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(4)
        .map(|name| excerpt::escape(name))
        .collect();
    let more = if names.len() > 4 { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}

fn fields(walk: &mut Walk<'_>, spot: &Spot, a: &Member<'_>, b: &Member<'_>) {
    for field_a in &a.fields {
        let same = b.fields.iter().find(|field_b| field_b.name == field_a.name);
        let Some(field_b) = same.filter(|field_b| field_b.value != field_a.value) else {
            continue;
        };
        let draft = Draft {
            detail: format!("member {}", field_a.name),
            offset: Some(field_a.offset),
            left: field_a.value.show(),
            right: field_b.value.show(),
            verdict: judge(walk, field_a, field_b),
            context: field_a.name.as_bytes(),
        };
        walk.add(spot, draft);
    }
}

fn judge(walk: &Walk<'_>, a: &Field, b: &Field) -> Verdict {
    match (&a.value, &b.value) {
        (Value::Time(a), Value::Time(b)) | (Value::LocalTime(a), Value::LocalTime(b)) => {
            walk.judge.times(Cause::MemberTime, *a, *b)
        }
        (Value::Mode(a), Value::Mode(b)) => mode(walk, *a, *b),
        (Value::Owner(_) | Value::OwnerName(_), _) => {
            let known = walk.judge.word(&a.value.show(), &b.value.show());
            let certainty = if known.is_some() {
                Certainty::Known
            } else {
                Certainty::Normaliser("strip-owners".to_owned())
            };
            Verdict::new(
                Cause::MemberOwner,
                certainty,
                vec![known.unwrap_or(Factor::User)],
            )
        }
        _ => text(walk, a, b),
    }
}

/// A field of free text, such as the time of a pax record or the target of a link.
fn text(walk: &Walk<'_>, a: &Field, b: &Field) -> Verdict {
    let (left, right) = (a.value.show(), b.value.show());
    let judged = walk
        .judge
        .lines(Scene::Text, left.as_bytes(), right.as_bytes());
    let mut verdict = judged
        .into_iter()
        .next()
        .map_or_else(|| unknown(Cause::Content), |judged| judged.verdict);
    if a.name.ends_with("time") {
        verdict.cause = Cause::MemberTime;
    } else if matches!(a.name, "inode" | "device") {
        // Both are the file system's that the members lay on.
        let factors = walk.judge.knowledge().suspects(&[Factor::Inode]);
        return Verdict::new(Cause::InodeNumber, Certainty::Guess, factors);
    } else if verdict.cause.is_nameless() && a.name.ends_with("target") {
        verdict.cause = Cause::LinkTarget;
    }
    verdict
}

/// Permissions follow the umask where both sides are what the same request leaves under it.
fn mode(walk: &Walk<'_>, a: u64, b: u64) -> Verdict {
    let knowledge = walk.judge.knowledge();
    let certainty = match (knowledge.a.umask, knowledge.b.umask) {
        (Some(mask_a), Some(mask_b)) if mask_a != mask_b => {
            let changed = u64::from(mask_a ^ mask_b);
            let masked = a & u64::from(mask_a) == 0 && b & u64::from(mask_b) == 0;
            if (a ^ b) & !changed == 0 && masked {
                Certainty::Known
            } else {
                Certainty::Guess
            }
        }
        _ => Certainty::Guess,
    };
    Verdict::new(Cause::MemberMode, certainty, vec![Factor::Umask])
}
