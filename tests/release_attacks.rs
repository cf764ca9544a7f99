//! What someone may try against a release, each refused with the code of its reason.
//!
//! docs/release.md has the table: case, code, and where the test of it is. Here are those that a
//! command line can try. Two releases were built by two builders; every case begins at that point.

use zwieback_test_world::company::{self, said};
use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::Mirror;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// One attempt.
struct Case {
    /// What is tried.
    name: &'static str,
    /// What comes first, and goes well: who types what.
    before: &'static [(&'static str, &'static str)],
    /// The attempt itself.
    attempt: (&'static str, &'static str),
    /// Its exit code and the code of its reason.
    refused: (i32, &'static str),
}

const IN_STAGING: &[(&str, &str)] = &[
    ("ada", "zwieback approve one/app --for staging"),
    ("gate", "zwieback promote one/app --to staging"),
    (
        "tess",
        "zwieback attest test one/app --result passed --suite suite.sh",
    ),
];

const RENEWED: &str = "mkdir old; cp root.json old/; zwieback key renew --root root.json --days 90";

/// Kim has renewed the trust root, and whoever asks has met the new one; the log has the old one.
const OLD_ROOT: &[Case] = &[
    Case {
        name: "a gate founded on an older trust root",
        before: &[("kim", RENEWED)],
        attempt: (
            "kim",
            "zwieback policy digest release.toml --builds policy.toml --trust old/root.json",
        ),
        refused: (4, "root-rollback"),
    },
    Case {
        name: "an older trust root proposed",
        before: &[("kim", RENEWED)],
        attempt: (
            "kim",
            "zwieback policy propose release.toml --builds policy.toml --trust old/root.json",
        ),
        refused: (4, "root-rollback"),
    },
    Case {
        name: "the trust root in force is older than one of its line that the gate has met",
        before: &[
            ("ada", "zwieback approve one/app --for staging"),
            ("kim", "zwieback key renew --root root.json --days 90"),
            ("gate", "zwieback key list --root root.json"),
        ],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (4, "root-rollback"),
    },
    Case {
        name: "the trust root before the one in force, handed to whoever asked the gate",
        before: &[
            ("kim", RENEWED),
            ("kim", "sed -i 's/^version = 1/version = 2/' release.toml"),
            (
                "kim",
                "zwieback policy propose release.toml --builds policy.toml --trust root.json",
            ),
            (
                "lou",
                "zwieback policy propose release.toml --builds policy.toml --trust root.json",
            ),
            ("ada", "zwieback approve one/app --for staging"),
        ],
        attempt: (
            "ada",
            "zwieback verify one/app --bundle one/app-1.0.sigstore.json --trust old/root.json",
        ),
        refused: (4, "root-rollback"),
    },
];

const APPROVALS: &[Case] = &[
    Case {
        name: "nobody approved",
        before: &[],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "approvals-too-few"),
    },
    Case {
        name: "an approval of other bytes",
        before: &[("ada", "zwieback approve other/app --for staging")],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "approval-artifact"),
    },
    Case {
        name: "an approval for another environment",
        before: &[("ada", "zwieback approve one/app --for prod")],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "approval-environment"),
    },
    Case {
        name: "an approval that has expired",
        before: &[],
        attempt: (
            "ada",
            "zwieback approve one/app --for staging --until 2020-01-01T00:00:00Z",
        ),
        refused: (5, "approval-expired"),
    },
    Case {
        name: "an approval that lasts too long",
        before: &[],
        attempt: ("ada", "zwieback approve one/app --for staging --days 90"),
        refused: (5, "approval-too-long"),
    },
    Case {
        name: "an approval by someone unknown",
        before: &[],
        attempt: ("south", "zwieback approve one/app --for staging"),
        refused: (4, "signer-unknown"),
    },
    Case {
        name: "an approval of one's own change",
        before: &[("kim", "zwieback attest authors app_1.0.tar --author ada")],
        attempt: ("ada", "zwieback approve one/app --for staging"),
        refused: (5, "self-approval"),
    },
    Case {
        name: "a change that turns out to be one's own after the approval",
        before: &[
            ("ada", "zwieback approve one/app --for staging"),
            ("kim", "zwieback attest authors app_1.0.tar --author ada"),
        ],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "self-approval"),
    },
    Case {
        name: "others declared authors by someone without that role",
        before: &[],
        attempt: (
            "cy",
            "zwieback attest authors app_1.0.tar --author ada --author bo",
        ),
        refused: (4, "signer-role"),
    },
    Case {
        name: "an author who takes that back",
        before: &[("ada", "zwieback attest authors app_1.0.tar --author ada")],
        attempt: ("ada", "zwieback attest authors app_1.0.tar --withdraw ada"),
        refused: (5, "self-approval"),
    },
    Case {
        name: "an approval by who built",
        before: &[],
        attempt: ("north", "zwieback approve one/app --for staging"),
        refused: (5, "builder-approves"),
    },
    Case {
        name: "one person with two keys",
        before: &[
            IN_STAGING[0],
            IN_STAGING[1],
            IN_STAGING[2],
            ("ada", "zwieback approve one/app --for prod"),
            (
                "ada",
                "zwieback approve one/app --for prod --sign-key second",
            ),
        ],
        attempt: ("gate", "zwieback promote one/app --to prod"),
        refused: (5, "person-counted"),
    },
    Case {
        name: "an approval sent twice",
        before: &[
            (
                "bo",
                "zwieback approve one/app --for staging --output bo.json",
            ),
            ("gate", "zwieback submit bo.json"),
        ],
        attempt: ("gate", "zwieback submit bo.json"),
        refused: (4, "statement-replayed"),
    },
    Case {
        name: "an approval from before the release was taken back",
        before: &[
            IN_STAGING[0],
            IN_STAGING[1],
            ("ada", "zwieback approve two/app --for staging"),
            ("gate", "zwieback promote two/app --to staging"),
            ("gate", "zwieback rollback staging --why slow"),
        ],
        attempt: ("gate", "zwieback promote two/app --to staging"),
        refused: (5, "approval-used"),
    },
];

