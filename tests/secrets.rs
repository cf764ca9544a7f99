//! Secrets: nothing that looks like one is signed or handed out, and nothing of it is told.
//!
//! Each is made here, of two halves, so that it stands whole in no file of this checkout and in no recipe.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::World;

/// Two halves of a key; no rule finds one of them.
const HALVES: [&str; 2] = ["q7Zk2mXp9LtR", "4vYw8Bn3Hs6D"];

fn key() -> String {
    HALVES.concat()
}

/// A script that writes a setting with the key into a file.
fn leak(file: &str) -> String {
    format!(
        "a={}\nb={}\nprintf 'one\\napi_key = \"%s%s\"\\n' $a $b > {file}",
        HALVES[0], HALVES[1]
    )
}

fn world() -> World {
    World::new(site!(), Larder::Shell)
}

#[track_caller]
fn tells_nothing(outcome: Outcome) -> Outcome {
    assert!(
        !outcome.stderr.contains(&key()) && !outcome.stdout.contains(&key()),
        "{outcome}"
    );
    outcome
}

/// The digest that a report names behind the place.
fn digest(outcome: &Outcome, path: &str) -> String {
    let line = outcome
        .stderr
        .lines()
        .find(|line| line.trim_start().starts_with(path));
    let line = line.unwrap_or_else(|| panic!("no {path:?} in {outcome}"));
    line.rsplit_once("sha256 ").unwrap().1.trim().to_owned()
}

fn allow(path: &str, sha256: &str) -> String {
    format!(
        "[[allow-secret]]\nrule = \"named-secret\"\npath = \"{path}\"\nsha256 = \"{sha256}\"\nreason = \"a test key\"\n"
    )
}

