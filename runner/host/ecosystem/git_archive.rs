//! A commit as a tar of one spelling, made of git's objects: no attribute, filter or line ending applies.

use std::io::{BufRead as _, Read as _, Write};

use tar::{Builder, EntryType, Header, HeaderMode};
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::git_client::Repository;
use crate::launch::launched::Conversation;

/// No tree of a source has more entries.
const MOST: usize = 1_000_000;
/// Targets of links are read whole; none is longer (`PATH_MAX` of limits.h).
const LONGEST_TARGET: u64 = 4096;

/// Another repository's commit at a path: a submodule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submodule {
    /// Where it belongs.
    pub path: RelPath,
    /// The commit.
    pub commit: String,
}

/// One line of `git ls-tree`.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    mode: String,
    object: String,
    path: RelPath,
}

/// Writes the tree of a commit; answers the submodules, which are empty folders in it.
///
/// Every time is the commit's own, so that `SOURCE_DATE_EPOCH` has something to start from.
pub fn write(
    repository: &Repository,
    commit: &str,
    to: &mut impl Write,
    most: u64,
) -> Result<Vec<Submodule>, EcosystemError> {
    let listed = repository.ask(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
    let lines = lines(&listed)?;
    let time = repository.ask(&["show", "--no-patch", "--format=%ct", commit])?;
    let time = String::from_utf8_lossy(&time).trim().parse().unwrap_or(0);
    let mut objects = Objects::open(repository, most)?;
    let mut archive = Builder::new(to);
    archive.mode(HeaderMode::Deterministic);
    let mut submodules = Vec::new();
    for line in lines {
        if line.mode == "160000" {
            append_folder(&mut archive, &line.path, time)?;
            let (path, commit) = (line.path, line.object);
            submodules.push(Submodule { path, commit });
        } else {
            append(&mut archive, &line, time, &mut objects)?;
        }
    }
    archive.finish().map_err(failed("write"))?;
    Ok(submodules)
}

/// `git cat-file --batch`: one question, one answer.
struct Objects {
    git: Conversation,
    /// A commit can name one large object a million times, and a small one can be large when it is read.
    left: u64,
    most: u64,
}

impl Objects {
    fn open(repository: &Repository, most: u64) -> Result<Self, EcosystemError> {
        Ok(Self {
            git: repository.converse(&["cat-file", "--batch"])?,
            left: most,
            most,
        })
    }

    /// The length of an object; so many bytes and a line's end follow.
    fn ask(&mut self, object: &str) -> Result<u64, EcosystemError> {
        let questions = &mut self.git.questions;
        let asked = writeln!(questions, "{object}").and_then(|()| questions.flush());
        asked.map_err(failed("ask"))?;
        let mut head = String::new();
        let read = (&mut self.git.answers).take(256).read_line(&mut head);
        read.map_err(failed("read"))?;
        let size = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse().ok());
        let size: u64 = size
            .filter(|_| head.starts_with(object) && head.contains(" blob "))
            .ok_or_else(|| EcosystemError::answer("git cat-file", head.trim_end()))?;
        let left = self.left.checked_sub(size);
        self.left = left.ok_or_else(|| EcosystemError::TooLarge {
            what: "the commit".to_owned(),
            most: self.most,
        })?;
        Ok(size)
    }

    fn end_of_object(&mut self) -> Result<(), EcosystemError> {
        let mut end = [0];
        self.git
            .answers
            .read_exact(&mut end)
            .map_err(failed("read"))
    }
}

fn append(
    archive: &mut Builder<&mut impl Write>,
    line: &Line,
    time: u64,
    objects: &mut Objects,
) -> Result<(), EcosystemError> {
    let size = objects.ask(&line.object)?;
    let mut head = header(time);
    if line.mode == "120000" {
        let mut target = String::new();
        let content = (&mut objects.git.answers).take(size.min(LONGEST_TARGET));
        { content }
            .read_to_string(&mut target)
            .map_err(failed("read"))?;
        head.set_entry_type(EntryType::Symlink);
        head.set_size(0);
        let appended = archive.append_link(&mut head, line.path.as_path(), target);
        appended.map_err(failed("write"))?;
    } else {
        head.set_entry_type(EntryType::Regular);
        head.set_mode(if line.mode == "100755" { 0o755 } else { 0o644 });
        head.set_size(size);
        let content = (&mut objects.git.answers).take(size);
        let appended = archive.append_data(&mut head, line.path.as_path(), content);
        appended.map_err(failed("write"))?;
    }
    objects.end_of_object()
}

fn append_folder(
    archive: &mut Builder<&mut impl Write>,
    path: &RelPath,
    time: u64,
) -> Result<(), EcosystemError> {
    let mut head = header(time);
    head.set_entry_type(EntryType::Directory);
    head.set_mode(0o755);
    head.set_size(0);
    let appended = archive.append_data(&mut head, path.as_path(), std::io::empty());
    appended.map_err(failed("write"))
}

fn header(time: u64) -> Header {
    let mut head = Header::new_gnu();
    head.set_mtime(time);
    head.set_mode(0o644);
    head.set_uid(0);
    head.set_gid(0);
    head
}

/// `<mode> <type> <object>\t<path>\0`, as git-ls-tree(1) has it.
fn lines(listed: &[u8]) -> Result<Vec<Line>, EcosystemError> {
    let wrong = |why: String| EcosystemError::answer("git ls-tree", why);
    let mut lines = Vec::new();
    for entry in listed.split(|byte| *byte == 0).filter(|it| !it.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t');
        let (head, path) = entry.split_at(tab.ok_or_else(|| wrong("a line without a tab".into()))?);
        let head = String::from_utf8_lossy(head).into_owned();
        let [mode, _, object] = head.split(' ').collect::<Vec<_>>()[..] else {
            return Err(wrong(head));
        };
        lines.push(Line {
            mode: mode.to_owned(),
            object: object.to_owned(),
            path: RelPath::from_bytes(&path[1..])?,
        });
        if lines.len() > MOST {
            return Err(wrong(format!("more than {MOST} files")));
        }
    }
    Ok(lines)
}

fn failed(call: &'static str) -> impl FnOnce(std::io::Error) -> EcosystemError {
    EcosystemError::io(call, std::path::Path::new("an archive of a commit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_listed_with_its_submodules() {
        let listed = b"100755 blob aa\tbin/x\x00160000 commit bb\tlib/part\x00";
        let lines = lines(listed).unwrap();
        assert_eq!(lines[0].mode, "100755");
        assert_eq!(lines[1].object, "bb");
        assert_eq!(lines[1].path.as_str(), "lib/part");
    }

    #[test]
    fn what_cannot_lie_in_a_tree_is_refused() {
        for bad in [
            &b"100644 blob aa\t../x\0"[..],
            b"100644 blob aa x\0",
            b"aa\tx\0",
        ] {
            assert!(lines(bad).is_err());
        }
    }
}
