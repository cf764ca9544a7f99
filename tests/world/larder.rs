//! Stores that hold a toolchain already: filled once in a checkout, copied by every test.
//!
//! Filling needs the network, as the first build of a fresh clone does; nothing after it does.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::Site;

/// What a store holds before a test begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Larder {
    /// Nothing.
    Empty,
    /// The toolchain `shell`: a shell and core tools, 13 MB of packages.
    Shell,
    /// The toolchains `shell` and `c`, and the sources of zlib.
    Compilers,
    /// The toolchains that the seeds of non-determinism are built with: 2 GB, which are shared, not copied.
    Seeds,
}

/// What the seeds add to the toolchain `seeds`, one at a time.
const LANGUAGES: [&str; 3] = ["java", "node", "rust"];

impl Larder {
    /// Makes a store at `to` that holds this.
    pub fn copy_to(self, site: Site, to: &Path) {
        let Some(name) = self.name() else {
            return fs::create_dir(to).unwrap();
        };
        let filled = self.filled(site, name);
        if self == Self::Seeds {
            return symlink(&filled, to).unwrap();
        }
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto", "--"])
            .args([filled.as_path(), to])
            .status();
        assert!(copied.unwrap().success(), "cp {}", filled.display());
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Empty => None,
            Self::Shell => Some("shell"),
            Self::Compilers => Some("compilers"),
            Self::Seeds => Some("seeds"),
        }
    }

    /// The toolchains of a project that is built from this, by the folder that holds each.
    pub fn toolchains(self, site: Site) -> Vec<(&'static str, PathBuf)> {
        let languages = LANGUAGES.map(|name| (name, site.file("toolchains").join(name)));
        match self {
            Self::Seeds => {
                let seeds = ("seeds", site.file("tests/fixtures/toolchains/seeds"));
                languages.into_iter().chain([seeds]).collect()
            }
            _ => site.toolchains().to_vec(),
        }
    }

    fn filled(self, site: Site, name: &str) -> PathBuf {
        let folder = Path::new(site.scratch).join("larder");
        fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join(format!("{name}.lock"))).unwrap();
        lock.lock().unwrap();
        let store = folder.join(format!("{name}-{}", self.version(site)));
        if !store.exists() {
            let begun = folder.join(format!("{name}.begun"));
            self.fill(site, &begun.join("store"));
            fs::rename(begun.join("store"), &store).unwrap();
            fs::remove_dir_all(begun).unwrap();
        }
        store
    }

    fn fill(self, site: Site, store: &Path) {
        let folder = store.parent().unwrap();
        let project = folder.join("project");
        // What a fill that was killed has fetched is taken up.
        fs::create_dir_all(project.join("recipes")).unwrap();
        for (name, from) in self.toolchains(site) {
            copy_files(&from, &project.join("toolchains").join(name));
        }
        copy_files(&site.file("recipes/zlib"), &project.join("recipes/zlib"));
        let run = |arguments: &[&str]| {
            let filling = Command::new(site.binary)
                .args(["--no-progress", "-C"])
                .arg(&project)
                .args(arguments)
                .env("HOME", folder.join("home"))
                .env("ZWIEBACK_STORE", store)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&filling.stderr);
            assert!(filling.status.success(), "cannot fill the larder: {said}");
        };
        if self == Self::Seeds {
            for language in LANGUAGES {
                run(&["shell", "-t", "seeds", "-t", language, "--", "true"]);
            }
            return;
        }
        run(&["shell", "-t", "shell", "--", "true"]);
        if self == Self::Compilers {
            run(&["shell", "zlib", "--", "true"]);
        }
    }

    /// Other locks are another larder.
    fn version(self, site: Site) -> String {
        let mut text = Vec::new();
        for (_, folder) in self.toolchains(site) {
            text.extend(fs::read(folder.join("zwieback.lock")).unwrap());
            text.extend(fs::read(folder.join("toolchain.toml")).unwrap());
        }
        zwieback_model::digest::Digest::sha256(&text).short()
    }
}

/// Copies the files of one folder.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