const RELEASES: &[Case] = &[
    Case {
        name: "an older release in the place of a newer one",
        before: &[
            ("ada", "zwieback approve two/app --for staging"),
            ("gate", "zwieback promote two/app --to staging"),
            ("ada", "zwieback approve one/app --for staging"),
        ],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "downgrade"),
    },
    Case {
        name: "a release that leaves out an environment",
        before: &[
            (
                "tess",
                "zwieback attest test one/app --result passed --suite suite.sh",
            ),
            ("ada", "zwieback approve one/app --for prod"),
            ("cy", "zwieback approve one/app --for prod"),
        ],
        attempt: ("gate", "zwieback promote one/app --to prod"),
        refused: (5, "not-promoted-before"),
    },
    Case {
        name: "a release whose tests failed later",
        before: &[
            IN_STAGING[0],
            IN_STAGING[1],
            IN_STAGING[2],
            ("ada", "zwieback approve one/app --for prod"),
            ("cy", "zwieback approve one/app --for prod"),
            (
                "tess",
                "zwieback attest test one/app --result failed --suite suite.sh",
            ),
        ],
        attempt: ("gate", "zwieback promote one/app --to prod"),
        refused: (5, "tests-missing"),
    },
    Case {
        name: "bytes that nobody built",
        before: &[("ada", "zwieback approve other/app --for staging")],
        attempt: ("gate", "zwieback promote other/app --to staging"),
        refused: (5, "provenance-missing"),
    },
    Case {
        name: "a promotion by someone else than the gate",
        before: &[("ada", "zwieback approve one/app --for staging")],
        attempt: (
            "ada",
            "zwieback promote one/app --to staging --config release.key=default",
        ),
        refused: (4, "signer-role"),
    },
    Case {
        name: "a summary by someone else than the gate",
        before: &[(
            "ada",
            "zwieback verify one/app --bundle one/app-1.0.sigstore.json --trust root.json \
             --policy policy-one.toml --unsigned-policy \
             --resource urn:zwieback:release:staging:app --vsa vsa.json",
        )],
        attempt: ("gate", "zwieback submit vsa.json"),
        refused: (4, "field-malformed"),
    },
    Case {
        name: "an artifact that was revoked",
        before: &[
            ("ada", "zwieback approve one/app --for staging"),
            ("sam", "zwieback revoke artifact one/app --why bad"),
        ],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "artifact-revoked"),
    },
    Case {
        name: "a revocation by someone who may not revoke",
        before: &[],
        attempt: ("ada", "zwieback revoke artifact one/app --why envy"),
        refused: (4, "signer-role"),
    },
    Case {
        name: "the policy of before",
        before: &[],
        attempt: (
            "kim",
            "sed 's/^version = 1/version = 1 # again/' release.toml > old.toml && \
             zwieback policy propose old.toml --builds policy.toml --trust root.json",
        ),
        refused: (4, "policy-version"),
    },
    Case {
        name: "a policy by someone who does not keep it",
        before: &[],
        attempt: (
            "ada",
            "sed 's/^version = 1/version = 2/; s/release = 2/release = 1/' release.toml > new.toml && \
             zwieback policy propose new.toml --builds policy.toml --trust root.json",
        ),
        refused: (4, "signer-role"),
    },
];

