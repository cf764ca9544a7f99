//! A plan: a recipe, its toolchains and their locks, held together and checked.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::Digest;
use crate::json::canonical;
use crate::json::from_serde::value_of;
use crate::locked_input::LockedInput;
use crate::manifest::lockfile::{LockedFolder, Lockfile};
use crate::manifest::part::Part;
use crate::manifest::recipe::{Profile, Recipe};
use crate::manifest::source::{Source, Vendor};
use crate::manifest::toolchain::{DebClosure, Toolchain};
use crate::name::Name;
use crate::twin::choice::Choice;

/// Everything that a build needs to know before the first byte is fetched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is built.
    pub recipe: Recipe,
    /// The pinned files of its sources.
    pub inputs: Vec<LockedInput>,
    /// The pinned folders of its sources.
    pub folders: Vec<LockedFolder>,
    /// The output trees of the recipes it needs, once these are built.
    pub needs: BTreeMap<Name, Digest>,
    /// What it is built with.
    pub toolchains: Vec<PlannedToolchain>,
    /// How much differs between the runs.
    pub profile: Profile,
}

/// What differs between the runs, as far as whoever builds says something else than the recipe.
#[derive(Clone, Debug, Default)]
pub struct Variety {
    /// The profile.
    pub profile: Option<Profile>,
    /// Single factors.
    pub factors: Choice,
}

impl Variety {
    /// The recipe that is really built: what was chosen is a part of it, and so of the action.
    fn applied_to(&self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        recipe.factors = recipe.factors.overridden_by(&self.factors);
        recipe
    }
}

/// A toolchain and the files it is made of.
#[derive(Clone, Debug)]
pub struct PlannedToolchain {
    /// The manifest.
    pub toolchain: Toolchain,
    /// The pinned packages.
    pub inputs: Vec<LockedInput>,
    /// The output trees of the recipes that are part of it, once these are built.
    pub made: BTreeMap<Name, Digest>,
}

/// A manifest and its lock, if it has one.
#[derive(Debug)]
pub struct Locked<'a, T> {
    /// The manifest.
    pub manifest: &'a T,
    /// What its requests came to.
    pub lock: Option<&'a Lockfile>,
}

/// Why a lock cannot be built from. Each names what to lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockProblem {
    /// It was never locked.
    #[error("{kind} `{name}` has no lock")]
    Missing {
        /// `recipe` or `toolchain`.
        kind: &'static str,
        /// Its name.
        name: Name,
    },
    /// The lock answers the manifest by its own word, and lacks what a source is made of.
    #[error(
        "the lock of recipe `{name}` was changed: the lock has no file of source `{source_name}`"
    )]
    Lacks {
        /// The recipe.
        name: Name,
        /// The source.
        source_name: Name,
    },
    /// The manifest asks for something else than what was locked.
    #[error("the lock of {kind} `{name}` is stale: the manifest asks for something else now")]
    Stale {
        /// `recipe` or `toolchain`.
        kind: &'static str,
        /// Its name.
        name: Name,
    },
}

impl LockProblem {
    /// What to lock.
    pub fn name(&self) -> &Name {
        match self {
            Self::Missing { name, .. } | Self::Stale { name, .. } | Self::Lacks { name, .. } => {
                name
            }
        }
    }

    /// How to mend it.
    pub fn hint(&self) -> Option<String> {
        let update = match self {
            Self::Missing { .. } | Self::Stale { .. } => "",
            // It answers, so that nothing but this writes it again.
            Self::Lacks { .. } => "--update ",
        };
        Some(format!(
            "run `zwieback lock {update}{}` and commit the lockfile",
            self.name()
        ))
    }
}

/// What a manifest asks to be resolved: the part of it that its lock answers.
pub trait Requests {
    /// `recipe` or `toolchain`.
    const KIND: &'static str;

    /// The name of the manifest.
    fn name(&self) -> &Name;

    /// The digest of all that is asked for, and of nothing else.
    fn requests(&self) -> Digest;

    /// Whether nothing is asked for, so that there is nothing to lock.
    fn asks_nothing(&self) -> bool;
}

impl Requests for Recipe {
    const KIND: &'static str = "recipe";

    fn name(&self) -> &Name {
        self.name()
    }

    fn requests(&self) -> Digest {
        #[derive(Serialize)]
        struct Asked<'a>(Vec<(&'a Name, &'a Source)>);
        digest_of(&Asked(self.sources.iter().collect()))
    }

    fn asks_nothing(&self) -> bool {
        self.sources.is_empty()
    }
}

impl Requests for Toolchain {
    const KIND: &'static str = "toolchain";

    fn name(&self) -> &Name {
        self.name()
    }

    fn requests(&self) -> Digest {
        #[derive(Serialize)]
        struct Asked<'a> {
            deb: Option<DebClosure>,
            parts: BTreeMap<&'a Name, (&'static str, &'a Part)>,
        }
        let deb = self.deb.clone().map(|mut closure| {
            closure.packages.sort();
            closure
        });
        let parts: BTreeMap<_, _> = self
            .parts()
            .map(|(name, form, part)| (name, (form.as_str(), part)))
            .collect();
        match deb {
            Some(closure) if parts.is_empty() => digest_of(&closure),
            deb => digest_of(&Asked { deb, parts }),
        }
    }

    fn asks_nothing(&self) -> bool {
        self.deb.is_none() && self.parts().next().is_none()
    }
}

