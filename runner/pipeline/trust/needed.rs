//! The bundles behind a bundle: recipes whose outputs went in, found by the digests that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zwieback_attest::build::recheck::{Claim, ClaimedNeed};
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::evidence;
use crate::pipeline::build::recheck::check_need;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::{About as _, Failure};

/// How the name of a bundle ends.
const BUNDLE: &str = ".sigstore.json";
/// More bundles behind one are no build of anybody's.
const MOST: usize = 10_000;
/// More bytes of them are read for none: a neighbour's files may be many and large.
const MOST_BYTES: u64 = 1 << 30;

/// Where bundles may lie.
pub struct Places<'a> {
    /// Files and folders that the user named.
    pub named: &'a [PathBuf],
    /// The folder of the bundle that is about to be built: whatever lies there, nobody meant it.
    pub beside: Option<PathBuf>,
}

/// Reads the claims of everything that is needed, at any depth, by the digests of their bundles.
pub fn claims(
    claim: &Claim,
    places: &Places<'_>,
    read: &dyn Fn(&[u8]) -> Result<Claim, Failure>,
    ctx: &Context<'_>,
) -> Result<BTreeMap<Digest, Claim>, Failure> {
    let mut claims = BTreeMap::new();
    let mut open: Vec<(Name, ClaimedNeed)> = needs(claim);
    if open.is_empty() {
        return Ok(claims);
    }
    let mut given = Given::of(places)?;
    while let Some((name, need)) = open.pop() {
        let claim = if let Some(claim) = claims.remove(&need.bundle) {
            claim
        } else {
            let claim = read(&bytes(&name, &need, &mut given, ctx)?)?;
            open.extend(needs(&claim));
            claim
        };
        check_need(&name, &need, &claim)?;
        claims.insert(need.bundle, claim);
        if claims.len() > MOST {
            return Err(Failure::asked(format!(
                "more than {MOST} bundles are needed"
            )));
        }
    }
    Ok(claims)
}

fn needs(claim: &Claim) -> Vec<(Name, ClaimedNeed)> {
    let all = claim.needed.iter();
    all.map(|(name, need)| (name.clone(), *need)).collect()
}

/// The bytes of a bundle: given, or kept when it was built here.
fn bytes(
    name: &Name,
    need: &ClaimedNeed,
    given: &mut Given,
    ctx: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    if let Some(bytes) = given.find(name, &need.bundle)? {
        return Ok(bytes);
    }
    let stored = ctx.store.blob(&need.bundle)?;
    let missing = || PipelineError::NoNeeded {
        name: name.clone(),
        sha256: need.bundle,
    };
    let bytes = evidence::read(stored.ok_or_else(missing)?.path())?;
    // What lies in the store is believed as far as it still is what was put there.
    if Digest::sha256(&bytes) == need.bundle {
        Ok(bytes)
    } else {
        Err(missing().into())
    }
}

/// A bundle in a folder, or in a folder of that.
struct Lying {
    file: PathBuf,
    /// Its digest, once it was read.
    known: Option<Digest>,
    /// Whether the user named the folder: then its files may be called as they like.
    is_meant: bool,
}

/// Bundles that were named, or that lie in a folder: nobody has to want all of what lies there.
struct Given {
    /// Named files, by their digests.
    named: BTreeMap<Digest, PathBuf>,
    lying: Vec<Lying>,
    /// How many bytes may still be read.
    left: u64,
}

impl Given {
    fn of(places: &Places<'_>) -> Result<Self, Failure> {
        let mut given = Self {
            named: BTreeMap::new(),
            lying: Vec::new(),
            left: MOST_BYTES,
        };
        for place in places.named {
            if place.is_dir() {
                list(place, true, 2, &mut given.lying)?;
            } else {
                let bytes = given.read(place)?;
                given.named.insert(Digest::sha256(&bytes), place.clone());
            }
        }
        if let Some(folder) = &places.beside {
            list(folder, false, 2, &mut given.lying)?;
        }
        Ok(given)
    }

