//! A person at a terminal gets one inside, and never the one outside.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::sandbox::{Sandbox, Sources};

use crate::attempt::{self, Attempt, call, io};
use crate::harness::Trial;
use crate::world::{World, command, limits};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("shell_passes_pipes_through", pipes),
    ("shell_gives_a_terminal_of_its_own", terminal),
];

/// Outside: runs `greet` on the streams of this process.
pub(crate) fn interact(tree: &str) -> Attempt {
    let server = ForkServer::start().unwrap();
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let mut sandbox = Sandbox::start(&server, &spec, sources, &Canceller::new().unwrap()).unwrap();
    let outcome = sandbox.run_interactive(&command("greet", &[])).unwrap();
    Ok(outcome.ending.to_string())
}

/// Inside: says what the standard input is, and repeats a line of it.
pub(crate) fn greet() -> Attempt {
    use std::io::IsTerminal as _;
    let typed = call(libc::SYS_ioctl, &[0, 0x5412, [b'x'].as_ptr() as i64]);
    println!("terminal {}", std::io::stdin().is_terminal());
    println!("typing {:?}", typed.err());
    // The controlling terminal has a foreground group, which is this one.
    let leads = nix::unistd::tcgetpgrp(std::io::stdin()).ok() == Some(nix::unistd::getpgrp());
    println!("foreground {leads}");
    let mut line = String::new();
    io(std::io::stdin().read_line(&mut line))?;
    Ok(format!("read {}", line.trim_end()))
}

fn runner(world: &World) -> Command {
    let mut runner = Command::new(world.program());
    let tree = world.toolchain();
    runner.args([attempt::ARGUMENT, "interact", tree.to_str().unwrap()]);
    runner
}

fn pipes(world: &World) {
    let mut child = runner(world)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said,
        "terminal false\ntyping Some(EPERM)\nforeground false\ndid read hello\ndid exited with 0\n"
    );
}

fn terminal(world: &World) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let keyboard = posix_openpt(flags).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname_r(&keyboard).unwrap();
    let theirs = open(name.as_str(), flags, Mode::empty()).unwrap();
    let mut command = runner(world);
    command
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs);
    // SAFETY: setsid and ioctl are async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            libc::ioctl(0, libc::TIOCSCTTY, 0);
            Ok(())
        });
    }
    let mut child = command.spawn().unwrap();
    // Only this side may hold the other end, or its end would never be seen.
    drop(command);
    let mut screen = File::from(std::os::fd::OwnedFd::from(keyboard));
    screen.write_all(b"hello\r").unwrap();
    let mut said = Vec::new();
    // pty(7): EIO once the runner has ended.
    drop(screen.read_to_end(&mut said));
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(child.wait().unwrap().success(), "{said}");
    for line in [
        "terminal true",
        "typing Some(EPERM)",
        "foreground true",
        "did read hello",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said:?}");
    }
}
