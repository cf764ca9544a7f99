//! The members of an archive of any format.

use std::io;

use super::budget::ListBudget;
use super::member::MemberList;
use super::{ar, cpio, tar, zip};
use crate::content::View;
use crate::content_kind::ContentKind;

/// The members of an archive, at most so many; nothing where the kind is no archive.
pub fn members<'a>(
    kind: ContentKind,
    view: &View<'a>,
    most: usize,
    budget: &mut ListBudget,
) -> io::Result<Option<MemberList<'a>>> {
    let mut room = budget.room(most);
    let mut list = match kind {
        ContentKind::Ar => ar::list(view, &mut room)?,
        ContentKind::Tar => tar::members(view, &mut room)?,
        ContentKind::Cpio => cpio::members(view, &mut room)?,
        ContentKind::Zip => zip::members(view, &mut room)?,
        _ => return Ok(None),
    };
    list.has_long_text = room.has_long_text;
    Ok(Some(list))
}