fn kept(outcome: &Outcome) -> PathBuf {
    let hint = outcome
        .stderr
        .split("The outputs are kept in ")
        .nth(1)
        .unwrap();
    hint.lines().next().unwrap().trim().into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_secret_in_an_output_ends_the_build() {
    let world = world();
    world.recipe("app", &leak("$OUT/conf"));
    let said = [
        "app 1 holds what looks like a secret",
        "conf, line 2: ",
        "[named-secret]",
        "allow-secret",
    ];
    let refused = tells_nothing(world.run(&["build", "app", "--export", "out"])).expect(103, &said);
    assert!(!world.project().join("out").exists());
    let kept = kept(&refused);
    assert_eq!((mode(&kept), kept.join("conf").is_file()), (0o700, true));
    // It is asked anew: no entry of the store answers.
    tells_nothing(world.run(&["build", "app"])).expect(103, &["conf, line 2"]);
}

#[test]
fn an_ordinary_user_keeps_it_private_as_well() {
    if !is_root() {
        skip(
            "an_ordinary_user_keeps_it_private_as_well",
            "this is an ordinary user",
        );
        return;
    }
    let world = World::of_stranger(site!(), Larder::Shell);
    world.recipe("app", &leak("$OUT/conf"));
    let refused = tells_nothing(world.run(&["build", "app"])).expect(103, &["conf, line 2"]);
    assert_eq!(mode(&kept(&refused)), 0o700);
}

#[test]
fn names_and_links_are_looked_through() {
    let world = world();
    let script = format!(
        "a={}\nb={}\necho one > $OUT/one\nln -s https://bot:$a$b@git.corp.internal/x $OUT/two",
        HALVES[0], HALVES[1]
    );
    world.recipe("app", &script);
    tells_nothing(world.run(&["build", "app"])).expect(103, &["names of the outputs, line 3"]);
}

#[test]
fn programs_are_told_where_and_not_what() {
    let world = world();
    world.recipe("app", &leak("$OUT/conf"));
    let outcome = tells_nothing(world.run(&["build", "app", "--format", "json"])).expect(103, &[]);
    let event = outcome
        .stdout
        .lines()
        .find(|line| line.contains("\"event\":\"secret\""))
        .unwrap();
    for member in [
        "\"path\":\"conf\"",
        "\"place\":\"line 2\"",
        "\"rule\":\"named-secret\"",
        "\"sha256\":\"",
    ] {
        assert!(event.contains(member), "{event}");
    }
    assert!(outcome.stdout.contains("\"code\":103"));
}

#[test]
fn what_the_recipe_allows_is_signed_and_said() {
    let world = world();
    world.recipe("app", &leak("$OUT/conf"));
    let sha256 = digest(&world.run(&["build", "app"]), "conf, line 2");
    world.recipe_with("app", &leak("$OUT/conf"), &allow("conf", &sha256));
    world
        .run(&["build", "app", "--export", "out"])
        .expect(0, &["Signed"]);
    let bundle = world.project().join("out/app-1.sigstore.json");
    let bundle = fs::read(bundle).unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = String::from_utf8(zwieback_model::base64::decode(payload).unwrap()).unwrap();
    assert!(
        payload.contains(&format!("\"sha256\":\"{sha256}\"")),
        "{payload}"
    );
    // Another key at the same place is another secret.
    world.recipe_with(
        "app",
        &leak("$OUT/conf").replace("Zk2m", "Yk3n"),
        &allow("conf", &sha256),
    );
    world
        .run(&["build", "app"])
        .expect(103, &["conf, line 2", "allows nothing that is there"]);
}

/// All texts of all rules stand side by side in this very program, which is built and signed like any other.
#[test]
fn the_program_itself_holds_no_secret() {
    let program = fs::read(site!().binary).unwrap();
    let filter = zwieback_model::secrets::filter::Filter::new();
    let budget = zwieback_model::secrets::search_budget::SearchBudget::default();
    let hits = zwieback_model::secrets::scan::Scan::of(&filter, "zwieback", &program, &budget);
    assert_eq!(hits, []);
}

#[test]
fn an_entry_that_allows_nothing_is_told_or_refused() {
    let world = world();
    world.recipe_with(
        "app",
        "echo one > $OUT/one",
        &allow("conf", &"0".repeat(64)),
    );
    world
        .run(&["build", "app"])
        .expect(0, &["`conf`", "allows nothing that is there"]);
    let wrong = allow("conf", &"0".repeat(64)).replace("named-secret", "named-secrets");
    world.recipe_with("app", "echo one > $OUT/one", &wrong);
    world.run(&["build", "app"]).expect(
        1,
        &["no rule `named-secrets`", "did you mean `named-secret`"],
    );
    let wrong = allow("conf", &"0".repeat(64)).replace("a test key", " ");
    world.recipe_with("app", "echo one > $OUT/one", &wrong);
    world.run(&["build", "app"]).expect(1, &["`reason`"]);
}

#[test]
fn one_run_only_warns() {
    let world = world();
    world.recipe("app", &leak("$OUT/conf"));
    let said = ["this looks like a secret", "conf, line 2"];
    tells_nothing(world.run(&["build", "app", "--once"])).expect(0, &said);
}

#[test]
fn what_is_to_be_signed_elsewhere_is_looked_through_here() {
    let world = world();
    world.recipe("app", &leak("$OUT/conf"));
    tells_nothing(world.run(&["build", "app", "--unsigned"])).expect(103, &["conf, line 2"]);
}

#[test]
fn what_a_step_prints_is_looked_through() {
    let world = world();
    world.recipe(
        "app",
        &format!("echo one > $OUT/one\n{}", leak("leaked && cat leaked")),
    );
    tells_nothing(world.run(&["build", "app"])).expect(103, &["log of run A", "log of run B"]);
}

#[test]
fn what_a_step_prints_is_shown_without_it() {
    let world = world();
    let prints = leak("leaked && cat leaked && echo after");
    world.recipe("app", &prints);
    let shown = tells_nothing(world.run(&["build", "app", "-L"]));
    assert!(shown.stderr.contains("api_key = \"***\""), "{shown}");
    world.recipe("app", &format!("{prints}\nexit 3"));
    tells_nothing(world.run(&["build", "app"])).expect(100, &["api_key = \"***\"", "after"]);
}

#[test]
fn a_recipe_is_looked_through() {
    let world = world();
    let env = format!("[env]\nDB_PASS = \"{}\"\n", &key()[..9]);
    world.recipe_with("app", "echo one > $OUT/one", &env);
    let refused = world
        .run(&["build", "app"])
        .expect(103, &["recipe.env.DB_PASS, line 1"]);
    assert!(!refused.stderr.contains(&key()[..9]), "{refused}");
    // No step ran with it.
    assert!(!refused.stderr.contains("Sandbox"), "{refused}");
    world.run(&["build", "app", "--once"]).expect(
        0,
        &["this looks like a secret", "recipe.env.DB_PASS, line 1"],
    );
    let script = format!("echo one > $OUT/one\nexport API_TOKEN={}\n", key());
    world.recipe("app", &script);
    tells_nothing(world.run(&["build", "app"])).expect(103, &["recipe.steps.make.run, line 2"]);
}

#[test]
fn what_a_statement_carries_is_looked_through() {
    let world = world();
    world.write(
        "project/src/.env",
        format!("PORT=80\nDB_PASS={}\n", &key()[..9]),
    );
    world.write("project/src/main", "one\n");
    let source = "[sources.src]\npath = \"src\"\n";
    world.recipe_with("app", "cp src/main $OUT/main", source);
    world.run(&["lock", "app"]).expect(0, &[]);
    let refused = world
        .run(&["build", "app"])
        .expect(103, &["file src/.env, line 2"]);
    assert!(!refused.stderr.contains(&key()[..9]), "{refused}");
}

#[test]
fn members_of_archives_are_looked_through() {
    let world = world();
    world.write(
        "project/in/etc/conf",
        format!("one\napi_key = \"{}\"\n", key()),
    );
    let tar = ["-C", "in", "-czf", "src.tar.gz", "etc"];
    let made = world.command("tar").args(tar).status().unwrap();
    assert!(made.success());
    fs::create_dir(world.project().join("src")).unwrap();
    fs::rename(
        world.project().join("src.tar.gz"),
        world.project().join("src/app.tar.gz"),
    )
    .unwrap();
    let source = "[sources.src]\npath = \"src\"\n";
    world.recipe_with("app", "cp src/app.tar.gz $OUT/app.tgz", source);
    world.run(&["lock", "app"]).expect(0, &[]);
    let said = [
        "app.tgz!app.tar!etc/conf, line 2",
        "file src/app.tar.gz!app.tar!etc/conf, line 2",
    ];
    tells_nothing(world.run(&["build", "app"])).expect(103, &said);
}

#[test]
fn an_address_that_logs_in_is_refused_and_not_shown() {
    let world = world();
    for source in [
        format!(
            "purl = \"pkg:generic/a@1\"\nurl = [\"https://bot:{}@host.example/a.tar\"]\n",
            key()
        ),
        format!(
            "purl = \"pkg:generic/a@1\"\nurl = [\"https://{}@host.example/a.tar\"]\n",
            key()
        ),
        format!(
            "purl = \"pkg:generic/a@{}?vcs_url=git%2Bhttps://bot:{}@host.example/a\"\n",
            "0".repeat(40),
            key()
        ),
    ] {
        world.recipe_with("app", "true", &format!("[sources.a]\n{source}"));
        for command in ["build", "lock"] {
            let said = ["source `a`", "name or a password", "your own configuration"];
            tells_nothing(world.run(&[command, "app"])).expect(1, &said);
        }
    }
}

#[test]
fn what_takes_too_much_work_to_look_through_is_not_signed() {
    let world = world();
    // Each nine bytes begin a value of five hundred, and none of them is a secret.
    let crafted = "yes 'password=' | tr -d '\\n' | head -c 1000000";
    let said = [
        "app 1 was not looked through for secrets to its end",
        "nothing was signed",
        "`conf` was not looked through for secrets as a whole",
    ];
    world.recipe("app", &format!("{crafted} > $OUT/conf"));
    world
        .run(&["build", "app", "--export", "out"])
        .expect(101, &said);
    assert!(!world.project().join("out").exists());
    // What nothing is signed of is told.
    let once = ["not all was looked through for secrets, and would not be signed"];
    world.run(&["build", "app", "--once"]).expect(0, &once);
    world.recipe("app", &format!("echo one > $OUT/conf; {crafted}"));
    let said = ["to its end", "log of run A"];
    world.run(&["build", "app"]).expect(101, &said);
}

#[test]
fn more_secrets_than_are_kept_are_refused_whatever_is_allowed() {
    let world = world();
    let script = format!(
        "a={}\nb={}\ni=10000\nwhile [ $i -lt 20100 ]; do echo \"api_key = $a$b$i\"; i=$((i+1)); done > $OUT/conf",
        HALVES[0], HALVES[1]
    );
    world.recipe("app", &script);
    let said = [
        "conf, line 1: ",
        "there may be more: more than 10000 places look like secrets",
    ];
    tells_nothing(world.run(&["build", "app"])).expect(103, &said);
}
