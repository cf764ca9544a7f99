//! A project on disk: the folder that holds `recipes/` and `toolchains/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zwieback_core::manifest::diagnostic::{Diagnostic, SourceText, nearest};
use zwieback_core::manifest::lockfile::Lockfile;
use zwieback_core::manifest::parse::MAX_MANIFEST;
use zwieback_core::manifest::recipe::Recipe;
use zwieback_core::manifest::toolchain::Toolchain;
use zwieback_core::name::Name;

use crate::fs::given_file;
use crate::fs::replace::replace;

/// The name of the file beside each manifest that pins its inputs.
pub const LOCKFILE: &str = "zwieback.lock";

/// A project, found by looking upward for `recipes/`.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
}

/// A manifest, its lock and where they lie.
#[derive(Clone, Debug)]
pub struct OnDisk<T> {
    /// The parsed manifest.
    pub manifest: T,
    /// The parsed lock, if there is one.
    pub lock: Option<Lockfile>,
    /// The folder of both.
    pub folder: PathBuf,
}

/// Why a project or a part of it cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No `recipes/` here or above.
    #[error("no project here: neither {} nor a folder above it holds `recipes/`", from.display())]
    None {
        /// Where the search began.
        from: PathBuf,
    },
    /// Nothing has this name.
    #[error("there is no {kind} `{name}` in {folder}", folder = folder.display())]
    Unknown {
        /// `recipe` or `toolchain`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// A name that is near.
        near: Option<String>,
    },
    /// The manifest's name is not its folder's.
    #[error("{file} says its name is `{name}`, but it lies in a folder called `{folder}`", file = file.display())]
    Misnamed {
        /// The manifest.
        file: PathBuf,
        /// The name in it.
        name: Name,
        /// The folder's name.
        folder: String,
    },
    /// A file cannot be read or written.
    #[error("{}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error(transparent)]
    Wrong(#[from] Box<Diagnostic>),
}

impl ProjectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { .. } => {
                Some("`zwieback init NAME` starts one; `-C DIR` names another folder".into())
            }
            Self::Unknown {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::Wrong(diagnostic) => diagnostic.hint(),
            _ => None,
        }
    }
}

impl Project {
    /// The nearest project at or above a folder.
    pub fn find(from: &Path) -> Result<Self, ProjectError> {
        let absolute = std::path::absolute(from).map_err(|source| io_error(from, source))?;
        absolute
            .ancestors()
            .find(|folder| folder.join("recipes").is_dir())
            .map(|root| Self {
                root: root.to_owned(),
            })
            .ok_or(ProjectError::None {
                from: absolute.clone(),
            })
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The recipe of a name (`zlib`) or a path (`recipes/zlib`).
    pub fn recipe(&self, named: &str) -> Result<OnDisk<Recipe>, ProjectError> {
        let folder = self.folder_of("recipes", "recipe", named)?;
        let read = read(&folder, "recipe.toml", Recipe::parse)?;
        check_name(&folder, "recipe.toml", read.manifest.name())?;
        Ok(read)
    }

    /// The toolchain of a name or a path.
    pub fn toolchain(&self, named: &str) -> Result<OnDisk<Toolchain>, ProjectError> {
        let folder = self.folder_of("toolchains", "toolchain", named)?;
        let read = read(&folder, "toolchain.toml", Toolchain::parse)?;
        check_name(&folder, "toolchain.toml", read.manifest.name())?;
        Ok(read)
    }

    /// A toolchain's folder, and the texts of its manifest and of its lock, none of them parsed.
    pub fn toolchain_texts(&self, named: &str) -> Result<(PathBuf, [Vec<u8>; 2]), ProjectError> {
        let folder = self.folder_of("toolchains", "toolchain", named)?;
        let read = |name: &str| {
            given_file::read_beneath(&folder, name, 64 * MAX_MANIFEST as u64)
                .map_err(|source| io_error(&folder.join(name), source))
        };
        let texts = [read("toolchain.toml")?, read(LOCKFILE)?];
        Ok((folder, texts))
    }

    /// The names of all recipes, sorted.
    pub fn recipes(&self) -> Vec<String> {
        self.names("recipes", "recipe.toml")
    }

    /// The names of all toolchains, sorted.
    pub fn toolchains(&self) -> Vec<String> {
        self.names("toolchains", "toolchain.toml")
    }

    fn folder_of(
        &self,
        parent: &str,
        kind: &'static str,
        named: &str,
    ) -> Result<PathBuf, ProjectError> {
        let manifest = format!("{kind}.toml");
        let is_path = named.contains('/') || named == ".";
        let folder = if is_path {
            PathBuf::from(named)
        } else {
            self.root.join(parent).join(named)
        };
        if folder.join(&manifest).is_file() {
            return std::path::absolute(&folder).map_err(|source| io_error(&folder, source));
        }
        let known = self.names(parent, &manifest);
        Err(ProjectError::Unknown {
            kind,
            name: named.to_owned(),
            folder: self.root.join(parent),
            near: nearest(named, known.iter().map(String::as_str)).map(str::to_owned),
        })
    }

    fn names(&self, parent: &str, manifest: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(parent)) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().join(manifest).is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

impl<T> OnDisk<T> {
    /// Writes a new lock beside the manifest, whole or not at all.
    pub fn write_lock(&self, lock: &Lockfile) -> Result<PathBuf, ProjectError> {
        let file = self.folder.join(LOCKFILE);
        replace(&file, lock.to_text().as_bytes()).map_err(|source| io_error(&file, source))?;
        Ok(file)
    }
}

type Parse<T> = fn(SourceText<'_>) -> Result<T, Diagnostic>;

fn read<T>(folder: &Path, manifest: &str, parse: Parse<T>) -> Result<OnDisk<T>, ProjectError> {
    let lock = folder.join(LOCKFILE);
    Ok(OnDisk {
        manifest: parse_file(folder, manifest, MAX_MANIFEST as u64, parse)?,
        // Locks are written by a program and list hundreds of files.
        lock: if lock.symlink_metadata().is_ok() {
            let longest = 64 * MAX_MANIFEST as u64;
            Some(parse_file(folder, LOCKFILE, longest, Lockfile::parse)?)
        } else {
            None
        },
        folder: folder.to_owned(),
    })
}

/// Reads a file that is the project's own: an error shows a line of it, and a link could lead to any file of
/// the user's.
fn parse_file<T>(
    folder: &Path,
    name: &str,
    longest: u64,
    parse: Parse<T>,
) -> Result<T, ProjectError> {
    let file = folder.join(name);
    let text = given_file::read_text_beneath(folder, name, longest);
    let text = text.map_err(|source| io_error(&file, source))?;
    let path = shown(&file);
    Ok(parse(SourceText {
        path: &path,
        text: &text,
    })
    .map_err(Box::new)?)
}

/// The path as the user would type it here.
fn shown(file: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    file.strip_prefix(here)
        .unwrap_or(file)
        .display()
        .to_string()
}

fn check_name(folder: &Path, manifest: &str, name: &Name) -> Result<(), ProjectError> {
    let folder_name = folder.file_name().unwrap_or_default().to_string_lossy();
    if folder_name == name.as_str() {
        return Ok(());
    }
    Err(ProjectError::Misnamed {
        file: folder.join(manifest),
        name: name.clone(),
        folder: folder_name.into_owned(),
    })
}

fn io_error(file: &Path, source: io::Error) -> ProjectError {
    ProjectError::Io {
        file: file.to_owned(),
        source,
    }
}
