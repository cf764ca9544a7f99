//! Keys wherever they are: files with a passphrase, tokens, commands. All through the command line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::skip;
use zwieback_test_world::world::World;

const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";
const MODULES: [&str; 2] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
];

/// The protocol of external signers in shell, with openssl as the one that knows the key.
const ADAPTER: &str = r#"#!/bin/sh
read -r greeting && [ "$greeting" = "zwieback-signer v1" ] || exit 9
read -r verb id
case $verb in
  public-key) echo "ok $(openssl pkey -in "$1" -pubout -outform DER | base64 -w0)" ;;
  sign) read -r _ digest; read -r _ message
    echo "ok $(echo "$message" | base64 -d | openssl dgst -sha256 -sign "$1" | base64 -w0)" ;;
esac
"#;

/// The adapter of docs/keys.md, which is told what it signs and signs provenance alone.
const CHOOSY: &str = r#"#!/bin/sh
read -r greeting version
read -r verb id
case $version/$verb in
  v1/public-key) echo "ok $(openssl pkey -in "$1" -pubout -outform DER | base64 -w0) v2" ;;
  v2/sign) read -r _ digest; read -r _ purpose; read -r _ message
    case $purpose in
      *'"predicateType":"https://slsa.dev/provenance/v1"'*) ;;
      *) echo "error only provenance is signed here"; exit ;;
    esac
    echo "ok $(echo "$message" | base64 -d | openssl dgst -sha256 -sign "$1" | base64 -w0)" ;;
esac
"#;

/// Runs zwieback in a terminal of its own and answers each question, once it is asked.
const TYPIST: &str = r#"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp("zwieback", ["zwieback", *sys.argv[1].split()])
said, answers = b"", sys.argv[2:]
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    said += piece
    if answers and piece.endswith(b": "):
        os.write(terminal, answers.pop(0).encode() + b"\n")
os.write(1, said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

fn shell(world: &World, script: &str) {
    let done = world.command("bash").args(["-ec", script]).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
}

/// Builds with a key, and verifies with its public half.
fn sign_and_verify(world: &World, key: &str) {
    let build = [
        "build",
        "words",
        "--rebuild",
        "--export",
        "out",
        "--key",
        key,
    ];
    world
        .run(&build)
        .expect(0, &["Signed words-1.sigstore.json"]);
    let public = world.run(&["key", "show", "--key", key]).expect(0, &[]);
    world.write("project/public.pem", public.stdout);
    let verify = "verify out/one --bundle out/words-1.sigstore.json --key public.pem";
    run(world, verify).expect(0, &["Verified 1 artifact"]);
}

#[test]
fn a_file_with_a_passphrase() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let secret = world.write("home/passphrase", "correct horse\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let with = format!("--config sign.passphrase_file={}", secret.display());
    // No terminal here, so there is nobody to ask.
    let detached = |line: &str| {
        let mut words = vec!["setsid", "--wait", "zwieback"];
        words.extend(line.split_whitespace());
        Outcome::from(world.command(words[0]).args(&words[1..]).output().unwrap())
    };
    detached("key generate safe --encrypt").expect(1, &["no passphrase", "sign.passphrase_file"]);
    run(&world, &format!("{with} key generate safe --encrypt")).expect(0, &["PUBLIC KEY"]);
    let file = world.path("home/.local/share/zwieback/keys/safe.key");
    let pem = fs::read_to_string(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    detached("key show --key safe").expect(1, &["no passphrase"]);
    // Whoever could answer may be gone by the time the build ends.
    let unattended = detached("build words --key safe").expect(1, &["no passphrase"]);
    assert!(!unattended.stderr.contains("Run A"), "{unattended}");
    let build = format!("{with} build words --export out --key safe");
    run(&world, &build).expect(0, &["Signed words-1"]);
    fs::write(&secret, "battery staple\n").unwrap();
    let wrong = format!("{with} key show --key safe");
    run(&world, &wrong).expect(1, &["the passphrase does not open the key"]);
    let again = format!("{with} build words --rebuild --key safe");
    let refused = run(&world, &again).expect(1, &["the passphrase does not open the key"]);
    assert!(!refused.stderr.contains("Run A"), "{refused}");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    run(&world, &wrong).expect(1, &["can be read by others", "chmod 600"]);
}

#[test]
fn a_passphrase_from_the_terminal() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let typed = |line: &str, answers: &[&str]| {
        let mut python = world.command("python3");
        python.args(["-c", TYPIST, line]).args(answers);
        Outcome::from(python.output().unwrap())
    };
    let made = typed("key generate safe --encrypt", &["horse", "horse"]);
    let made = made.expect(0, &[]);
    assert!(!made.stdout.contains("horse"), "echoed: {made}");
    assert!(
        typed("key show --key safe", &["horse"])
            .stdout
            .contains("PUBLIC KEY")
    );
    assert!(
        typed("key show --key safe", &["house"])
            .stdout
            .contains("does not open")
    );
    let built = typed(
        "--color never --no-progress build words --key safe",
        &["horse"],
    );
    let built = built.expect(0, &[]);
    let place = |what: &str| built.stdout.find(what).unwrap();
    assert!(place("Passphrase of") < place("Run A"), "{built}");
    assert!(place("Run A") < place("Signed words-1"), "{built}");
    assert!(
        typed("key generate b --encrypt", &["horse", "house"])
            .stdout
            .contains("differ")
    );
}

#[test]
fn an_ed25519_key() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    run(&world, "key generate ed --kind ed25519").expect(0, &["PUBLIC KEY"]);
    run(&world, "key list").expect(0, &["ed25519 ed"]);
    sign_and_verify(&world, "ed");
}

