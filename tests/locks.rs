//! A lock is believed in what its manifest leaves open, and in nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_attest::bundle::Bundle;
use zwieback_host::store::origin::Origin;
use zwieback_model::bake::plan::Requests as _;
use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::lockfile::Lockfile;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::purl::Purl;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::site;
use zwieback_test_world::source::{archive, recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

const ZLIB: &str = "pkg:deb/debian/zlib@1?arch=source";

/// Writes a recipe `app` with one source, and a lock that answers it with this input.
fn write(world: &World, source: &str, input: LockedInput) {
    let text = format!(
        "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n[sources.zlib]\n{source}\n\n\
         [[steps]]\nname = \"copy\"\nrun = 'cp -R zlib $OUT/'\n"
    );
    let path = "recipe.toml";
    let recipe = Recipe::parse(SourceText { path, text: &text }).unwrap();
    let lock = Lockfile::new(recipe.requests(), vec![input]);
    world.write("project/recipes/app/recipe.toml", &text);
    world.write("project/recipes/app/zwieback.lock", lock.to_text());
}

fn input(bytes: &[u8], location: &str) -> LockedInput {
    let print = Fingerprint::of(bytes);
    LockedInput {
        source: Some("zlib".parse().unwrap()),
        purl: ZLIB.parse().unwrap(),
        file: "zlib.tar".parse().unwrap(),
        sha256: print.sha256,
        blake3: Some(print.blake3),
        size: print.size,
        locations: vec![location.parse().unwrap()],
    }
}

#[test]
fn a_lock_that_contradicts_its_recipe_is_not_built() {
    let world = World::new(site!(), Larder::Shell);
    let (wanted, other) = (
        archive(&world, "zlib", "wanted"),
        archive(&world, "zlib", "other"),
    );
    let served = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec(), Manner::Honest);
    let mirror = Mirror::of([
        served("pool/zlib.tar", &other),
        served("pool/hello.tar", &other),
    ]);
    use_mirrors(&world, &[mirror.root()]);
    let named = format!("purl = \"{ZLIB}\"\nfile = \"zlib.tar\"");
    let known = format!("{named}\nsha256 = \"{}\"", Fingerprint::of(&wanted).sha256);
    for (source, location, said) in [
        (&known, "pool/zlib.tar", "the manifest says sha256"),
        (&named, "pool/hello.tar", "does not lie at pool/hello.tar"),
    ] {
        write(&world, source, input(&other, location));
        for line in [
            &["build", "app"][..],
            &["fetch", "app"],
            &["lock", "--check", "app"],
        ] {
            let refused = world.run(line);
            assert_eq!(refused.stdout, "", "{refused}");
            refused.expect(
                1,
                &["contradicts it", "zlib.tar", said, "zwieback lock app"],
            );
        }
    }
    assert_eq!(mirror.asked(), Vec::<String>::new());
    write(&world, &named, input(&other, "pool/zlib.tar"));
    world.run(&["build", "app"]).expect(0, &["is reproducible"]);
}

/// What lies in the store as one package does not answer for another whose lock names its digest.
#[test]
fn bytes_in_the_store_are_of_the_package_they_came_as() {
    let world = World::new(site!(), Larder::Shell);
    let hello = archive(&world, "hello", "hello");
    let place = recipe_with_source(&world, "hello", "hello.tar", &hello);
    let zlib = archive(&world, "zlib", "zlib");
    let served = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec(), Manner::Honest);
    let mirror = Mirror::of([served(&place, &hello), served("pool/zlib.tar", &zlib)]);
    use_mirrors(&world, &[mirror.root()]);
    world
        .run(&["build", "hello"])
        .expect(0, &["is reproducible"]);
    let named = format!("purl = \"{ZLIB}\"\nfile = \"zlib.tar\"");
    write(&world, &named, input(&hello, "pool/zlib.tar"));
    world
        .run(&["build", "app", "--offline"])
        .expect(1, &["not in the store", "zlib.tar"]);
    let refused = world.run(&["build", "app"]);
    assert!(!refused.stderr.contains("Run A"), "{refused}");
    assert_eq!(refused.code, Some(102), "{refused}");
    write(&world, &named, input(&zlib, "pool/zlib.tar"));
    world.run(&["build", "app"]).expect(0, &["is reproducible"]);
}

