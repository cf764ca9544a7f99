//! A small company: people with keys, two builders, a gate, a log and two environments.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zwieback_attest::build_type::{self, BUILD_TYPE};
use zwieback_attest::bundle::Bundle;
use zwieback_attest::policy::rego_engine::RegoEngine;
use zwieback_attest::provenance::{Builder, Metadata, Provenance};
use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::root_chain::{root_file, root_pae};
use zwieback_attest::statement::Statement;
use zwieback_attest::trust_root::{BuilderKey, Quorum, TrustRoot};
use zwieback_attest::verified::Artifact;
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::promote::{Promote, Promoted, promote};
use zwieback_trust::command::session::{Clock, Place, Reader, RootMemory, Session};
use zwieback_trust::command::statements::{self, Approve};
use zwieback_trust::command::submit;
use zwieback_trust::deploy::command::TargetCommand;
use zwieback_trust::deploy::folder::Folder;
use zwieback_trust::deploy::target::Target;
use zwieback_trust::gate::decision::Decision;
use zwieback_trust::gate::question::Intent;
use zwieback_trust::ledger::{LastBelieved, Ledger};
use zwieback_trust::log::append::{Appended, Submission};
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::policy::people::write_key;
use zwieback_trust::snapshot::dir::SnapshotDir;
use zwieback_trust::snapshot::follow::Query;
use zwieback_trust::snapshot::head::SnapshotKey;
use zwieback_trust::state::folded::{Anchor, State};
use zwieback_trust::state::record::Line;
use zwieback_trust::statement::policy_change::PolicyDocuments;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

pub(crate) const NOW: i64 = 1_780_000_000;
pub(crate) const ORIGIN: &str = "log.example/releases";
const DAY: i64 = 86_400;
/// `ada2` is a second key of ada's, `twin` is the key of a stranger.
pub(crate) const KEYS: [&str; 12] = [
    "ada", "ada2", "bo", "cy", "kim", "lou", "sam", "tess", "acme", "other", "gate", "stranger",
];

/// Nobody here has met a trust root but in the log.
#[derive(Debug)]
struct NoOtherRoot;

impl RootMemory for NoOtherRoot {
    fn in_force(&self, _root: &[u8]) -> Result<(), CommandError> {
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) home: PathBuf,
    pub(crate) keys: BTreeMap<String, PrivateKey>,
    pub(crate) log_key: PrivateKey,
    pub(crate) ledger: Ledger,
    pub(crate) places: BTreeMap<Name, Place>,
    pub(crate) now: Timestamp,
    /// Goes when the world does.
    pub(crate) scratch: Option<tempfile::TempDir>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.now
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

impl World {
    /// A company whose policy is in force.
    pub(crate) fn new() -> Self {
        Self::with(std::borrow::ToOwned::to_owned)
    }

    /// The same with another policy about releases.
    pub(crate) fn with(edit: impl Fn(&str) -> String) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut world = Self::create(scratch.path(), edit);
        world.scratch = Some(scratch);
        world
    }

    pub(crate) fn create(home: &Path, edit: impl Fn(&str) -> String) -> Self {
        Self::signing(home, Algorithm::EcdsaP256, edit)
    }

    /// A company whose keys are of that kind.
    pub(crate) fn signing(home: &Path, people: Algorithm, edit: impl Fn(&str) -> String) -> Self {
        let world = Self::bare(home, people, &edit);
        world.put_in_force(edit);
        world
    }

    /// The same with an empty log.
    pub(crate) fn bare(home: &Path, people: Algorithm, edit: impl Fn(&str) -> String) -> Self {
        let make = |algorithm| PrivateKey::generate(algorithm).unwrap();
        fs::create_dir_all(home.join("keys")).unwrap();
        let save = |name: &str, key: &PrivateKey| {
            let pem = key.to_pem(None).unwrap();
            fs::write(home.join("keys").join(name), pem.as_bytes()).unwrap();
        };
        for key in KEYS {
            save(key, &make(people));
        }
        let log = make(Algorithm::Ed25519);
        save("log", &log);
        let now = Timestamp::from_unix(NOW).unwrap();
        LogDir::init(&home.join("log"), ORIGIN.parse().unwrap(), &log, now).unwrap();
        let keys = read_keys(home);
        let documents = documents(&keys, &edit, 1);
        fs::write(home.join("anchor"), documents.digest().to_hex()).unwrap();
        Self::open(home)
    }

