//! A project on disk: the folder that holds `recipes/` and `toolchains/`.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Component, Path, PathBuf};

use zwieback_model::manifest::diagnostic::{Diagnostic, SourceText, nearest};
use zwieback_model::manifest::lockfile::Lockfile;
use zwieback_model::manifest::parse::MAX_MANIFEST;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;

use crate::fs::replace::replace;
use crate::fs::{folder_lock, given_file};

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
    pub place: Place,
}

/// A folder of a project. No link lies on the way there from the project's top, nor from there to its files:
/// whoever wrote the project does not choose other files of its user's. The way to a folder that lies in no
/// project is its user's own.
#[derive(Clone, Debug)]
pub struct Place {
    top: PathBuf,
    below: String,
    /// It lies in a folder that the project's `toolchains` is a link to.
    is_shared: bool,
}

/// The folder of the toolchains of a project.
const TOOLCHAINS: &str = "toolchains";

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
    /// Another command was faster.
    #[error("{}: another lock took its place meanwhile", .0.display())]
    Relocked(PathBuf),
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
            Self::Relocked(_) => {
                Some("nothing was written by this command: look at it and repeat it".into())
            }
            _ => None,
        }
    }
}

impl Project {
    /// The nearest project at or above a folder.
    pub fn find(from: &Path) -> Result<Self, ProjectError> {
        let absolute = std::path::absolute(from).map_err(|source| io_error(from, source))?;
        let mut above = absolute.ancestors();
        let root = above.find(|folder| folder.join("recipes").is_dir());
        let root = root.ok_or_else(|| ProjectError::None {
            from: absolute.clone(),
        })?;
        let recipes = Place::of(root, "recipes").check();
        recipes.map_err(|source| io_error(root, source))?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The recipe of a name (`zlib`) or a path (`recipes/zlib`).
    pub fn recipe(&self, named: &str) -> Result<OnDisk<Recipe>, ProjectError> {
        let place = self.place_of("recipes", "recipe", named)?;
        let read = read(place, "recipe.toml", Recipe::parse)?;
        check_name(&read.place, "recipe.toml", read.manifest.name())?;
        Ok(read)
    }

    /// The toolchain of a name or a path.
    pub fn toolchain(&self, named: &str) -> Result<OnDisk<Toolchain>, ProjectError> {
        let place = self.place_of(TOOLCHAINS, "toolchain", named)?;
        let read = read(place, "toolchain.toml", Toolchain::parse)?;
        check_name(&read.place, "toolchain.toml", read.manifest.name())?;
        Ok(read)
    }

    /// A toolchain's folder, and the texts of its manifest and of its lock, none of them parsed.
    pub fn toolchain_texts(&self, named: &str) -> Result<(PathBuf, [Vec<u8>; 2]), ProjectError> {
        let place = self.place_of(TOOLCHAINS, "toolchain", named)?;
        let read = |name: &str| {
            let bytes = place.read(name, 64 * MAX_MANIFEST as u64);
            bytes.map_err(|source| io_error(&place.path().join(name), source))
        };
        let texts = [read("toolchain.toml")?, read(LOCKFILE)?];
        Ok((place.path(), texts))
    }

    /// The names of all recipes, sorted.
    pub fn recipes(&self) -> Vec<String> {
        self.names("recipes", "recipe.toml")
    }

    /// The names of all toolchains, sorted.
    pub fn toolchains(&self) -> Vec<String> {
        self.names(TOOLCHAINS, "toolchain.toml")
    }

    fn place_of(
        &self,
        parent: &str,
        kind: &'static str,
        named: &str,
    ) -> Result<Place, ProjectError> {
        let manifest = format!("{kind}.toml");
        let is_path = named.contains('/') || named == ".";
        let folder = if is_path {
            let given = Path::new(named);
            std::path::absolute(given).map_err(|source| io_error(given, source))?
        } else {
            self.root.join(parent).join(named)
        };
        let place = self.place(&folder);
        if place
            .has(&manifest)
            .map_err(|source| io_error(&folder, source))?
        {
            return Ok(place);
        }
        let known = self.names(parent, &manifest);
        Err(ProjectError::Unknown {
            kind,
            name: named.to_owned(),
            folder: self.root.join(parent),
            near: nearest(named, known.iter().map(String::as_str)).map(str::to_owned),
        })
    }

    /// A folder of this project, or one elsewhere that its user has named.
    fn place(&self, folder: &Path) -> Place {
        let folder = plain(folder);
        let below = folder.strip_prefix(&self.root).ok().and_then(Path::to_str);
        let Some(below) = below else {
            return Place::of(&folder, "");
        };
        let toolchains = self.root.join(TOOLCHAINS);
        match below.strip_prefix(TOOLCHAINS) {
            // Several projects may share one folder of toolchains: it is read where it lies, and written only there.
            Some(rest) if rest.starts_with('/') && toolchains.is_symlink() => Place {
                is_shared: true,
                ..Place::of(&toolchains, &rest[1..])
            },
            _ => Place::of(&self.root, below),
        }
    }

    /// What is called like a recipe or a toolchain, whatever it is: one that cannot be read is no less there.
    fn names(&self, parent: &str, manifest: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(parent)) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().join(manifest).symlink_metadata().is_ok())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

impl<T> OnDisk<T> {
    /// Writes a new lock beside the manifest, whole or not at all: in place of the one that was read, and not of what
    /// another command pinned there meanwhile.
    pub fn write_lock(&self, lock: &Lockfile) -> Result<PathBuf, ProjectError> {
        let file = self.place.path().join(LOCKFILE);
        let failed = |source| io_error(&file, source);
        self.place.check().map_err(failed)?;
        let _held = folder_lock::hold(&[&file]).map_err(failed)?;
        let there = read_lock(&self.place)?;
        if there != self.lock && there.as_ref() != Some(lock) {
            return Err(ProjectError::Relocked(file));
        }
        replace(&file, lock.to_text().as_bytes()).map_err(failed)?;
        Ok(file)
    }
}

impl Place {
    fn of(top: &Path, below: &str) -> Self {
        Self {
            top: top.to_owned(),
            below: below.to_owned(),
            is_shared: false,
        }
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        plain(&self.top.join(&self.below))
    }

