//! What a lockfile inside a source pins, held against what a recipe's lock made of it.

use std::collections::BTreeMap;
use std::io::Read;

use sha2::{Digest as _, Sha512};
use zwieback_model::locked_input::{FileName, LockedInput};
use zwieback_model::purl::Purl;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};
use crate::ecosystem::pypi_lock::{Pins, Wanted};
use crate::fs::given_file;
use crate::store::blob::StoredBlob;

const PIECE: usize = 64 * 1024;

/// A package that a lockfile pins, by whatever it says of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    purl: Purl,
    /// What it is called where the lockfile's own place has it, and not the registry.
    moved: Option<Purl>,
    file: Option<FileName>,
    /// Any one of them will do.
    promises: Vec<Promise>,
}

impl Pin {
    /// A file that is named, with one digest.
    pub fn of_offer(offer: &Offer) -> Result<Self, EcosystemError> {
        let moved = offer.elsewhere.as_deref().map(|url| offer.moved(url));
        Ok(Self {
            purl: offer.purl.clone(),
            moved: moved.transpose()?.map(|offer| offer.purl),
            file: Some(offer.file.clone()),
            promises: vec![offer.promise.clone()],
        })
    }

    /// A project of which one of several files will do.
    fn of_wanted(wanted: &Wanted) -> Self {
        let digests = wanted.digests.iter().copied();
        Self {
            purl: wanted.purl.clone(),
            moved: None,
            file: None,
            promises: digests.map(Promise::Sha256).collect(),
        }
    }

    /// Everything that a lockfile of Python pins.
    pub fn of_python(pins: &Pins) -> Result<Vec<Self>, EcosystemError> {
        let offers = pins.offers.iter().map(Self::of_offer);
        let wanted = pins.wanted.iter().map(|wanted| Ok(Self::of_wanted(wanted)));
        offers.chain(wanted).collect()
    }

    fn names(&self, purl: &Purl) -> bool {
        self.purl == *purl || self.moved.as_ref() == Some(purl)
    }

    /// Whether the file is one that is pinned.
    fn is(&self, input: &LockedInput, blob: &StoredBlob) -> Result<bool, EcosystemError> {
        if self.file.as_ref().is_some_and(|file| *file != input.file) {
            return Ok(false);
        }
        for promise in &self.promises {
            let is_kept = match promise {
                Promise::Sha256(digest) => *digest == input.sha256,
                Promise::Sha512(digest) => digest[..] == sha512(blob)?[..],
                Promise::Nothing => false,
            };
            if is_kept {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Makes sure that a recipe's lock has exactly what the lockfile pins: each package, by its bytes.
pub fn check(
    lockfile: &str,
    pins: &[Pin],
    locked: &[(&LockedInput, StoredBlob)],
) -> Result<(), EcosystemError> {
    let other = |package: &Purl, why| EcosystemError::OtherPin {
        lockfile: lockfile.to_owned(),
        package: package.clone(),
        why,
    };
    let mut by_purl: BTreeMap<&Purl, Vec<&Pin>> = BTreeMap::new();
    for pin in pins {
        by_purl.entry(&pin.purl).or_default().push(pin);
    }
    for (purl, pins) in &by_purl {
        let is_it = |(input, _): &&(&LockedInput, _)| pins.iter().any(|pin| pin.names(&input.purl));
        let mut found = locked.iter().filter(is_it);
        let (input, blob) = found.next().ok_or_else(|| other(purl, "is missing"))?;
        if found.next().is_some() {
            return Err(other(purl, "is there twice"));
        }
        let is_pinned = pins.iter().map(|pin| pin.is(input, blob));
        if !is_pinned.collect::<Result<Vec<_>, _>>()?.contains(&true) {
            return Err(other(purl, "has other bytes than are pinned"));
        }
    }
    let is_stray = |(input, _): &&(&LockedInput, _)| !pins.iter().any(|pin| pin.names(&input.purl));
    match locked.iter().find(is_stray) {
        Some((stray, _)) => Err(other(&stray.purl, "is not pinned")),
        None => Ok(()),
    }
}

fn sha512(blob: &StoredBlob) -> Result<[u8; 64], EcosystemError> {
    let path = blob.path();
    let mut file = given_file::open(path).map_err(EcosystemError::io("open", path))?;
    let (mut strong, mut piece) = (Sha512::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece);
        let count = read.map_err(EcosystemError::io("read", path))?;
        if count == 0 {
            return Ok(strong.finalize().into());
        }
        strong.update(&piece[..count]);
    }
}
