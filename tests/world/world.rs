//! A home, a project and a store for one test, and commands that are run in them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::larder::{Larder, copy_files};
use crate::outcome::Outcome;
use crate::site::Site;

/// Nobody's number: an ordinary user without a name, a home or a group.
pub const STRANGER: u32 = 47_111;

/// The world of one test; it is gone when it is dropped.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    binary: PathBuf,
    user: Option<u32>,
}

impl World {
    /// A project with the test toolchains and no recipe yet.
    pub fn new(site: Site, larder: Larder) -> Self {
        let worlds = Path::new(site.scratch).join("worlds");
        Self::below(&worlds, site, larder)
    }

    /// A world that belongs to an ordinary user. Only root can give it away.
    ///
    /// It has its own copy of the program, as the checkout may be in a folder closed to others.
    pub fn of_stranger(site: Site, larder: Larder) -> Self {
        let mut world = Self::below(&std::env::temp_dir(), site, larder);
        let binary = world.path("zwieback");
        fs::copy(&world.binary, &binary).unwrap();
        world.binary = binary;
        world.user = Some(STRANGER);
        let owner = format!("{STRANGER}:{STRANGER}");
        let mut give = Command::new("chown");
        give.args(["-R", &owner]).arg(world.folder.path());
        assert!(give.status().unwrap().success());
        world
    }

    fn below(parent: &Path, site: Site, larder: Larder) -> Self {
        fs::create_dir_all(parent).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("world-")
            .tempdir_in(parent)
            .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let world = Self {
            folder,
            binary: site.binary.into(),
            user: None,
        };
        fs::create_dir(world.path("home")).unwrap();
        fs::create_dir_all(world.path("project/recipes")).unwrap();
        for (name, from) in larder.toolchains(site) {
            copy_files(&from, &world.path("project/toolchains").join(name));
        }
        larder.copy_to(site, &world.store());
        world
    }

    /// A path below the world's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The project.
    pub fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The runs of this user.
    pub fn runs(&self) -> PathBuf {
        self.path("home/.local/state/zwieback/runs")
    }

    /// Writes a file below the world's folder.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        file
    }

    /// Writes a recipe for the toolchain `shell`: one step, whose script is given.
    pub fn recipe(&self, name: &str, script: &str) {
        self.recipe_with(name, script, "");
    }

    /// Writes such a recipe with more tables behind the step.
    pub fn recipe_with(&self, name: &str, script: &str, more: &str) {
        let text = format!(
            "[recipe]\nname = \"{name}\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
             [[steps]]\nname = \"make\"\nrun = '''\n{script}\n'''\n{more}"
        );
        self.write(&format!("project/recipes/{name}/recipe.toml"), text);
    }

    /// Copies a recipe of the checkout.
    pub fn recipe_of(&self, site: Site, name: &str) {
        let to = self.project().join("recipes").join(name);
        copy_files(&site.file("recipes").join(name), &to);
    }

    /// Any program in this world: its environment is small, fixed and the same on every machine.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let here = self.binary.parent().unwrap().display();
        command
            .env_clear()
            .env(
                "PATH",
                format!("{here}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            )
            .env("HOME", self.path("home"))
            .env("ZWIEBACK_STORE", self.store())
            .current_dir(self.project())
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Any program, run by one of several people: with a home and a store of their own.
    pub fn command_of(&self, person: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.command(program);
        let home = self.path("people").join(person);
        command
            .env("ZWIEBACK_STORE", home.join("store"))
            .env("HOME", home);
        command
    }

    /// The program under test.
    pub fn zwieback(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.binary);
        command.args(arguments);
        command
    }

    /// Runs the program under test to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.zwieback(arguments).output().unwrap().into()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Trees in a store are read-only, which stops everyone but root from removing them.
        let opened = Command::new("chmod")
            .args(["-R", "u+rwX"])
            .arg(self.folder.path())
            .status();
        drop(opened);
    }
}
