//! Every kind of statement, kept back until something newer was said, signed by a key that is revoked
//! later, and repeated by its own signer. A table, so that no kind is left out.

use std::collections::BTreeSet;

use zwieback_attest::provenance;
use zwieback_host::keys::signer::Signer as _;
use zwieback_trust::policy::people::write_key;
use zwieback_trust::statement::approval;
use zwieback_trust::statement::authorship;
use zwieback_trust::statement::break_glass;
use zwieback_trust::statement::policy_change;
use zwieback_trust::statement::promotion;
use zwieback_trust::statement::restoration;
use zwieback_trust::statement::revocation::{self as revocations, Revoked};
use zwieback_trust::statement::rollback;
use zwieback_trust::statement::test_result::{self, TestResult};

use crate::history_attacks::promotion as promoted;
use crate::statements::{
    approve, approved, authors, back, build, change, exception, exception_for, is_author,
    is_restored, key, put_in_force, ready, restored, revocation, revoke, taken_out, test, three,
    verdict, verdict_of,
};
use crate::world::{World, artifact, source};

/// A kind, and what becomes of it.
struct Kind {
    predicate: &'static str,
    /// Made, kept back, and submitted after something newer.
    kept_back: fn(&mut World),
    /// Its signer's key is revoked after it was recorded.
    revoked: fn(&mut World),
    /// Said again by its honest signer.
    repeated: fn(&mut World),
}

