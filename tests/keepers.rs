//! Several keepers of one trust root, each with a key and a machine: changes, recovery, policies.

use std::fs;

use zwieback_attest::dsse::{Envelope, Signature};
use zwieback_attest::policy::signed;
use zwieback_attest::root_chain;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

/// A root that ann, bob and eve keep, two of them together, and a builder whose key it trusts.
fn kept_by_three() -> World {
    let world = World::new(site!(), Larder::Empty);
    for name in ["ann", "bob", "eve", "dan", "builder"] {
        let pem = run(&world, &format!("key generate {name}"))
            .expect(0, &[])
            .stdout;
        world.write(&format!("project/{name}.pem"), pem);
    }
    run(
        &world,
        "key trust builder.pem --root root.json --builder b --sign-key ann",
    )
    .expect(0, &["version 1"]);
    let three = "key keepers --root root.json --threshold 2 ann.pem bob.pem eve.pem";
    run(&world, &format!("{three} --sign-key ann")).expect(4, &["--draft"]);
    run(&world, &format!("{three} --sign-key ann --sign-key bob")).expect(0, &["version 2"]);
    world
}

/// A rule, so that a policy asks for something.
const ASKS: &str = "[require]\nlevel = 1\n";

fn shell(world: &World, script: &str) {
    let done = world.command("bash").args(["-ec", script]).output();
    assert!(done.is_ok_and(|done| done.status.success()), "{script}");
}

#[test]
fn one_keeper_drafts_and_another_signs() {
    let world = kept_by_three();
    let before = fs::read(world.path("project/root.json")).expect("the root is there");
    let drafted =
        "key revoke --root root.json --reason stolen builder.pem --sign-key eve --draft next.json";
    run(&world, drafted).expect(0, &["next.json: version 3 waits, 1 of 2 needed"]);
    let unchanged = fs::read(world.path("project/root.json")).expect("the root is there");
    assert_eq!(unchanged, before);
    // Once more by the same key is still one, and a stranger's signature counts for nothing.
    for signer in ["eve", "dan"] {
        let sign = format!("key sign --root root.json next.json --sign-key {signer}");
        run(&world, &sign).expect(0, &["waits, 1 of 2 needed"]);
    }
    let shown = run(&world, "key sign --root root.json next.json --check");
    shown.expect(
        0,
        &[
            "- version 2",
            "+ version 3",
            "+ revoked key SHA256:",
            "reason stolen",
        ],
    );
    let second = run(&world, "key sign --root root.json next.json --sign-key bob");
    second.expect(0, &["reason stolen", "root.json: version 3"]);
    assert!(
        !world.path("project/next.json").exists(),
        "a draft that is done is gone"
    );
    run(&world, "key list --root root.json")
        .expect(0, &["version 3", "quorum.threshold 2", "stolen"]);
}

/// A key of the user's is meant by its name, also where somebody put a file that is called so.
#[test]
fn no_file_takes_the_place_of_a_key_that_is_named() {
    let world = kept_by_three();
    let dan = fs::read(world.path("project/dan.pem")).expect("the key is there");
    world.write("project/bob", dan);
    run(
        &world,
        "key renew --root root.json --sign-key ann --sign-key bob",
    )
    .expect(0, &["version 3"]);
}

/// What a keeper signs is what a keeper was shown: also that a verifier's key, which no builder has, is good
/// again, and that a builder's older signatures count.
#[test]
fn a_keeper_is_shown_all_that_a_draft_changes() {
    let world = kept_by_three();
    let keepers = "--sign-key ann --sign-key bob";
    for change in [
        "trust dan.pem --verifier https://gate.example/v1",
        "revoke --reason stolen dan.pem",
    ] {
        run(&world, &format!("key {change} --root root.json {keepers}")).expect(0, &[]);
    }
    run(&world, "key list --root root.json").expect(
        0,
        &["revoked key SHA256:", "verifier https://gate.example/v1"],
    );
    let root = fs::read(world.path("project/root.json")).expect("the root is there");
    let (_, mut next) = root_chain::read(&root).expect("it is a root");
    next.version += 1;
    next.revoked.clear();
    next.builders[0].from = Some(next.expires);
    next.expires = "2099-01-01T00:00:00Z".parse().expect("it is a time");
    let draft = root_chain::envelope(&next).to_bytes();
    world.write("project/next.json", draft);
    let all = [
        "- revoked key SHA256:",
        "reason stolen",
        "- builders builder b, key SHA256:",
        "+ builders builder b, from ",
        "+ expires 2099-01-01T00:00:00Z",
    ];
    run(&world, "key sign --root root.json next.json --check").expect(0, &all);
    run(&world, "key sign --root root.json next.json --sign-key ann").expect(0, &all);
}

