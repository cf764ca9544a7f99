//! Claims: what is stated reads back as the same action, and what was altered does not.

use zwieback_model::bake::comparison::{Reproduced, compare};
use zwieback_model::bake::completed::{Completed, Ending, StepResult};
use zwieback_model::digest::Fingerprint;
use zwieback_model::tree::{Entry, Tree};

use super::*;
use crate::build::carried::Carried;
use crate::build::statement::{Invocation, statement};
use crate::reason::Reason;
use crate::stated_input;

const RECIPE: &str = r#"
[recipe]
name = "r"
version = "1"
toolchains = ["c"]
[sources.a]
purl = "pkg:generic/a@1"
file = "a.tar"
patches = ["small.patch", "large.patch"]
[sources.own]
path = "src"
[env]
CFLAGS = "-O2"
[[steps]]
name = "s"
dir = "a"
run = "make"
[limits]
memory = "512 MiB"
time = "10 min"
"#;

const TOOLCHAIN: &str = r#"
[toolchain]
name = "c"
description = "a compiler"
[deb]
release = "bookworm"
architecture = "amd64"
packages = ["gcc"]
[npm.bundler]
purl = "pkg:npm/bundler@1"
[fixups]
prune = ["usr/share/doc/**"]
[fixups.links]
"usr/bin/cc" = "gcc"
"#;

const PLATFORM: &str = "linux/amd64";

fn source(text: &str) -> SourceText<'_> {
    SourceText { path: "t", text }
}

fn input(source: Option<&str>, purl: &str, file: &str, location: &str) -> LockedInput {
    LockedInput {
        source: source.map(|name| name.parse().unwrap()),
        purl: purl.parse().unwrap(),
        file: file.parse().unwrap(),
        sha256: Digest::sha256(file.as_bytes()),
        blake3: None,
        size: 7,
        locations: vec![location.parse().unwrap()],
    }
}

fn reproduced(recipe: &Recipe) -> Reproduced {
    let mut tree = Tree::default();
    let content = Fingerprint::of(b"output");
    let executable = true;
    let file = Entry::File {
        content,
        executable,
    };
    tree.insert("bin/a".parse().unwrap(), file).unwrap();
    let done = [StepResult {
        step: "s".parse().unwrap(),
        ending: Ending::Exited(0),
        wall_ms: 1,
        cpu_ms: 1,
    }];
    let run = Completed::new(recipe, &done, &tree).unwrap();
    compare(&run, &run).unwrap()
}

/// Two files, an empty one and a link, and the bytes of the files.
fn folder() -> CarriedFolder {
    let bytes = [
        ("main.c", &b"int main;"[..]),
        ("empty", b""),
        ("run.sh", b"exit"),
    ];
    let files = bytes.map(|(name, bytes)| (name.parse().unwrap(), bytes.to_vec()));
    let files: BTreeMap<RelPath, _> = files.into();
    let mut tree = Tree::default();
    for (path, bytes) in &files {
        let content = Fingerprint::of(bytes);
        let executable = path.as_str() == "run.sh";
        let file = Entry::File {
            content,
            executable,
        };
        tree.insert(path.clone(), file).unwrap();
    }
    let target = "../main.c".to_owned();
    let link = Entry::Symlink { target };
    tree.insert("sub/link".parse().unwrap(), link).unwrap();
    CarriedFolder::new(tree, files).unwrap()
}

fn stated() -> (Statement, Digest) {
    stated_with(&folder().tree().clone(), Some(folder()))
}

fn stated_with(own: &Tree, carried: Option<CarriedFolder>) -> (Statement, Digest) {
    let recipe = Recipe::parse(source(RECIPE)).unwrap();
    let toolchain = Toolchain::parse(source(TOOLCHAIN)).unwrap();
    let archive = input(Some("a"), "pkg:generic/a@1", "a.tar", "a.tar");
    let mut sources = Lockfile::new(recipe.requests(), vec![archive]);
    let source: Name = "own".parse().unwrap();
    sources.folders = vec![LockedFolder {
        source: source.clone(),
        path: "src".parse().unwrap(),
        tree: own.digest(),
    }];
    let package = |name: &str| {
        let purl = format!("pkg:deb/debian/{name}@1?arch=amd64&distro=bookworm");
        let file = format!("{name}_1_amd64.deb");
        input(None, &purl, &file, &format!("pool/{file}"))
    };
    let (purl, at) = ("pkg:npm/bundler@1", "bundler/-/bundler-1.tgz");
    let bundler = input(Some("bundler"), purl, "bundler-1.tgz", at);
    let packages = vec![package("libc"), package("gcc"), bundler];
    let packages = Lockfile::new(toolchain.requests(), packages);
    let plan = Plan::new(
        &both(&recipe, &sources),
        &[both(&toolchain, &packages)],
        &Variety::default(),
    )
    .unwrap();
    let patches = BTreeMap::from([
        ("small.patch".parse().unwrap(), b"--- a\n".to_vec()),
        ("large.patch".parse().unwrap(), vec![b'x'; 1024]),
    ]);
    let digests = patches
        .iter()
        .map(|(path, bytes): (&RelPath, &Vec<u8>)| (path.clone(), Digest::sha256(bytes)));
    let root = Digest::sha256(b"root");
    let action = Action::new(&plan, PLATFORM, root, digests.collect());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let invocation = Invocation {
        builder_id: "https://zwieback.example/b".into(),
        version: "0".into(),
        id: "urn:x".into(),
        started: now,
        finished: now,
        needed: BTreeMap::new(),
        factors: BTreeMap::new(),
        enforcement: Value::Null,
        byproducts: BTreeMap::new(),
    };
    let made = reproduced(&recipe);
    let statement = {
        let carried = Carried {
            patches: patches
                .iter()
                .map(|(path, it)| (path, it.as_slice()))
                .collect(),
            folders: carried.map(|it| (&source, it)).into_iter().collect(),
        };
        statement(&plan, &action, &carried, &made, invocation)
    };
    (statement, action.digest())
}