/// A script that takes both streams as one file gets a file that holds a key.
#[test]
fn quiet_prints_a_key_and_not_its_name() {
    let world = World::new(site!(), Larder::Empty);
    let made = run(&world, "--quiet key generate").expect(0, &["END PUBLIC KEY"]);
    assert_eq!(made.stderr, "");
    let shown = run(&world, "--quiet key show").expect(0, &["END PUBLIC KEY"]);
    assert_eq!((shown.stdout, shown.stderr.as_str()), (made.stdout, ""));
    let told = run(&world, "key show").expect(0, &["END PUBLIC KEY"]);
    assert!(told.stderr.starts_with("SHA256:"), "{told}");
}

#[test]
fn a_command_that_signs_provenance_alone() {
    let page = fs::read_to_string(site!().file("docs/keys.md")).unwrap();
    assert!(page.contains(CHOOSY), "docs/keys.md has another adapter");
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let adapter = world.write("home/adapter", CHOOSY);
    fs::set_permissions(&adapter, fs::Permissions::from_mode(0o755)).unwrap();
    shell(
        &world,
        "openssl ecparam -name prime256v1 -genkey -noout -out ~/remote",
    );
    let key = format!(
        "exec:{} {}",
        adapter.display(),
        world.path("home/remote").display()
    );
    sign_and_verify(&world, &key);
    let trust = [
        "key",
        "trust",
        "public.pem",
        "--root",
        "root.json",
        "--builder",
        BUILDER,
        "--sign-key",
        &key,
    ];
    world
        .run(&trust)
        .expect(1, &["declined: only provenance is signed here"]);
    assert!(!world.path("project/root.json").exists());
}