/// An envelope with as many signatures as it may have, none of which a keeper made.
fn full_of_strangers(mut envelope: Envelope) -> Vec<u8> {
    envelope.signatures = (0..64)
        .map(|number| Signature {
            key_id: Some(format!("stranger {number}")),
            bytes: vec![number],
        })
        .collect();
    envelope.to_bytes()
}

#[test]
fn strangers_take_no_keepers_place_in_what_waits_for_signatures() {
    let world = kept_by_three();
    run(
        &world,
        "key renew --root root.json --days 9 --sign-key ann --draft next.json",
    )
    .expect(0, &["version 3 waits"]);
    let draft = fs::read(world.path("project/next.json")).expect("it is there");
    let (envelope, _) = root_chain::read(&draft).expect("it is a root");
    let stuffed = full_of_strangers(envelope);
    for (keeper, expected) in [("ann", "1 of 2"), ("bob", "version 3")] {
        if keeper == "ann" {
            world.write("project/next.json", &stuffed);
        }
        let sign = format!("key sign --root root.json next.json --sign-key {keeper}");
        run(&world, &sign).expect(0, &[expected]);
    }
    let text = format!("version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n{ASKS}");
    // Who keeps a policy is not known where it is signed: what no one could read is not written.
    world.write("project/policy.toml", &text);
    run(
        &world,
        "policy sign policy.toml -o policy.json --sign-key ann",
    )
    .expect(0, &["1 signature"]);
    let policy = fs::read(world.path("project/policy.json")).expect("it is there");
    let envelope = full_of_strangers(signed::envelope(&text));
    world.write("project/stuffed.json", envelope);
    run(
        &world,
        "policy sign stuffed.json -o policy.json --sign-key bob",
    )
    .expect(4, &["66 signatures, and 64 are the most"]);
    assert_eq!(
        fs::read(world.path("project/policy.json")).expect("it is there"),
        policy
    );
}

#[test]
fn a_draft_that_came_too_late_is_refused() {
    let world = kept_by_three();
    run(
        &world,
        "key renew --root root.json --days 9 --sign-key ann --draft late.json",
    )
    .expect(0, &["version 3 waits"]);
    run(
        &world,
        "key renew --root root.json --sign-key bob --sign-key eve",
    )
    .expect(0, &["version 3"]);
    run(&world, "key sign --root root.json late.json --sign-key bob")
        .expect(4, &["version 3 after 3"]);
}

#[test]
fn thresholds_that_nobody_can_reach() {
    let world = kept_by_three();
    for (threshold, keys) in [
        ("0", "ann.pem"),
        ("3", "ann.pem bob.pem"),
        ("2", "ann.pem ann.pem"),
    ] {
        let line = format!(
            "key keepers --root root.json --threshold {threshold} {keys} --sign-key ann --sign-key bob"
        );
        run(&world, &line).expect(4, &["threshold"]);
    }
}

/// The recovery of docs/threat-model.md: eve's key is lost, and others may have it.
#[test]
fn a_lost_key_is_replaced_by_those_who_are_left() {
    let world = kept_by_three();
    let alone = "key keepers --root root.json --threshold 2 ann.pem bob.pem dan.pem --sign-key eve --sign-key dan";
    run(&world, alone).expect(4, &["1 of 2 needed"]);
    let left = "key keepers --root root.json --threshold 2 ann.pem bob.pem dan.pem --sign-key ann --sign-key bob";
    run(&world, left).expect(0, &["version 3"]);
    let lost = "key renew --root root.json --days 9 --sign-key eve --sign-key ann";
    run(&world, lost).expect(4, &["1 of 2 needed"]);
    run(
        &world,
        "key renew --root root.json --sign-key dan --sign-key ann",
    )
    .expect(0, &["version 4"]);
}

