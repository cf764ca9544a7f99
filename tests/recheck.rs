//! Whoever has a bundle and nothing else can build the same again, and is told when it is not the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const TWO_FILES: &str = "echo one > $OUT/one\nmkdir $OUT/more\necho two > $OUT/more/two";

/// Somebody's build, and another machine: its home is empty, its store has inputs and no result.
struct Pair {
    theirs: World,
    ours: World,
}

impl Pair {
    fn of(larder: Larder, write: impl Fn(&World)) -> Self {
        let theirs = World::new(site!(), larder);
        write(&theirs);
        let ours = World::new(site!(), larder);
        // No project: a recheck needs none.
        fs::remove_dir_all(ours.project()).unwrap();
        fs::create_dir(ours.project()).unwrap();
        Self { theirs, ours }
    }

    fn build(&self, name: &str) -> PathBuf {
        let built = self.theirs.run(&["build", name, "--export", "out"]);
        built.expect(0, &["is reproducible"]);
        let key = self.theirs.run(&["key", "show"]).expect(0, &[]).stdout;
        self.ours.write("project/theirs.pem", key);
        let out = self.theirs.path("project/out");
        let bundles = fs::read_dir(&out).unwrap().flatten();
        let mut bundles =
            bundles.filter(|bundle| bundle.path().to_string_lossy().ends_with(".sigstore.json"));
        let bundle = bundles.next().unwrap();
        let copy = self.ours.path("project/bundle.json");
        fs::copy(bundle.path(), &copy).unwrap();
        copy
    }

    fn recheck(&self, more: &[&str]) -> Outcome {
        let mut arguments = vec!["recheck", "bundle.json", "--offline"];
        arguments.extend(more);
        self.ours.run(&arguments)
    }

    /// The bundle's payload through a jq program, signed by nobody.
    fn alter(&self, program: &str) {
        let script = format!(
            "set -e\njq -r .dsseEnvelope.payload bundle.json | base64 -d > payload\n\
             jq -cS '{program}' payload > altered; ! cmp -s payload altered\n\
             jq --rawfile p <(base64 -w0 altered) '.dsseEnvelope.payload = $p' bundle.json > new\n\
             mv new bundle.json"
        );
        let done = self
            .ours
            .command("bash")
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(done.status.success(), "{program}: {done:?}");
    }
}

#[test]
fn a_bundle_is_enough_and_the_second_provenance_is_our_own() {
    let pair = Pair::of(Larder::Shell, |world| world.recipe("words", TWO_FILES));
    pair.build("words");
    let again = pair.recheck(&["--key", "theirs.pem", "--export", "again"]);
    again.expect(
        0,
        &["signed by", "words 1 is reproducible", "Exported 2 files"],
    );
    let again = fs::read(pair.ours.path("project/again/more/two")).unwrap();
    assert_eq!(again, b"two\n");
    let definition = "[inputs | .dsseEnvelope.payload | @base64d | fromjson | .predicate.buildDefinition] | .[0] == .[1]";
    let both = ["bundle.json", "again/words-1.sigstore.json"];
    let jq = pair
        .ours
        .command("jq")
        .args(["-n", definition])
        .args(both)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&jq.stdout).trim(), "true", "{jq:?}");
    let key = pair.ours.run(&["key", "show"]).expect(0, &[]).stdout;
    assert_ne!(
        key,
        fs::read_to_string(pair.ours.path("project/theirs.pem")).unwrap()
    );
    pair.ours.write("project/ours.pem", key);
    let verify = [
        "verify",
        "again/one",
        "--bundle",
        "again/words-1.sigstore.json",
        "--key",
        "ours.pem",
    ];
    pair.ours.run(&verify).expect(0, &["Verified 1 artifact"]);
}

/// Writes a recipe that puts what others made into its own output.
fn needing(world: &World, name: &str, needs: &[&str]) {
    let read: Vec<_> = needs.iter().map(|need| format!("{need}/made")).collect();
    let text = format!(
        "[recipe]\nname = \"{name}\"\nversion = \"1\"\ntoolchains = [\"shell\"]\nneeds = {needs:?}\n\n\
         [[steps]]\nname = \"make\"\nrun = \"cat {} > $OUT/made; echo {name} >> $OUT/made\"\n",
        read.join(" ")
    );
    world.write(&format!("project/recipes/{name}/recipe.toml"), text);
}

