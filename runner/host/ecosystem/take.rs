//! The first fetch: a file nobody here has seen, into the store, if it keeps what its index promised.

use std::io::{Read as _, Write as _};

use sha2::{Digest as _, Sha512};
use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;
use zwieback_sandbox::call::Attempt as _;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};
use crate::endpoints::table::Endpoints;
use crate::fetch::canceller::Canceller;
use crate::fetch::client::Client;
use crate::fetch::failure::Failure;
use crate::store::blob::Expected;
use crate::store::error::StoreError;
use crate::store::origin::Origin;
use crate::store::place::Store;

const PIECE: usize = 64 * 1024;

/// What a first fetch needs.
pub struct Taker<'a> {
    /// Where files go.
    pub store: &'a Store,
    /// Connections.
    pub client: &'a Client,
    /// Every configured place.
    pub endpoints: &'a Endpoints,
    /// A wish to stop.
    pub canceller: &'a Canceller,
}

impl Taker<'_> {
    /// Puts the file into the store and pins it. It is a package of its registry only if a place of the
    /// registry gave it: what came from where a lockfile leads has that address in its name.
    pub fn take(&self, offer: &Offer) -> Result<LockedInput, EcosystemError> {
        let known = self.at_registry(offer);
        let failed = match (known, &offer.elsewhere) {
            (Ok(print), _) => return Ok(offer.clone().into_input(&print)),
            (Err(failed), Some(url)) if failed.is_absence() => {
                let moved = offer.moved(url)?;
                match self.ask(&moved, moved.places.clone()) {
                    Ok(print) => return Ok(moved.into_input(&print)),
                    Err(also) => failed.and(also),
                }
            }
            (Err(failed), _) => failed,
        };
        Err(failed)
    }

    fn at_registry(&self, offer: &Offer) -> Result<Fingerprint, EcosystemError> {
        // What is there already may have come from anywhere.
        if offer.elsewhere.is_none()
            && let Promise::Sha256(digest) = &offer.promise
            && let Some(blob) = self.store.blob(digest)?
            && self.store.came_as(digest, &offer.purl)?
        {
            return Ok(*blob.content());
        }
        let mut places = self.endpoints.places(&offer.as_input());
        places.splice(0..0, offer.places.iter().cloned());
        self.ask(offer, places)
    }

    fn ask(&self, offer: &Offer, places: Vec<String>) -> Result<Fingerprint, EcosystemError> {
        if places.is_empty() {
            return Err(EcosystemError::NoPlace(offer.purl.kind().to_owned()));
        }
        let mut asked = Vec::new();
        let client = self.client.for_one_file();
        for url in places {
            match self.try_place(offer, &client, &url)? {
                Ok(print) => return Ok(print),
                Err(failure) => asked.push((url, failure)),
            }
        }
        let file = offer.file.clone();
        Err(EcosystemError::Unavailable { file, asked })
    }

    fn try_place(
        &self,
        offer: &Offer,
        client: &Client,
        url: &str,
    ) -> Result<Result<Fingerprint, Failure>, EcosystemError> {
        let answer = match client.get(url, 0, None) {
            Ok(answer) => answer,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut body = answer.body;
        let mut writer = self.store.blob_writer()?;
        let mut strong = Sha512::new();
        let mut piece = vec![0; PIECE];
        let mut size = 0_u64;
        loop {
            if self.canceller.is_cancelled() {
                return Err(EcosystemError::Cancelled);
            }
            let count = match body.read(&mut piece) {
                Ok(count) => count,
                Err(error) => return Ok(Err(client.read_failure(error))),
            };
            if count == 0 {
                break;
            }
            size += count as u64;
            strong.update(&piece[..count]);
            let written = writer.write_all(&piece[..count]);
            written.attempt("write", "blob").map_err(StoreError::from)?;
        }
        // An answer without a length that was cut off looks like a whole file.
        if let Some(expected) = answer.announced.filter(|announced| *announced != size) {
            return Ok(Err(Failure::TooShort {
                got: size,
                expected,
            }));
        }
        let expected = match &offer.promise {
            Promise::Sha256(digest) => Expected::Sha256(*digest),
            Promise::Sha512(wanted) if strong.finalize()[..] != wanted[..] => {
                return Ok(Err(Failure::Promise));
            }
            Promise::Sha512(_) | Promise::Nothing => Expected::Anything,
        };
        match writer.commit(expected, Origin::Package(&offer.purl)) {
            Ok(blob) => Ok(Ok(*blob.content())),
            Err(StoreError::Mismatch { .. }) => Ok(Err(Failure::Promise)),
            Err(error) => Err(error.into()),
        }
    }
}
