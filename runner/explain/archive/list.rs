//! The members of an archive of any format.

use std::io;

use super::member::MemberList;
use super::{ar, cpio, tar, zip};
use crate::content::View;
use crate::content_kind::ContentKind;

/// The members of an archive, at most so many; nothing where the kind is no archive.
pub fn members<'a>(
    kind: ContentKind,
    view: &View<'a>,
    most: usize,
) -> io::Result<Option<MemberList<'a>>> {
    let members = match kind {
        ContentKind::Ar => ar::members(view, most)?,
        ContentKind::Tar => tar::members(view, most)?,
        ContentKind::Cpio => cpio::members(view, most)?,
        ContentKind::Zip => zip::members(view, most)?,
        _ => return Ok(None),
    };
    Ok(Some(members))
}