fn provenance(statement: &Statement) -> Provenance {
    Provenance::read(&statement.predicate).unwrap()
}

fn read(statement: &Statement) -> Result<Claim, NotRepeatable> {
    // As it comes out of a bundle, not as it went in.
    let statement = Statement::parse(&statement.to_bytes()).unwrap();
    let provenance = Provenance::read(&statement.predicate).unwrap();
    claim(&statement, &provenance, PLATFORM)
}

/// The statement with every occurrence of a text changed, as an attacker's editor does.
fn altered(from: &str, to: &str) -> Result<Claim, NotRepeatable> {
    let text = String::from_utf8(stated().0.to_bytes()).unwrap();
    let changed = text.replace(from, to);
    assert_ne!(text, changed, "{from}");
    read(&Statement::parse(changed.as_bytes()).unwrap())
}

#[test]
fn a_statement_reads_back_as_its_action() {
    let (statement, action) = stated();
    let claim = read(&statement).unwrap();
    assert_eq!(claim.action, action);
    assert_eq!(claim.plan.all_inputs().count(), 4);
    assert_eq!(claim.files.len(), 1);
    assert!(claim.outputs.is_some());
    let patch = |name: &str| {
        claim.patches[&name.parse::<RelPath>().unwrap()]
            .content
            .clone()
    };
    assert_eq!(patch("small.patch").unwrap(), b"--- a\n");
    assert_eq!(
        patch("large.patch"),
        None,
        "in-toto keeps content below 1 KB"
    );
    let own: Name = "own".parse().unwrap();
    assert_eq!(claim.folders, BTreeMap::from([(own, folder())]));
    let provenance = provenance(&statement);
    assert!(build_type::check(&provenance, &BTreeMap::new()).is_ok());
    assert_eq!(stated_input::check(&provenance), Ok(()));
}

#[test]
fn outputs_of_other_recipes_are_those_that_the_manifests_ask_for() {
    for stray in ["needs large", "outputs of large"] {
        let error = altered("patch large.patch", stray).unwrap_err();
        assert!(
            matches!(&error, NotRepeatable::StrayInput(name) if name == stray),
            "{error}"
        );
    }
}

#[test]
fn a_folder_that_is_not_carried_is_named() {
    let error = read(&stated_with(folder().tree(), None).0).unwrap_err();
    let said = error.to_string();
    assert!(
        matches!(error, NotRepeatable::NotCarried { .. }),
        "{error:?}"
    );
    let digest = folder().tree().digest().to_hex();
    assert!(said.contains("`src`") && said.contains(&digest), "{said}");
}

/// The statement with its inputs changed, and the refusal of whoever verifies it.
fn with_inputs(
    change: impl FnOnce(&mut Vec<ResourceDescriptor>),
) -> (Result<Claim, NotRepeatable>, Option<Reason>) {
    let mut provenance = provenance(&stated().0);
    change(&mut provenance.resolved_dependencies);
    let verdict = build_type::check(&provenance, &BTreeMap::new());
    let statement = provenance.into_statement(stated().0.subject);
    (read(&statement), verdict.err().map(|it| it.reason))
}

fn input_of<'a>(inputs: &'a mut [ResourceDescriptor], name: &str) -> &'a mut ResourceDescriptor {
    inputs.iter_mut().find(|it| it.label() == name).unwrap()
}

