//! A run that may be compared: every step succeeded and every declared output is there.

use serde::{Deserialize, Serialize};

use crate::glob::{Glob, TooMuchWork, Work};
use crate::manifest::recipe::Recipe;
use crate::name::Name;
use crate::shown_name::escaped;
use crate::tree::{Entry, Tree};

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// The step.
    pub step: Name,
    /// How it ended.
    pub ending: Ending,
    /// Wall-clock milliseconds.
    pub wall_ms: u64,
    /// CPU milliseconds of all its processes.
    pub cpu_ms: u64,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It returned this number; zero is success.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// The sandbox ended it because it reached this limit.
    Limited(String),
}

/// The outputs of a run in which nothing failed. Only such runs are compared: two failed
/// runs leave equal trees, and that must never read as success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    outputs: Tree,
}

/// Why a run cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Steps are missing or failed.
    #[error("step `{0}` did not succeed")]
    Step(Name),
    /// Nothing was written.
    #[error("the steps wrote nothing to $OUT")]
    Nothing,
    /// A declared output is missing.
    #[error("output `{name}` is missing: no file matches `{glob}` below $OUT, which has {there}")]
    Missing {
        /// The key in `[outputs]`.
        name: String,
        /// Its glob.
        glob: String,
        /// Some of the files that are there.
        there: String,
    },
    /// The globs and the paths are made to take for ever.
    #[error("`[outputs]`: {source}, at `{glob}`")]
    Endless {
        /// The glob with which the work was too much.
        glob: String,
        /// Why no more is done.
        source: TooMuchWork,
    },
    /// A declared output holds no byte.
    #[error("output `{name}` is empty: what matches `{glob}` has no content")]
    Empty {
        /// The key in `[outputs]`.
        name: String,
        /// Its glob.
        glob: String,
    },
}

impl Incomplete {
    /// What to look at.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Step(_) => None,
            Self::Nothing => Some("install into $OUT, as in `make install DESTDIR=$OUT`".into()),
            Self::Endless { source, .. } => Some(source.hint()),
            Self::Missing { .. } | Self::Empty { .. } => Some(
                "`zwieback shell` enters the sandbox; `zwieback logs` shows what the steps printed"
                    .into(),
            ),
        }
    }
}

impl Completed {
    /// Checks a run's steps and selects its outputs from all that it wrote.
    pub fn new(recipe: &Recipe, steps: &[StepResult], written: &Tree) -> Result<Self, Incomplete> {
        for (index, step) in recipe.steps.iter().enumerate() {
            let succeeded = steps.get(index).is_some_and(|result| {
                result.step == step.name && result.ending == Ending::Exited(0)
            });
            if !succeeded {
                return Err(Incomplete::Step(step.name.clone()));
            }
        }
        Ok(Self {
            outputs: select(recipe, written, &Work::default())?,
        })
    }

    /// The declared outputs.
    pub fn outputs(&self) -> &Tree {
        &self.outputs
    }
}

impl Ending {
    /// A few words for the screen.
    pub fn describe(&self) -> String {
        match self {
            Self::Exited(code) => format!("exited with {code}"),
            Self::Signalled(signal) => format!("was ended by signal {signal}"),
            Self::Limited(limit) => format!("reached its limit of {limit}"),
        }
    }
}

fn select(recipe: &Recipe, written: &Tree, work: &Work) -> Result<Tree, Incomplete> {
    if written.total_size() == 0 {
        return Err(Incomplete::Nothing);
    }
    if recipe.outputs.is_empty() {
        return Ok(written.clone());
    }
    let mut outputs = Tree::default();
    for (name, glob) in &recipe.outputs {
        add_matching(&mut outputs, (name, glob), written, work)?;
    }
    Ok(outputs)
}

fn add_matching(
    outputs: &mut Tree,
    (name, glob): (&str, &str),
    written: &Tree,
    work: &Work,
) -> Result<(), Incomplete> {
    let pattern: Glob = glob.parse().expect("a parsed recipe holds only globs");
    let mut content = 0;
    let mut found = false;
    for (path, entry) in written.entries() {
        if *entry == Entry::Directory {
            continue;
        }
        let matches = pattern.matches_within(path, work);
        let matches = matches.map_err(|source| Incomplete::Endless {
            glob: glob.to_owned(),
            source,
        })?;
        if !matches {
            continue;
        }
        found = true;
        if let Entry::File { content: file, .. } = entry {
            content += file.size;
        }
        outputs
            .insert(path.clone(), entry.clone())
            .expect("a part of a tree is a tree");
    }
    let (name, glob) = (name.to_owned(), glob.to_owned());
    match (found, content) {
        (false, _) => {
            let there = files(written);
            Err(Incomplete::Missing { name, glob, there })
        }
        (true, 0) => Err(Incomplete::Empty { name, glob }),
        (true, _) => Ok(()),
    }
}