#[test]
fn a_policy_is_signed_by_its_keepers_and_never_goes_back() {
    let world = kept_by_three();
    let write = |version: u32, more: &str| {
        let text = format!("version = {version}\nexpires = \"2099-01-01T00:00:00Z\"\n{more}");
        world.write("project/policy.toml", text);
    };
    let sign = |from: &str, keys: &str, to: &str| {
        run(&world, &format!("policy sign {from} {keys} -o {to}"))
    };
    // No bundle is at hand: what the policy is worth shows before anything else is looked at.
    world.write("project/artifact", "x");
    world.write("project/bundle.json", "{}");
    let ask = |policy: &str| {
        let line = "verify artifact --bundle bundle.json --trust root.json --policy";
        run(&world, &format!("{line} {policy}"))
    };
    // Nobody signed it, whatever the user of it may think.
    write(1, ASKS);
    ask("policy.toml").expect(5, &["policy-signatures", "nobody signed"]);
    shell(&world, "(echo; cat policy.toml) > led.toml");
    ask("led.toml").expect(5, &["policy-signatures"]);
    ask("policy.toml --unsigned-policy").expect(4, &["field-malformed"]);
    write(1, "");
    sign("policy.toml", "--sign-key ann", "one.json").expect(5, &["policy-asks-nothing"]);
    write(1, ASKS);
    sign("policy.toml", "--sign-key ann", "one.json").expect(0, &["version 1, 1 signature"]);
    ask("one.json").expect(5, &["policy-signatures"]);
    sign("one.json", "--sign-key dan", "one.json").expect(0, &["2 signatures"]);
    ask("one.json").expect(5, &["1 of 2 needed"]);
    sign("one.json", "--sign-key bob", "one.json").expect(0, &["3 signatures"]);
    ask("one.json").expect(4, &["field-malformed"]);
    // A blank before it changes nothing about what it is.
    shell(&world, "(echo; cat one.json) > led.json");
    ask("led.json").expect(4, &["field-malformed"]);

    write(2, ASKS);
    let both = "--sign-key ann --sign-key bob";
    sign("policy.toml", both, "two.json").expect(0, &["version 2, 2 signatures"]);
    ask("two.json").expect(4, &["field-malformed"]);
    ask("one.json").expect(5, &["policy-rollback"]);
    sign("one.json", both, "two.json").expect(5, &["policy-rollback"]);
    // A version has one text: two would tell two readers something else.
    write(2, "[require]\nlevel = 2\n");
    sign("policy.toml", both, "two.json").expect(5, &["policy-rollback"]);
    sign("policy.toml", both, "other.json").expect(0, &["version 2"]);
    ask("other.json").expect(5, &["policy-rollback"]);
    write(3, "unknown = 1\n");
    sign("policy.toml", both, "three.json").expect(1, &["unknown field"]);
    assert!(!world.path("project/three.json").exists());
}

/// What was seen of a policy is remembered for the line of roots: other keepers of it change nothing.
#[test]
fn other_keepers_do_not_make_a_policy_forgotten() {
    let world = kept_by_three();
    let write = |version: u32| {
        let text = format!("version = {version}\nexpires = \"2099-01-01T00:00:00Z\"\n{ASKS}");
        world.write("project/policy.toml", text);
    };
    let sign = |keys: &str, to: &str| {
        run(&world, &format!("policy sign policy.toml {keys} -o {to}")).expect(0, &[]);
    };
    world.write("project/artifact", "x");
    world.write("project/bundle.json", "{}");
    let ask = |policy: &str| {
        let line = "verify artifact --bundle bundle.json --trust root.json --policy";
        run(&world, &format!("{line} {policy}"))
    };
    write(2);
    sign("--sign-key ann --sign-key bob", "two.json");
    ask("two.json").expect(4, &["field-malformed"]);
    // Bob and dan keep the root from now on; they have signed version 1 too.
    let keepers = "key keepers --root root.json --threshold 2 bob.pem dan.pem";
    let signers = "--sign-key ann --sign-key bob --sign-key dan";
    run(&world, &format!("{keepers} {signers}")).expect(0, &["version 3"]);
    write(1);
    sign("--sign-key bob --sign-key dan", "one.json");
    ask("one.json").expect(5, &["policy-rollback"]);
    write(3);
    sign("--sign-key bob --sign-key dan", "three.json");
    ask("three.json").expect(4, &["field-malformed"]);
}

/// What somebody wrote into a policy is shown, and does nothing to the screen.
#[test]
fn a_policy_cannot_forge_the_screen() {
    let world = kept_by_three();
    world.write("project/artifact", "x");
    world.write("project/bundle.json", "{}");
    let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n";
    let module = |text: &str| format!("{head}[require.rego]\nm = '''\n{text}\n'''\n");
    for text in [
        "\"\\u001b[2J\\nforged\" = 1\n".to_owned(),
        "version = \"\\u001b]0;x\\u0007\\u202e\"\n".to_owned(),
        format!("{head}[require]\nsources = [\"\\u001b[8mx\"]\n"),
        module("package zwieback\n\u{202e}deny"),
    ] {
        world.write("project/policy.toml", &text);
        for colour in ["never", "always"] {
            let line = "verify artifact --bundle bundle.json --trust root.json --unsigned-policy";
            let line = format!("--color {colour} {line} --policy policy.toml");
            let told = run(&world, &line)
                .expect(1, &["error:", "policy.toml"])
                .stderr;
            let plain = told.replace("\u{1b}[31;1m", "").replace("\u{1b}[0m", "");
            let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!plain.contains(acts), "{text:?}: {told:?}");
            assert!(
                !plain.lines().any(|line| line.starts_with("forged")),
                "{told}"
            );
        }
    }
}
