//! The tour of a release, from its first build to its audit: docs/tour.md, every line of it checked.
//! And what a tour has no room for: a target that is a command, health, promotions at the same time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::company::{self, said};
use zwieback_test_world::larder::Larder;
use zwieback_test_world::page;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

#[test]
fn release() {
    let world = World::new(site!(), Larder::Empty);
    let mirror = company::sources(&world);
    company::found(&world, mirror.root());
    company::stock_builders(&world, site!(), Larder::Shell);
    page::check(&site!().file("docs/tour.md"), &world);
    every_decision_comes_out_again(&world);
}

/// The audit is complete: of all that the gate promoted, the log alone gives the same verdict.
fn every_decision_comes_out_again(world: &World) {
    for promotion in [5, 9, 16, 17] {
        let line = format!("zwieback explain-decision {promotion} --format json");
        let explained = said(world, "kim", &line);
        assert!(explained.contains("\"agrees\":true"), "{explained}");
    }
}

#[test]
fn targets_are_commands_and_folders_and_change_one_after_the_other() {
    let world = World::new(site!(), Larder::Empty);
    let mirror = company::sources(&world);
    company::found(&world, mirror.root());
    company::stock_builders(&world, site!(), Larder::Shell);
    let gate = fs::read_to_string(world.project().join("gate.toml")).unwrap();
    let (head, _) = gate.split_once("[target.staging]").unwrap();
    let targets = "[target.staging]\nfolder = \"staging\"\n\
                   health = [\"sh\", \"-c\", \"grep -q 'version 1.0' staging/current/app\"]\n\
                   [target.prod]\nstate = \"prod\"\ncommand = [\"sh\", \"-c\", \
                   \"cat > live; echo $ZWIEBACK_NAME $ZWIEBACK_GENERATION $ZWIEBACK_SHA256 >> live\"]\n";
    world.write("project/gate.toml", format!("{head}{targets}"));
    company::put_in_force(&world);
    company::build(&world, "one", "1.0");
    at_the_same_time(&world);
    by_command(&world);
    no_file_takes_the_place_of_what_is_named(&world);
    nothing_without_an_end_is_read(&world);
    a_promotion_is_believed_without_the_log(&world);
    what_does_not_work_is_taken_back(&world);
    what_was_decided_under_another_policy(&world);
    what_is_promoted_beside_a_revocation_is_reached(&world);
}

/// Of two promotions of the same file one is the first, and the other is told so.
fn at_the_same_time(world: &World) {
    said(world, "ada", "zwieback approve one/app --for staging");
    let both = "for n in 1 2; do (zwieback promote one/app --to staging 2> said.$n; echo $? > ended.$n) & \
                done; wait; cat ended.1 ended.2 | sort | tr -d '\\n'; cat said.*";
    let heard = said(world, "gate", both);
    assert!(heard.starts_with("05"), "{heard}");
    assert!(heard.contains("[already-deployed]"), "{heard}");
    let log = said(world, "cy", "zwieback status --format json");
    assert!(log.contains("\"number\":1"), "{log}");
}

/// The command reads the verified bytes from its standard input.
fn by_command(world: &World) {
    said(
        world,
        "tess",
        "zwieback attest test one/app --result passed --suite suite.sh",
    );
    said(world, "ada", "zwieback approve one/app --for prod");
    said(world, "cy", "zwieback approve one/app --for prod");
    said(world, "gate", "zwieback promote one/app --to prod");
    let live = said(
        world,
        "gate",
        "cat one/app; echo app 1 $(sha256sum < one/app | cut -d' ' -f1)",
    );
    assert_eq!(
        fs::read_to_string(world.project().join("live")).unwrap(),
        live
    );
    said(world, "gate", "zwieback watch");
}

