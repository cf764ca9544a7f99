//! Two lists of members compared: who is there, in which order, with which fields and contents.

use std::collections::BTreeMap;
use std::io;

use super::inflate;
use crate::archive::list;
use crate::archive::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::content_kind::ContentKind;
use crate::differ::bytes;
use crate::evidence::attribution::Attribution;
use crate::evidence::attribution::unknown;
use crate::evidence::context::TextContext;
use crate::evidence::order;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Explains two archives of one kind.
pub fn explain(
    walk: &mut Walk<'_>,
    kind: ContentKind,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let most = walk.limits.members;
    if walk.lists.is_used_up() {
        let reason = "the limit of listed members is used up".to_owned();
        walk.skip(location, reason);
        return Ok(());
    }
    let list_a = list::members(kind, a, most, &mut walk.lists)?;
    let list_b = list::members(kind, b, most, &mut walk.lists)?;
    if let (Some(a), Some(b)) = (list_a, list_b) {
        compare(walk, location, kind, &a, &b);
    }
    Ok(())
}

/// Compares the members of two archives of one kind.
fn compare(
    walk: &mut Walk<'_>,
    location: &Location,
    kind: ContentKind,
    a: &MemberList<'_>,
    b: &MemberList<'_>,
) {
    let (in_a, in_b) = (by_name(&a.members), by_name(&b.members));
    if (a.extent, b.extent) == (Extent::Whole, Extent::Whole) {
        presence(walk, location, &in_a, &in_b);
        order(walk, location, &a.members, &b.members);
    } else {
        // Which members are missing then says nothing of the runs.
        let read = a.members.len().min(b.members.len());
        walk.skip(
            location,
            format!("only the first {read} members could be read"),
        );
    }
    if let Some(reason) = a.long_text().or_else(|| b.long_text()) {
        walk.skip(location, reason);
    }
    for (key, member_a) in &in_a {
        if let Some(member_b) = in_b.get(key) {
            let location = location.member(&member_a.name, kind);
            fields(walk, &location, member_a, member_b);
            contents(walk, &location, member_a, member_b);
        }
    }
}

/// Members by name and by how often the name came before: archives may hold a name twice.
type Named<'m, 'a> = BTreeMap<(&'m str, usize), &'m ArchiveMember<'a>>;

fn by_name<'m, 'a>(members: &'m [ArchiveMember<'a>]) -> Named<'m, 'a> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for member in members {
        let count = seen.entry(&member.name).or_insert(0);
        named.insert((member.name.as_str(), *count), member);
        *count += 1;
    }
    named
}

fn presence(walk: &mut Walk<'_>, location: &Location, a: &Named<'_, '_>, b: &Named<'_, '_>) {
    let missing = |here: &Named<'_, '_>, there: &Named<'_, '_>| -> Vec<String> {
        here.keys()
            .filter(|key| !there.contains_key(*key))
            .map(|key| key.0.to_owned())
            .collect()
    };
    let (only_a, only_b) = (missing(a, b), missing(b, a));
    for at in 0..only_a.len().max(only_b.len()) {
        let (name_a, name_b) = (only_a.get(at), only_b.get(at));
        for attribution in name_attributions(walk, name_a, name_b) {
            let show = |name: Option<&String>| {
                name.map_or("absent".to_owned(), |name| excerpt::text(name))
            };
            let draft = FindingDraft {
                detail: "name of a member".to_owned(),
                offset: None,
                left: show(name_a),
                right: show(name_b),
                attribution,
                context: &[],
            };
            walk.add(location, draft);
        }
    }
}

/// A name on each side may be one name with a token of the run in it.
fn name_attributions(walk: &Walk<'_>, a: Option<&String>, b: Option<&String>) -> Vec<Attribution> {
    let (Some(a), Some(b)) = (a, b) else {
        return vec![unknown(Cause::Presence)];
    };
    let classified = walk
        .classifier
        .lines(TextContext::Text, a.as_bytes(), b.as_bytes());
    let attributions = classified
        .into_iter()
        .map(|classified| classified.attribution);
    attributions
        .map(|attribution| {
            if attribution.cause.is_nameless() {
                unknown(Cause::Presence)
            } else {
                attribution
            }
        })
        .collect()
}

