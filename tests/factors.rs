//! Every factor in one recipe: found, named and confirmed by runs of its own; and held still, with a reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;
use zwieback_explain::finding::Explanation;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::skip::skip_here;
use zwieback_test_world::tells::TELLS;
use zwieback_test_world::world::World;

#[test]
fn each_factor_is_suspected_and_confirmed() {
    let world = World::new(site!(), Larder::Shell);
    let lines = TELLS.map(|(factor, command)| format!("{command} > $OUT/{factor}\n"));
    world.recipe("all", &lines.concat());
    let arguments = ["build", "all", "--profile", "strict", "--no-progress"];
    world.run(&arguments).expect(104, &["not reproducible"]);
    let told = world.run(&["explain", "all", "--format", "json"]);
    let report: Explanation = serde_json::from_str(&told.stdout).unwrap();
    let alone = std::thread::available_parallelism().is_ok_and(|count| count.get() == 1);
    for (factor, _) in TELLS {
        if factor == "cpu-count" && alone {
            skip_here(factor, "this machine has a single CPU");
            continue;
        }
        let mut findings = report.findings.iter();
        let finding = findings.find(|finding| finding.path.as_str() == factor);
        let finding = finding.unwrap_or_else(|| panic!("nothing was found in {factor}"));
        let factors: Vec<_> = finding
            .factors
            .iter()
            .map(|factor| factor.as_str())
            .collect();
        assert_eq!(factors, [factor], "{finding:?}");
        let confirmed = finding.confirmed.as_deref().unwrap_or_default();
        assert!(confirmed.contains("varied"), "{factor}: {confirmed:?}");
    }
}

/// What was dropped says why; what a recipe undid by itself, and what its need of ptrace made
/// impossible, is told as it is.
#[test]
fn what_was_not_varied_is_told_with_its_reason() {
    let world = World::new(site!(), Larder::Shell);
    let recipe = "[recipe]\nname = \"some\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\
        needs_ptrace = true\n[env]\nTZ = \"CET\"\n[[steps]]\nname = \"tell\"\n\
        run = \"echo $TZ > $OUT/zone\"\n\
        [factors]\nvary = [\"timezone\"]\nfix.pids = \"upstream counts them\"\n";
    world.write("project/recipes/some/recipe.toml", recipe);
    let arguments = ["build", "some", "--fix", "kernel=it looks for a recent one"];
    world
        .run(&[&arguments[..], &["--export", "out"]].concat())
        .expect(0, &[]);
    let statement = statement(&world, "some-1");
    let factors = &sandbox_report(&statement)["factors"];
    for (factor, state, why) in [
        ("kernel", "dropped", "it looks for a recent one"),
        ("pids", "dropped", "upstream counts them"),
        (
            "timezone",
            "ineffective",
            "both runs saw CET; A was to see UTC, and B XXX-14",
        ),
        ("clock", "ineffective", "a step needs ptrace itself"),
    ] {
        assert_eq!(factors[factor]["state"], state, "{factor}: {factors}");
        assert_eq!(factors[factor]["reason"], why, "{factor}");
    }
    assert_eq!(factors["uptime"]["state"], "varied");
    let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
    let chosen = &parameters["recipe"]["factors"]["fix"];
    assert_eq!(chosen["kernel"], "it looks for a recent one");
    // Less was varied than the recipe alone asks for, so this is no answer to it.
    let again = world.run(&["build", "some", "--export", "again"]);
    again.expect(0, &["is reproducible"]);
}

