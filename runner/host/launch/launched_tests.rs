//! What a program finds where it starts, and what becomes of one that does not end.

use std::fs;

use super::*;
use crate::launch::rules::{GIT, SIGNER};

fn shell(script: &str) -> Launch {
    Launch::new("sh", &GIT).arguments(["-c", script])
}

fn printed(launch: &Launch) -> String {
    String::from_utf8(launch.ask(b"").unwrap()).unwrap()
}

#[test]
fn a_program_starts_in_an_empty_folder_of_its_own() {
    let seen = printed(&shell("pwd; ls -A | wc -l; cat"));
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[1], "0");
    assert_ne!(Path::new(lines[0]), std::env::current_dir().unwrap());
    assert!(!Path::new(lines[0]).exists(), "{} is left", lines[0]);
}

#[test]
fn a_program_sees_named_variables_alone() {
    let allowed = [
        "HOME", "LANG", "LOGNAME", "OLDPWD", "PATH", "PWD", "SHLVL", "TMPDIR", "USER", "_",
    ];
    let starts = ["LC_", "XDG_", "GIT_CONFIG", "GIT_SSL"];
    let seen = printed(&shell("env").set("OWN", "1"));
    assert!(seen.contains("OWN=1\n"));
    for line in seen.lines() {
        let name = line.split('=').next().unwrap();
        let is_allowed =
            allowed.contains(&name) || starts.iter().any(|start| name.starts_with(start));
        let is_proxy = name.to_lowercase().ends_with("_proxy") || name.starts_with("SSL_CERT_");
        assert!(is_allowed || is_proxy || name == "OWN", "{line}");
    }
    // cargo sets this for every test, and nobody has allowed it.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!seen.contains("CARGO_MANIFEST_DIR"));
}

#[test]
fn what_takes_too_long_is_ended_with_all_that_it_started() {
    for rules in [&GIT, &SIGNER] {
        let mark = tempfile::tempdir().unwrap();
        let alive = mark.path().join("alive");
        let script = format!("(sleep 3; echo > {}) & sleep 600", alive.display());
        let slow = Launch::new("sh", rules).arguments(["-c", &script]);
        let error = slow.limit(Duration::from_millis(50)).run(b"").unwrap_err();
        assert!(matches!(error, LaunchError::TooSlow { .. }));
        thread::sleep(Duration::from_secs(4));
        assert!(!alive.exists());
    }
}

#[test]
fn what_prints_without_end_is_ended() {
    let error = Launch::new("yes", &SIGNER).run(b"").unwrap_err();
    assert!(matches!(error, LaunchError::TooMuch { .. }), "{error}");
    // On stderr it is forgotten instead: an honest program may be verbose.
    let script = "head -c 300000 /dev/zero >&2; echo done";
    assert_eq!(printed(&shell(script)), "done\n");
}

#[test]
fn a_program_has_a_limit_of_memory_before_it_does_anything() {
    let expected = "2097152\n2097152\n";
    // The soft and the hard one, and what it starts in turn has them too.
    assert_eq!(printed(&shell("ulimit -S -d; ulimit -H -d")), expected);
    assert_eq!(
        printed(&shell("sh -c 'ulimit -S -d; ulimit -H -d'")),
        expected
    );
    let fails = |words: &str| {
        let script = format!("echo '{words}' >&2; exit 1");
        shell(&script).run(b"")
    };
    let error = fails("fatal: Out of memory, malloc failed (tried to allocate 9 bytes)");
    let error = error.unwrap_err();
    assert!(matches!(error, LaunchError::Memory { .. }) && error.is_limit());
    assert!(error.to_string().contains("2 GiB") && error.hint().is_some());
    assert!(!fails("no").unwrap().status.success());
}

#[test]
fn what_a_program_leaves_behind_does_not_hold_its_answer() {
    let start = Instant::now();
    assert_eq!(printed(&shell("sleep 600 & echo done")), "done\n");
    assert!(start.elapsed() < Duration::from_mins(1));
}

#[test]
fn a_program_is_asked_while_it_runs() {
    use std::io::BufRead as _;
    let mut talk = shell("while read -r line; do echo \"<$line>\"; done")
        .converse()
        .unwrap();
    for word in ["a", "b"] {
        writeln!(talk.questions, "{word}").unwrap();
        let mut answer = String::new();
        talk.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("<{word}>\n"));
    }
    let short = shell("sleep 600").limit(Duration::from_millis(50));
    let mut talk = short.converse().unwrap();
    assert_eq!(talk.answers.read_line(&mut String::new()).unwrap(), 0);
}

#[test]
fn a_command_of_an_operator_starts_in_the_operators_folder() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("deploy");
    fs::write(
        &script,
        "#!/bin/sh\ntest \"$(pwd)\" = \"$1\" && cat > got\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "bytes").unwrap();
    let launch = Launch::new("./deploy", &GIT)
        .arguments([folder.path().canonicalize().unwrap()])
        .within(folder.path());
    let status = launch.hand(Some(File::open(&input).unwrap())).unwrap();
    assert!(status.success());
    assert_eq!(
        fs::read_to_string(folder.path().join("got")).unwrap(),
        "bytes"
    );
}