fn order(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &[ArchiveMember<'_>],
    b: &[ArchiveMember<'_>],
) {
    let names = |members: &'_ [ArchiveMember<'_>]| {
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
    let factors = order::suspects(walk.classifier.knowledge(), &a, &b);
    let draft = FindingDraft {
        detail: format!("order, from member {}", first + 1),
        offset: None,
        left: listing(&a[first..]),
        right: listing(&b[first..]),
        attribution: Attribution::new(Cause::MemberOrder, Certainty::OrderOnly, factors),
        context: &[],
    };
    walk.add(location, draft);
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

/// Compares the contents of two members.
fn contents(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &ArchiveMember<'_>,
    b: &ArchiveMember<'_>,
) {
    match (a.packing, b.packing) {
        (Packing::Plain, Packing::Plain) => walk.contents(location, &a.content, &b.content),
        (Packing::Index, _) | (_, Packing::Index) => {}
        // Equal compressed bytes have equal contents.
        (Packing::Deflated, Packing::Deflated) if is_same(a, b) => {}
        _ => match (a.stream(), b.stream()) {
            (Some(stream_a), Some(stream_b)) => {
                inflate::explain(walk, location, stream_a, stream_b);
            }
            _ => walk.skip(location, "its compression cannot be read".to_owned()),
        },
    }
}

fn is_same(a: &ArchiveMember<'_>, b: &ArchiveMember<'_>) -> bool {
    matches!(bytes::first(&a.content, &b.content), Ok(None))
}

fn fields(walk: &mut Walk<'_>, location: &Location, a: &ArchiveMember<'_>, b: &ArchiveMember<'_>) {
    for field_a in &a.fields {
        let same = b.fields.iter().find(|field_b| field_b.name == field_a.name);
        let Some(field_b) = same.filter(|field_b| field_b.value != field_a.value) else {
            continue;
        };
        let draft = FindingDraft {
            detail: format!("member {}", field_a.name),
            offset: Some(field_a.offset),
            left: field_a.value.show(),
            right: field_b.value.show(),
            attribution: classifier(walk, field_a, field_b),
            context: field_a.name.as_bytes(),
        };
        walk.add(location, draft);
    }
}

fn classifier(walk: &Walk<'_>, a: &Field, b: &Field) -> Attribution {
    match (&a.value, &b.value) {
        (FieldValue::Time(a), FieldValue::Time(b))
        | (FieldValue::LocalTime(a), FieldValue::LocalTime(b)) => {
            walk.classifier.times(Cause::MemberTime, *a, *b)
        }
        (FieldValue::Mode(a), FieldValue::Mode(b)) => mode(walk, *a, *b),
        (FieldValue::Owner(_) | FieldValue::OwnerName(_), _) => {
            let known = walk.classifier.word(&a.value.show(), &b.value.show());
            let certainty = if known.is_some() {
                Certainty::Known
            } else {
                Certainty::Normaliser("strip-owners".to_owned())
            };
            Attribution::new(
                Cause::MemberOwner,
                certainty,
                vec![known.unwrap_or(Factor::User)],
            )
        }
        _ => text(walk, a, b),
    }
}

/// A field of free text, such as the time of a pax record or the target of a link.
fn text(walk: &Walk<'_>, a: &Field, b: &Field) -> Attribution {
    let (left, right) = (a.value.show(), b.value.show());
    let classified = walk
        .classifier
        .lines(TextContext::Text, left.as_bytes(), right.as_bytes());
    let mut attribution = classified.into_iter().next().map_or_else(
        || unknown(Cause::Content),
        |classified| classified.attribution,
    );
    if a.name.ends_with("time") {
        attribution.cause = Cause::MemberTime;
    } else if matches!(a.name, "inode" | "device") {
        // Both are the file system's that the members lay on.
        let factors = walk.classifier.knowledge().suspects(&[Factor::Inode]);
        return Attribution::new(Cause::InodeNumber, Certainty::Guess, factors);
    } else if attribution.cause.is_nameless() && a.name.ends_with("target") {
        attribution.cause = Cause::LinkTarget;
    }
    attribution
}

/// Permissions follow the umask where both sides are what the same request leaves under it.
fn mode(walk: &Walk<'_>, a: u64, b: u64) -> Attribution {
    let knowledge = walk.classifier.knowledge();
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
    Attribution::new(Cause::MemberMode, certainty, vec![Factor::Umask])
}