    /// Both keepers put the first policy in force.
    fn put_in_force(&self, edit: impl Fn(&str) -> String) {
        let documents = documents(&self.keys, &edit, 1);
        for keeper in ["kim", "lou"] {
            let proposal = statements::proposal(&self.reader(), documents.clone()).unwrap();
            self.say(keeper, &proposal).unwrap();
        }
    }

    /// The same company, by a process that has only its files.
    pub(crate) fn open(home: &Path) -> Self {
        let log = LogDir::open(&home.join("log")).unwrap();
        let place = |name: &str| Place {
            target: Target::Folder(Folder::new(home.join(name))),
            health: None,
        };
        let anchor: Digest = fs::read_to_string(home.join("anchor"))
            .unwrap()
            .parse()
            .unwrap();
        let mut keys = read_keys(home);
        Self {
            home: home.to_owned(),
            log_key: keys.remove("log").unwrap(),
            keys,
            ledger: Ledger {
                anchor: Anchor {
                    log: ORIGIN.parse().unwrap(),
                    key: log.key().clone(),
                    policy: anchor,
                },
                witnesses: WitnessPolicy::unwitnessed(log.key().clone()),
                log,
                seen: Memory::new(home.join("seen")),
                verified: Memory::new(home.join("verified")),
                max_age: None,
                snapshots: SnapshotDir::new(home.join("snapshot"), SnapshotKey::new([7; 32])),
                last: LastBelieved::default(),
            },
            places: ["staging", "prod"].map(|it| (name(it), place(it))).into(),
            now: Timestamp::from_unix(NOW).unwrap(),
            scratch: None,
        }
    }