#[test]
fn a_carried_folder_is_the_one_that_is_named_or_none() {
    let bytes = |name: &'static str, bytes: &'static [u8]| {
        move |inputs: &mut Vec<ResourceDescriptor>| {
            input_of(inputs, name).content = Some(bytes.to_vec());
        }
    };
    for name in ["file own/main.c", "folder own", "patch small.patch"] {
        let (claim, verdict) = with_inputs(bytes(name, b"evil"));
        assert!(claim.is_err(), "{name}");
        assert_eq!(verdict, Some(Reason::DependencyContent), "{name}");
    }
    // With a digest of its own it is no longer a file of the tree that the action names.
    let (claim, verdict) = with_inputs(|inputs| {
        let file = input_of(inputs, "file own/main.c");
        file.digest = DigestSet::sha256(Digest::sha256(b"evil"));
        file.content = Some(b"evil".to_vec());
    });
    assert!(matches!(claim, Err(NotRepeatable::Folder(..))), "{claim:?}");
    assert_eq!(verdict, None);
    let (claim, _) = with_inputs(|inputs| input_of(inputs, "file own/run.sh").content = None);
    assert!(matches!(claim, Err(NotRepeatable::Folder(..))), "{claim:?}");
}

#[test]
fn an_input_that_the_manifests_do_not_claim_is_refused() {
    let honest = String::from_utf8(stated().0.to_bytes()).unwrap();
    for (from, to) in [
        // The recipe knows the digest, and the input has another.
        (
            "\"file\":\"a.tar\",",
            "\"file\":\"a.tar\",\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",",
        ),
        ("[\"pool/gcc_1_amd64.deb\"]", "[\"pool/hello_1_amd64.deb\"]"),
        ("pkg:npm/bundler@1", "pkg:npm/react@1"),
        ("pkg:generic/a@1\"},{", "pkg:generic/b@1\"},{"),
        ("distro=bookworm", "distro=trixie"),
        ("\"role\":\"source a\"", "\"role\":\"source b\""),
        ("\"role\":\"source a\"", "\"roles\":\"source a\""),
        ("\"role\":\"toolchain c\"", "\"role\":\"toolchain d\""),
        (
            "\"role\":\"toolchain c bundler\"",
            "\"role\":\"toolchain c\"",
        ),
        ("\"name\":\"folder own\"", "\"name\":\"folder a\""),
    ] {
        let changed = honest.replace(from, to);
        assert_ne!(changed, honest, "{from}");
        let statement = Statement::parse(changed.as_bytes()).unwrap();
        let refused = stated_input::check(&provenance(&statement)).unwrap_err();
        assert_eq!(refused.reason, Reason::DependencyUnclaimed, "{to}");
        assert!(read(&statement).is_err(), "{to}");
    }
}

#[test]
fn only_what_lies_at_the_builder_brings_its_bytes() {
    let (_, verdict) = with_inputs(|inputs| {
        input_of(inputs, "a.tar").content = Some(b"a.tar".to_vec());
    });
    assert_eq!(verdict, Some(Reason::DependencyContent));
    for name in [
        "file other/x",
        "file own/../x",
        "file own//x",
        "file own",
        "file own/new",
        "folder x",
    ] {
        let (claim, _) = with_inputs(|inputs| {
            let digest = DigestSet::sha256(Digest::sha256(b"x"));
            let mut stray = ResourceDescriptor::named(name, digest);
            stray.content = Some(b"x".to_vec());
            inputs.push(stray);
        });
        assert!(claim.is_err(), "{name}");
    }
}

#[test]
fn what_was_altered_is_another_action_or_none() {
    let wrong_digest = Digest::sha256(b"evil").to_hex();
    let source_digest = Digest::sha256(b"a.tar").to_hex();
    let root_digest = Digest::sha256(b"root").to_hex();
    for (from, to) in [
        ("\"run\":\"make\"", "\"run\":\"make evil\""),
        ("\"CFLAGS\":\"-O2\"", "\"CFLAGS\":\"-O3\""),
        ("\"profile\":\"hermetic\"", "\"profile\":\"strict\""),
        (source_digest.as_str(), wrong_digest.as_str()),
        (root_digest.as_str(), wrong_digest.as_str()),
    ] {
        let verdict = altered(from, to);
        assert!(
            matches!(verdict, Err(NotRepeatable::Action { .. })),
            "{to}: {verdict:?}"
        );
    }
    for (from, to) in [
        ("\"epoch\":1", "\"epoch\":99"),
        ("linux/amd64", "linux/riscv64"),
        ("source a", "source b"),
        ("toolchain c", "toolchain d"),
        ("small.patch", "other.patch\\n"),
        ("LS0tIGEK", "LS0tIGIK"),
        ("\"memory\":\"512 MiB\"", "\"memory\":\"524288 KiB\""),
        ("\"version\":\"1\"", "\"version\":\"1\",\"secrets\":[]"),
        ("\"name\":\"bin/a\"", "\"name\":\"../a\""),
        ("[\"a.tar\"]", "[\"/etc/passwd\"]"),
        ("\"size\":7", "\"size\":-7"),
    ] {
        assert!(altered(from, to).is_err(), "{to}");
    }
}
