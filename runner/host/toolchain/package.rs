//! What a toolchain is made of: a file or a tree in the store, and where what is in it goes.

use std::fs::File;

use zwieback_model::glob::{Glob, Work};
use zwieback_model::manifest::part::{Form, Part};
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::fs::given_file;
use crate::store::blob::StoredBlob;
use crate::store::stored::StoredTree;
use crate::toolchain::error::AssembleError;
use crate::toolchain::usr_merge;

/// A package, and its file in the store.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is called in errors.
    pub purl: Purl,
    /// The name of its file.
    pub name: String,
    /// The file.
    pub file: StoredBlob,
    /// How it is unpacked.
    pub layout: Layout,
}

/// The outputs of a recipe.
#[derive(Clone, Debug)]
pub struct Made {
    /// What they are called where they collide with something.
    pub owner: String,
    /// The outputs.
    pub tree: StoredTree,
    /// The folder they go to, if not the top.
    pub to: Option<RelPath>,
}

/// How a package is unpacked.
#[derive(Clone, Debug)]
pub enum Layout {
    /// As dpkg does it: `data.tar` at the top.
    Deb,
    /// As an archive.
    Archive {
        /// How many folders at its top are taken off.
        strip: usize,
        /// The folder its files go to, if not the top.
        to: Option<RelPath>,
        /// Files that are programs though the archive does not say so.
        programs: Vec<Glob>,
    },
}

/// The work of matching globs for one package, which takes about a second. The largest packages need a
/// tenth of it.
pub(super) fn glob_work() -> Work {
    Work::of(Work::MOST / 8)
}

impl Package {
    /// Opens its file.
    pub(super) fn open(&self) -> Result<File, AssembleError> {
        let path = self.file.path();
        given_file::open(path).map_err(|source| AssembleError::Open {
            path: path.to_owned(),
            source,
        })
    }
}

impl Layout {
    /// The layout of a part.
    pub fn archive(form: Form, part: &Part) -> Result<Self, AssembleError> {
        let globs = part.programs.iter().map(|text| text.parse());
        Ok(Self::Archive {
            strip: part.strip(form),
            to: part.destination(form),
            programs: globs.collect::<Result<_, _>>()?,
        })
    }

    /// Where a member goes on a merged `/usr`; nothing for what is taken off or left out. Where the work of
    /// matching ends, nothing goes anywhere, and the caller says so.
    pub fn place(&self, path: RelPath, prune: &[Glob], work: &Work) -> Option<RelPath> {
        let path = match self {
            Self::Deb => path,
            Self::Archive { strip, to, .. } => below(&stripped(&path, *strip)?, to.as_ref()),
        };
        kept(&path, prune, work)
    }

    /// Whether a file that lies at this place is a program whatever the archive says.
    pub fn is_program(&self, path: &RelPath, work: &Work) -> bool {
        let Self::Archive { to, programs, .. } = self else {
            return false;
        };
        let is_named = |path: &RelPath| {
            let covers = |glob: &Glob| glob.matches_within(path, work).unwrap_or(false);
            programs.iter().any(covers)
        };
        // Globs speak of the part's own folder.
        let to = to.as_ref().and_then(usr_merge::rewrite);
        match to {
            None => is_named(path),
            Some(to) => {
                let inner = path.as_str().strip_prefix(to.as_str());
                let inner = inner.and_then(|rest| rest.strip_prefix('/'));
                inner.is_some_and(|rest| rest.parse().is_ok_and(|path| is_named(&path)))
            }
        }
    }
}

impl Made {
    /// Where one of the outputs goes.
    pub fn place(&self, path: &RelPath, prune: &[Glob], work: &Work) -> Option<RelPath> {
        kept(&below(path, self.to.as_ref()), prune, work)
    }
}

fn below(path: &RelPath, to: Option<&RelPath>) -> RelPath {
    to.map_or_else(|| path.clone(), |to| path.under(to))
}

fn kept(path: &RelPath, prune: &[Glob], work: &Work) -> Option<RelPath> {
    let path = usr_merge::rewrite(path)?;
    let covers = |glob: &Glob| glob.matches_within(&path, work).unwrap_or(true);
    let wanted = !prune.iter().any(covers);
    wanted.then_some(path)
}

fn stripped(path: &RelPath, count: usize) -> Option<RelPath> {
    let rest: Vec<&str> = path.parts().skip(count).collect();
    rest.join("/").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(strip: usize, to: Option<&str>) -> Layout {
        Layout::Archive {
            strip,
            to: to.map(|to| to.parse().unwrap()),
            programs: vec!["bin/*".parse().unwrap()],
        }
    }

    #[test]
    fn members_move_below_their_place() {
        let at = |layout: &Layout, path: &str| {
            let placed = layout.place(
                path.parse().unwrap(),
                &["opt/a/doc/**".parse().unwrap()],
                &glob_work(),
            );
            placed.map(|placed| placed.to_string())
        };
        let one = layout(1, Some("opt/a"));
        assert_eq!(at(&one, "a-1/x"), Some("opt/a/x".into()));
        assert_eq!(at(&one, "a-1"), None);
        assert_eq!(at(&one, "a-1/doc/x"), None);
        assert_eq!(
            at(&layout(0, Some("lib/a")), "x"),
            Some("usr/lib/a/x".into())
        );
        assert_eq!(at(&layout(0, None), "bin/x"), Some("usr/bin/x".into()));
    }

    #[test]
    fn programs_are_named_below_the_place() {
        let layout = layout(1, Some("lib/a"));
        let is_program = |path: &str| layout.is_program(&path.parse().unwrap(), &glob_work());
        assert!(is_program("usr/lib/a/bin/x"));
        assert!(!is_program("usr/lib/a/x"));
        assert!(!is_program("bin/x"));
    }

    #[test]
    fn globs_that_never_end_leave_nothing_and_are_told() {
        let prune: Vec<Glob> = vec!["**/a*a*a*a*a*b".parse().unwrap(); 200];
        let (work, path) = (Work::of(1 << 20), "a".repeat(200));
        let mut places = (0..1000).map(|number| {
            let path = format!("{path}{number}").parse().unwrap();
            Layout::Deb.place(path, &prune, &work)
        });
        assert!(places.any(|place| place.is_none()));
        assert!(work.check().is_err());
    }
}
