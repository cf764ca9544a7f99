//! Archives made to escape, to overwrite or to fill a disk, served as a source: each is refused whole.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::source::{recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

const FILE: u8 = b'0';
const HARD_LINK: u8 = b'1';
const SYMLINK: u8 = b'2';
const CHARACTER_DEVICE: u8 = b'3';
const BLOCK_DEVICE: u8 = b'4';
const FIFO: u8 = b'6';

/// One member as its bytes: a writer that means well would refuse to write these.
fn member(kind: u8, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..107].copy_from_slice(b"0000644");
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[136..147].copy_from_slice(b"00000000000");
    head[156] = kind;
    head[157..157 + target.len()].copy_from_slice(target.as_bytes());
    head[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut head);
    let mut bytes = head.to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// Writes the checksum of a header, which counts itself as blanks.
fn seal(head: &mut [u8]) {
    head[148..156].fill(b' ');
    let sum: u32 = head[..512].iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = members.concat();
    bytes.extend([0; 1024]);
    bytes
}

/// Builds from a source and answers what was said and the world it was said in.
fn build_from(file: &str, bytes: Vec<u8>) -> (Outcome, World) {
    let world = World::new(site!(), Larder::Shell);
    let place = recipe_with_source(&world, "hostile", file, &bytes);
    let mirror = Mirror::new([(&place, bytes, Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    (world.run(&["build", "hostile", "--once"]), world)
}

fn refused(members: &[Vec<u8>], said: &[&str]) {
    let (outcome, world) = build_from("a.tar", tar(members));
    outcome.expect(1, &["source `hostile`"]).expect(1, said);
    // What the archive is fetched into stays; nothing that it was unpacked into does.
    let left: Vec<_> = fs::read_dir(world.store().join("tmp"))
        .unwrap()
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_honest_archive_is_built_from() {
    let members = [
        member(FILE, "a/b", "", b"content"),
        member(SYMLINK, "a/c", "b", b""),
    ];
    let (outcome, _world) = build_from("a.tar", tar(&members));
    let outcome = outcome.expect(0, &["built once"]);
    // The single folder at the top is taken off, as it is from every release.
    let file = format!("{}/hostile/b", outcome.line());
    assert_eq!(fs::read(file).unwrap(), b"content");
}

#[test]
fn names_that_leave_the_tree() {
    for name in ["../escaped", "a/../../escaped", "/escaped", "a/..", "a\nb"] {
        refused(&[member(FILE, name, "", b"x")], &["is refused"]);
    }
}

#[test]
fn writing_through_a_link() {
    let link = member(SYMLINK, "a", "/tmp", b"");
    refused(&[link, member(FILE, "a/b", "", b"x")], &["`a`"]);
    let link = member(SYMLINK, "a", "..", b"");
    refused(&[link, member(FILE, "a/b", "", b"x")], &["`a`"]);
}

#[test]
fn hard_links_out_of_the_archive() {
    for target in ["/etc/passwd", "../../etc/passwd", "missing"] {
        refused(&[member(HARD_LINK, "a", target, b"")], &["hard link"]);
    }
}

#[test]
fn members_that_are_no_files() {
    refused(&[member(CHARACTER_DEVICE, "a", "", b"")], &["device node"]);
    refused(&[member(BLOCK_DEVICE, "a", "", b"")], &["device node"]);
    refused(&[member(FIFO, "a", "", b"")], &["named pipe"]);
}

#[test]
fn one_name_with_two_contents() {
    let twice = [member(FILE, "a", "", b"x"), member(FILE, "a", "", b"y")];
    refused(&twice, &["twice, with different content"]);
}

#[test]
fn archives_that_are_none() {
    let (outcome, _world) = build_from("a.tar.gz", b"no gzip at all".to_vec());
    outcome.expect(1, &["source `hostile`", "a.tar.gz"]);
    let mut cut = tar(&[member(FILE, "a", "", &[7; 4096])]);
    cut.truncate(2048);
    let (outcome, _world) = build_from("a.tar", cut);
    outcome.expect(1, &["damaged"]);
}

#[test]
fn two_gigabytes_of_zeros_take_no_memory() {
    let world = World::new(site!(), Larder::Shell);
    let bytes = gzip_of_zeros(2 << 30);
    assert!(bytes.len() < 16 << 20, "{}", bytes.len());
    let place = recipe_with_source(&world, "hostile", "a.tar.gz", &bytes);
    let mirror = Mirror::new([(&place, bytes, Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    // A recipe that allows less than that: the source is unpacked as a stream, and never staged.
    let mut limited = world.command("bash");
    let script = "echo '[limits]\ndisk = \"64 MiB\"' >> recipes/hostile/recipe.toml; \
                  ulimit -v 1000000; zwieback build hostile --once";
    limited.args(["-c", &script.replace("echo", "echo -e")]);
    let outcome: Outcome = limited.output().unwrap().into();
    outcome.expect(101, &["limit of disk", "[limits]"]);
    assert_eq!(fs::read_dir(world.store().join("tmp")).unwrap().count(), 0);
}

/// An archive of one file, all zeros, as small as gzip can make it.
fn gzip_of_zeros(count: usize) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut head = member(FILE, "zeros", "", b"");
    head[124..135].copy_from_slice(format!("{count:011o}").as_bytes());
    seal(&mut head);
    let mut pipe = gzip.stdin.take().unwrap();
    let piece = vec![0; 1 << 20];
    let writer = std::thread::spawn(move || {
        pipe.write_all(&head).unwrap();
        for _ in 0..count / piece.len() {
            pipe.write_all(&piece).unwrap();
        }
        pipe.write_all(&[0; 1024]).unwrap();
    });
    let bytes = gzip.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    bytes
}
