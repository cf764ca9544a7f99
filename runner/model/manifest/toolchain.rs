//! A toolchain: packages unpacked into one read-only tree that becomes `/` of the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, SourceText};
use super::parse::parse;
use super::part::{Form, MadePart, Part};
use crate::glob::Glob;
use crate::name::Name;
use crate::rel_path::RelPath;

/// The content of a `toolchain.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// What the toolchain is.
    pub toolchain: Head,
    /// Debian packages and everything they depend on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deb: Option<DebClosure>,
    /// Wheels, by a name of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wheel: BTreeMap<Name, Part>,
    /// Packages of npm, each without what it depends on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub npm: BTreeMap<Name, Part>,
    /// Archives of any origin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub archive: BTreeMap<Name, Part>,
    /// Recipes whose outputs are part of the toolchain.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipe: BTreeMap<Name, MadePart>,
    /// Environment that every step gets, below what the recipe says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What maintainer scripts would have made: declared, so that none has to run.
    #[serde(default)]
    pub fixups: Fixups,
}

/// The `[toolchain]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The toolchain's own name, the same as its folder's.
    pub name: Name,
    /// One line that says what it is for.
    pub description: String,
}

/// The `[deb]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DebClosure {
    /// The release, as in `bookworm`.
    pub release: Name,
    /// The architecture, as in `amd64`.
    pub architecture: Name,
    /// The packages to install; apt adds what they depend on, without recommendations.
    pub packages: Vec<Name>,
}

/// The `[fixups]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fixups {
    /// Symbolic links by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<RelPath, String>,
    /// Small files by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<RelPath, String>,
    /// Globs of what is left out: manuals, translations and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prune: Vec<String>,
}

impl Toolchain {
    /// Reads a toolchain and checks what its grammar cannot say.
    pub fn parse(source: SourceText<'_>) -> Result<Self, Diagnostic> {
        let toolchain: Self = parse(source)?;
        toolchain.check(source)?;
        Ok(toolchain)
    }

    /// The name of the toolchain.
    pub fn name(&self) -> &Name {
        &self.toolchain.name
    }

    /// The parts that are files, each with its name.
    pub fn parts(&self) -> impl Iterator<Item = (&Name, Form, &Part)> {
        let forms = [
            (Form::Wheel, &self.wheel),
            (Form::Npm, &self.npm),
            (Form::Archive, &self.archive),
        ];
        forms.into_iter().flat_map(|(form, parts)| {
            let parts = parts.iter();
            parts.map(move |(name, part)| (name, form, part))
        })
    }

    /// The part of a name.
    pub fn part(&self, name: &Name) -> Option<(Form, &Part)> {
        let wheel = self.wheel.get(name).map(|part| (Form::Wheel, part));
        let npm = || self.npm.get(name).map(|part| (Form::Npm, part));
        let archive = || self.archive.get(name).map(|part| (Form::Archive, part));
        wheel.or_else(npm).or_else(archive)
    }

    fn check(&self, source: SourceText<'_>) -> Result<(), Diagnostic> {
        let has_packages = self.deb.as_ref().is_none_or(|deb| !deb.packages.is_empty());
        let is_empty =
            self.deb.is_none() && self.parts().next().is_none() && self.recipe.is_empty();
        if is_empty || !has_packages {
            return Err(Diagnostic::whole(
                source.path,
                "a toolchain needs at least one package",
            ));
        }
        self.check_parts(source)?;
        for pattern in &self.fixups.prune {
            if let Err(error) = pattern.parse::<Glob>() {
                let at = source.text.find(pattern.as_str()).unwrap_or_default();
                return Err(Diagnostic::at(
                    source,
                    at..at + pattern.len(),
                    error.to_string(),
                ));
            }
        }
        Ok(())
    }

    fn check_parts(&self, source: SourceText<'_>) -> Result<(), Diagnostic> {
        let mut seen = BTreeSet::new();
        for (name, form, part) in self.parts() {
            // The lock tells parts apart by name alone.
            let checked = if seen.insert(name) {
                part.check(form)
            } else {
                Err("another part has that name".to_owned())
            };
            if let Err(why) = checked {
                let table = format!("{}.{name}", form.as_str());
                let message = format!("{} `{name}`: {why}", form.as_str());
                return Err(match source.text.find(&table) {
                    Some(at) => Diagnostic::at(source, at..at + table.len(), message),
                    None => Diagnostic::whole(source.path, message),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_reads() {
        let text = r#"
[toolchain]
name = "base"
description = "shell and core tools"
[deb]
release = "bookworm"
architecture = "amd64"
packages = ["bash"]
[fixups.links]
"usr/bin/awk" = "mawk"
"#;
        let toolchain = Toolchain::parse(SourceText {
            path: "toolchain.toml",
            text,
        })
        .unwrap();
        assert_eq!(toolchain.fixups.links.len(), 1);
        let empty = text.replace("\"bash\"", "");
        assert!(
            Toolchain::parse(SourceText {
                path: "t",
                text: &empty
            })
            .is_err()
        );
    }
    #[test]
    fn a_part_without_a_place_in_its_table_is_refused_where_it_stands() {
        let parse = |text: &str| {
            let head = "[toolchain]\nname = \"t\"\ndescription = \"d\"\n";
            let text = format!("{head}{text}");
            let path = "toolchain.toml";
            Toolchain::parse(SourceText { path, text: &text })
        };
        let good = parse("[recipe.lua]\n[npm.a]\npurl = \"pkg:npm/a@1\"\n").unwrap();
        assert_eq!((good.parts().count(), good.recipe.len()), (1, 1));
        let wrong = parse("[npm.a]\npurl = \"pkg:pypi/a@1\"\n").unwrap_err();
        assert!(wrong.to_string().contains(":4:2: npm `a`"), "{wrong}");
        let part = "purl = \"pkg:npm/a@1\"\n";
        let twice = parse(&format!("[npm.a]\n{part}[archive.a]\n{part}")).unwrap_err();
        assert!(twice.to_string().contains("another part"), "{twice}");
        assert!(parse("").is_err());
    }
}
