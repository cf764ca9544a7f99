//! Whose signature is handed out, what a key was used for, and signing apart from building.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

fn world() -> World {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    world
}

/// Makes a key, whose public half is `project/NAME.pem` then.
fn key(world: &World, name: &str) {
    let made = run(world, &format!("key generate {name}")).expect(0, &["PUBLIC KEY"]);
    world.write(&format!("project/{name}.pem"), made.stdout);
}

fn default_key(world: &World) -> PathBuf {
    world.path("home/.local/share/zwieback/keys/default.key")
}

/// The entries of the store's index.
fn entries(world: &World) -> Vec<PathBuf> {
    let actions = fs::read_dir(world.store().join("actions")).unwrap();
    actions.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_store_hands_out_no_signature_of_another_key() {
    let world = world();
    for name in ["north", "south"] {
        key(&world, name);
    }
    run(&world, "build words --key north --export north").expect(0, &["is reproducible"]);
    let again = run(&world, "build words --key north").expect(0, &["is reproducible"]);
    assert!(!again.stderr.contains("Run A"), "{again}");
    let south = run(&world, "build words --key south --export south");
    south.expect(0, &["is not signed by the key", "Run A", "is reproducible"]);
    let verify = "verify south/one --bundle south/words-1.sigstore.json --key";
    run(&world, &format!("{verify} south.pem")).expect(0, &["Verified"]);
    run(&world, &format!("{verify} north.pem")).expect(4, &["key-unknown"]);
}

#[test]
fn a_result_that_was_edited_is_not_reproducible() {
    let world = world();
    world.recipe("others", "echo two > $OUT/one");
    run(&world, "build words").expect(0, &["is reproducible"]);
    let [words] = entries(&world).try_into().unwrap();
    run(&world, "build others").expect(0, &["is reproducible"]);
    let mut all = entries(&world);
    all.retain(|entry| *entry != words);
    let [others] = all.try_into().unwrap();
    let honest = fs::read_to_string(&words).unwrap();
    let theirs = fs::read_to_string(&others).unwrap();
    let value = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let exchange = |names: &[&str]| {
        let mut edited = value(&honest);
        for name in names {
            edited[*name] = value(&theirs)[*name].clone();
        }
        edited.to_string()
    };
    for (edited, said) in [
        (exchange(&["outputs"]), "bundle is another build's"),
        (exchange(&["bundle"]), "bundle is another build's"),
        (
            exchange(&["outputs", "bundle"]),
            "bundle is another build's",
        ),
        (exchange(&["run"]), "run is another build's"),
        (exchange(&["action"]), "record is another build's"),
        (theirs.clone(), "record is another build's"),
        ("{}".to_owned(), "record cannot be read"),
    ] {
        fs::write(&words, &edited).unwrap();
        let built = run(&world, "build words --export out");
        built.expect(0, &[said, "Run A", "is reproducible"]);
        let exported = fs::read_to_string(world.path("project/out/one")).unwrap();
        assert_eq!(exported, "one\n", "{edited}");
    }
}

#[test]
fn a_key_alone_vouches_for_no_builder() {
    let world = world();
    let lie = "--config sign.builder_id=https://zwieback.example/builder/ours";
    run(&world, &format!("{lie} build words --export out")).expect(0, &["is reproducible"]);
    let pem = run(&world, "key show").expect(0, &["SHA256:"]).stdout;
    world.write("project/builder.pem", pem);
    let verify = "verify out/one --bundle out/words-1.sigstore.json --key builder.pem";
    let said = run(&world, verify).expect(
        0,
        &["which claims to be https://zwieback.example/builder/ours"],
    );
    assert!(!said.stderr.contains("by https://"), "{said}");
    let json = run(&world, &format!("--format json {verify}")).expect(0, &[]);
    let answer: serde_json::Value = serde_json::from_str(json.line()).unwrap();
    let build = &answer["builds"][0];
    assert_eq!(build["builder"], serde_json::Value::Null);
    assert_eq!(
        build["claimedBuilder"],
        "https://zwieback.example/builder/ours"
    );
    // The name is part of what was asked for: the store does not answer with another.
    let asked = run(&world, "build words").expect(0, &["it was built by", "Run A"]);
    assert!(asked.stderr.contains("builder/ours"), "{asked}");
}

#[test]
fn a_lost_key_is_missed() {
    let world = world();
    run(&world, "build words").expect(0, &["made a signing key"]);
    let key = default_key(&world);
    fs::rename(&key, world.path("home/copy")).unwrap();
    for line in ["build words --rebuild", "build words", "key show"] {
        let refused = run(&world, line).expect(1, &["default.key is gone", "hint: put it back"]);
        assert!(!refused.stderr.contains("Run A"), "{refused}");
    }
    assert!(!key.exists());
    fs::rename(world.path("home/copy"), &key).unwrap();
    run(&world, "build words").expect(0, &["is reproducible"]);
    // Without the folder there is still the note.
    fs::remove_dir_all(key.parent().unwrap()).unwrap();
    run(&world, "build words").expect(1, &["default.key is gone"]);
    run(&world, "key generate").expect(0, &["PUBLIC KEY"]);
    run(&world, "build words").expect(0, &["is not signed by the key", "is reproducible"]);
}

#[test]
fn each_use_of_a_key_is_recorded() {
    let world = world();
    let none = run(&world, "key uses").expect(0, &[]);
    assert_eq!(none.stdout, "");
    run(&world, "build words").expect(0, &["is reproducible"]);
    run(&world, "build words").expect(0, &["is reproducible"]);
    let trust = format!("key trust builder.pem --root root.json --builder {BUILDER}");
    let pem = run(&world, "key show").expect(0, &[]).stdout;
    world.write("project/builder.pem", pem);
    run(&world, &trust).expect(0, &["version 1"]);
    let uses = run(&world, "key uses").expect(0, &[]).stdout;
    let lines: Vec<&str> = uses.lines().collect();
    assert_eq!(lines.len(), 2, "{uses}");
    assert!(
        lines[0].ends_with("https://slsa.dev/provenance/v1 words 1"),
        "{uses}"
    );
    assert!(
        lines[1].contains("application/vnd.zwieback.trust-root+json"),
        "{uses}"
    );
    let json = run(&world, "--format json key uses").expect(0, &[]).stdout;
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["builder"], BUILDER);
    assert_eq!(first["subject"], "one");
    let file = world.path("home/.local/state/zwieback/key-uses.jsonl");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    run(&world, "build words --rebuild").expect(1, &["cannot write the record of what keys sign"]);
}

