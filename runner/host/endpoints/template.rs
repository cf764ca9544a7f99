//! URLs with places to fill in, as cargo's registries describe where their crates lie.

use std::fmt::Write as _;
use std::str::FromStr;

use zwieback_model::locked_input::LockedInput;

use crate::endpoints::base_url::{BaseUrl, BaseUrlError, encode_path};

/// What a template without any marker stands for (the Cargo Book, "Index Format", `dl`).
const DEFAULT: &str = "{crate}/{version}/download";

/// A URL that names a file once a package is filled in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template {
    root: BaseUrl,
    rest: String,
    is_hearsay: bool,
}

impl Template {
    /// The files of a folder on this machine, by a pattern of their names.
    pub fn local(folder: &str, rest: &str) -> Result<Self, BaseUrlError> {
        let mut root = String::from("file:");
        root.push_str(&encode_path(folder));
        Ok(Self {
            root: root.parse()?,
            rest: rest.to_owned(),
            is_hearsay: false,
        })
    }

    /// The same, as told by a registry of that host, which may name itself and no other place that only a
    /// user may name.
    #[must_use]
    pub fn told_by(mut self, host: &str) -> Self {
        let authority = self.root.as_str().split('/').nth(2).unwrap_or_default();
        let name = authority
            .rsplit_once(':')
            .map_or(authority, |(name, _)| name);
        self.is_hearsay = name != host || name.is_empty();
        self
    }

    /// The root, if it is the user's own configuration that names it.
    pub(super) fn configured(&self) -> Option<&BaseUrl> {
        (!self.is_hearsay).then_some(&self.root)
    }

    /// The URL of one input's file, if its purl has a version.
    pub fn fill(&self, input: &LockedInput) -> Option<String> {
        let (name, version) = (input.purl.name(), input.purl.version()?);
        let lower = name.to_ascii_lowercase();
        let fillings = [
            ("{crate}", encode_path(name)),
            ("{version}", encode_path(version)),
            ("{prefix}", encode_path(&prefix(name))),
            ("{lowerprefix}", encode_path(&prefix(&lower))),
            ("{sha256-checksum}", input.sha256.to_hex()),
        ];
        let mut url = format!("{}{}", self.root, self.rest);
        for (marker, filling) in fillings {
            url = url.replace(marker, &filling);
        }
        Some(url)
    }
}

impl FromStr for Template {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(at) = text.find('{') else {
            return Ok(Self {
                root: text.parse()?,
                rest: DEFAULT.to_owned(),
                is_hearsay: false,
            });
        };
        let cut = text[..at].rfind('/').map_or(0, |slash| slash + 1);
        let (root, rest) = text.split_at(cut);
        Ok(Self {
            root: root.parse()?,
            rest: rest.to_owned(),
            is_hearsay: false,
        })
    }
}

/// The folder of a crate in an index: `1`, `2`, `3/s` or `se/rd`.
fn prefix(name: &str) -> String {
    let mut text = String::new();
    let part = |range| name.get(range).unwrap_or(name);
    match name.chars().count() {
        0..=2 => write!(text, "{}", name.len()),
        3 => write!(text, "3/{}", part(0..1)),
        _ => write!(text, "{}/{}", part(0..2), part(2..4)),
    }
    .expect("writing to a string cannot fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::digest::Digest;

    fn filled(template: &str, purl: &str) -> String {
        let input = LockedInput {
            source: None,
            purl: purl.parse().unwrap(),
            file: "x.crate".parse().unwrap(),
            sha256: Digest::sha256(b""),
            blake3: None,
            size: 0,
            locations: Vec::new(),
        };
        let template: Template = template.parse().unwrap();
        template.fill(&input).unwrap()
    }

    #[test]
    fn markers_are_filled_and_their_absence_has_a_meaning() {
        let purl = "pkg:cargo/Serde_json@1.0.0+a";
        for (template, url) in [
            (
                "http://m.example/dl",
                "http://m.example/dl/Serde_json/1.0.0%2ba/download",
            ),
            (
                "http://m.example/{prefix}/{crate}-{version}.crate",
                "http://m.example/Se/rd/Serde_json-1.0.0%2ba.crate",
            ),
            ("http://m.example/a{lowerprefix}", "http://m.example/ase/rd"),
        ] {
            assert_eq!(filled(template, purl), url);
        }
        assert_eq!(
            filled("http://m.example/{prefix}", "pkg:cargo/syn@1"),
            "http://m.example/3/s"
        );
        assert!("ftp://m.example/{crate}".parse::<Template>().is_err());
        assert!("{crate}".parse::<Template>().is_err());
    }

    #[test]
    fn a_folder_is_a_place_too() {
        let template = Template::local("/srv/my crates", "{crate}-{version}.crate").unwrap();
        assert_eq!(template.root.as_str(), "file:///srv/my%20crates/");
    }
}