#[test]
fn what_it_needs_is_built_again_from_bundles_of_its_own() {
    let pair = Pair::of(Larder::Shell, |world| {
        needing(world, "base", &["root"]);
        needing(world, "left", &["base"]);
        needing(world, "top", &["base", "left"]);
        world.recipe("root", "echo root > $OUT/made");
    });
    let all = ["build", "top", "left", "base", "root", "--export", "out"];
    pair.theirs.run(&all).expect(0, &["4 recipes: 4 built"]);
    let key = pair.theirs.run(&["key", "show"]).expect(0, &[]).stdout;
    pair.ours.write("project/theirs.pem", key);
    let bundle = |name: &str| {
        let path = format!("project/out/{name}/{name}-1.sigstore.json");
        fs::read(pair.theirs.path(&path)).unwrap()
    };
    pair.ours.write("project/bundle.json", bundle("top"));
    let trusted = ["--key", "theirs.pem", "--needs", "needs"];
    fs::create_dir(pair.ours.path("project/needs")).unwrap();
    for name in ["left", "base", "root"] {
        pair.recheck(&trusted).expect(
            1,
            &["whose outputs went in, is not at hand", "--needs FILE"],
        );
        // What is changed has another digest, and is as good as nothing.
        let place = format!("project/needs/{name}.sigstore.json");
        let mut altered = bundle(name);
        altered.push(b' ');
        pair.ours.write(&place, altered);
        pair.recheck(&trusted).expect(1, &["is not at hand"]);
        pair.ours.write(&place, bundle(name));
    }
    let mut whole = trusted.to_vec();
    whole.extend(["--export", "again"]);
    pair.recheck(&whole)
        .expect(0, &["root 1 is reproducible", "top 1 is reproducible"]);
    let made = |world: &World, path: &str| fs::read(world.path(path)).unwrap();
    assert_eq!(
        made(&pair.ours, "project/again/made"),
        made(&pair.theirs, "project/out/top/made")
    );
    // A bundle of another recipe in the place of the one that is needed.
    let other = zwieback_model::digest::Digest::sha256(&bundle("base"));
    pair.alter(&format!(
        "(.predicate.runDetails.byproducts[] | select(.name == \"bundle of left\") | \
         .digest.sha256) = \"{other}\""
    ));
    pair.recheck(&["--needs", "needs"])
        .expect(1, &["is not of recipe `left`"]);
}

#[test]
fn without_a_key_it_says_that_nobody_vouches() {
    let pair = Pair::of(Larder::Shell, |world| world.recipe("words", TWO_FILES));
    pair.build("words");
    pair.recheck(&[])
        .expect(0, &["the signature was not checked against a trusted key"]);
    let stranger = pair
        .ours
        .run(&["key", "generate", "other"])
        .expect(0, &[])
        .stdout;
    pair.ours.write("project/other.pem", stranger);
    pair.recheck(&["--key", "other.pem"])
        .expect(4, &["key-unknown"]);
}

#[test]
fn what_was_altered_is_refused_or_shown_different() {
    let pair = Pair::of(Larder::Shell, |world| {
        world.recipe_with("words", TWO_FILES, "[env]\nWORD = \"one\"\n");
    });
    let bundle = pair.build("words");
    let honest = fs::read(&bundle).unwrap();
    let recipe = ".predicate.buildDefinition.externalParameters.recipe";
    let input = ".predicate.buildDefinition.resolvedDependencies";
    let zeros = "\"0000000000000000000000000000000000000000000000000000000000000000\"";
    for (what, program, said) in [
        (
            "step",
            format!("{recipe}.steps[0].run = \"echo evil > $OUT/one\""),
            "parameter-malformed",
        ),
        (
            "env",
            format!("{recipe}.env.WORD = \"two\""),
            "parameter-malformed",
        ),
        (
            "package",
            format!("{input}[3].digest.sha256 = {zeros}"),
            "not in the store",
        ),
        (
            "tree",
            format!(
                "({input}[] | select(.name == \"toolchain/shell\") | .digest.sha256) = {zeros}"
            ),
            "make up action",
        ),
        (
            "profile",
            ".predicate.buildDefinition.internalParameters.profile = \"strict\"".into(),
            "make up action",
        ),
        (
            "stray",
            format!("{input} += [{{\"name\":\"x\",\"digest\":{{\"sha256\":{zeros}}}}}]"),
            "belongs to nothing",
        ),
    ] {
        fs::write(&bundle, &honest).unwrap();
        pair.alter(&program);
        refused_both_ways(&pair, what, said);
    }
}

/// An altered bundle: with its builder's key the signature tells, without one the action does.
fn refused_both_ways(pair: &Pair, what: &str, said: &str) {
    let signed = pair.recheck(&["--key", "theirs.pem"]);
    signed.expect(4, &["signature-mismatch"]);
    let unsigned = pair.recheck(&[]);
    assert_ne!(unsigned.code, Some(0), "{what}: {unsigned}");
    assert!(unsigned.stderr.contains(said), "{what}: {unsigned}");
}