/// Whoever made an export says nothing about packages: what came with it is asked for where the package lies.
#[test]
fn what_was_imported_is_of_no_package_before_a_place_gave_it() {
    let world = World::new(site!(), Larder::Shell);
    let theirs = archive(&world, "hello", "hello");
    let place = recipe_with_source(&world, "hello", "hello.tar", &theirs);
    let zlib = archive(&world, "zlib", "zlib");
    let served = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec(), Manner::Honest);
    let mirror = Mirror::of([served(&place, &theirs), served("pool/zlib.tar", &zlib)]);
    use_mirrors(&world, &[mirror.root()]);
    let store = ("ZWIEBACK_STORE", world.path("elsewhere"));
    let copied = std::process::Command::new("cp")
        .args(["-a", "--"])
        .args([&world.store(), &store.1])
        .status();
    assert!(copied.unwrap().success());
    let elsewhere = |line: &[&str]| -> zwieback_test_world::outcome::Outcome {
        let mut command = world.zwieback(line);
        command.env(store.0, &store.1).output().unwrap().into()
    };
    elsewhere(&["fetch", "hello"]).expect(0, &[]);
    elsewhere(&["store", "export", "gift.tar", "hello"]).expect(0, &[]);
    world
        .run(&["store", "import", "gift.tar"])
        .expect(0, &["imported"]);
    let named = format!("purl = \"{ZLIB}\"\nfile = \"zlib.tar\"");
    write(&world, &named, input(&theirs, "pool/zlib.tar"));
    let refused = world.run(&["build", "app"]);
    assert!(!refused.stderr.contains("Run A"), "{refused}");
    assert_eq!(refused.code, Some(102), "{refused}");
    write(&world, &named, input(&zlib, "pool/zlib.tar"));
    world.run(&["build", "app"]).expect(0, &["is reproducible"]);
}

const PLAIN: &str = "pkg:npm/left@1.0.0";

/// A project whose source is a folder with a `package-lock.json` that leads to somebody's server.
struct Led {
    world: World,
    registry: Mirror,
    elsewhere: Mirror,
    theirs: Vec<u8>,
}

impl Led {
    fn new() -> Self {
        let world = World::new(site!(), Larder::Shell);
        let theirs = archive(&world, "package", "evil");
        let ours = archive(&world, "package", "honest");
        let registry = Mirror::new([("left/-/left-1.0.0.tgz", ours, Manner::Honest)]);
        let elsewhere = Mirror::new([("left.tgz", theirs.clone(), Manner::Honest)]);
        let mirrors = format!(
            "[mirrors]\nnpm = [{:?}]\ngeneric = [{:?}]\n",
            registry.root(),
            elsewhere.root()
        );
        world.write("home/.config/zwieback/config.toml", mirrors);
        let recipe = "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
                      [sources.app]\npath = \"src\"\nvendor = \"npm\"\n\n\
                      [[steps]]\nname = \"copy\"\nrun = 'cp .npm/*.tgz $OUT/'\n";
        world.write("project/recipes/app/recipe.toml", recipe);
        let led = Self {
            world,
            registry,
            elsewhere,
            theirs,
        };
        led.pin(&led.theirs);
        led
    }