/// A digest, its beginning and the id of a key mean what they say, whatever lies in the folder.
fn no_file_takes_the_place_of_what_is_named(world: &World) {
    let digest = said(world, "gate", "sha256sum < one/app | cut -d' ' -f1");
    let digest = digest.trim();
    for name in [digest, &digest[..12], &format!("sha256:{digest}")] {
        world.write(&format!("project/{name}"), "other bytes");
        let revoked =
            format!("zwieback revoke artifact {name} --why bad --dry-run --format json 2>&1; true");
        let heard = said(world, "sam", &revoked);
        let is_whole = name.len() >= 64;
        assert_eq!(
            heard.contains(&format!("\"id\":\"{digest}\"")),
            is_whole,
            "{heard}"
        );
        let traced = said(world, "cy", &format!("zwieback trace {name} --format json"));
        assert!(traced.contains(digest), "{traced}");
        let file = format!("zwieback revoke artifact ./{name} --why bad --dry-run --format json");
        let heard = said(world, "sam", &file);
        assert!(!heard.contains(digest), "{heard}");
        std::fs::remove_file(world.path(&format!("project/{name}"))).unwrap();
    }
    // A key is the one of that id, and not that of a file that is called so.
    let id = said(world, "ada", "zwieback key show 2>&1 > /dev/null");
    let id = id.trim();
    let other = said(world, "kim", "zwieback key show");
    world.write(&format!("project/{id}"), other);
    let line = format!("zwieback revoke key {id} --why lost --dry-run --format json");
    let heard = said(world, "sam", &line);
    assert!(heard.contains(&format!("\"id\":\"{id}\"")), "{heard}");
}

/// The first promotion, as a file that a third party has, who knows the gate's key.
/// A sparse file is refused by its length: to read it to its end takes a day.
fn nothing_without_an_end_is_read(world: &World) {
    let long = std::fs::File::create(world.path("project/long")).unwrap();
    long.set_len(10 << 40).unwrap();
    for (who, line) in [
        ("ada", "approve long --for prod"),
        ("gate", "promote long --to prod"),
        ("gate", "promote long --to prod --dry-run"),
    ] {
        let told = said(
            world,
            who,
            &format!("timeout 20 zwieback {line} 2>&1; echo exit $?"),
        );
        assert!(told.contains("it has 10995116277760 bytes"), "{told}");
        assert!(told.contains("exit 101"), "{told}");
    }
}

fn a_promotion_is_believed_without_the_log(world: &World) {
    let trust = "zwieback key trust gate.pem --root root.json --verifier https://gate.example/v1";
    said(world, "kim", trust);
    said(world, "cy", "zwieback log prove log 5 --bundle -o vsa.json");
    let asked = |environment: &str, code: u8| {
        let line = format!(
            "zwieback verify one/app --summary vsa.json --trust root.json --environment {environment} \
             --resource urn:zwieback:release:staging:app --level 2 2>&1; test $? = {code}"
        );
        said(world, "bo", &line)
    };
    let believed = asked("staging", 0);
    assert!(believed.contains("https://gate.example/v1"), "{believed}");
    assert!(asked("prod", 4).contains("summary-environment"));
}

/// The health command knows version 1.0 alone.
fn what_does_not_work_is_taken_back(world: &World) {
    said(world, "north", "cp next/* recipes/app/");
    company::build(world, "two", "1.1");
    said(world, "ada", "zwieback approve two/app --for staging");
    let promote = "zwieback promote two/app --to staging 2>&1; test $? = 5";
    let heard = said(world, "gate", promote);
    assert!(heard.contains("Unhealthy"), "{heard}");
    assert!(
        heard.contains("Returned staging from generation 2 to app 1.0"),
        "{heard}"
    );
    let current = fs::read_to_string(world.project().join("staging/current/app")).unwrap();
    assert!(current.contains("version 1.0"), "{current}");
    nothing_is_left_to_go_back_to(world);
}

