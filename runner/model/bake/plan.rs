//! A plan: a recipe, its toolchains and their locks, held together and checked.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::Digest;
use crate::json::canonical;
use crate::json::from_serde::value_of;
use crate::locked_input::LockedInput;
use crate::manifest::claim::{self, Claimant, Unclaimed};
use crate::manifest::lockfile::{LockedFolder, Lockfile};
use crate::manifest::part::Part;
use crate::manifest::recipe::Recipe;
use crate::manifest::source::{Source, Vendor};
use crate::manifest::toolchain::{DebClosure, Toolchain};
use crate::name::Name;
use crate::variation::choice::Choice;
use crate::variation::profile::Profile;

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
    /// The lock answers the manifest by its own word, and an entry is not what the manifest claims.
    #[error("the lock of {kind} `{name}` contradicts it: {unclaimed}")]
    Contradicts {
        /// `recipe` or `toolchain`.
        kind: &'static str,
        /// Its name.
        name: Name,
        /// The entry.
        unclaimed: Box<Unclaimed>,
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
            Self::Missing { name, .. }
            | Self::Stale { name, .. }
            | Self::Contradicts { name, .. } => name,
        }
    }

    /// How to mend it.
    pub fn hint(&self) -> Option<String> {
        let lock = format!(
            "run `zwieback lock {}` and commit the lockfile",
            self.name()
        );
        Some(match self {
            Self::Missing { .. } | Self::Stale { .. } => lock,
            Self::Contradicts { .. } => format!("find out who changed it; then {lock}"),
        })
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

    /// Holds every entry of a lock against what is claimed of it.
    fn check_claims(&self, lock: &Lockfile) -> Result<(), Unclaimed>;
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

    fn check_claims(&self, lock: &Lockfile) -> Result<(), Unclaimed> {
        claim::check_sources(&self.sources, &lock.inputs, &lock.folders)
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

    fn check_claims(&self, lock: &Lockfile) -> Result<(), Unclaimed> {
        claim::check_toolchain(self, &lock.inputs)
    }
}

impl Plan {
    /// Joins a recipe with its toolchains; every lock must be there and be what its manifest claims.
    pub fn new(
        recipe: &Locked<'_, Recipe>,
        toolchains: &[Locked<'_, Toolchain>],
        variety: &Variety,
    ) -> Result<Self, LockProblem> {
        Ok(Self {
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
        })
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
        let claimant = self.recipe.sources.get(source).map(Claimant::new);
        let is_own = move |input: &&LockedInput| {
            let claimant = claimant.as_ref();
            claimant.is_some_and(|claimant| claimant.is_own(input))
        };
        self.inputs_of(source).filter(is_own)
    }

    /// The files that the lockfiles inside the sources bring, of one ecosystem.
    pub fn vendored(&self, vendor: Vendor) -> impl Iterator<Item = (&Name, &LockedInput)> {
        let sources = self.recipe.sources.iter();
        let of_kind = sources.filter(move |(_, source)| source.vendor == Some(vendor));
        let claimants: BTreeMap<&Name, Claimant<'_>> = of_kind
            .map(|(name, source)| (name, Claimant::new(source)))
            .collect();
        self.inputs.iter().filter_map(move |input| {
            let name = input.source.as_ref()?;
            let is_own = claimants.get(name)?.is_own(input);
            (!is_own).then_some((name, input))
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
    /// The locked inputs, if the lock answers the manifest and every entry is what the manifest claims.
    pub fn checked(&self) -> Result<&'a [LockedInput], LockProblem> {
        let (kind, name) = (T::KIND, self.manifest.name().clone());
        match self.lock {
            Some(lock) if lock.answers(self.manifest.requests()) => {
                let unclaimed = |why| LockProblem::Contradicts {
                    kind,
                    name,
                    unclaimed: Box::new(why),
                };
                self.manifest.check_claims(lock).map_err(unclaimed)?;
                Ok(&lock.inputs)
            }
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
             [sources.a]\npurl = \"pkg:generic/a@{version}\"\nfile = \"a.tar\"\n\
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
        let input = LockedInput {
            source: Some("a".parse().unwrap()),
            purl: "pkg:generic/a@1".parse().unwrap(),
            file: "a.tar".parse().unwrap(),
            sha256: Digest::sha256(b""),
            blake3: None,
            size: 0,
            locations: Vec::new(),
        };
        let lock = Lockfile::new(recipe("make", "1").requests(), vec![input]);
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