#[test]
fn another_output_is_explained_between_theirs_and_ours() {
    let pair = Pair::of(Larder::Shell, |world| world.recipe("words", TWO_FILES));
    pair.build("words");
    let forged = pair.ours.write("project/one", "0ne\n");
    let digest = zwieback_model::digest::Fingerprint::of(&fs::read(forged).unwrap());
    pair.alter(&format!(
        "(.subject[] | select(.name == \"one\") | .digest) = {{\"sha256\":\"{}\",\"blake3\":\"{}\"}}",
        digest.sha256, digest.blake3
    ));
    let blind = pair.recheck(&[]);
    blind.expect(
        104,
        &[
            "does not come out as it was signed",
            "one: theirs",
            "name their files",
        ],
    );
    let seen = pair.recheck(&["one"]);
    seen.expect(
        104,
        &[
            "A is what was signed, B is what came out here",
            "0ne",
            "zwieback diff",
        ],
    );
    let other = pair
        .ours
        .write("project/two", "neither\n")
        .display()
        .to_string();
    pair.recheck(&[&other]).expect(4, &["artifact-"]);
    let keys = pair.ours.path("home/.local/share/zwieback/keys");
    assert!(!keys.exists(), "nothing was signed, so no key was made");
}

/// A recipe whose source is a folder of the project, which nobody else has.
fn own_folder(world: &World, size: usize) {
    world.write("project/src/words", "w".repeat(size));
    world.write("project/src/empty", "");
    let run = world.write("project/src/bin/run", "#!/bin/sh\necho run\n");
    fs::set_permissions(run, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("bin/run", world.path("project/src/link")).unwrap();
    let script = "cp -a own $OUT/\n./own/link > $OUT/said";
    world.recipe_with("app", script, "[sources.own]\npath = \"src\"\n");
    world.run(&["lock", "app"]).expect(0, &["Locked"]);
}

#[test]
fn a_small_folder_of_the_project_comes_with_its_bundle() {
    let pair = Pair::of(Larder::Shell, |world| own_folder(world, 1000));
    let bundle = pair.build("app");
    let honest = fs::read(&bundle).unwrap();
    let again = pair.recheck(&["--key", "theirs.pem", "--export", "again"]);
    again.expect(0, &["app 1 is reproducible"]);
    let file =
        "(.predicate.buildDefinition.resolvedDependencies[] | select(.name == \"file own/words\"))";
    let evil = zwieback_model::digest::Digest::sha256(b"evil");
    for (change, said) in [
        (
            format!("{file}.content = \"ZXZpbA==\""),
            "dependency-content",
        ),
        (format!("del({file}.content)"), "the bytes of `words`"),
        (
            format!("{file} |= (.content = \"ZXZpbA==\" | .digest = {{sha256: \"{evil}\"}})"),
            "the bytes of `words`",
        ),
        (
            format!("{file}.name = \"file own/../words\""),
            "belongs to nothing",
        ),
    ] {
        fs::write(&bundle, &honest).unwrap();
        pair.alter(&change);
        refused_both_ways(&pair, &change, said);
    }
}

#[test]
fn a_large_folder_is_missed_by_name() {
    let pair = Pair::of(Larder::Shell, |world| own_folder(world, 65 << 10));
    pair.build("app");
    let missing = pair.recheck(&["--key", "theirs.pem"]);
    missing.expect(
        1,
        &["does not carry the folder `src`", "source `own`", "64 KiB"],
    );
}

#[test]
fn missing_inputs_are_named() {
    let pair = Pair::of(Larder::Shell, |world| world.recipe("words", TWO_FILES));
    pair.build("words");
    fs::remove_dir_all(pair.ours.store()).unwrap();
    let missing = pair.recheck(&[]);
    missing.expect(1, &["inputs are not in the store", ".deb"]);
}

#[test]
fn a_library_comes_out_the_same_from_its_bundle_alone() {
    let pair = Pair::of(Larder::Compilers, |world| world.recipe_of(site!(), "zlib"));
    let bundle = pair.build("zlib");
    let honest = fs::read(&bundle).unwrap();
    let source = ".predicate.buildDefinition.resolvedDependencies[] | select(.annotations.role == \"source zlib\")";
    for (change, said) in [
        (
            format!("({source} | .digest.sha256) |= (.[1:] + \"0\")"),
            "make up action",
        ),
        (
            format!("({source} | .uri) |= sub(\"1.2.13\"; \"1.2.12\")"),
            "nothing in the manifest asks for",
        ),
    ] {
        fs::write(&bundle, &honest).unwrap();
        pair.alter(&change);
        pair.recheck(&["--key", "theirs.pem"])
            .expect(4, &["signature-mismatch"]);
        let unsigned = pair.recheck(&[]);
        assert_ne!(unsigned.code, Some(0), "{change}: {unsigned}");
        assert!(unsigned.stderr.contains(said), "{change}: {unsigned}");
    }
    fs::write(&bundle, &honest).unwrap();
    let again = pair.recheck(&["--key", "theirs.pem", "--export", "again"]);
    again.expect(0, &["zlib", "is reproducible"]);
    let sums = |folder: PathBuf| fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let (theirs, ours) = (
        pair.theirs.path("project/out"),
        pair.ours.path("project/again"),
    );
    assert_eq!(sums(theirs), sums(ours));
}
