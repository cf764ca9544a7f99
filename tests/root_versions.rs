//! Trust roots that were replaced: no command takes an older one for the newest, whoever kept what lies between.

use std::fs;

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
    let done = world.command("bash").args(["-exc", script]).output();
    let done = done.expect("a shell starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script}\n{said}");
}

/// What verification would refuse is not extended either, by whichever command: all remember one line.
#[test]
fn an_older_root_is_never_extended() {
    let world = kept_by_three();
    // Version 1, which ann keeps alone, as it is put aside or restored from a backup.
    shell(&world, "cp root.json.v1 old.json");
    // Elsewhere nobody knows of the second version, and a draft is signed.
    let elsewhere = "XDG_STATE_HOME=$PWD/elsewhere zwieback key renew --root old.json --days 9 \
                     --draft draft.json --sign-key dan";
    shell(&world, elsewhere);
    let before = fs::read(world.path("project/old.json")).expect("the root is there");
    let new = run(&world, "key generate new").expect(0, &[]).stdout;
    world.write("project/new.pem", new);
    for change in [
        "trust dan.pem --builder b2",
        "rotate builder.pem new.pem",
        "revoke builder.pem --reason stolen",
        "renew --days 9",
        "keepers ann.pem --threshold 1",
        "sign draft.json",
    ] {
        let line = format!("key {change} --root old.json --sign-key ann");
        run(&world, &line).expect(4, &["is not newer", "version 1 after 2", "takes keepers"]);
    }
    let after = fs::read(world.path("project/old.json")).expect("the root is there");
    assert_eq!(after, before);
    assert!(!world.path("project/old.json.v1").exists());
    // What a command changed is known to those that verify, though nothing was ever verified here.
    run(
        &world,
        "key renew --root root.json --sign-key ann --sign-key bob",
    )
    .expect(0, &["version 3"]);
    world.write("project/artifact", "x");
    world.write("project/bundle.json", "{}");
    let verify = "verify artifact --bundle bundle.json --trust root.json.v2";
    run(&world, verify).expect(4, &["root-rollback", "version 2 after 3"]);
}

/// A machine that begins with the newest root knows those that lie beside it for what they are, though all
/// of their keepers were replaced in between.
#[test]
fn a_root_is_of_its_line_whoever_keeps_it() {
    let world = kept_by_three();
    let other = "key keepers --root root.json --threshold 1 dan.pem --sign-key ann --sign-key bob \
                 --sign-key dan";
    run(&world, other).expect(0, &["version 3"]);
    run(&world, "key renew --root root.json --days 9 --sign-key dan").expect(0, &["version 4"]);
    world.write("project/artifact", "x");
    world.write("project/bundle.json", "{}");
    let machine = "export XDG_STATE_HOME=$PWD/machine
        look() { zwieback verify artifact --bundle bundle.json --trust $1 > seen 2>&1 || test $? = 4; }
        look root.json
        if grep root-rollback seen; then exit 1; fi
        for old in 3 2 1; do look root.json.v$old; grep root-rollback seen; done";
    shell(&world, machine);
}

/// Versions 1 to 4 of a root whose keepers were all replaced with the third, each in a folder of its own.
fn kept_by_others() -> World {
    let world = kept_by_three();
    let other = "key keepers --root root.json --threshold 1 dan.pem --sign-key ann --sign-key bob \
                 --sign-key dan";
    run(&world, other).expect(0, &["version 3"]);
    run(&world, "key renew --root root.json --days 9 --sign-key dan").expect(0, &["version 4"]);
    apart(&world, 4);
    world
}

/// Puts the versions of a root where none lies beside another.
fn apart(world: &World, newest: u32) {
    let script = format!(
        "cp root.json root.json.v{newest}
         for v in $(seq {newest}); do mkdir -p $v; cp root.json.v$v $v/root.json; done
         echo x > artifact; echo {{}} > bundle.json"
    );
    shell(world, &script);
}