const EXCEPTIONS: &[Case] = &[
    Case {
        name: "an exception without a reason",
        before: &[],
        attempt: (
            "sam",
            "zwieback break-glass one/app --in staging --scope approvals --why ' ' --hours 1",
        ),
        refused: (5, "exception-incomplete"),
    },
    Case {
        name: "an exception that has ended",
        before: &[],
        attempt: (
            "sam",
            "zwieback break-glass one/app --in staging --scope approvals --why down \
             --until 2020-01-01T00:00:00Z",
        ),
        refused: (5, "exception-expired"),
    },
    Case {
        name: "an exception that lasts too long",
        before: &[],
        attempt: (
            "sam",
            "zwieback break-glass one/app --in staging --scope approvals --why down --hours 25",
        ),
        refused: (5, "exception-too-long"),
    },
    Case {
        name: "an exception by someone who may make none",
        before: &[],
        attempt: (
            "ada",
            "zwieback break-glass one/app --in staging --scope approvals --why down --hours 1",
        ),
        refused: (4, "signer-role"),
    },
    Case {
        name: "an exception for a rule that does not hold there",
        before: &[],
        attempt: (
            "sam",
            "zwieback break-glass one/app --in staging --scope tests --why down --hours 1",
        ),
        refused: (5, "exception-scope"),
    },
    Case {
        name: "an exception for all rules about builds at once",
        before: &[],
        attempt: (
            "sam",
            "zwieback break-glass one/app --in staging --scope builds --why down --hours 1",
        ),
        refused: (5, "exception-scope"),
    },
    Case {
        name: "an exception for another environment",
        before: &[(
            "sam",
            "zwieback break-glass one/app --in prod --scope approvals --why down --hours 1",
        )],
        attempt: ("gate", "zwieback promote one/app --to staging --dry-run"),
        refused: (5, "exception-scope"),
    },
    Case {
        name: "an exception for something that was revoked",
        before: &[
            (
                "sam",
                "zwieback break-glass one/app --in staging --scope approvals,builds.level \
                 --why down --hours 1",
            ),
            (
                "sam",
                "zwieback revoke source app_1.0.tar --why 'a back door'",
            ),
        ],
        attempt: ("gate", "zwieback promote one/app --to staging"),
        refused: (5, "source-revoked"),
    },
];

const FILES: &[Case] = &[
    Case {
        name: "an entry that was changed",
        before: &[(
            "gate",
            "sed -i 's/hashedrekord/hashedrecord/' log/tile/entries/000.p/*",
        )],
        attempt: ("cy", "zwieback status"),
        refused: (4, "log-edited"),
    },
    Case {
        name: "an attestation taken out of the set",
        before: &[("gate", "truncate -s 100 log/statements/000")],
        attempt: ("cy", "zwieback status"),
        refused: (4, "log-edited"),
    },
    Case {
        name: "a log that went back in time",
        before: &[
            ("gate", "rm -rf older && cp -a log older"),
            ("cy", "zwieback approve one/app --for staging"),
            ("cy", "zwieback status"),
            ("gate", "rm -rf log && mv older log"),
        ],
        attempt: ("cy", "zwieback status"),
        refused: (4, "log-rolled-back"),
    },
    Case {
        name: "a log that went back behind what `log verify` saw alone",
        before: &[
            ("gate", "rm -rf older && cp -a log older"),
            ("sam", "zwieback revoke artifact one/app --why bad"),
            (
                "cy",
                "zwieback log verify log --signed-by \"$(cat log/log.vkey)\"",
            ),
            ("gate", "rm -rf log && mv older log"),
        ],
        attempt: ("cy", "zwieback trace one/app"),
        refused: (4, "log-rolled-back"),
    },
    Case {
        name: "a changed byte in the record of a revocation",
        before: &[
            ("sam", "zwieback revoke artifact one/app --why bad"),
            (
                "gate",
                "sed -i 's/\\(.*\"payload\":\".\\{100\\}\\)./\\1_/' log/statements/000",
            ),
        ],
        attempt: ("bo", "zwieback log show"),
        refused: (4, "log-edited"),
    },
    Case {
        name: "a log that is gone",
        before: &[("gate", "rm -rf log")],
        attempt: ("cy", "zwieback status"),
        refused: (4, "log-missing"),
    },
    Case {
        name: "another log in its place",
        before: &[(
            "west",
            "rm -rf log && zwieback log init log --name log.example/releases > /dev/null",
        )],
        attempt: (
            "bo",
            "zwieback approve one/app --for staging --output bo.json",
        ),
        refused: (4, "log-key-unknown"),
    },
    Case {
        name: "a deployed file that was changed",
        before: &[
            IN_STAGING[0],
            IN_STAGING[1],
            ("west", "echo evil > staging/current/app"),
        ],
        attempt: (
            "cy",
            "zwieback status | tee status; ! grep -q deployed-changed status && exit 0; exit 4",
        ),
        refused: (4, "deployed-changed"),
    },
    Case {
        name: "the link of a target swapped",
        before: &[
            IN_STAGING[0],
            IN_STAGING[1],
            ("west", "rm staging/current && ln -s /etc staging/current"),
        ],
        attempt: (
            "cy",
            "zwieback status | tee status; ! grep -q deployed-changed status && exit 0; exit 4",
        ),
        refused: (4, "deployed-changed"),
    },
];