    /// What anyone can look at.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            ledger: &self.ledger,
            places: &self.places,
            rego: &RegoEngine,
            roots: &NoOtherRoot,
            clock: self,
            now: self.now,
        }
    }

    /// The session of that person.
    pub(crate) fn session(&self, who: &str) -> Session<'_> {
        Session {
            reader: self.reader(),
            signer: &self.keys[who],
            log: &self.log_key,
        }
    }

    /// A person says something.
    pub(crate) fn say(&self, who: &str, statement: &Statement) -> Result<Line, CommandError> {
        submit::record(&self.session(who), statement)
    }

    pub(crate) fn state(&self) -> State {
        self.ledger.load(self.now).unwrap()
    }

    /// How many entries the log has.
    pub(crate) fn size(&self) -> u64 {
        self.ledger.believe(self.now).unwrap().head().size
    }

    /// Appends whatever it is, as the log's keeper.
    pub(crate) fn append(&self, batch: &[Submission]) -> Result<Appended, LogError> {
        let (log, memory) = (&self.ledger.log, &self.ledger.seen);
        log.append(batch, &self.log_key, memory, self.now)
    }

    /// The same by someone who remembers nothing.
    pub(crate) fn append_elsewhere(&self, batch: &[Submission]) -> Result<Appended, LogError> {
        let elsewhere = tempfile::tempdir().unwrap();
        let memory = Memory::new(elsewhere.path().join("seen"));
        self.ledger
            .log
            .append(batch, &self.log_key, &memory, self.now)
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.now = Timestamp::from_unix(self.now.as_unix() + seconds).unwrap();
    }

    pub(crate) fn days(&self, days: i64) -> Timestamp {
        Timestamp::from_unix(self.now.as_unix() + days * DAY).unwrap()
    }

    /// A file with that content, and no statement about it.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A release of that version, built by acme and rechecked by the other builder.
    pub(crate) fn release(&self, version: &str) -> PathBuf {
        let path = self.file("app", &format!("app {version}"));
        let built = ["acme", "other"].map(|builder| self.provenance(builder, version));
        submit::submit(&self.reader(), &self.log_key, &built).unwrap();
        path
    }

    /// The same, tested, and approved by ada and bo for both environments.
    pub(crate) fn approved(&self, version: &str) -> PathBuf {
        let path = self.release(version);
        self.test(version);
        for who in ["ada", "bo"] {
            for environment in ["staging", "prod"] {
                self.approve(who, version, environment).unwrap();
            }
        }
        path
    }

    /// Version 1.0 in staging, approved for production by those keys.
    pub(crate) fn approved_by(&self, keys: &[&str]) {
        self.release("1.0");
        self.test("1.0");
        self.approve("cy", "1.0", "staging").unwrap();
        self.promote("1.0", "staging").unwrap();
        for key in keys {
            self.approve(key, "1.0", "prod").unwrap();
        }
    }

    pub(crate) fn decide(&self, version: &str, environment: &str) -> Decision {
        let (reader, state) = (self.reader(), self.state());
        let (artifact, place, intent) = (artifact(version), name(environment), Intent::Promote);
        let decision = reader.decide(&state, &artifact, &place, intent).unwrap();
        let partial = self.about(version);
        let other = reader.decide(&partial, &artifact, &place, intent).unwrap();
        assert_eq!(other, decision, "a snapshot must not change a decision");
        decision
    }

    /// The state as far as that release needs it, by way of the snapshot.
    pub(crate) fn about(&self, version: &str) -> State {
        let wish = Query {
            artifact: artifact(version).sha256,
            name: "app",
            now: self.now,
        };
        self.ledger.load_about(&wish).unwrap()
    }

    pub(crate) fn provenance(&self, builder: &str, version: &str) -> (Bundle, PublicKey) {
        let subject =
            ResourceDescriptor::named("bin/app", DigestSet::sha256(artifact(version).sha256));
        let statement = provenance(builder, version).into_statement(vec![subject]);
        self.sealed(builder, &statement)
    }

    pub(crate) fn sealed(&self, who: &str, statement: &Statement) -> (Bundle, PublicKey) {
        let key = &self.keys[who];
        (seal(statement, key).unwrap(), key.public_key().clone())
    }

    /// Appends a statement whatever it says; what became of it.
    pub(crate) fn force(&self, who: &str, statement: &Statement) -> Result<String, String> {
        let (bundle, key) = self.sealed(who, statement);
        let submission = Submission::new(&bundle, &key).unwrap();
        self.append(&[submission]).unwrap();
        let line = self.ledger.lines(self.now).unwrap().pop().unwrap();
        line.outcome
            .map_err(|refusal| refusal.reason.code().to_owned())
    }

    pub(crate) fn test(&self, version: &str) {
        use zwieback_trust::statement::test_result::TestResult;
        let suite = ResourceDescriptor::named("suite", &Fingerprint::of(b"suite"));
        let (artifact, passed) = (artifact(version), TestResult::Passed);
        let result = statements::test_result(&self.reader(), &artifact, passed, &suite);
        self.say("tess", &result.unwrap()).unwrap();
    }

    pub(crate) fn approve(&self, who: &str, version: &str, at: &str) -> Result<(), CommandError> {
        let wish = Approve {
            artifact: artifact(version),
            environment: name(at),
            expires: self.days(7),
            comment: None,
        };
        self.say(who, &statements::approval(&self.reader(), &wish)?)
            .map(drop)
    }

    pub(crate) fn promote(&self, version: &str, to: &str) -> Result<Promoted, CommandError> {
        let wish = Promote {
            artifact: self.file("app", &format!("app {version}")),
            environment: name(to),
        };
        promote(&self.session("gate"), &wish)
    }

    /// Releases a version, and has it stand in staging.
    pub(crate) fn put_in_staging(&self, version: &str) {
        self.release(version);
        self.approve("ada", version, "staging").unwrap();
        self.promote(version, "staging").unwrap();
    }

    /// The reason for which a promotion is refused.
    pub(crate) fn refused(&self, version: &str, to: &str) -> String {
        match self.promote(version, to) {
            Ok(_) => "promoted".to_owned(),
            Err(error) => error
                .why()
                .map_or(error.to_string(), |it| it.code().to_owned()),
        }
    }

    /// What users of an environment see.
    pub(crate) fn seen(&self, environment: &str) -> String {
        let path = self.home.join(environment).join("current/app");
        fs::read_to_string(path).unwrap_or_default()
    }
}

pub(crate) fn artifact(version: &str) -> Artifact {
    Artifact::new("app", &Fingerprint::of(format!("app {version}").as_bytes()))
}

pub(crate) fn source(version: &str) -> Digest {
    Digest::sha256(format!("source {version}").as_bytes())
}

