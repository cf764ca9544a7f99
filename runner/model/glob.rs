//! Globs over paths in a tree: `*` and `?` stay inside a name, `**` crosses folders.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rel_path::RelPath;

/// How much matching may take, in characters that are compared. Patterns and paths are somebody else's, and so
/// is the time that holding each against each takes.
#[derive(Debug)]
pub struct Work {
    left: AtomicU64,
}

/// Matching takes longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holding the globs against the paths takes too long")]
pub struct TooMuchWork;

/// A pattern such as `usr/lib/libz.so*` or `usr/share/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    parts: Vec<String>,
}

/// Text that is not a glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a glob: it is relative, has no `.`, `..` or empty part, and `**` stands alone"
)]
pub struct GlobError(String);

impl Work {
    /// The largest trees that people keep need a small part of it; it takes some ten seconds.
    pub const MOST: u64 = 1 << 32;

    /// So much, and no more.
    pub fn of(left: u64) -> Self {
        Self {
            left: AtomicU64::new(left),
        }
    }

    /// Whether anything is left.
    pub fn check(&self) -> Result<(), TooMuchWork> {
        if self.left.load(Ordering::Relaxed) > 0 {
            Ok(())
        } else {
            Err(TooMuchWork)
        }
    }

    fn spend(&self, count: usize) {
        let left = self.left.load(Ordering::Relaxed);
        // Two threads may count one piece of work once: it is a bound, not a sum.
        let left = left.saturating_sub(count as u64);
        self.left.store(left, Ordering::Relaxed);
    }
}

impl Clone for Work {
    fn clone(&self) -> Self {
        Self::of(self.left.load(Ordering::Relaxed))
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::of(Self::MOST)
    }
}

impl TooMuchWork {
    /// What to do about it.
    pub fn hint(self) -> String {
        "write fewer globs, with fewer stars, or have fewer files and shorter paths".to_owned()
    }
}

impl Glob {
    /// Whether the pattern covers the whole path, as a part of work that has an end.
    pub fn matches_within(&self, path: &RelPath, work: &Work) -> Result<bool, TooMuchWork> {
        let names: Vec<_> = path.parts().collect();
        let found = match_parts(&self.parts, &names, work);
        // One path takes so little that looking once after it is enough.
        work.check().map(|()| found)
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A glob's parts are those of a path, so the path's own rules decide.
        let clean = text.parse::<RelPath>().is_ok();
        let stars = text
            .split('/')
            .all(|part| part == "**" || !part.contains("**"));
        if clean && stars {
            Ok(Self {
                parts: text.split('/').map(str::to_owned).collect(),
            })
        } else {
            Err(GlobError(text.to_owned()))
        }
    }
}

/// Matches greedily with one point of return, so that the time is at most the
/// product of the two lengths, whatever the pattern.
fn match_sequence<P, T>(
    pattern: &[P],
    text: &[T],
    work: &Work,
    is_star: impl Fn(&P) -> bool,
    matches: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        work.spend(1);
        if p < pattern.len() && is_star(&pattern[p]) {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && matches(&pattern[p], &text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(is_star)
}

fn match_parts(parts: &[String], names: &[&str], work: &Work) -> bool {
    match_sequence(
        parts,
        names,
        work,
        |part| part == "**",
        |part, name| match_name(part, name, work),
    )
}

fn match_name(pattern: &str, name: &str, work: &Work) -> bool {
    work.spend(pattern.len() + name.len());
    let pattern: Vec<_> = pattern.chars().collect();
    let name: Vec<_> = name.chars().collect();
    match_sequence(
        &pattern,
        &name,
        work,
        |c| *c == '*',
        |p, c| *p == '?' || p == c,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(glob: &str, path: &str) -> bool {
        glob.parse::<Glob>()
            .unwrap()
            .matches_within(&path.parse().unwrap(), &Work::default())
            .unwrap()
    }

    #[test]
    fn stars_stay_inside_a_name() {
        assert!(hit("usr/lib/libz.so*", "usr/lib/libz.so.1.2"));
        assert!(hit("*.?", "a.h"));
        assert!(!hit("usr/*", "usr/lib/libz.a"));
        assert!(!hit("usr/lib", "usr/lib/libz.a"));
    }

    #[test]
    fn double_stars_cross_folders() {
        assert!(hit("**/*.h", "usr/include/zlib.h"));
        assert!(hit("**/*.h", "zlib.h"));
        assert!(hit("usr/share/**", "usr/share/doc/x"));
        assert!(!hit("usr/share/**", "usr/lib/x"));
    }

    #[test]
    fn patterns_are_paths() {
        for bad in ["", "/x", "../x", "a//b", "a**"] {
            assert!(bad.parse::<Glob>().is_err(), "{bad}");
        }
    }

    #[test]
    fn work_comes_to_an_end() {
        let work = Work::of(1 << 20);
        let glob: Glob = format!("**/*{}b*", "a".repeat(119)).parse().unwrap();
        let path: RelPath = vec!["a".repeat(240); 13].join("/").parse().unwrap();
        let ends = (0..100).find_map(|_| glob.matches_within(&path, &work).err());
        assert_eq!(ends, Some(TooMuchWork));
        let enough = Work::of(1000);
        let short = "a/b.h".parse().unwrap();
        let headers: Glob = "**/*.h".parse().unwrap();
        assert_eq!(headers.matches_within(&short, &enough), Ok(true));
    }

    #[test]
    fn many_stars_stay_fast() {
        assert!(!hit(&"*a".repeat(60), &format!("{}b", "a".repeat(250))));
    }
}