/// The variables of one step are seen, though another step was the first.
/// A machine that lives later, whose files and clock agree: what compares the two passes, and what ends fails.
#[test]
fn run_b_lives_later_and_its_failure_alone_is_told() {
    let world = World::new(site!(), Larder::Shell);
    let agreeing = "touch now; test $(($(date +%s) - $(stat -c %Y now))) -lt 60; touch -d @5 old; test now -nt old
        touch -d @$(date +%s) set; test $(($(date +%s) - $(stat -c %Y set))) -lt 60
        echo same > $OUT/x";
    world.recipe("agreeing", agreeing);
    let build = ["build", "agreeing", "--no-progress"];
    world.run(&build).expect(0, &["is reproducible"]);
    let soon = "date -d '+200 days' +%s";
    let ends = Command::new("bash").args(["-c", soon]).output().unwrap();
    let ends = String::from_utf8(ends.stdout).unwrap();
    let expiring = format!(
        "test $(date +%s) -lt {} || {{ echo expired; exit 1; }}; echo x > $OUT/x",
        ends.trim()
    );
    world.recipe("expiring", &expiring);
    let told = [
        "step `make` of run B",
        "expired",
        "run A passed",
        "400 days",
        "clock makes it fail: it fails in 3 of 3 runs in which only clock is varied",
        "--fix clock=WHY",
    ];
    world
        .run(&["build", "expiring", "--no-progress"])
        .expect(100, &told);
}

#[test]
fn what_a_later_step_is_given_is_told() {
    let world = World::new(site!(), Larder::Shell);
    let recipe = "[recipe]\nname = \"two\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\
        [[steps]]\nname = \"first\"\nrun = \"echo same > $OUT/file\"\n\
        [[steps]]\nname = \"second\"\nrun = \"echo $TZ > $OUT/zone\"\n\
        env = { TZ = \"CET\", PYTHONHASHSEED = \"0\" }\n\
        [factors]\nvary = [\"timezone\"]\n";
    world.write("project/recipes/two/recipe.toml", recipe);
    let built = world.run(&["build", "two", "--export", "out"]);
    built.expect(0, &["is reproducible"]);
    let statement = statement(&world, "two-1");
    let factors = &sandbox_report(&statement)["factors"];
    for (factor, why) in [
        (
            "timezone",
            "both runs saw CET; A was to see UTC, and B XXX-14",
        ),
        ("hash-seed", "both runs saw PYTHONHASHSEED=0"),
    ] {
        assert_eq!(factors[factor]["state"], "ineffective", "{factor}");
        assert_eq!(factors[factor]["reason"], why, "{factor}");
    }
}

/// In a build of `strict`, the probes of both runs saw what was planned, but for what they cannot see here.
#[test]
fn each_factor_is_seen_to_vary_in_a_build() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("steady", "echo same > $OUT/file\n");
    let arguments = ["build", "steady", "--profile", "strict", "--export", "out"];
    world.run(&arguments).expect(0, &["is reproducible"]);
    let statement = statement(&world, "steady-1");
    let found = &sandbox_report(&statement)["factors"];
    let told = world.run(&["plan", "steady", "--profile", "strict", "--format", "json"]);
    let mut lines = told.stdout.lines();
    let mut planned = lines
        .find_map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line.get("factors").cloned()
        })
        .unwrap();
    assert_eq!(planned["source-mtime"]["state"], "varied");
    planned["source-mtime"] = serde_json::json!({
        "state": "ineffective", "reason": "there was nothing to see it by",
    });
    assert_eq!(found, &planned);
}

/// The signed statement of an exported build.
fn statement(world: &World, name: &str) -> Value {
    let bundle = world.path(&format!("project/out/{name}.sigstore.json"));
    let bundle: Value = serde_json::from_str(&std::fs::read_to_string(bundle).unwrap()).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    serde_json::from_slice(&zwieback_model::base64::decode(payload).unwrap()).unwrap()
}

fn sandbox_report(statement: &Value) -> &Value {
    let byproducts = &statement["predicate"]["runDetails"]["byproducts"];
    let mut byproducts = byproducts.as_array().unwrap().iter();
    let report = byproducts.find(|byproduct| byproduct["name"] == "sandbox report");
    &report.unwrap()["annotations"]
}