    /// Writes a lockfile that pins these bytes.
    fn pin(&self, bytes: &[u8]) {
        let file = self.world.write("pinned", bytes);
        let mut openssl = self.world.command("bash");
        let script = "openssl dgst -sha512 -binary \"$0\" | base64 -w0";
        let digest = openssl.args(["-ec", script]).arg(file).output().unwrap();
        let integrity = String::from_utf8(digest.stdout).unwrap();
        assert_eq!(integrity.len(), 88, "{integrity}");
        let text = format!(
            r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "app"}},
            "node_modules/left": {{"version": "1.0.0", "resolved": "{}left.tgz", "integrity": "sha512-{integrity}"}}}}}}"#,
            self.elsewhere.root()
        );
        self.world.write("project/src/package-lock.json", text);
    }

    fn lock(&self) -> String {
        let path = self.world.path("project/recipes/app/zwieback.lock");
        fs::read_to_string(path).unwrap()
    }
}

#[test]
fn what_a_lockfile_leads_to_is_not_named_as_the_registrys() {
    let led = Led::new();
    led.world
        .run(&["lock", "app"])
        .expect(0, &["Locked recipe app"]);
    assert!(
        !led.registry.asked().is_empty(),
        "the registry is asked first"
    );
    let honest = led.lock();
    assert!(
        honest.contains(&format!("{PLAIN}?download_url=")),
        "{honest}"
    );
    let build = ["build", "app", "--export", "out"];
    led.world.run(&build).expect(0, &["is reproducible"]);
    let bundle = fs::read(led.world.path("project/out/app-1.sigstore.json")).unwrap();
    let payload = Bundle::parse(&bundle).unwrap().envelope().payload.clone();
    let payload = String::from_utf8(payload).unwrap();
    assert!(
        payload.contains(&format!("{PLAIN}?download_url=")),
        "{payload}"
    );
    // A lock that drops the place: the registry has other bytes under that name.
    let start = honest.find("?download_url=").unwrap();
    let end = start + honest[start..].find('"').unwrap();
    let place = "locations = [\"left/-/left-1.0.0.tgz\"]\n";
    let size = honest.find("size = ").unwrap();
    let after = size + honest[size..].find('\n').unwrap() + 1;
    let (head, rest) = (&honest[..start], &honest[end..after]);
    let lied = format!("{head}{rest}{place}{}", &honest[after..]);
    led.world.write("project/recipes/app/zwieback.lock", lied);
    let refused = led.world.run(&["build", "app", "--rebuild"]);
    assert_eq!(refused.code, Some(102), "{refused}");
}

#[test]
fn a_lock_has_what_the_lockfile_in_its_source_pins() {
    let led = Led::new();
    led.world
        .run(&["lock", "app"])
        .expect(0, &["Locked recipe app"]);
    let lock = led.lock();
    let (other, print) = (b"other".as_slice(), Fingerprint::of(&led.theirs));
    let stored = led.world.path("home/other");
    fs::write(&stored, other).unwrap();
    let store = zwieback_host::store::place::Store::open(&led.world.store()).unwrap();
    let expected = zwieback_host::store::blob::Expected::Anything;
    let mut purls = lock.lines().filter_map(|line| line.strip_prefix("purl = "));
    let purl = purls.find(|purl| purl.contains("pkg:npm/left")).unwrap();
    let purl: Purl = purl.trim_matches('"').parse().unwrap();
    let blob = store.import_file(&stored, expected, Origin::Package(&purl));
    let blob = blob.unwrap();
    let lied = lock
        .replace(&print.sha256.to_hex(), &blob.content().sha256.to_hex())
        .replace(&print.blake3.to_hex(), &blob.content().blake3.to_hex())
        .replace(
            &format!("size = {}", print.size),
            &format!("size = {}", other.len()),
        );
    assert_ne!(lied, lock);
    led.world.write("project/recipes/app/zwieback.lock", lied);
    led.world
        .run(&["build", "app", "--rebuild"])
        .expect(1, &["has other bytes than are pinned", "package-lock.json"]);
    let none = lock[..lock.find("[[input]]").unwrap()].to_owned()
        + &lock[lock.find("[[folder]]").unwrap()..];
    led.world.write("project/recipes/app/zwieback.lock", none);
    led.world
        .run(&["build", "app", "--rebuild"])
        .expect(1, &["is missing in the recipe's lock", PLAIN]);
}