    /// The bytes of a file in it, or further below, of at most so many.
    pub fn read(&self, name: &str, longest: u64) -> io::Result<Vec<u8>> {
        given_file::read_beneath(&self.top, &self.below(name), longest)
    }

    /// The same as text.
    fn read_text(&self, name: &str, longest: u64) -> io::Result<String> {
        given_file::read_text_beneath(&self.top, &self.below(name), longest)
    }

    /// Makes sure that no link leads there.
    fn check(&self) -> io::Result<()> {
        if self.is_shared {
            return Err(given_file::is_link_on_way(TOOLCHAINS));
        }
        let top = given_file::open_folder(&self.top)?;
        given_file::check_way(top.as_fd(), &self.below)
    }

    /// Whether there is something of that name; a link on the way is an error.
    fn has(&self, name: &str) -> io::Result<bool> {
        let top = match given_file::open_folder(&self.top) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            top => top?,
        };
        Ok(given_file::look_below(top.as_fd(), &self.below(name))?.is_some())
    }

    fn below(&self, name: &str) -> String {
        match self.below.as_str() {
            "" => name.to_owned(),
            below => format!("{below}/{name}"),
        }
    }
}

/// A whole path without `.` and `..`, by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

type Parse<T> = fn(SourceText<'_>) -> Result<T, Diagnostic>;

fn read<T>(place: Place, manifest: &str, parse: Parse<T>) -> Result<OnDisk<T>, ProjectError> {
    Ok(OnDisk {
        manifest: parse_file(&place, manifest, MAX_MANIFEST as u64, parse)?,
        lock: read_lock(&place)?,
        place,
    })
}

fn read_lock(place: &Place) -> Result<Option<Lockfile>, ProjectError> {
    if place.path().join(LOCKFILE).symlink_metadata().is_err() {
        return Ok(None);
    }
    // Locks are written by a program and list hundreds of files.
    let longest = 64 * MAX_MANIFEST as u64;
    parse_file(place, LOCKFILE, longest, Lockfile::parse).map(Some)
}

/// Reads a file that is the project's own: an error shows a line of it, and a link could lead to any file of
/// the user's.
fn parse_file<T>(
    place: &Place,
    name: &str,
    longest: u64,
    parse: Parse<T>,
) -> Result<T, ProjectError> {
    let file = place.path().join(name);
    let text = place.read_text(name, longest);
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

fn check_name(place: &Place, manifest: &str, name: &Name) -> Result<(), ProjectError> {
    let folder = place.path();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_another_command_wrote_meanwhile_stays() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("recipes/app");
        fs::create_dir_all(&folder).unwrap();
        let recipe = "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\
                      [[steps]]\nname = \"x\"\nrun = \"x\"\n[outputs]\nx = \"x\"\n";
        fs::write(folder.join("recipe.toml"), recipe).unwrap();
        let lock = |of: &str| {
            Lockfile::new(
                zwieback_model::digest::Digest::sha256(of.as_bytes()),
                Vec::new(),
            )
        };
        let project = Project::find(home.path()).unwrap();
        let [one, other] = [(); 2].map(|()| project.recipe("app").unwrap());
        one.write_lock(&lock("one")).unwrap();
        // The same, and nothing of it is lost.
        other.write_lock(&lock("one")).unwrap();
        let refused = other.write_lock(&lock("other")).unwrap_err();
        assert!(matches!(refused, ProjectError::Relocked(_)), "{refused}");
        let there = project.recipe("app").unwrap();
        assert_eq!(there.lock, Some(lock("one")));
        there.write_lock(&lock("other")).unwrap();
    }
}