/// On a machine of that name: what `verify` says of each of those versions, one after the other.
fn seen_in_turn(world: &World, machine: &str, versions: &str, said: &[&str]) {
    let script = format!(
        "export XDG_STATE_HOME=$PWD/{machine}
         for v in {versions}; do
           zwieback verify artifact --bundle bundle.json --trust $v/root.json || test $? = 4
         done 2> said.txt"
    );
    shell(world, &script);
    let all = fs::read_to_string(world.path("project/said.txt")).expect("something was said");
    let codes = all
        .lines()
        .filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0));
    assert_eq!(codes.collect::<Vec<_>>(), said, "{versions}: {all}");
}

/// What comes after the root: the bundle is none.
const BELIEVED: &str = "field-malformed";
const OLDER: &str = "root-rollback";

/// Each version names the first one of its line: a machine needs to have met no other to know an older one, though
/// they share no keeper.
#[test]
fn an_older_root_is_known_by_the_line_that_the_newest_names() {
    let world = kept_by_others();
    let one = [BELIEVED, OLDER, OLDER, OLDER, BELIEVED];
    seen_in_turn(&world, "newest", "4 3 2 1 4", &one);
    for (machine, versions, said) in [
        (
            "third",
            "3 1 2 4 3",
            &[BELIEVED, OLDER, OLDER, BELIEVED, OLDER][..],
        ),
        ("second", "2 1 2", &[BELIEVED, OLDER, BELIEVED]),
        (
            "first",
            "1 4 3 2 3 4",
            &[
                BELIEVED, "root-gap", "root-gap", BELIEVED, BELIEVED, BELIEVED,
            ],
        ),
    ] {
        seen_in_turn(&world, machine, versions, said);
    }
    // Versions that were left out are found where they lie, and nowhere else.
    let found = "export XDG_STATE_HOME=$PWD/first2
        ask() { zwieback verify artifact --bundle bundle.json --trust $1 > said.txt 2>&1 || test $? = 4; }
        ask 1/root.json; grep field-malformed said.txt
        ask root.json; grep field-malformed said.txt
        ask 2/root.json; grep root-rollback said.txt";
    shell(&world, found);
}

/// Changes the root as earlier versions of this program did: the next one names no line.
fn change_without_a_line(world: &World, change: &str, signers: &str) {
    let change = format!("key {change} --root root.json --draft draft.json --sign-key builder");
    run(world, &change).expect(0, &["waits"]);
    let draft = fs::read(world.path("project/draft.json")).expect("it was drafted");
    let (_, mut next) = root_chain::read(&draft).expect("it is a root");
    next.line = None;
    world.write("project/draft.json", root_chain::envelope(&next).to_bytes());
    let signers = signers.replace(' ', " --sign-key ");
    let sign = format!("key sign --root root.json draft.json --sign-key {signers}");
    run(world, &sign).expect(0, &[&format!("root.json: version {}", next.version)]);
}

/// Earlier versions of this program named no line. What one machine met of it in a row is a line all the same,
/// whichever came first; what comes next names it.
#[test]
fn a_line_of_an_earlier_version_goes_on_and_is_named() {
    let world = kept_by_three();
    shell(
        &world,
        "cp root.json.v1 root.json; rm root.json.v1; rm -r $HOME/.local/state/zwieback/roots",
    );
    // As it made them: no second or third version had a line.
    for (keeper, signers) in [("bob", "ann bob"), ("dan", "bob dan")] {
        let change = format!("keepers {keeper}.pem --threshold 1");
        change_without_a_line(&world, &change, signers);
    }
    run(&world, "key renew --root root.json --days 9 --sign-key dan").expect(0, &["version 4"]);
    apart(&world, 4);
    shell(
        &world,
        "zwieback key list --root root.json | grep '^line [0-9a-f]*$'",
    );
    for (machine, versions, said) in [
        (
            "up",
            "1 2 3 4 3 1",
            &[BELIEVED, BELIEVED, BELIEVED, BELIEVED, OLDER, OLDER][..],
        ),
        // The successor was signed by the one before, whatever names are missing.
        ("down", "2 1 2", &[BELIEVED, OLDER, BELIEVED]),
        ("late", "4 3 4", &[BELIEVED, OLDER, BELIEVED]),
    ] {
        seen_in_turn(&world, machine, versions, said);
    }
    // And those that lie beside, where they lead to it.
    let beside = "export XDG_STATE_HOME=$PWD/beside
        ask() { zwieback verify artifact --bundle bundle.json --trust $1 > said.txt 2>&1 || test $? = 4; }
        ask root.json; grep field-malformed said.txt
        for old in 1 2 3; do ask $old/root.json; grep root-rollback said.txt; done";
    shell(&world, beside);
}

