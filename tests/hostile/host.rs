//! The host around hostile recipes: what they are to find, and proof that they did not.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::panic::RefUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;

use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::world::World;

/// What only the host knows, in two halves: no program that looks for it may hold it whole.
const SECRET: [&str; 2] = ["k1d9x0-never-", "inside-3w7q"];

/// A host with listeners and secrets.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) world: World,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: [UnixListener; 2],
    /// What programs of the corpus call themselves, so that a survivor is found.
    name: String,
    files: BTreeMap<PathBuf, Facts>,
}

/// What would change about a file that somebody changed.
type Facts = (u32, u32, u64, u64, i64, i64);

impl RefUnwindSafe for Host {}

impl Host {
    pub(crate) fn new(world: World) -> Self {
        let name = format!("zwbad{}", std::process::id());
        let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
        let udp = UdpSocket::bind(tcp.local_addr().unwrap()).unwrap();
        let hidden = SocketAddr::from_abstract_name(&name).unwrap();
        let unix = [
            UnixListener::bind(world.path("socket")).unwrap(),
            UnixListener::bind_addr(&hidden).unwrap(),
        ];
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        for listener in &unix {
            listener.set_nonblocking(true).unwrap();
        }
        for file in [
            "home/.local/share/zwieback/keys/default.pem",
            "home/.ssh/id_ed25519",
        ] {
            world.write(file, SECRET.concat());
        }
        // What is planted in an ordinary user's world is that user's.
        let mut give = Command::new("chown");
        give.arg("-R").arg("--reference").arg(world.path(""));
        assert!(give.arg(world.path("home")).status().unwrap().success());
        // A copied store looks at its files once, and notes that it did.
        let harmless = "[recipe]\nname = \"harmless\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\n\
                        [[steps]]\nname = \"make\"\nrun = 'echo made > $OUT/made'\n";
        world.write("project/recipes/harmless/recipe.toml", harmless);
        world
            .run(&["build", "harmless", "--once", "--offline"])
            .expect(0, &[]);
        let mut files = BTreeMap::new();
        look_below(&world.store(), &mut files);
        look_below(&world.path("home"), &mut files);
        Self {
            world,
            tcp,
            udp,
            unix,
            name,
            files,
        }
    }

    /// What the compiler is told, so that programs know where to look.
    pub(crate) fn definitions(&self) -> String {
        let port = self.tcp.local_addr().unwrap().port();
        let folder = self.world.path("");
        let folder = folder.to_str().unwrap().trim_end_matches('/').to_owned();
        let texts = [
            ("HOST_DIR", folder.as_str()),
            ("HOST_SOCKET", &self.name),
            ("MARK", &self.name),
            ("SECRET_HEAD", SECRET[0]),
            ("SECRET_TAIL", SECRET[1]),
        ];
        let texts = texts.map(|(key, value)| format!("'-D{key}=\"{value}\"'"));
        format!("-DHOST_PORT={port} {}", texts.join(" "))
    }

    /// Builds a recipe once, with secrets in the environment and a descriptor left open.
    pub(crate) fn build(&self, recipe: &str) -> Outcome {
        let zwieback = self.world.zwieback(&[]);
        let mut shell = self.world.command("/bin/sh");
        let plant = "exec 9<\"$HOME/.ssh/id_ed25519\"; exec \"$@\"";
        shell.args(["-c", plant, "sh"]).arg(zwieback.get_program());
        shell.args([
            "build",
            recipe,
            "--once",
            "--offline",
            "--no-progress",
            "-L",
        ]);
        for name in ["HOSTILE_SECRET", "AWS_SECRET_ACCESS_KEY", "ZWIEBACK_KEY"] {
            shell.env(name, SECRET.concat());
        }
        shell.env("SSH_AUTH_SOCK", self.world.path("socket"));
        shell.output().unwrap().into()
    }

    /// Checks that nobody called, nothing was changed, and no process is left.
    #[track_caller]
    pub(crate) fn is_untouched(&self) {
        let would_block = |error: std::io::Error| error.kind() == ErrorKind::WouldBlock;
        assert!(
            self.tcp.accept().is_err_and(would_block),
            "a connection came"
        );
        assert!(
            self.udp.recv(&mut [0]).is_err_and(would_block),
            "a datagram came"
        );
        for listener in &self.unix {
            assert!(listener.accept().is_err_and(would_block), "a caller came");
        }
        for (path, facts) in &self.files {
            let now = fs::symlink_metadata(path).ok();
            assert_eq!(
                now.map(|now| facts_of(&now)),
                Some(*facts),
                "{}",
                path.display()
            );
        }
        let survivors = survivors(&self.name);
        assert!(survivors.is_empty(), "still there: {survivors:?}");
    }

    /// Checks every byte of the store.
    #[track_caller]
    pub(crate) fn store_is_sound(&self) {
        self.world.run(&["store", "verify"]).expect(0, &[]);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for pid in survivors(&self.name) {
            drop(Command::new("kill").args(["-9", &pid]).status());
        }
    }
}

fn facts_of(metadata: &fs::Metadata) -> Facts {
    (
        metadata.mode(),
        metadata.uid(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    )
}

/// Files only: a directory changes when something is added to it, as a build does.
fn look_below(folder: &Path, into: &mut BTreeMap<PathBuf, Facts>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            look_below(&entry.path(), into);
        } else if metadata.size() > 0 {
            // Empty ones are locks.
            into.insert(entry.path(), facts_of(&metadata));
        }
    }
}

/// Processes of this name, wherever they are.
fn survivors(name: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter(|entry| {
        let comm = fs::read_to_string(entry.path().join("comm"));
        comm.is_ok_and(|comm| comm.trim_end() == name)
    });
    named
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
