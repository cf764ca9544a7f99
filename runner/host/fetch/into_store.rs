//! Inputs in the store: what is there is used, what is missing is fetched, nothing else happens.

use std::path::Path;

use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;

use crate::fetch::error::FetchError;
use crate::fetch::event::FetchEvent;
use crate::fetch::fetch_all::{Fetch, Report, fetch_all};
use crate::store::blob::{Expected, StoredBlob};
use crate::store::origin::Origin;
use crate::store::place::Store;

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What is missing is fetched.
    Network,
    /// What is missing is an error.
    StoreOnly,
}

/// Makes sure that every input is in the store.
pub fn fetch_into(
    store: &Store,
    inputs: &[LockedInput],
    fetch: &Fetch,
    reach: Reach,
    watch: &mut dyn FnMut(FetchEvent),
) -> Result<Report, FetchError> {
    let missing = missing(store, inputs, reach)?;
    if missing.is_empty() {
        return Ok(Report::default());
    }
    if reach == Reach::StoreOnly {
        let named = missing
            .iter()
            .map(|(_, input)| (input.purl.clone(), input.file.clone()));
        return Err(FetchError::Offline(named.collect()));
    }
    let (positions, missing): (Vec<usize>, Vec<LockedInput>) = missing.into_iter().unzip();
    let mut watch = |event: FetchEvent| watch(event.moved(|position| positions[position]));
    let mut deliver = |input: &LockedInput, path: &Path, print: Fingerprint| {
        let origin = Origin::Package(&input.purl);
        store.import_file(path, Expected::Exactly(print), origin)?;
        Ok(())
    };
    fetch_all(&missing, fetch, &mut watch, &mut deliver)
}

/// The input's file in the store, if it is there, is what the lock says in every respect, and came as a file
/// of the input's package. What was imported is that only for whoever may not ask the package's places.
pub fn stored(
    store: &Store,
    input: &LockedInput,
    reach: Reach,
) -> Result<Option<StoredBlob>, FetchError> {
    let is_of = || match reach {
        Reach::Network => store.came_as(&input.sha256, &input.purl),
        Reach::StoreOnly => store.may_be(&input.sha256, &input.purl),
    };
    match store.blob(&input.sha256)? {
        Some(blob) if !input.is(blob.content()) => Err(FetchError::Contradiction(
            input.purl.clone(),
            input.file.clone(),
        )),
        Some(_) if !is_of()? => Ok(None),
        other => Ok(other),
    }
}

fn missing(
    store: &Store,
    inputs: &[LockedInput],
    reach: Reach,
) -> Result<Vec<(usize, LockedInput)>, FetchError> {
    let mut missing = Vec::new();
    for (position, input) in inputs.iter().enumerate() {
        if stored(store, input, reach)?.is_none() {
            missing.push((position, input.clone()));
        }
    }
    Ok(missing)
}