/// Wherever a root is taken: an older one has no keys to hand out, nothing to show to who signs.
#[test]
fn an_older_root_is_taken_by_no_command() {
    let world = kept_by_others();
    world.write("project/policy.toml", ASKS);
    run(
        &world,
        "key renew --root root.json --draft draft.json --sign-key ann",
    )
    .expect(0, &["waits"]);
    for line in [
        "key list --root 3/root.json",
        "key export --root 3/root.json keys",
        "key sign --root 3/root.json draft.json --check",
        "key sign --root 3/root.json draft.json --sign-key dan",
        "policy test policy.toml cases.toml --trust 3/root.json",
        "policy explain policy.toml artifact --bundle bundle.json --trust 3/root.json",
        "recheck bundle.json --trust 3/root.json",
    ] {
        let case = "[[case]]\nname = \"a\"\nartifacts = [\"artifact\"]\nbundles = [\"bundle.json\"]\n\
                    expect = \"accepted\"\n";
        world.write("project/cases.toml", case);
        run(&world, line).expect(4, &["version 3 after 4"]);
    }
    assert!(!world.path("project/keys").exists());
}

/// The root tells which line a policy is of, also where its keepers and those before share no key.
#[test]
fn a_policy_of_the_keepers_before_does_not_come_back_with_their_root() {
    let world = kept_by_others();
    for (version, keys) in [(1, "--sign-key ann --sign-key bob"), (2, "--sign-key dan")] {
        let text = format!("version = {version}\nexpires = \"2099-01-01T00:00:00Z\"\n{ASKS}");
        world.write("project/policy.toml", text);
        let sign = format!("policy sign policy.toml {keys} -o p{version}.json");
        run(&world, &sign).expect(0, &[]);
    }
    let script = "export XDG_STATE_HOME=$PWD/another
        ask() { zwieback verify artifact --bundle bundle.json --trust $1/root.json --policy $2 > said.txt 2>&1 || true; }
        ask 3 p2.json; grep field-malformed said.txt
        ask 2 p1.json; grep root-rollback said.txt
        ask 4 p1.json; grep policy-signatures said.txt
        ask 4 p2.json; grep field-malformed said.txt";
    shell(&world, script);
}

/// A root that ann keeps alone, and two keys, of which a thief has one.
fn kept_by_one() -> World {
    let world = World::new(site!(), Larder::Empty);
    let found = "for name in ann stolen new; do zwieback key generate $name > $name.pem; done
        zwieback key trust stolen.pem --root root.json --builder s --sign-key ann
        mkdir start; cp -r root.json $HOME/.local/state/zwieback start";
    shell(&world, found);
    world
}

/// Of two commands that change a root at once, each makes a version of its own, or the later one is refused: what
/// was said to be done is done, and nobody is left with a root that no file has.
#[test]
fn of_two_changes_at_once_none_is_lost() {
    let world = kept_by_one();
    let race = "for round in 1 2 3 4 5 6 7 8; do
          rm -rf root.json* $HOME/.local/state/zwieback
          cp start/root.json .; cp -r start/zwieback $HOME/.local/state/
          zwieback key revoke stolen.pem --root root.json --reason lost --sign-key ann 2> revoke.txt & one=$!
          zwieback key trust new.pem --root root.json --builder new-one --sign-key ann 2> trust.txt & two=$!
          revoked=0; wait $one || revoked=$?; trusted=0; wait $two || trusted=$?
          zwieback key list --root root.json > list.txt
          case $revoked in
            0) grep 'revoked key' list.txt;;
            1) grep 'another root took its place' revoke.txt; if grep 'revoked key' list.txt; then exit 1; fi;;
            *) exit 1;;
          esac
          case $trusted in
            0) grep new-one list.txt;;
            1) grep 'another root took its place' trust.txt;;
            *) exit 1;;
          esac
          if test $revoked$trusted = 11; then exit 1; fi
        done";
    shell(&world, race);
}

