//! What a revocation does and does not do to what was said before, and which test result is the newest.

use zwieback_host::keys::signer::Signer as _;
use zwieback_trust::statement::test_result::{TestReport, TestResult};

use crate::statements::{
    app, approve, authors, is_author, key, put_in_force, ready, revocation, revoke, suite, test,
    three, verdict,
};
use crate::world::{KEYS, World};

/// Whoever may revoke could else release: by ending the key of those who hold something back.
#[test]
fn no_revocation_lets_anything_pass() {
    let failed: fn(&mut World) = |world| {
        ready(world);
        for (who, result) in [("cy", TestResult::Passed), ("tess", TestResult::Failed)] {
            let said = test(world, result);
            world.force(who, &said).unwrap();
        }
    };
    let named: fn(&mut World) = |world| {
        world.approved_by(&["ada", "bo"]);
        let said = authors(world, &["ada"], &[]);
        world.force("kim", &said).unwrap();
    };
    let built: fn(&mut World) = |world| {
        world.release("1.0");
        approve(world, "1.0").unwrap();
    };
    for (command, place, code) in [
        (failed, "prod", "tests-missing"),
        (named, "prod", "self-approval"),
        (built, "staging", "builder-approves"),
    ] {
        // The person acme, who approves with bo's key, runs the builder acme.
        let acme = |text: &str| {
            let text = three(text).replace("\"bo\"", "\"acme\"");
            text.replace("people.bo", "people.acme")
        };
        let is_builder = code == "builder-approves";
        let mut world = World::with(|text| if is_builder { acme(text) } else { three(text) });
        command(&mut world);
        assert_eq!(verdict(&world, place), code);
        for who in KEYS.into_iter().filter(|who| *who != "sam") {
            revoke(&world, who);
            assert_ne!(verdict(&world, place), "promoted", "{code}, {who}");
        }
    }
}

#[test]
fn a_failure_counts_whoever_signs_without_a_place_for_it() {
    let world = World::with(three);
    ready(&world);
    let plain = |result| TestReport::unplaced(result).into_statement(app("1.0"), &suite());
    world.force("tess", &plain(TestResult::Passed)).unwrap();
    assert_eq!(verdict(&world, "prod"), "promoted");
    world.force("cy", &plain(TestResult::Failed)).unwrap();
    assert_eq!(verdict(&world, "prod"), "tests-missing");
    // Nothing shows that this comes after it, and it could have been kept back.
    let late = world.force("cy", &plain(TestResult::Passed));
    assert_eq!(late, Err("statement-superseded".into()));
    let placed = test(&world, TestResult::Passed);
    world.force("tess", &placed).unwrap();
    assert_eq!(verdict(&world, "prod"), "promoted");
    let ahead = TestReport {
        result: TestResult::Passed,
        heading: Some(world.reader().heading().unwrap()),
        size: world.size() + 1,
    };
    let ahead = ahead.into_statement(app("1.0"), &suite());
    let ahead = world.force("tess", &ahead);
    assert_eq!(ahead, Err("statement-malformed".into()));
}

/// A policy that takes the role or the key of whoever failed a release does not pass it.
#[test]
fn a_failure_outlives_the_role_of_its_signer() {
    type Edit = fn(&str) -> String;
    let edits: [(&str, Edit); 4] = [
        ("no tester any more", |text| {
            text.replace(", \"tess\"]", "]")
        }),
        ("nobody any more", |text| {
            let text = text.replace(", \"tess\"]", "]");
            let Some((before, tess)) = text.split_once("[people.tess]") else {
                return text;
            };
            let (_, after) = tess.split_once("[[environment]]").unwrap();
            format!("{before}[[environment]]{after}")
        }),
        ("the role has another name", |text| {
            text.replace(", \"tess\"]", "]")
                .replace("testers", "quality")
        }),
        ("another role is asked", |text| {
            let text = text.replace("testers = [", "quality = [\"cy\"]\ntesters = [");
            text.replace("tests = \"testers\"", "tests = \"quality\"")
        }),
    ];
    for (case, edit) in edits {
        let mut world = World::with(three);
        ready(&world);
        for (who, result) in [("cy", TestResult::Passed), ("tess", TestResult::Failed)] {
            world.later(60);
            let said = test(&world, result);
            world.force(who, &said).unwrap();
        }
        assert_eq!(verdict(&world, "prod"), "tests-missing");
        world.later(60);
        put_in_force(&world, &|text: &str| edit(&three(text)));
        assert_eq!(verdict(&world, "prod"), "tests-missing", "{case}");
        let passed = test(&world, TestResult::Passed);
        world.force("cy", &passed).unwrap();
        assert_eq!(verdict(&world, "prod"), "promoted", "{case}");
    }
}

/// Whoever changed a source and is called otherwise in the next policy cannot approve it.
#[test]
fn an_author_by_another_name_is_an_author() {
    let world = World::with(three);
    world.approved_by(&["ada", "bo"]);
    world.test("1.0");
    assert_eq!(verdict(&world, "prod"), "promoted");
    let said = authors(&world, &["ada"], &[]);
    world.force("kim", &said).unwrap();
    assert_eq!(verdict(&world, "prod"), "self-approval");
    put_in_force(&world, &|text: &str| {
        let text = three(text).replace("people.ada", "people.eve");
        text.replace("\"ada\"", "\"eve\"")
    });
    assert_eq!(verdict(&world, "prod"), "self-approval");
    assert!(is_author(&world, "eve"));
}

#[test]
fn a_test_result_is_for_its_log_and_its_time() {
    let world = World::with(three);
    let other = World::with(three);
    ready(&world);
    let elsewhere = test(&other, TestResult::Passed);
    assert_eq!(
        world.force("tess", &elsewhere),
        Err("statement-elsewhere".into())
    );
    let mut heading = world.reader().heading().unwrap();
    heading.issued = world.days(1);
    let report = TestReport {
        result: TestResult::Passed,
        heading: Some(heading),
        size: 1,
    };
    let ahead = report.into_statement(app("1.0"), &suite());
    assert_eq!(world.force("tess", &ahead), Err("statement-early".into()));
}

/// One stolen key of a keeper and one honest one are no quorum against a third.
#[test]
fn the_word_of_a_keeper_against_another_ends_with_its_key() {
    let world = World::with(three);
    let against = |who: &str, whom: &str| {
        let said = revocation(&world, key(&world, whom));
        world.force(who, &said).unwrap();
    };
    against("kim", "lou");
    for keeper in ["cy", "lou"] {
        against(keeper, "kim");
    }
    against("cy", "lou");
    let lou = world.keys["lou"].public_key().id();
    assert!(world.state().vote_revoked(lou, None).is_none());
}