    /// The bundle of a recipe with that digest: first of those that are called like it.
    fn find(&mut self, name: &Name, digest: &Digest) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(file) = self.named.get(digest).cloned() {
            return Ok(Some(self.read(&file)?).filter(|bytes| Digest::sha256(bytes) == *digest));
        }
        for wanted in [true, false] {
            for at in 0..self.lying.len() {
                let lying = &self.lying[at];
                let is_candidate = lying.is_called(name) == wanted && (wanted || lying.is_meant);
                if !is_candidate || lying.known.is_some_and(|known| known != *digest) {
                    continue;
                }
                let bytes = self.read(&lying.file.clone())?;
                let found = Digest::sha256(&bytes);
                self.lying[at].known = Some(found);
                if found == *digest {
                    return Ok(Some(bytes));
                }
            }
        }
        Ok(None)
    }

    fn read(&mut self, file: &Path) -> Result<Vec<u8>, Failure> {
        let bytes = evidence::read(file)?;
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.with_context(|| {
            format!("the bundles that lie there have more than {MOST_BYTES} bytes: name those that are needed with --needs FILE")
        })?;
        Ok(bytes)
    }
}

impl Lying {
    /// Whether a build would call a bundle of that recipe so.
    fn is_called(&self, name: &Name) -> bool {
        let called = self.file.file_name().unwrap_or_default().to_string_lossy();
        let rest = called.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.starts_with('-') || rest == BUNDLE)
    }
}

fn list(
    folder: &Path,
    is_meant: bool,
    depth: usize,
    files: &mut Vec<Lying>,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 1 {
            list(&entry.path(), is_meant, depth - 1, files)?;
        } else if kind.is_file() && entry.file_name().to_string_lossy().ends_with(BUNDLE) {
            files.push(Lying {
                file: entry.path(),
                known: None,
                is_meant,
            });
        }
        if files.len() > MOST {
            let folder = folder.display();
            return Err(Failure::asked(format!(
                "{folder} holds more than {MOST} bundles: name those that are needed with --needs FILE"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn beside(folder: &Path) -> Given {
        let places = Places {
            named: &[],
            beside: Some(folder.to_owned()),
        };
        Given::of(&places).unwrap()
    }

    #[test]
    fn beside_a_bundle_only_what_is_called_like_the_recipe_is_read() {
        let scene = tempfile::tempdir().unwrap();
        let folder = scene.path().join("all/within");
        fs::create_dir_all(&folder).unwrap();
        let large = |name: &str, count: u32| {
            for number in 0..count {
                let file = File::create(folder.join(format!("{name}-{number}{BUNDLE}"))).unwrap();
                file.set_len(16 << 20).unwrap();
            }
        };
        // 3 GiB of neighbours.
        large("other", 200);
        fs::write(folder.join(format!("own-1{BUNDLE}")), "bundle").unwrap();
        let mut given = beside(&scene.path().join("all"));
        let (own, digest) = ("own".parse().unwrap(), Digest::sha256(b"bundle"));
        assert_eq!(given.find(&own, &digest).unwrap().unwrap(), b"bundle");
        assert_eq!(given.left, MOST_BYTES - 6);
        // Nor is a file read twice to find that it is another one.
        let missing = Digest::sha256(b"another");
        assert!(given.find(&own, &missing).unwrap().is_none());
        assert_eq!(given.left, MOST_BYTES - 6);
    }

    #[test]
    fn however_they_are_called_bundles_have_a_largest_size_together() {
        let scene = tempfile::tempdir().unwrap();
        for number in 0..65 {
            let place = scene.path().join(format!("many-{number}{BUNDLE}"));
            File::create(place).unwrap().set_len(16 << 20).unwrap();
        }
        let missing = Digest::sha256(b"another");
        let refused = beside(scene.path()).find(&"many".parse().unwrap(), &missing);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("--needs FILE"), "{refused}");
        // A folder that is named may hold it under any name.
        let mut given = Given::of(&Places {
            named: &[scene.path().to_owned()],
            beside: None,
        })
        .unwrap();
        assert!(given.find(&"own".parse().unwrap(), &missing).is_err());
    }
}