/// As many files are named where others were expected.
const NAMED: usize = 5;

/// The first files of a tree, and how many more there are.
fn files(tree: &Tree) -> String {
    let entries = tree.entries();
    let files = entries.filter(|(_, entry)| **entry != Entry::Directory);
    let paths: Vec<_> = files
        .map(|(path, _)| format!("`{}`", escaped(path.as_str())))
        .collect();
    let named = paths.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match paths.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Fingerprint;
    use crate::manifest::diagnostic::SourceText;

    fn recipe(outputs: &str) -> Recipe {
        let text = format!(
            "[recipe]\nname = \"r\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\
             [[steps]]\nname = \"s\"\nrun = \"x\"\n{outputs}"
        );
        Recipe::parse(SourceText {
            path: "recipe.toml",
            text: &text,
        })
        .unwrap()
    }

    fn ended(ending: Ending) -> [StepResult; 1] {
        [StepResult {
            step: "s".parse().unwrap(),
            ending,
            wall_ms: 1,
            cpu_ms: 1,
        }]
    }

    fn tree(files: &[(&str, &[u8])]) -> Tree {
        let mut tree = Tree::default();
        for (path, bytes) in files {
            let entry = Entry::File {
                content: Fingerprint::of(bytes),
                executable: false,
            };
            tree.insert(path.parse().unwrap(), entry).unwrap();
        }
        tree
    }

    const GOOD: Ending = Ending::Exited(0);

    #[test]
    fn a_failed_or_missing_step_is_never_complete() {
        let written = tree(&[("a", b"1")]);
        let [mut other] = ended(GOOD);
        other.step = "other".parse().unwrap();
        for steps in [
            &ended(Ending::Exited(1))[..],
            &ended(Ending::Signalled(9))[..],
            &ended(Ending::Limited("memory".to_owned()))[..],
            &[other],
            &[],
        ] {
            assert!(matches!(
                Completed::new(&recipe(""), steps, &written),
                Err(Incomplete::Step(_))
            ));
        }
    }

    #[test]
    fn two_empty_runs_are_not_two_results() {
        for written in [tree(&[]), tree(&[("a", b"")])] {
            assert_eq!(
                Completed::new(&recipe(""), &ended(GOOD), &written),
                Err(Incomplete::Nothing)
            );
        }
    }

    #[test]
    fn globs_and_paths_that_never_end_are_no_result() {
        let stars = format!("**/*{}b*", "a".repeat(119));
        let declared = recipe(&format!("[outputs]\nmany = {stars:?}\n"));
        let paths: Vec<_> = (10..99)
            .map(|number| format!("{}/{number}", vec!["a".repeat(240); 13].join("/")))
            .collect();
        let files: Vec<_> = paths
            .iter()
            .map(|path| (path.as_str(), &b"1"[..]))
            .collect();
        let written = tree(&files);
        let ended = select(&declared, &written, &Work::of(1 << 22)).unwrap_err();
        assert!(matches!(&ended, Incomplete::Endless { glob, .. } if *glob == stars));
        assert!(ended.hint().is_some());
        let whole = select(&declared, &written, &Work::default()).unwrap_err();
        assert!(matches!(whole, Incomplete::Missing { .. }));
    }

    #[test]
    fn declared_outputs_are_selected_and_must_have_content() {
        let declared = recipe("[outputs]\nlib = \"lib/*.a\"\n");
        let written = tree(&[("lib/x.a", b"1"), ("junk", b"2")]);
        let done = Completed::new(&declared, &ended(GOOD), &written).unwrap();
        assert_eq!(done.outputs().files().count(), 1);
        let empty = tree(&[("lib/x.a", b""), ("junk", b"2")]);
        assert!(matches!(
            Completed::new(&declared, &ended(GOOD), &empty),
            Err(Incomplete::Empty { .. })
        ));
        let missing = tree(&[("junk", b"2")]);
        assert!(matches!(
            Completed::new(&declared, &ended(GOOD), &missing),
            Err(Incomplete::Missing { .. })
        ));
    }
}