pub(crate) fn provenance(builder: &str, version: &str) -> Provenance {
    let head = Value::object([("name", "app".into()), ("version", version.into())]);
    let source = Fingerprint::of(format!("source {version}").as_bytes());
    let shared = Fingerprint::of(b"toolchain");
    Provenance {
        build_type: BUILD_TYPE.into(),
        external_parameters: build_type::external_parameters(
            Value::object([("recipe", head)]),
            [].into(),
        ),
        internal_parameters: [("profile".into(), "hermetic".into())].into(),
        resolved_dependencies: vec![
            ResourceDescriptor::located(format!("pkg:generic/app@{version}"), &source),
            ResourceDescriptor::named("toolchain/c", &shared),
        ],
        builder: Builder {
            id: builder_id(builder),
            ..Builder::default()
        },
        metadata: Metadata {
            finished_on: Timestamp::from_unix(NOW - 100).ok(),
            ..Metadata::default()
        },
        byproducts: vec![],
    }
}

pub(crate) fn builder_id(builder: &str) -> String {
    format!("https://{builder}.example/builder/v1")
}

fn read_keys(home: &Path) -> BTreeMap<String, PrivateKey> {
    let entries = fs::read_dir(home.join("keys")).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let pem = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, PrivateKey::from_pem(&pem, None).unwrap())
        })
        .collect()
}

/// The documents of a policy of that version.
pub(crate) fn documents(
    keys: &BTreeMap<String, PrivateKey>,
    edit: &impl Fn(&str) -> String,
    version: u64,
) -> PolicyDocuments {
    let key = |name: &str| write_key(keys[name].public_key());
    let people = ["ada", "bo", "cy", "kim", "lou", "sam", "tess"].map(|person| {
        let second = if person == "ada" {
            format!("\", \"{}", key("ada2"))
        } else {
            String::new()
        };
        format!("[people.{person}]\nkeys = [\"{}{second}\"]\n", key(person))
    });
    let release = format!(
        "version = {version}\nexpires = \"2027-01-01T00:00:00Z\"\n\
         change = {{ role = \"keepers\", count = 2 }}\nrevoke = {{ role = \"security\" }}\n\
         break-glass = {{ role = \"security\", max-hours = 24 }}\n\
         [gate]\nid = \"https://gate.example/v1\"\nkeys = [\"{}\"]\n\
         [roles]\nrelease = [\"ada\", \"bo\", \"cy\"]\nkeepers = [\"kim\", \"lou\"]\n\
         security = [\"sam\"]\ntesters = [\"tess\"]\n{}\
         [[environment]]\nname = \"staging\"\napprovals = {{ release = 1 }}\n\
         [[environment]]\nname = \"prod\"\napprovals = {{ release = 2 }}\ntests = \"testers\"\n",
        key("gate"),
        people.concat()
    );
    let builds = "version = 1\nexpires = \"2027-01-01T00:00:00Z\"\n[require]\nlevel = 2\n\
                  [environment.staging]\n[environment.prod]\nbuilders = 2\n";
    PolicyDocuments {
        release: edit(&release),
        builds: edit(builds),
        root: root(keys),
    }
}

fn root(keys: &BTreeMap<String, PrivateKey>) -> String {
    root_with(keys, |_| ())
}

/// The trust root with something changed, signed by its keeper.
pub(crate) fn root_with(
    keys: &BTreeMap<String, PrivateKey>,
    edit: impl FnOnce(&mut TrustRoot),
) -> String {
    let builder = |name: &str| BuilderKey {
        key: keys[name].public_key().clone(),
        builder: builder_id(name),
        operator: name.to_owned(),
        level: 2.try_into().unwrap(),
        from: None,
        until: None,
    };
    let mut root = TrustRoot {
        version: 1,
        line: None,
        expires: "2027-01-01T00:00:00Z".parse().unwrap(),
        quorum: Quorum {
            keys: vec![keys["kim"].public_key().clone()],
            threshold: 1,
        },
        builders: vec![builder("acme"), builder("other")],
        verifiers: Vec::new(),
        revoked: Vec::new(),
        time_stampers: vec![],
    };
    edit(&mut root);
    let signature = keys["kim"].sign(&root_pae(&root)).unwrap();
    let file = root_file(&root, &[(keys["kim"].public_key().clone(), signature)]);
    String::from_utf8(file).unwrap()
}

/// A command of a target, of a minute at most.
pub(crate) fn shell(script: &str) -> TargetCommand {
    TargetCommand {
        words: ["/bin/sh", "-c", script].map(str::to_owned).into(),
        folder: "/".into(),
        limit: Duration::from_mins(1),
        variables: Vec::new(),
    }
}
