//! All places that may have an input, by the type of its purl.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use zwieback_model::digest::Digest;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::purl::Purl;

use crate::endpoints::base_url::BaseUrl;
use crate::endpoints::template::Template;

/// The user's own `[mirrors]`: roots by the type of purl they serve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Mirrors {
    /// Roots by type, best first.
    pub by_type: BTreeMap<String, Vec<BaseUrl>>,
}

/// URLs that an index or a recipe names for a file: of that package, by that digest.
pub type Named = BTreeMap<(Digest, Purl), Vec<String>>;

/// Every place that is configured, by type, in the order they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    by_type: BTreeMap<String, Vec<BaseUrl>>,
    templates: BTreeMap<String, Vec<Template>>,
    named: Named,
    indices: Vec<BaseUrl>,
}

impl Endpoints {
    /// The user's mirrors come first: they were named for this purpose.
    pub fn new(mirrors: Mirrors) -> Self {
        Self {
            by_type: mirrors.by_type,
            ..Self::default()
        }
    }

    /// Adds roots behind those already known; one that is known is not asked twice.
    #[must_use]
    pub fn with(mut self, kind: &str, roots: impl IntoIterator<Item = BaseUrl>) -> Self {
        let known = self.by_type.entry(kind.to_owned()).or_default();
        for root in roots {
            if !known.contains(&root) {
                known.push(root);
            }
        }
        self
    }

    /// Adds URLs to fill in, for one type.
    #[must_use]
    pub fn with_templates(
        mut self,
        kind: &str,
        templates: impl IntoIterator<Item = Template>,
    ) -> Self {
        let known = self.templates.entry(kind.to_owned()).or_default();
        known.extend(templates);
        self
    }

    /// Adds indices, whose pages name files of the same server.
    #[must_use]
    pub fn with_indices(mut self, roots: impl IntoIterator<Item = BaseUrl>) -> Self {
        self.indices.extend(roots);
        self
    }

    /// Every root that the configuration of the user or the system names; an index, a recipe or a
    /// registry's description of itself adds none.
    pub fn configured(&self) -> Vec<BaseUrl> {
        let templates = self.templates.values().flatten();
        let roots = self.by_type.values().flatten();
        let roots = roots.chain(templates.filter_map(Template::configured));
        roots.chain(&self.indices).cloned().collect()
    }

    /// Adds URLs that an index or a recipe names for one file.
    #[must_use]
    pub fn with_named(
        mut self,
        input: &LockedInput,
        urls: impl IntoIterator<Item = String>,
    ) -> Self {
        let key = (input.sha256, input.purl.clone());
        self.named.entry(key).or_default().extend(urls);
        self
    }

    /// The roots for one type.
    pub fn roots(&self, kind: &str) -> &[BaseUrl] {
        self.by_type.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Every URL the input may be had from: each location on each root, best location first,
    /// then what is made from its purl, then what was named for its digest.
    pub fn places(&self, input: &LockedInput) -> Vec<String> {
        let kind = input.purl.kind();
        let roots = self.roots(kind);
        let templates = self.templates.get(kind).into_iter().flatten();
        let named = self.named.get(&(input.sha256, input.purl.clone()));
        let named = named.into_iter().flatten();
        let mut seen = BTreeSet::new();
        input
            .locations
            .iter()
            .flat_map(|location| roots.iter().map(|root| root.join(location)))
            .chain(templates.filter_map(|template| template.fill(input)))
            .chain(named.cloned())
            .filter(|url| seen.insert(url.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::digest::Digest;

    fn url(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn every_location_on_every_root_once() {
        let input = LockedInput {
            source: None,
            purl: "pkg:deb/debian/a@1".parse().unwrap(),
            file: "a.deb".parse().unwrap(),
            sha256: Digest::sha256(b""),
            blake3: None,
            size: 0,
            locations: vec!["pool/a.deb".parse().unwrap(), "b/a.deb".parse().unwrap()],
        };
        let mirrors = Mirrors {
            by_type: [("deb".to_owned(), vec![url("http://own.example/")])].into(),
        };
        let endpoints = Endpoints::new(mirrors)
            .with(
                "deb",
                [url("http://mirror.example/"), url("http://own.example")],
            )
            .with("npm", [url("http://npm.example/")]);
        assert_eq!(
            endpoints.places(&input),
            [
                "http://own.example/pool/a.deb",
                "http://mirror.example/pool/a.deb",
                "http://own.example/b/a.deb",
                "http://mirror.example/b/a.deb",
            ]
        );
    }
}
