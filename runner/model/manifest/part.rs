//! Parts of a toolchain that are no Debian packages: wheels, npm packages, archives, outputs of recipes.

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::digest::Digest;
use crate::glob::Glob;
use crate::locked_input::FileName;
use crate::purl::Purl;
use crate::rel_path::RelPath;

/// Where Debian's Python looks for what no package manager of the host installed.
const SITE_PACKAGES: &str = "usr/lib/python3/dist-packages";
/// Where node looks for packages that belong to the machine.
const NODE_MODULES: &str = "usr/lib/node_modules";

/// One `[wheel.<name>]`, `[npm.<name>]` or `[archive.<name>]` table: a file that is unpacked, never run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Which package it is; pinned to bytes by the lockfile.
    pub purl: Purl,
    /// Which file of the package: a wheel always says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileName>,
    /// Where a `pkg:generic` lies; every one is asked, and the digest decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<String>,
    /// What the bytes must be, where the toolchain's author knows it from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// The folder its files go to; without it, the one that the ecosystem's programs look in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RelPath>,
    /// How many folders at the top of an archive are taken off, as in `tar --strip-components`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strip: u8,
    /// Globs below `to` of files that are programs though the archive does not say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
}

/// One `[recipe.<name>]` table: the outputs of that recipe, baked twice before they bake anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MadePart {
    /// The folder they go to; without it, the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RelPath>,
}

/// What kind of file a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A wheel of Python (PEP 427).
    Wheel,
    /// A tarball of npm.
    Npm,
    /// Any archive.
    Archive,
}

impl Part {
    /// The folder its files go to; nothing for the top.
    pub fn destination(&self, form: Form) -> Option<RelPath> {
        if let Some(to) = &self.to {
            return Some(to.clone());
        }
        match form {
            Form::Wheel => Some(SITE_PACKAGES.parse().expect("the folder is a path")),
            Form::Npm => {
                let scope = self
                    .purl
                    .namespace()
                    .map_or_else(String::new, |it| format!("{it}/"));
                // A purl may hold what no path can; such a package cannot be in a tree.
                format!("{NODE_MODULES}/{scope}{}", self.purl.name())
                    .parse()
                    .ok()
            }
            Form::Archive => None,
        }
    }

    /// How many folders at the top are taken off: npm packs everything below one, whatever its name.
    pub fn strip(&self, form: Form) -> usize {
        match form {
            Form::Npm => 1,
            Form::Wheel | Form::Archive => self.strip.into(),
        }
    }

    /// The part as a source, which is pinned the same way.
    pub fn as_source(&self) -> Source {
        Source {
            purl: Some(self.purl.clone()),
            file: self.file.clone(),
            url: self.url.clone(),
            sha256: self.sha256,
            ..Source::default()
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn check(&self, form: Form) -> Result<(), String> {
        let end = |file: &FileName| file.as_str().rsplit('.').next() == Some("whl");
        let kind = self.purl.kind();
        match form {
            Form::Wheel if kind != "pypi" => return Err("a wheel is a `pkg:pypi`".into()),
            Form::Wheel if !self.file.as_ref().is_some_and(end) => {
                return Err("a wheel is named by `file`, which ends with `.whl`".into());
            }
            Form::Npm if kind != "npm" => return Err("an npm package is a `pkg:npm`".into()),
            Form::Wheel | Form::Npm if self.strip > 0 => {
                return Err("`strip` is for an archive".into());
            }
            Form::Npm if self.destination(form).is_none() => {
                return Err("the name of the package is no path".into());
            }
            _ => {}
        }
        if !self.url.is_empty() && kind != "generic" {
            return Err("`url` is for a `pkg:generic`".into());
        }
        let wrong = |text: &String| text.parse::<Glob>().err().map(|error| error.to_string());
        self.programs.iter().find_map(wrong).map_or(Ok(()), Err)
    }
}

impl Form {
    /// The word for it: the name of its table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wheel => "wheel",
            Self::Npm => "npm",
            Self::Archive => "archive",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(purl: &str, file: Option<&str>) -> Part {
        Part {
            purl: purl.parse().unwrap(),
            file: file.map(|file| file.parse().unwrap()),
            url: Vec::new(),
            sha256: None,
            to: None,
            strip: 0,
            programs: Vec::new(),
        }
    }

    #[test]
    fn each_form_has_its_place() {
        let at = |part: &Part, form| part.destination(form).map(|it| it.to_string());
        let npm = part("pkg:npm/%40esbuild/linux-x64@1", None);
        assert_eq!(
            at(&npm, Form::Npm).as_deref(),
            Some("usr/lib/node_modules/@esbuild/linux-x64")
        );
        let archive = part("pkg:generic/a@1", None);
        assert_eq!(at(&archive, Form::Archive), None);
    }

    #[test]
    fn a_form_takes_its_own_purls_only() {
        let wheel = part("pkg:pypi/a@1", Some("a-1-py3-none-any.whl"));
        assert_eq!(wheel.check(Form::Wheel), Ok(()));
        assert!(wheel.check(Form::Npm).is_err());
        assert!(part("pkg:pypi/a@1", None).check(Form::Wheel).is_err());
        let sdist = part("pkg:pypi/a@1", Some("a-1.tar.gz"));
        assert!(sdist.check(Form::Wheel).is_err());
        assert_eq!(sdist.check(Form::Archive), Ok(()));
        let mut wrong = part("pkg:generic/a@1", None);
        wrong.programs = vec!["../x".to_owned()];
        assert!(wrong.check(Form::Archive).is_err());
    }
}
