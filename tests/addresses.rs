//! Addresses that a recipe's author writes: none leads to a file of this machine or to a server on it.

use std::fs;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const ONLY_YOU: &str = "only `[mirrors]` of your own configuration may name it";

fn world(source: &str) -> World {
    let world = World::new(site!(), Larder::Empty);
    world.recipe_with(
        "greeting",
        "cat secret/*",
        &format!("[sources.secret]\n{source}\n"),
    );
    world
}

fn lock(source: &str) -> Outcome {
    world(source).run(&["lock", "greeting"])
}

#[test]
fn a_recipe_cannot_take_in_the_signing_key() {
    let keys = World::new(site!(), Larder::Empty);
    keys.run(&["key", "generate", "default"]).expect(0, &[]);
    let key = keys.path("home/.local/share/zwieback/keys/default.key");
    assert!(key.exists());
    let url = format!("file://{}", key.display());
    for source in [
        format!("purl = \"pkg:generic/a@1\"\nurl = [\"{url}\"]"),
        format!("purl = \"pkg:generic/a@1?download_url={url}\""),
    ] {
        lock(&source).expect(1, &["default.key", "a file of this machine", ONLY_YOU]);
    }
}

#[test]
fn a_recipe_cannot_ask_a_server_on_this_machine() {
    let secret = b"secret".to_vec();
    let server = Mirror::new([("f", secret.clone(), Manner::Honest)]);
    let url = format!("{}f", server.root());
    let named = |url: &str| format!("purl = \"pkg:generic/a@1\"\nurl = [\"{url}\"]");
    for url in [url.clone(), url.replace("127.0.0.1", "localhost")] {
        lock(&named(&url)).expect(1, &["a loopback address", ONLY_YOU]);
    }
    assert_eq!(server.asked(), Vec::<String>::new());
    // What the user names, a recipe may name as well.
    let world = world(&named(&url));
    let mirrors = format!("[mirrors]\ngeneric = [\"{}\"]\n", server.root());
    world.write("home/.config/zwieback/config.toml", mirrors);
    world
        .run(&["lock", "greeting"])
        .expect(0, &["Locked recipe greeting"]);
}

#[test]
fn a_repository_cannot_be_one_of_this_machine() {
    let server = Mirror::new([]);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let repository = |place: &str| {
        let vcs = format!("git%2B{place}");
        format!("purl = \"pkg:generic/tool@{commit}?vcs_url={vcs}\"")
    };
    lock(&repository("file:///srv/private")).expect(1, &["file:///srv/private", ONLY_YOU]);
    lock(&repository(&format!("{}tool", server.root())))
        .expect(1, &["a loopback address", ONLY_YOU]);
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[test]
fn no_error_shows_a_password_of_a_mirror() {
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = world("purl = \"pkg:generic/a@1\"");
    let mirrors = format!(
        "[mirrors]\ngeneric = [\"http://me:hunter2@{address}/?access_token=s3cret\"]\n\
         [fetch]\nlongest = \"5 s\"\n"
    );
    world.write("home/.config/zwieback/config.toml", mirrors);
    for format in ["human", "json"] {
        let outcome = world.run(&["--format", format, "lock", "greeting"]);
        let outcome = outcome.expect(1, &[&address.to_string()]);
        for secret in ["hunter2", "s3cret"] {
            assert!(!outcome.stderr.contains(secret), "{outcome}");
            assert!(!outcome.stdout.contains(secret), "{outcome}");
        }
    }
}

#[test]
fn a_download_has_a_largest_size() {
    let server = Mirror::new([("f", vec![7; 3 << 20], Manner::Honest)]);
    let source = format!("purl = \"pkg:generic/a@1\"\nurl = [\"{}f\"]", server.root());
    let world = world(&source);
    let mirrors = format!(
        "[mirrors]\ngeneric = [\"{}\"]\n[fetch]\nlargest = \"1 MiB\"\n",
        server.root()
    );
    let file = world.write("home/.config/zwieback/config.toml", &mirrors);
    world
        .run(&["lock", "greeting"])
        .expect(1, &["answered with more than 1048576 bytes"]);
    fs::write(file, mirrors.replace("1 MiB", "4 MiB")).unwrap();
    world.run(&["lock", "greeting"]).expect(0, &[]);
    // A project may not raise what its user allows.
    world.write("project/.zwieback.toml", "[fetch]\nlargest = \"1 TiB\"\n");
    world
        .run(&["lock", "greeting"])
        .expect(1, &[".zwieback.toml:1:"]);
}
