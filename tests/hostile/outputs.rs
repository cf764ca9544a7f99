//! Outputs that are not what they seem: each is refused by name, or taken by a stated rule.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::corpus::{compile, recipe};
use crate::host::Host;
use crate::trial::Trial;

/// The exit code where a step failed, or left what cannot be an output.
const STEP_FAILED: i32 = 100;
/// The exit code where they are more than a limit allows.
const LIMIT: i32 = 101;

/// Trials of this kind.
pub(crate) const TRIALS: &[Trial] = &[
    ("outputs_of_a_daemon", daemon),
    ("outputs_symlinks_are_recorded", symlinks),
    ("outputs_symlinked_folder_is_not_entered", symlinked_folder),
    ("outputs_fifo", |host| {
        refused(
            host,
            "mkfifo $OUT/pipe",
            &["`pipe` is refused", "named pipe"],
        );
    }),
    ("outputs_socket", |host| {
        let script = "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); \
                      bind(S, sockaddr_un(\"$ENV{OUT}/socket\")) or die $!'";
        refused(host, script, &["`socket` is refused"]);
    }),
    ("outputs_device", |host| {
        fails(host, "mknod $OUT/null c 1 3", "Permission denied");
    }),
    ("outputs_setuid", |host| {
        fails(
            host,
            "touch $OUT/x\nchmod u+s $OUT/x",
            "Operation not permitted",
        );
    }),
    ("outputs_hard_link_to_outside", |host| {
        fails(host, "echo x > x\nln x $OUT/x", "Invalid cross-device link");
    }),
    ("outputs_newline_name", |host| {
        refused(host, "printf x > \"$OUT/$(printf 'a\\nb')\"", &["a\\nb"]);
    }),
    ("outputs_escape_name", |host| {
        refused(
            host,
            "printf x > \"$OUT/$(printf 'a\\033[2Jb')\"",
            &["is refused"],
        );
    }),
    ("outputs_name_that_is_not_text", |host| {
        refused(
            host,
            "printf x > \"$OUT/$(printf 'a\\377b')\"",
            &["is refused"],
        );
    }),
    ("outputs_long_name", long_name),
    ("outputs_deep", |host| {
        // From the innermost outwards: Landlock walks up from wherever a file is made.
        let script = "cd $OUT\nmkdir d\nperl -e 'for (1..15000) { mkdir \"up\" or die $!; \
                      rename \"d\", \"up/d\" or die $!; rename \"up\", \"d\" or die $! }'";
        recipe(host, "outputs", script, "");
        host.build("outputs")
            .expect(LIMIT, &["directories deep", "`depth = 128`"]);
    }),
    ("outputs_sparse", |host| {
        fails(
            host,
            "truncate -s 1T $OUT/sparse",
            "File size limit exceeded",
        );
    }),
    ("outputs_closed_folder", closed_folder),
    ("outputs_none", |host| {
        refused(host, "true", &["wrote nothing"]);
    }),
];

fn refused(host: &Host, script: &str, said: &[&str]) {
    recipe(host, "outputs", script, "");
    let ended = host.build("outputs").expect(STEP_FAILED, said);
    assert!(
        !ended.stderr.contains('\u{1b}'),
        "an escape reached the screen"
    );
}

fn fails(host: &Host, script: &str, said: &str) {
    recipe(host, "outputs", script, "");
    host.build("outputs").expect(STEP_FAILED, &[said]);
}

fn taken(host: &Host, script: &str) -> String {
    recipe(host, "outputs", script, "");
    host.build("outputs").expect(0, &[]).line().to_owned()
}

/// It is gone before the first byte is read, or the file would have changed while it was.
fn daemon(host: &Host) {
    let script = compile(host, include_str!("daemon.c")) + "./probe $OUT/file\nsleep 0.2\n";
    let folder = taken(host, &script);
    let length = fs::metadata(Path::new(&folder).join("file")).unwrap().len();
    assert!(length > 0, "the daemon has written");
    host.is_untouched();
    host.store_is_sound();
}

fn symlinks(host: &Host) {
    let links = [
        ("absolute", "/etc/passwd"),
        ("upwards", "../../../../../../etc/shadow"),
        ("dangling", "nowhere"),
        ("proc", "/proc/self/root/etc/passwd"),
    ];
    let mut script = "echo x > $OUT/file\n".to_owned();
    for (name, to) in links {
        script.push_str(&format!("ln -s {to} $OUT/{name}\n"));
    }
    let folder = taken(host, &script);
    for (name, to) in links {
        let recorded = fs::read_link(Path::new(&folder).join(name)).unwrap();
        assert_eq!(recorded, Path::new(to), "{name}");
    }
}

fn symlinked_folder(host: &Host) {
    let script = "echo x > $OUT/file\nln -s / $OUT/root\nln -s . $OUT/loop";
    let folder = taken(host, script);
    let entries = fs::read_dir(&folder).unwrap().count();
    assert_eq!(entries, 3);
    assert!(
        fs::symlink_metadata(format!("{folder}/root"))
            .unwrap()
            .is_symlink()
    );
}

fn long_name(host: &Host) {
    let folder = taken(host, "printf x > $OUT/$(printf '%0255d' 7)");
    let name = format!("{:0255}", 7);
    assert_eq!(fs::read(Path::new(&folder).join(name)).unwrap(), b"x");
}

/// Its owner opens it: what is kept is the executable bit, for root and for anybody.
fn closed_folder(host: &Host) {
    let folder = taken(
        host,
        "mkdir $OUT/d\necho x > $OUT/d/f\nchmod 000 $OUT/d/f $OUT/d",
    );
    let file = Path::new(&folder).join("d/f");
    assert_eq!(fs::read(&file).unwrap(), b"x\n");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o444
    );
}
