//! The bundles behind a bundle: recipes whose outputs went in, found by the digests that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zwieback_core::bake::recheck::{Claim, ClaimedNeed};
use zwieback_core::digest::Digest;
use zwieback_core::name::Name;

use crate::cli::commands::evidence;
use crate::pipeline::context::Context;
use crate::pipeline::error::PipelineError;
use crate::pipeline::recheck::check_need;

/// How the name of a bundle ends.
const BUNDLE: &str = ".sigstore.json";
/// More bundles behind one are no build of anybody's.
const MOST: usize = 10_000;

/// Reads the claims of everything that is needed, at any depth, by the digests of their bundles.
pub fn claims(
    claim: &Claim,
    places: &[PathBuf],
    read: &dyn Fn(&[u8]) -> anyhow::Result<Claim>,
    ctx: &Context<'_>,
) -> anyhow::Result<BTreeMap<Digest, Claim>> {
    let mut claims = BTreeMap::new();
    let mut open: Vec<(Name, ClaimedNeed)> = needs(claim);
    if open.is_empty() {
        return Ok(claims);
    }
    let given = given(places)?;
    while let Some((name, need)) = open.pop() {
        let claim = if let Some(claim) = claims.remove(&need.bundle) {
            claim
        } else {
            let claim = read(&bytes(&name, &need, &given, ctx)?)?;
            open.extend(needs(&claim));
            claim
        };
        check_need(&name, &need, &claim)?;
        claims.insert(need.bundle, claim);
        anyhow::ensure!(claims.len() <= MOST, "more than {MOST} bundles are needed");
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
    given: &BTreeMap<Digest, Vec<u8>>,
    ctx: &Context<'_>,
) -> anyhow::Result<Vec<u8>> {
    if let Some(bytes) = given.get(&need.bundle) {
        return Ok(bytes.clone());
    }
    let stored = ctx.store.blob(&need.bundle)?;
    let missing = || PipelineError::NoNeeded {
        name: name.clone(),
        sha256: need.bundle,
    };
    let bytes = evidence::read(stored.ok_or_else(missing)?.path())?;
    // What lies in the store is believed as far as it still is what was put there.
    anyhow::ensure!(Digest::sha256(&bytes) == need.bundle, missing());
    Ok(bytes)
}

/// Bundles by their digests: of files, and of folders and the folders in them.
fn given(places: &[PathBuf]) -> anyhow::Result<BTreeMap<Digest, Vec<u8>>> {
    let mut given = BTreeMap::new();
    for place in places {
        for file in files(place, 2)? {
            let bytes = evidence::read(&file)?;
            given.insert(Digest::sha256(&bytes), bytes);
        }
    }
    Ok(given)
}

fn files(place: &Path, depth: usize) -> anyhow::Result<Vec<PathBuf>> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    let entries = fs::read_dir(place).with_context(|| place.display().to_string())?;
    for entry in entries {
        let entry = entry.with_context(|| place.display().to_string())?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 1 {
            files.extend(self::files(&entry.path(), depth - 1)?);
        } else if kind.is_file() && entry.file_name().to_string_lossy().ends_with(BUNDLE) {
            files.push(entry.path());
        }
    }
    Ok(files)
}