#[test]
fn a_command_that_signs() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let adapter = world.write("home/adapter", ADAPTER);
    fs::set_permissions(&adapter, fs::Permissions::from_mode(0o755)).unwrap();
    shell(
        &world,
        "openssl ecparam -name prime256v1 -genkey -noout -out ~/remote",
    );
    let key = world.path("home/remote");
    sign_and_verify(
        &world,
        &format!("exec:{} {}", adapter.display(), key.display()),
    );
    // Found out before anything is built, not after.
    let broken = ["build", "words", "--rebuild", "--key", "exec:true"];
    let refused = world
        .run(&broken)
        .expect(1, &["the external signer answered"]);
    assert!(!refused.stderr.contains("Run A"), "{refused}");
    let declining = [
        "build",
        "words",
        "--rebuild",
        "--key",
        "exec:/no/such/program",
    ];
    world
        .run(&declining)
        .expect(1, &["/no/such/program` is not installed"]);
    world
        .run(&["build", "words", "--key", "exec:"])
        .expect(2, &["names no key"]);
}

/// A token in the world's home, and what a URI of a key in it looks like.
fn token(world: &World, module: &str) -> impl Fn(&str) -> String {
    shell(
        world,
        "mkdir -p ~/tokens ~/.config/softhsm2\n\
         echo directories.tokendir = ~/tokens > ~/.config/softhsm2/softhsm2.conf\n\
         softhsm2-util --init-token --free --label zw --pin 1234 --so-pin 5678\n\
         (umask 077; echo 1234 > ~/pin)",
    );
    let query = format!(
        "?module-path={module}&pin-source=file:{}",
        world.path("home/pin").display()
    );
    move |object: &str| format!("pkcs11:token=zw;object={object}{query}")
}

#[test]
fn a_token_makes_a_key_signs_and_is_rotated() {
    let test = "a_token_makes_a_key_signs_and_is_rotated";
    let module = MODULES.iter().find(|path| Path::new(path).exists());
    let has = |program: &str| Command::new(program).output().is_ok();
    let Some(module) = module.filter(|_| has("softhsm2-util") && has("pkcs11-tool")) else {
        return skip(
            test,
            "there is no SoftHSM or no pkcs11-tool (packages softhsm2, opensc)",
        );
    };
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let uri = token(&world, module);
    for object in ["old", "new"] {
        let made = world.run(&["key", "generate", "--pkcs11", &uri(object)]);
        let pem = made.expect(0, &["PUBLIC KEY"]).stdout;
        world.write(&format!("project/{object}.pem"), pem);
    }
    let again = world.run(&["key", "generate", "--pkcs11", &uri("old")]);
    again.expect(1, &["the token has a key \"old\" already"]);
    world
        .run(&["key", "show", "--key", &uri("none")])
        .expect(1, &["0 keys labelled"]);
    world
        .run(&["key", "show", "--key", "pkcs11:token=zw"])
        .expect(2, &["module-path"]);
    // The private half is sensitive: even with the PIN it cannot be read.
    let login = format!("pkcs11-tool --module {module} --token-label zw --login --pin 1234");
    let leak = "--read-object --type privkey --label old -o leak";
    shell(&world, &format!("! {login} {leak}; ! test -s leak"));
    sign_and_verify(&world, &uri("old"));
    rotated(&world, &uri("old"), &uri("new"));
}

/// What the old key signed is out once the new one stands in its place in a trust root.
fn rotated(world: &World, old: &str, new: &str) {
    let trust = format!("key trust old.pem --root root.json --builder {BUILDER} --sign-key {old}");
    run(world, &trust).expect(0, &["version 1"]);
    let verify = "verify out/one --bundle out/words-1.sigstore.json --trust root.json";
    run(world, verify).expect(0, &["Verified 1 artifact"]);
    let keys = format!("--sign-key {old} --sign-key {new} old.pem new.pem");
    run(world, &format!("key rotate --root root.json {keys}")).expect(0, &["version 2"]);
    run(world, verify).expect(4, &["key-retired"]);
    let build = [
        "build",
        "words",
        "--rebuild",
        "--export",
        "out",
        "--key",
        new,
    ];
    world.run(&build).expect(0, &["Signed"]);
    run(world, verify).expect(0, &["Verified 1 artifact"]);
}