/// Builds without a key and returns the run that waits.
fn unsigned(world: &World) -> String {
    let built = run(world, "build words --unsigned");
    let built = built.expect(
        0,
        &[
            "came out twice the same",
            "nothing was signed",
            "zwieback sign ",
        ],
    );
    let (_, id) = built.stderr.split_once("zwieback sign ").unwrap();
    id.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn what_was_built_without_a_key_is_signed_where_the_key_is() {
    let world = world();
    let id = unsigned(&world);
    assert!(!default_key(&world).exists());
    assert_eq!(entries(&world), [] as [PathBuf; 0]);
    run(&world, "store gc").expect(0, &[]);
    key(&world, "release");
    let sign = format!("sign {id} --key release --export out");
    run(&world, &sign).expect(
        0,
        &["Signed words-1.sigstore.json", "words 1 is reproducible"],
    );
    let verify = "verify out/one --bundle out/words-1.sigstore.json --key release.pem";
    run(&world, verify).expect(0, &["Verified 1 artifact"]);
    run(&world, &sign).expect(1, &["does not wait for a signature"]);
    let again = run(&world, "build words --key release").expect(0, &["is reproducible"]);
    assert!(!again.stderr.contains("Run A"), "{again}");
    let uses = run(&world, "key uses").expect(0, &[]).stdout;
    assert_eq!(uses.lines().count(), 1, "{uses}");
}

/// A run that waits for a signature, and a file of it as it was kept.
struct Waiting {
    world: World,
    sign: String,
    path: PathBuf,
    honest: String,
}

impl Waiting {
    fn new(file: &str) -> Self {
        let world = world();
        key(&world, "release");
        let id = unsigned(&world);
        let path = world.runs().join(&id).join(file);
        let honest = fs::read_to_string(&path).unwrap();
        Self {
            world,
            sign: format!("sign {id} --key release"),
            path,
            honest,
        }
    }

    /// With the file changed the run is not signed.
    #[track_caller]
    fn refuses(&self, changed: &str, code: i32, said: &str) {
        assert_ne!(changed, self.honest, "{said}");
        fs::write(&self.path, changed).unwrap();
        run(&self.world, &self.sign).expect(code, &[said]);
        fs::write(&self.path, &self.honest).unwrap();
    }

    fn key_was_not_asked(&self) {
        let uses = run(&self.world, "key uses").expect(0, &[]).stdout;
        assert_eq!(uses, "", "the key was asked");
    }
}

#[test]
fn a_run_that_was_handed_over_leads_to_no_file_of_who_signs_it() {
    let waiting = Waiting::new("record.json");
    let run_of = waiting.path.parent().unwrap();
    let own = waiting.world.path("home/.bashrc");
    fs::write(&own, "export X=1\n").unwrap();
    let lock = run_of.join("lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&own, &lock).unwrap();
    run(&waiting.world, &waiting.sign).expect(1, &["lock", "it is a symbolic link"]);
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&own, run_of.join(".scratch")).unwrap();
    run(&waiting.world, &waiting.sign).expect(0, &["Signed words-1.sigstore.json"]);
    assert_eq!(fs::read_to_string(&own).unwrap(), "export X=1\n");
}

const OTHER: &str = "makes a statement with the sha256";

#[test]
fn what_was_changed_since_it_was_built_is_not_signed() {
    let waiting = Waiting::new("record.json");
    let kept = &waiting.honest;
    let zeros = "0".repeat(64);
    let record: serde_json::Value = serde_json::from_str(kept).unwrap();
    let outputs = record["runs"][1]["outputs"].as_str().unwrap();
    let (head, tail) = kept.rsplit_once(outputs).unwrap();
    let action = record["action"].as_str().unwrap();
    let mut unseen = record.clone();
    unseen["runs"][1]["sighting"] = serde_json::json!({});
    for (changed, code, said) in [
        (
            kept.replace("\"unsigned\"", "\"differs\""),
            1,
            "does not wait",
        ),
        (format!("{head}{zeros}{tail}"), 1, "tree 00000000"),
        (kept.replace("\"enforced\"", "\"partial\""), 4, OTHER),
        (unseen.to_string(), 4, OTHER),
        (
            kept.replace("\"ended\": 1", "\"ended\": 9"),
            4,
            "its record's time",
        ),
        (kept.replace(action, &zeros), 4, "its record's action"),
    ] {
        waiting.refuses(&changed, code, said);
    }
    let folder = waiting.path.parent().unwrap();
    let log = folder.join("a.log");
    let said = fs::read(&log).unwrap();
    fs::write(&log, "nothing was wrong\n").unwrap();
    run(&waiting.world, &waiting.sign).expect(4, &[OTHER]);
    fs::write(&log, said).unwrap();
    let named = "--config sign.builder_id=https://zwieback.example/builder/ours";
    run(&waiting.world, &format!("{named} {}", waiting.sign)).expect(4, &[OTHER]);
    waiting.key_was_not_asked();
}

#[test]
fn a_plan_that_was_changed_since_it_was_built_is_not_signed() {
    let waiting = Waiting::new("plan.json");
    let change = |from: &str, to: &str| waiting.honest.replace(from, to);
    let action = "its record's action";
    let size = waiting.honest.replacen("\"size\": 1", "\"size\": 2", 1);
    for (changed, code, said) in [
        (change("echo one >", "echo two >"), 4, action),
        (
            change("\"name\": \"words\"", "\"name\": \"others\""),
            4,
            action,
        ),
        (change("\"hermetic\"", "\"strict\""), 4, action),
        (
            change("distro=bookworm", "distro=trixie"),
            4,
            "no package of the release",
        ),
        (change("/bash_", "/dash_"), 4, "does not lie at"),
        (size, 1, "belong to different files"),
        (change("A shell and core", "Shells and core"), 4, OTHER),
        ("{}".to_owned(), 4, "plan cannot be read"),
    ] {
        waiting.refuses(&changed, code, said);
    }
    // As an earlier version kept it.
    fs::remove_file(&waiting.path).unwrap();
    run(&waiting.world, &waiting.sign).expect(4, &["by an earlier version", "build again"]);
    waiting.key_was_not_asked();
}

#[test]
fn bytes_that_were_changed_since_they_were_built_are_not_signed() {
    let world = world();
    key(&world, "release");
    let id = unsigned(&world);
    let record = fs::read_to_string(world.runs().join(&id).join("record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let outputs = record["runs"][1]["outputs"].as_str().unwrap();
    // The bytes in the store, with the size and the time that they had.
    let tree = world.store().join("trees").join(outputs);
    let script = format!(
        "f=$(find {0} -name one -type f | head -1); touch -r $f ~/t; chmod u+w $f; printf 'two\\n' > $f; \
         chmod u-w $f; touch -r ~/t $f",
        tree.display()
    );
    let changed = world
        .command("bash")
        .args(["-ec", &script])
        .status()
        .unwrap();
    assert!(changed.success());
    run(&world, &format!("sign {id} --key release"))
        .expect(102, &["was changed after it was written"]);
    let uses = run(&world, "key uses").expect(0, &[]).stdout;
    assert_eq!(uses, "", "the key was asked");
}

/// Whoever can write to what is kept can make all of it say the same. The digest that the builder told by
/// another way, and a policy, are what such a change does not pass.
#[test]
fn a_statement_is_signed_as_it_was_told_and_as_a_policy_wants_it() {
    let world = world();
    key(&world, "release");
    let built = run(&world, "build words --unsigned").expect(0, &["zwieback sign "]);
    let (_, told) = built.stderr.split_once("zwieback sign ").unwrap();
    let words: Vec<&str> = told.split_whitespace().collect();
    let [id, "--statement", digest, ..] = words[..] else {
        panic!("{built}");
    };
    let path = world.runs().join(id).join("record.json");
    let honest = fs::read_to_string(&path).unwrap();
    let lied = honest.replace("\"enforced\"", "\"partial\"");
    fs::write(&path, &lied).unwrap();
    let refused = run(&world, &format!("sign {id} --key release"));
    let refused = refused.expect(4, &["makes a statement with the sha256"]);
    let (_, found) = refused.stderr.split_once("the sha256 ").unwrap();
    let found = &found[..64];
    fs::write(&path, lied.replace(digest, found)).unwrap();
    run(
        &world,
        &format!("sign {id} --key release --statement {digest}"),
    )
    .expect(4, &["is asked for"]);
    let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require]\n";
    let rule = "locks.seccomp = [\"enforced\"]\n";
    world.write("project/strict.toml", format!("{head}{rule}"));
    let policy = format!("sign {id} --key release --policy strict.toml");
    run(&world, &policy).expect(5, &["lock-state"]);
    let uses = run(&world, "key uses").expect(0, &[]).stdout;
    assert_eq!(uses, "", "the key was asked");
    fs::write(&path, &honest).unwrap();
    // A root that does not let the key speak for this builder.
    let other = "https://zwieback.example/builder/other";
    let trust = format!("key trust release.pem --root root.json --builder {other}");
    run(&world, &trust).expect(0, &["version 1"]);
    run(
        &world,
        &format!("sign {id} --key release --trust root.json"),
    )
    .expect(4, &["builder-untrusted"]);
    let both = format!("{policy} --statement {digest}");
    run(&world, &both).expect(0, &["Signed words-1.sigstore.json"]);
}

#[test]
fn what_is_needed_is_signed_before_what_needs_it() {
    let world = world();
    key(&world, "release");
    world.recipe("base", "echo base > $OUT/base");
    let path = world.path("project/recipes/words/recipe.toml");
    let text = fs::read_to_string(&path).unwrap();
    let needs = text.replacen("[recipe]", "[recipe]\nneeds = [\"base\"]", 1);
    fs::write(&path, needs).unwrap();
    run(&world, "build words --unsigned").expect(0, &["nothing was signed"]);
    run(&world, "sign words --key release").expect(
        4,
        &[
            "recipe `base`, which it needs, is not signed",
            "zwieback sign base",
        ],
    );
    run(&world, "sign base --key release").expect(0, &["Signed base-1.sigstore.json"]);
    run(&world, "sign words --key release --export out").expect(0, &["Signed words-1"]);
    let bundle = fs::read(world.path("project/out/words-1.sigstore.json")).unwrap();
    let bundle = zwieback_attest::bundle::Bundle::parse(&bundle).unwrap();
    let payload = String::from_utf8(bundle.envelope().payload.clone()).unwrap();
    assert!(payload.contains("bundle of base"), "{payload}");
}