/// The release before does not work any more either: the one that was taken out does not come back.
fn nothing_is_left_to_go_back_to(world: &World) {
    let gate = fs::read_to_string(world.project().join("gate.toml")).unwrap();
    world.write(
        "project/gate.toml",
        gate.replace("version 1.0", "version 7"),
    );
    let heard = said(world, "gate", "zwieback watch staging 2>&1; test $? = 5");
    assert!(heard.contains("Alarm staging unhealthy"), "{heard}");
    assert!(
        heard.contains("Stays staging, nothing was deployed"),
        "{heard}"
    );
    let line = "zwieback watch staging --format json; test $? = 5";
    let heard = said(world, "gate", line);
    assert!(
        heard.contains("\"stuck\":{\"code\":\"nothing-to-roll-back-to\""),
        "{heard}"
    );
    let line = "zwieback rollback staging --why slow 2>&1; test $? = 5";
    let heard = said(world, "gate", line);
    assert!(heard.contains("[nothing-to-roll-back-to]"), "{heard}");
    let current = fs::read_to_string(world.project().join("staging/current/app")).unwrap();
    assert!(current.contains("version 1.0"), "{current}");
    world.write("project/gate.toml", gate);
}

/// A policy is an entry as well: what was decided under the one before comes out again.
fn what_was_decided_under_another_policy(world: &World) {
    let status = said(world, "cy", "zwieback status");
    assert!(status.contains(", policy 1 ("), "{status}");
    let stricter =
        "sed 's/^version = 1/version = 2/; s/release = 1/release = 2/' release.toml > next.toml";
    said(world, "kim", stricter);
    for keeper in ["kim", "lou"] {
        let propose = "zwieback policy propose next.toml --builds policy.toml --trust root.json";
        said(world, keeper, propose);
    }
    let status = said(world, "cy", "zwieback status");
    assert!(status.contains(", policy 2 ("), "{status}");
    // The entry after the builds and the approval: the first promotion.
    let explained = said(world, "cy", "zwieback explain-decision 5");
    assert!(explained.contains("1 of the role release"), "{explained}");
    assert!(explained.contains("\nallowed\n"), "{explained}");
}

/// Signs as sam does, and takes so long that somebody promotes meanwhile what is about to be revoked.
const SLOW: &str = r#"#!/bin/sh
read -r greeting
read -r verb id
case $verb in
  public-key) echo "ok $(openssl pkey -in "$1" -pubout -outform DER | base64 -w0)" ;;
  sign) read -r _ digest; read -r _ message
    (cd "$2" && zwieback promote two/app --to staging >&2) || exit 9
    echo "ok $(echo "$message" | base64 -d | openssl dgst -sha256 -sign "$1" | base64 -w0)" ;;
esac
"#;

/// What a revocation reaches is looked up again once it is recorded: it was shown before anybody was asked for a key.
fn what_is_promoted_beside_a_revocation_is_reached(world: &World) {
    said(world, "gate", "zwieback watch staging");
    let gate = fs::read_to_string(world.project().join("gate.toml")).unwrap();
    let healthy = gate.replace("version 1.0", "version");
    world.write("project/gate.toml", healthy);
    for person in ["ada", "cy"] {
        said(
            world,
            person,
            "zwieback approve two/app --for staging -m again",
        );
    }
    let slow = world.write("project/slow", SLOW);
    said(world, "gate", "chmod +x slow");
    let key = company::home(world, "sam").join(".local/share/zwieback/keys/default.key");
    let line = format!(
        "zwieback revoke artifact two/app --why bad --sign-key 'exec:{} {} {}' 2>&1; true",
        slow.display(),
        key.display(),
        world.project().display()
    );
    let heard = said(world, "gate", &line);
    assert!(
        heard.contains("Returned staging from generation"),
        "{heard}"
    );
    let current = fs::read_to_string(world.project().join("staging/current/app")).unwrap();
    assert!(current.contains("version 1.0"), "{current}");
    world.write("project/gate.toml", gate);
}