#[test]
fn every_attempt_is_refused_with_its_reason() {
    let world = World::new(site!(), Larder::Empty);
    let _mirror = two_releases(&world);
    keep(&world);
    let mut wrong = Vec::new();
    for case in [OLD_ROOT, APPROVALS, RELEASES, EXCEPTIONS, FILES]
        .into_iter()
        .flatten()
    {
        for (who, line) in case.before {
            said(&world, who, line);
        }
        let (who, line) = case.attempt;
        let mut shell = world.command_of(who, "bash");
        let output = shell
            .args(["-c", &format!("exec 2>&1\n{line}")])
            .output()
            .unwrap();
        let heard = String::from_utf8_lossy(&output.stdout).into_owned();
        let (code, reason) = case.refused;
        if output.status.code() != Some(code) || !heard.contains(&format!("[{reason}]")) {
            wrong.push(format!(
                "{}: {code} [{reason}] expected\n{}\n{heard}",
                case.name, output.status
            ));
        }
        put_back(&world);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A company in which north may approve as well, and ada has a second key; two releases, each built
/// by north and rechecked by south.
fn two_releases(world: &World) -> Mirror {
    let mirror = company::sources(world);
    company::found_with(world, mirror.root(), |policy| {
        with_north_and_second(world, &policy)
    });
    company::stock_builders(world, site!(), Larder::Shell);
    world.write("project/other/app", "echo evil\n");
    let one_builder = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require]\nlevel = 2\n";
    world.write("project/policy-one.toml", one_builder);
    company::put_in_force(world);
    company::build(world, "one", "1.0");
    said(world, "north", "cp next/* recipes/app/");
    company::build(world, "two", "1.1");
    mirror
}

fn with_north_and_second(world: &World, policy: &str) -> String {
    let key = |person: &str, line: &str| said(world, person, line).trim_end().to_owned();
    let second = key(
        "ada",
        "zwieback -q key generate second > /dev/null && zwieback key show --key second --base64",
    );
    let north = key("north", "zwieback key show --base64");
    let people = format!("[people]\nnorth = {{ keys = [\"{north}\"] }}\n");
    policy
        .replace("[people]\n", &people)
        .replace(
            "ada  = { keys = [",
            &format!("ada  = {{ keys = [\"{second}\", "),
        )
        .replace(
            "\"ada\", \"bo\", \"cy\"]",
            "\"ada\", \"bo\", \"cy\", \"north\"]",
        )
}

/// Keeps the log and what readers remember, so that every case begins at the same point.
fn keep(world: &World) {
    let people = company::PEOPLE.join(" ");
    let line = format!(
        "mkdir ../kept && cp -a log root.json release.toml ../kept/ && for who in {people}; do \
         state=$who/.local/state/zwieback; mkdir -p ../kept/$state; for what in logs log-memory roots; do \
         if test -e ../people/$state/$what; then cp -a ../people/$state/$what ../kept/$state/; fi; \
         done; done"
    );
    said(world, "gate", &line);
}

fn put_back(world: &World) {
    let people = company::PEOPLE.join(" ");
    let line = format!(
        "rm -rf log staging prod old root.json.v* && cp -a ../kept/{{log,root.json,release.toml}} . && for who in {people}; do \
         for what in logs log-memory roots; do \
         state=$who/.local/state/zwieback/$what; rm -rf ../people/$state; \
         if test -e ../kept/$state; then cp -a ../kept/$state ../people/$state; fi; done; done"
    );
    said(world, "gate", &line);
}