/// The same of two users, who share the file and nothing that they remember.
#[test]
fn of_two_changes_by_two_users_none_is_lost() {
    let world = kept_by_one();
    let race = "for round in 1 2 3 4 5 6 7 8; do
          rm -rf root.json* one other reader; cp start/root.json .
          as() { state=$1; shift; XDG_STATE_HOME=$PWD/$state zwieback \"$@\"; }
          as one key revoke stolen.pem --root root.json --reason lost --sign-key ann 2> revoke.txt & one=$!
          as other key trust new.pem --root root.json --builder new-one --sign-key ann 2> trust.txt & two=$!
          revoked=0; wait $one || revoked=$?; trusted=0; wait $two || trusted=$?
          test $revoked$trusted != 11
          as reader key list --root root.json > list.txt
          test $revoked = 0 || grep 'another root took its place' revoke.txt
          test $trusted = 0 || grep 'another root took its place' trust.txt
          test $revoked != 0 || grep 'revoked key' list.txt
          test $trusted != 0 || grep new-one list.txt
        done
        printf 'version = 1\\nexpires = \"2099-01-01T00:00:00Z\"\\n[require]\\nlevel = 1\\n' > policy.toml
        for round in 1 2 3 4 5 6; do
          rm -f policy.json; zwieback policy sign policy.toml -o policy.json --sign-key ann
          as one policy sign policy.json -o policy.json --sign-key stolen & one=$!
          as other policy sign policy.json -o policy.json --sign-key new & two=$!
          wait $one; wait $two
          test $(grep -o keyid policy.json | wc -l) = 3
        done";
    shell(&world, race);
}

/// Two who found a root in one place at once do not found two.
#[test]
fn of_two_first_roots_at_once_one_stays() {
    let world = kept_by_one();
    let race = "for round in 1 2 3 4 5 6; do
          rm -rf first.json $HOME/.local/state/zwieback
          zwieback key trust new.pem --root first.json --builder first-one --sign-key ann 2> a.txt & one=$!
          zwieback key trust new.pem --root first.json --builder other-one --sign-key new 2> b.txt & two=$!
          a=0; wait $one || a=$?; b=0; wait $two || b=$?
          zwieback key list --root first.json > list.txt
          if test $a = 0; then grep first-one list.txt; fi
          if test $b = 0; then grep other-one list.txt; fi
          if test $a$b = 11; then exit 1; fi
        done";
    shell(&world, race);
}

/// Keepers who sign one document at once have all signed it.
#[test]
fn of_two_signatures_at_once_none_is_lost() {
    let world = kept_by_three();
    let all = "key keepers --root root.json --threshold 3 ann.pem bob.pem eve.pem";
    let sign = "--sign-key ann --sign-key bob --sign-key eve";
    run(&world, &format!("{all} {sign}")).expect(0, &["version 3"]);
    let text = format!("version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n{ASKS}");
    world.write("project/policy.toml", text);
    let race = "for version in 4 5 6 7 8; do
          zwieback key renew --root root.json --days $version --sign-key ann --draft next.json
          zwieback policy sign policy.toml -o policy.json --sign-key ann
          zwieback key sign --root root.json next.json --sign-key bob & one=$!
          zwieback key sign --root root.json next.json --sign-key eve & two=$!
          zwieback policy sign policy.json -o policy.json --sign-key bob & three=$!
          zwieback policy sign policy.toml -o policy.json --sign-key eve & four=$!
          for each in $one $two $three $four; do wait $each; done
          zwieback key list --root root.json | grep \"version $version\"
          test $(grep -o keyid policy.json | wc -l) = 3
          rm policy.json
        done";
    shell(&world, race);
}

/// What waits for signatures is not overwritten by another change, and not removed with one that needs none.
#[test]
fn another_change_does_not_take_the_place_of_a_draft() {
    let world = kept_by_three();
    let renew = "key renew --root root.json --draft next.json --days";
    run(&world, &format!("{renew} 8 --sign-key ann")).expect(0, &["waits"]);
    let waiting = fs::read(world.path("project/next.json")).expect("it waits");
    for keys in ["--sign-key bob", "--sign-key ann --sign-key bob"] {
        let said = [
            "next.json: another change waits here, for version 3",
            "--check",
        ];
        run(&world, &format!("{renew} 9 {keys}")).expect(1, &said);
    }
    let still = fs::read(world.path("project/next.json")).expect("it waits");
    assert_eq!(still, waiting);
    // Once its version is in force it waits for nothing.
    run(
        &world,
        "key renew --root root.json --sign-key ann --sign-key bob",
    )
    .expect(0, &["3"]);
    run(&world, &format!("{renew} 9 --sign-key bob")).expect(0, &["version 4 waits"]);
}

/// Beside a verification by an older policy the newest one is remembered all the same.
#[test]
fn the_newest_policy_is_remembered_beside_an_older_one() {
    let world = kept_by_one();
    let race = "echo x > artifact; echo {} > bundle.json
        for version in 1 2 3; do
          printf 'version = %s\\nexpires = \"2099-01-01T00:00:00Z\"\\n[require]\\nlevel = 1\\n' $version > $version.toml
          zwieback policy sign $version.toml -o $version.json --sign-key ann
        done
        ask() { zwieback verify artifact --bundle bundle.json --trust root.json --policy $1.json 2> $2.txt || test $? = $3; }
        ask 1 first 4; grep field-malformed first.txt
        rm -r start; cp -r $HOME/.local/state/zwieback start
        for round in 1 2 3 4 5 6 7 8; do
          rm -r $HOME/.local/state/zwieback; cp -r start $HOME/.local/state/zwieback
          ask 3 newest 4 & one=$!
          ask 2 older 0 || true
          wait $one; grep field-malformed newest.txt
          ask 2 after 5; grep policy-rollback after.txt
        done";
    shell(&world, race);
}

/// Naming a key takes nobody's consent: a root of other keepers that names ours as a builder's or a keeper's is of
/// another line, whichever a machine meets first.
#[test]
fn a_root_that_names_a_keeper_of_another_is_of_another_line() {
    let world = World::new(site!(), Larder::Empty);
    let found = "for name in us them; do zwieback key generate $name > $name.pem; done
        zwieback key trust us.pem --root ours.json --builder us --sign-key us
        zwieback key trust them.pem --root builder.json --builder them --sign-key them
        cp builder.json keeper.json
        for i in 1 2 3; do
          zwieback key trust us.pem --root builder.json --builder them$i --sign-key them
        done
        export XDG_STATE_HOME=$PWD/elsewhere
        zwieback key keepers --root keeper.json --threshold 1 us.pem them.pem --sign-key them
        zwieback key renew --root keeper.json --days 9 --sign-key them
        mkdir theirs; cp builder.json keeper.json theirs";
    shell(&world, found);
    let meet = "for root in builder keeper; do
          export XDG_STATE_HOME=$PWD/$root-first
          zwieback key list --root theirs/$root.json; zwieback key list --root ours.json
          export XDG_STATE_HOME=$PWD/$root-last
          zwieback key list --root ours.json; zwieback key list --root theirs/$root.json
        done";
    shell(&world, meet);
    // Both remember what they met: neither goes back.
    let back = "export XDG_STATE_HOME=$PWD/builder-first
        zwieback key renew --root ours.json --days 9 --sign-key us
        cp ours.json.v1 old.json
        ! zwieback key list --root old.json 2> said.txt
        grep 'version 1 after 2' said.txt
        cp builder.json.v3 old.json
        ! zwieback key list --root old.json 2> said.txt
        grep 'version 3 after 4' said.txt";
    shell(&world, back);
}

/// Roots of earlier versions name no line: those of the same keepers, who signed both, are kept apart by nothing.
#[test]
fn roots_without_a_line_that_one_quorum_signed_are_of_one_line() {
    let world = kept_by_three();
    shell(
        &world,
        "cp root.json.v1 root.json; rm root.json.v1; rm -r $HOME/.local/state/zwieback/roots",
    );
    let three = "keepers --threshold 2 ann.pem bob.pem eve.pem";
    for (change, signers) in [
        (three, "ann bob"),
        ("renew --days 8", "ann bob"),
        ("renew --days 9", "bob eve"),
    ] {
        change_without_a_line(&world, change, signers);
    }
    apart(&world, 4);
    // The versions between were met nowhere, and no two versions have the same signers.
    seen_in_turn(&world, "late", "4 2 4", &[BELIEVED, OLDER, BELIEVED]);
}