const KINDS: [Kind; 10] = [
    Kind {
        predicate: provenance::PREDICATE_TYPE,
        kept_back: |world| {
            // Builds do not replace each other; a builder that was revoked meanwhile builds nothing.
            let statement = build();
            revoke(world, "acme");
            world.force("acme", &statement).unwrap_err();
            assert_eq!(world.refused("1.0", "staging"), "provenance-missing");
        },
        revoked: |world| {
            let statement = build();
            world.force("acme", &statement).unwrap();
            approve(world, "1.0").unwrap();
            revoke(world, "acme");
            assert_eq!(world.refused("1.0", "staging"), "key-revoked");
        },
        repeated: |world| {
            let statement = build();
            world.force("acme", &statement).unwrap();
            let again = world.force("acme", &statement);
            assert_eq!(again, Err("statement-replayed".into()));
            approve(world, "1.0").unwrap();
            assert_eq!(world.refused("1.0", "staging"), "promoted");
        },
    },
    Kind {
        predicate: test_result::PREDICATE_TYPE,
        kept_back: |world| {
            ready(world);
            let (passed, failed) = (test(world, TestResult::Passed), TestResult::Failed);
            world.later(60);
            let failed = test(world, failed);
            world.force("tess", &failed).unwrap();
            let late = world.force("tess", &passed);
            assert_eq!(late, Err("statement-superseded".into()));
            assert_eq!(world.refused("1.0", "prod"), "tests-missing");
        },
        revoked: |world| {
            ready(world);
            let passed = test(world, TestResult::Passed);
            world.force("tess", &passed).unwrap();
            assert_eq!(verdict(world, "prod"), "promoted");
            revoke(world, "tess");
            assert_eq!(verdict(world, "prod"), "tests-missing");
        },
        repeated: |world| {
            ready(world);
            let results = [TestResult::Passed, TestResult::Failed, TestResult::Passed];
            for (result, verdict_then) in
                results
                    .iter()
                    .zip(["promoted", "tests-missing", "promoted"])
            {
                // Within one second: what the log held by then tells the two successes apart.
                let said = test(world, *result);
                world.force("tess", &said).unwrap();
                assert_eq!(verdict(world, "prod"), verdict_then);
            }
        },
    },
    Kind {
        predicate: authorship::PREDICATE_TYPE,
        kept_back: |world| {
            ready(world);
            let back = authors(world, &[], &["ada"]);
            world.later(60);
            let named = authors(world, &["ada"], &[]);
            world.force("kim", &named).unwrap();
            let late = world.force("lou", &back);
            assert_eq!(late, Err("statement-superseded".into()));
            assert!(is_author(world, "ada"));
        },
        revoked: |world| {
            ready(world);
            world.test("1.0");
            let named = authors(world, &["ada"], &[]);
            world.force("cy", &named).unwrap();
            world.later(1);
            let back = authors(world, &[], &["ada"]);
            world.force("bo", &back).unwrap();
            assert_eq!(verdict(world, "prod"), "promoted");
            // What the stolen key took back is said again, and what a stolen key said may be taken back.
            revoke(world, "bo");
            assert!(is_author(world, "ada"));
            revoke(world, "cy");
            assert!(is_author(world, "ada"));
        },
        repeated: |world| {
            ready(world);
            for _ in 0..2 {
                for (named, back) in [(&["ada"][..], &[][..]), (&[], &["ada"])] {
                    world.later(1);
                    let said = authors(world, named, back);
                    world.force("cy", &said).unwrap();
                    assert_eq!(is_author(world, "ada"), back.is_empty());
                }
            }
        },
    },
    Kind {
        predicate: approval::PREDICATE_TYPE,
        kept_back: |world| {
            let kept = taken_out(world, |world| approved(world, "1.1"));
            world.force("bo", &kept).unwrap();
            assert_eq!(world.refused("1.1", "staging"), "approval-used");
        },
        revoked: |world| {
            world.release("1.0");
            approve(world, "1.0").unwrap();
            revoke(world, "bo");
            assert_eq!(world.refused("1.0", "staging"), "signer-revoked");
        },
        repeated: |world| {
            taken_out(world, |_| ());
            world.later(1);
            approve(world, "1.1").unwrap();
            assert_eq!(world.refused("1.1", "staging"), "promoted");
        },
    },
    Kind {
        predicate: promotion::PREDICATE_TYPE,
        kept_back: |world| {
            world.release("1.0");
            let kept = promoted(world, |_| ());
            let bad = revocation(world, Revoked::Artifact(artifact("1.0").sha256));
            world.force("sam", &bad).unwrap();
            assert_eq!(world.force("gate", &kept), Err("promotion-stale".into()));
        },
        revoked: |world| {
            // Nobody approved it for staging: only the stolen key says that it may be there.
            world.release("1.0");
            world.test("1.0");
            world.force("gate", &promoted(world, |_| ())).unwrap();
            for who in ["ada", "bo"] {
                world.approve(who, "1.0", "prod").unwrap();
            }
            assert_eq!(verdict(world, "prod"), "promoted");
            revoke(world, "gate");
            assert_eq!(verdict(world, "prod"), "signer-revoked");
        },
        repeated: |world| {
            world.release("1.0");
            let kept = promoted(world, |_| ());
            world.force("gate", &kept).unwrap();
            assert_eq!(world.force("gate", &kept), Err("statement-replayed".into()));
            // What a revoked key has put there can be put there again, by a key that is good.
            revoke(world, "gate");
            let key = write_key(world.keys["stranger"].public_key());
            let with = format!("\nkeys = [\"{key}\", ");
            let edit = |text: &str| three(text).replacen("\nkeys = [", &with, 1);
            put_in_force(world, &edit);
            approve(world, "1.0").unwrap();
            let again = promoted(world, |promotion| promotion.generation = 2);
            assert_eq!(verdict(world, "staging"), "promoted");
            world.force("stranger", &again).unwrap();
            assert_eq!(verdict(world, "staging"), "already-deployed");
        },
    },
    Kind {
        predicate: rollback::PREDICATE_TYPE,
        kept_back: |world| {
            let kept = taken_out(world, |world| back(world, 4, 2));
            let bad = revocation(world, Revoked::Artifact(artifact("1.1").sha256));
            world.force("sam", &bad).unwrap();
            assert_eq!(world.force("gate", &kept), Err("artifact-revoked".into()));
        },
        revoked: |world| {
            // It holds back what it took out, until that is approved anew.
            taken_out(world, |_| ());
            revoke(world, "gate");
            assert_eq!(verdict(world, "staging"), "promoted");
            assert_eq!(verdict_of(world, "1.1", "staging"), "approval-used");
        },
        repeated: |world| {
            taken_out(world, |_| ());
            world.later(60);
            approve(world, "1.1").unwrap();
            world.promote("1.1", "staging").unwrap();
            world.later(60);
            let said = back(world, 5, 1);
            world.force("gate", &said).unwrap();
            assert_eq!(world.force("gate", &said), Err("statement-replayed".into()));
        },
    },
    Kind {
        predicate: revocations::PREDICATE_TYPE,
        kept_back: |world| {
            // It never comes too late.
            world.release("1.0");
            let kept = revocation(world, Revoked::Artifact(artifact("1.0").sha256));
            world.later(86_400);
            approve(world, "1.0").unwrap();
            world.force("sam", &kept).unwrap();
            assert_eq!(world.refused("1.0", "staging"), "artifact-revoked");
        },
        revoked: |world| {
            world.release("1.0");
            approve(world, "1.0").unwrap();
            let bad = revocation(world, Revoked::Artifact(artifact("1.0").sha256));
            world.force("sam", &bad).unwrap();
            revoke(world, "sam");
            assert_eq!(world.refused("1.0", "staging"), "artifact-revoked");
        },
        repeated: |world| {
            for _ in 0..2 {
                world.later(1);
                let bad = revocation(world, Revoked::Source(source("1.0")));
                world.force("sam", &bad).unwrap();
            }
        },
    },
    Kind {
        predicate: restoration::PREDICATE_TYPE,
        kept_back: |world| {
            let said = restored(world);
            world.later(8 * 86_400);
            for keeper in ["kim", "lou"] {
                world.force(keeper, &said).unwrap();
            }
            // Both have ended: no memory takes them any more.
            let state = world.state();
            assert!(
                state
                    .restorations()
                    .all(|restoration| restoration.expires < world.now)
            );
        },
        revoked: |world| {
            for keeper in ["kim", "lou"] {
                let said = restored(world);
                world.force(keeper, &said).unwrap();
            }
            assert!(is_restored(world));
            for keeper in ["cy", "lou"] {
                let said = revocation(world, key(world, "kim"));
                world.force(keeper, &said).unwrap();
            }
            assert!(!is_restored(world));
        },
        repeated: |world| {
            // One keeper twice is one keeper.
            for _ in 0..2 {
                world.later(1);
                let said = restored(world);
                world.force("kim", &said).unwrap();
            }
            assert!(!is_restored(world));
        },
    },
    Kind {
        predicate: break_glass::PREDICATE_TYPE,
        kept_back: |world| {
            world.release("1.0");
            let kept = exception(world);
            world.later(3600);
            world.force("sam", &kept).unwrap();
            assert_eq!(world.refused("1.0", "staging"), "approvals-too-few");
            // What was let pass before a rollback does not bring back what it took out.
            let world = &mut World::with(three);
            let kept = taken_out(world, |world| exception_for(world, "1.1"));
            world.force("sam", &kept).unwrap();
            let aside = world.decide("1.1", "staging").set_aside;
            let mut aside = aside.iter().map(|refused| refused.why.reason.code());
            assert!(aside.any(|code| code == "exception-used"));
            assert_eq!(world.refused("1.1", "staging"), "approval-used");
        },
        revoked: |world| {
            world.release("1.0");
            let said = exception(world);
            world.force("sam", &said).unwrap();
            assert_eq!(verdict(world, "staging"), "promoted");
            revoke(world, "sam");
            assert_eq!(verdict(world, "staging"), "approvals-too-few");
        },
        repeated: |world| {
            world.release("1.0");
            for _ in 0..2 {
                world.later(3600);
                let said = exception(world);
                world.force("sam", &said).unwrap();
                assert_eq!(verdict(world, "staging"), "promoted");
            }
        },
    },
    Kind {
        predicate: policy_change::PREDICATE_TYPE,
        kept_back: |world| {
            let kept = change(world, &three, 2);
            put_in_force(world, &|text| format!("{}# other", three(text)));
            assert_eq!(world.force("cy", &kept), Err("policy-version".into()));
        },
        revoked: |world| {
            let said = change(world, &three, 2);
            world.force("kim", &said).unwrap();
            for keeper in ["cy", "lou"] {
                let said = revocation(world, key(world, "kim"));
                world.force(keeper, &said).unwrap();
            }
            world.later(1);
            let said = change(world, &three, 2);
            assert_eq!(world.force("lou", &said), Ok("1 of 2 keepers".into()));
        },
        repeated: |world| {
            for _ in 0..2 {
                world.later(1);
                let said = change(world, &three, 2);
                assert_eq!(world.force("kim", &said), Ok("1 of 2 keepers".into()));
            }
        },
    },
];

#[test]
fn what_is_kept_back_changes_nothing_that_was_said_since() {
    for kind in &KINDS {
        run(kind.kept_back);
    }
}

#[test]
fn what_a_revoked_key_said_lets_nothing_pass() {
    for kind in &KINDS {
        run(kind.revoked);
    }
}

#[test]
fn an_honest_signer_may_repeat_what_he_said() {
    for kind in &KINDS {
        run(kind.repeated);
    }
}

#[test]
fn no_kind_is_left_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/statement");
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let texts = files.map(|file| std::fs::read_to_string(file.path()).unwrap());
    let kinds = texts.filter(|text| text.contains("pub const PREDICATE_TYPE"));
    let listed: BTreeSet<&str> = KINDS.iter().map(|kind| kind.predicate).collect();
    // Provenance has its type in the crate that verifies it.
    assert_eq!(
        (listed.len(), kinds.count() + 1),
        (KINDS.len(), KINDS.len())
    );
}

fn run(command: fn(&mut World)) {
    command(&mut World::with(three));
}
