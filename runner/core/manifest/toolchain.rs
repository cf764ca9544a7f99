//! A toolchain: packages unpacked into one read-only tree that becomes `/` of the sandbox.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, SourceText};
use super::parse::parse;
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
    pub deb: DebClosure,
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

    fn check(&self, source: SourceText<'_>) -> Result<(), Diagnostic> {
        if self.deb.packages.is_empty() {
            return Err(Diagnostic::whole(
                source.path,
                "a toolchain needs at least one package",
            ));
        }
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
}