impl Plan {
    /// Joins a recipe with its toolchains; every lock must be there and answer its manifest.
    pub fn new(
        recipe: &Locked<'_, Recipe>,
        toolchains: &[Locked<'_, Toolchain>],
        variety: &Variety,
    ) -> Result<Self, LockProblem> {
        let plan = Self {
            inputs: recipe.checked()?.to_vec(),
            folders: recipe
                .lock
                .map_or_else(Vec::new, |lock| lock.folders.clone()),
            needs: BTreeMap::new(),
            toolchains: toolchains
                .iter()
                .map(PlannedToolchain::new)
                .collect::<Result<_, _>>()?,
            profile: variety
                .profile
                .or(recipe.manifest.recipe.profile)
                .unwrap_or_default(),
            recipe: variety.applied_to(recipe.manifest),
        };
        plan.check_sources()?;
        Ok(plan)
    }

    /// Every source must be there: a lock that was edited would else come to a build without it.
    fn check_sources(&self) -> Result<(), LockProblem> {
        for name in self.recipe.sources.keys() {
            let is_folder = self.folders.iter().any(|it| it.source == *name);
            if !is_folder && self.own_inputs(name).next().is_none() {
                return Err(LockProblem::Lacks {
                    name: self.recipe.name().clone(),
                    source_name: name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Every file that must be in the store before the runs can start.
    pub fn all_inputs(&self) -> impl Iterator<Item = &LockedInput> {
        self.inputs
            .iter()
            .chain(self.toolchains.iter().flat_map(|planned| &planned.inputs))
    }

    /// The files of one source, those that its own lockfile brings included.
    pub fn inputs_of<'a>(&'a self, source: &'a Name) -> impl Iterator<Item = &'a LockedInput> {
        self.inputs
            .iter()
            .filter(move |input| input.source.as_ref() == Some(source))
    }

    /// The files that make up one source itself.
    pub fn own_inputs<'a>(&'a self, source: &'a Name) -> impl Iterator<Item = &'a LockedInput> {
        self.inputs_of(source).filter(|input| self.is_own(input))
    }

    /// The files that the lockfiles inside the sources bring, of one ecosystem.
    pub fn vendored(&self, vendor: Vendor) -> impl Iterator<Item = (&Name, &LockedInput)> {
        self.inputs.iter().filter_map(move |input| {
            let name = input.source.as_ref()?;
            let source = self.recipe.sources.get(name)?;
            (source.vendor == Some(vendor) && !self.is_own(input)).then_some((name, input))
        })
    }

    /// A source's own files carry its own purl or a submodule's; what is vendored carries another.
    fn is_own(&self, input: &LockedInput) -> bool {
        let source = input
            .source
            .as_ref()
            .and_then(|name| self.recipe.sources.get(name));
        source.is_some_and(|source| {
            let mut submodules = source.submodules.values();
            source.purl.as_ref() == Some(&input.purl)
                || submodules.any(|purl| purl.is_same_package(&input.purl))
        })
    }
}

impl PlannedToolchain {
    /// A toolchain whose lock answers it; what recipes make of it is not built yet.
    pub fn new(locked: &Locked<'_, Toolchain>) -> Result<Self, LockProblem> {
        Ok(Self {
            inputs: locked.checked()?.to_vec(),
            toolchain: locked.manifest.clone(),
            made: BTreeMap::new(),
        })
    }

    /// How many packages and recipes it is made of.
    pub fn size(&self) -> usize {
        self.inputs.len() + self.toolchain.recipe.len()
    }
}

impl<'a, T: Requests> Locked<'a, T> {
    /// The locked inputs, if the lock answers the manifest.
    pub fn checked(&self) -> Result<&'a [LockedInput], LockProblem> {
        let (kind, name) = (T::KIND, self.manifest.name().clone());
        match self.lock {
            Some(lock) if lock.answers(self.manifest.requests()) => Ok(&lock.inputs),
            Some(_) => Err(LockProblem::Stale { kind, name }),
            None if self.manifest.asks_nothing() => Ok(&[]),
            None => Err(LockProblem::Missing { kind, name }),
        }
    }
}

fn digest_of(value: &impl Serialize) -> Digest {
    let value = value_of(value).expect("manifests hold only text, whole numbers and tables");
    Digest::sha256(&canonical::to_bytes(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::diagnostic::SourceText;

    fn recipe(step: &str, version: &str) -> Recipe {
        let text = format!(
            "[recipe]\nname = \"r\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\
             [sources.a]\npurl = \"pkg:generic/a@{version}\"\n\
             [[steps]]\nname = \"s\"\nrun = \"{step}\"\n"
        );
        Recipe::parse(SourceText {
            path: "recipe.toml",
            text: &text,
        })
        .unwrap()
    }

    #[test]
    fn a_lock_answers_what_was_asked_not_how_it_is_built() {
        let lock = Lockfile::new(recipe("make", "1").requests(), Vec::new());
        let checked = |recipe: &Recipe| {
            Locked {
                manifest: recipe,
                lock: Some(&lock),
            }
            .checked()
            .map(drop)
        };
        assert_eq!(checked(&recipe("make", "1")), Ok(()));
        assert_eq!(checked(&recipe("make check", "1")), Ok(()));
        assert!(matches!(
            checked(&recipe("make", "2")),
            Err(LockProblem::Stale { .. })
        ));
    }

    #[test]
    fn without_sources_there_is_nothing_to_lock() {
        let mut manifest = recipe("make", "1");
        manifest.sources.clear();
        assert_eq!(
            Locked {
                manifest: &manifest,
                lock: None
            }
            .checked(),
            Ok(&[][..])
        );
    }

    #[test]
    fn a_missing_lock_says_what_to_run() {
        let manifest = recipe("make", "1");
        let problem = Locked {
            manifest: &manifest,
            lock: None,
        }
        .checked()
        .unwrap_err();
        assert!(problem.hint().unwrap().contains("zwieback lock r"));
    }
}
