//! `pkg:generic`: a file by its URL; the digest is the recipe's own, or taken when it is locked.

use zwieback_model::digest::Digest;
use zwieback_model::manifest::claim::generic_file;
use zwieback_model::purl::Purl;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};

/// What a recipe says of a file.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The package.
    pub purl: &'a Purl,
    /// The name of the file, where the URL does not end with it.
    pub file: Option<&'a str>,
    /// Where it lies.
    pub urls: &'a [String],
    /// What its bytes are.
    pub sha256: Option<Digest>,
}

/// The file, to be asked for at every URL and below every `[mirrors] generic`.
pub fn offer(given: &Given<'_>) -> Result<Offer, EcosystemError> {
    let urls = urls(given);
    let file = generic_file(given.file, given.purl, given.urls);
    let file = file.ok_or_else(|| EcosystemError::NoPlace("generic".to_owned()))?;
    Ok(Offer {
        purl: given.purl.clone(),
        locations: vec![file.parse()?],
        file: file.parse()?,
        promise: given.sha256.map_or(Promise::Nothing, Promise::Sha256),
        places: urls,
        elsewhere: None,
    })
}

/// The URLs of the recipe, and the one in the purl (purl-spec, `download_url`).
pub fn urls(given: &Given<'_>) -> Vec<String> {
    let inside = given.purl.qualifier("download_url").map(str::to_owned);
    given.urls.iter().cloned().chain(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_by_its_url() {
        let purl = "pkg:generic/a@1?download_url=http://m.example/x/a-1.tar.gz%3Fraw"
            .parse()
            .unwrap();
        let given = Given {
            purl: &purl,
            file: None,
            urls: &[],
            sha256: None,
        };
        let offer = offer(&given).unwrap();
        assert_eq!(offer.file.as_str(), "a-1.tar.gz");
        assert_eq!(offer.promise, Promise::Nothing);
        let nowhere = "pkg:generic/a@1".parse().unwrap();
        let given = Given {
            purl: &nowhere,
            ..given
        };
        assert!(matches!(
            super::offer(&given),
            Err(EcosystemError::NoPlace(_))
        ));
    }
}
