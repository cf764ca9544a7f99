//! What trials stand on: a small toolchain tree whose only program is this one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use zwieback_model::sandbox_spec::limits::{Limits, Quota};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::{Conditions, FIXED_FILES, MOUNT_POINTS};
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::sandbox::{Sandbox, Sources};
use zwieback_sandbox::step::{Command, Ending, StepOutcome};

use crate::attempt;

/// A toolchain tree, and this program where any user can start it.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) server: Arc<ForkServer>,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = ForkServer::start().expect("a fork server");
        let dir = tempfile::tempdir().expect("a scratch directory");
        let world = Self { dir, server };
        open_to_all(world.dir.path(), 0o755);
        let tree = world.toolchain();
        fs::create_dir(world.dir.path().join("empty")).expect("an empty directory");
        for point in MOUNT_POINTS {
            fs::create_dir_all(join(&tree, point)).expect("a mount point");
        }
        fs::create_dir_all(tree.join("etc")).expect("etc");
        for file in FIXED_FILES {
            fs::write(join(&tree, file), "").expect("an empty file");
        }
        let own = std::env::current_exe().expect("the name of this program");
        for copy in [world.program(), tree.join("probe"), tree.join("setuid")] {
            fs::copy(&own, &copy).expect("a copy of this program");
            open_to_all(&copy, 0o755);
        }
        open_to_all(&tree.join("setuid"), 0o6755);
        world
    }

    /// This program, outside of the sandbox.
    pub(crate) fn program(&self) -> PathBuf {
        self.dir.path().join("trials")
    }

    pub(crate) fn toolchain(&self) -> PathBuf {
        self.dir.path().join("toolchain")
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            toolchain: self.toolchain(),
            empty: self.dir.path().join("empty"),
            ..Sources::default()
        }
    }

    /// A sandbox with these limits.
    pub(crate) fn sandbox(&self, limits: Limits) -> Sandbox {
        self.start(&SandboxSpec::for_build(Conditions::default(), limits))
    }

    pub(crate) fn start(&self, spec: &SandboxSpec) -> Sandbox {
        let canceller = Canceller::new().expect("an eventfd");
        match Sandbox::start(&self.server, spec, self.sources(), &canceller) {
            Ok(sandbox) => sandbox,
            Err(error) => panic!("{error}; {:?}", error.hint()),
        }
    }

    /// Makes one attempt in a sandbox of its own and tells what it printed.
    pub(crate) fn attempt(&self, name: &str, arguments: &[&str]) -> String {
        let mut sandbox = self.sandbox(limits());
        let (outcome, output) = run(&mut sandbox, name, arguments);
        assert_eq!(outcome.ending, Ending::Exited(0), "{name}: {output}");
        output
    }
}

/// Limits that a small machine can bear to be tried.
pub(crate) fn limits() -> Limits {
    let quota = Quota {
        bytes: 32 << 20,
        inodes: 2000,
    };
    Limits {
        memory: 256 << 20,
        processes: 64,
        work: quota,
        out: quota,
        tmp: quota,
        log: 1 << 20,
        seconds: 60,
        ..Limits::default()
    }
}

/// The command that makes an attempt.
pub(crate) fn command(name: &str, arguments: &[&str]) -> Command {
    let fixed = ["/probe", attempt::ARGUMENT, name].into_iter();
    Command::new(fixed.chain(arguments.iter().copied()))
}

/// Makes an attempt in a sandbox that is there.
pub(crate) fn run(sandbox: &mut Sandbox, name: &str, arguments: &[&str]) -> (StepOutcome, String) {
    let mut output = Vec::new();
    let outcome = sandbox
        .run(&command(name, arguments), &mut |bytes| {
            output.extend_from_slice(bytes);
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    (outcome, String::from_utf8_lossy(&output).into_owned())
}

fn join(tree: &Path, inside: &str) -> PathBuf {
    tree.join(inside.trim_start_matches('/'))
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}
