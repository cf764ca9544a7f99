//! A small company around one release: people with keys of their own, builders, a log and a gate.

use std::fs;

use crate::larder::Larder;
use crate::mirror::{Manner, Mirror};
use crate::site::Site;
use crate::source::Packed;
use crate::world::World;

/// Where the log's own key lies, below the world's folder.
const LOG_KEY: &str = "people/gate/.local/share/zwieback/keys/log.key";
/// Everyone who has a key.
pub const PEOPLE: [&str; 11] = [
    "ada", "bo", "cy", "kim", "lou", "sam", "tess", "north", "south", "west", "gate",
];
/// Those who build, each on a machine of their own.
pub const BUILDERS: [&str; 3] = ["north", "south", "west"];

/// Gives everyone a home and a key, and the company a log, a trust root and the files of its policy.
///
/// `kim` and `lou` keep the policy, `ada`, `bo` and `cy` approve, `tess` tests, `sam` revokes. Only
/// `bo` has no way to the log. `mirror` is where builders find sources.
pub fn found(world: &World, mirror: &str) {
    found_with(world, mirror, |policy| policy);
}

/// The same with another policy about releases.
pub fn found_with(world: &World, mirror: &str, edit: impl Fn(String) -> String) {
    for person in PEOPLE {
        settle_in(world, person, mirror);
        let key = said(world, person, "zwieback -q key generate");
        world.write(&format!("project/{person}.pem"), key);
    }
    let log = said(
        world,
        "gate",
        "zwieback -q log init log --name log.example/releases",
    );
    for builder in BUILDERS {
        let trust = format!(
            "zwieback key trust --root root.json --builder https://{builder}.example/v1 \
             --operator {builder} --level 2 {builder}.pem"
        );
        said(world, "kim", &trust);
    }
    world.write("project/policy.toml", BUILDS);
    world.write("project/release.toml", edit(release(world)));
    let digest = "zwieback policy digest release.toml --builds policy.toml --trust root.json";
    let digest = said(world, "kim", digest);
    let gate = format!(
        "policy = \"{}\"\n\n[log]\nfolder = \"log\"\nsigned-by = \"{}\"\n\n\
         [target.staging]\nfolder = \"staging\"\n\n[target.prod]\nfolder = \"prod\"\n",
        digest.trim_end(),
        log.trim_end()
    );
    world.write("project/gate.toml", gate);
}

/// Writes the recipe of version 1.0, in `next` that of 1.1; answers where their sources are.
pub fn sources(world: &World) -> Mirror {
    let [one, two] = ["1.0", "1.1"].map(|version| source(world, version));
    let write = |folder: &str, version, bytes: &[u8]| {
        let packed = Packed {
            name: "app",
            version,
            purl: &format!("pkg:deb/debian/app@{version}?arch=source"),
            file: &format!("app_{version}.tar"),
            bytes,
            run: "cp app/app $OUT/",
        };
        packed.write(world, &format!("project/{folder}"))
    };
    world.write("project/suite.sh", "sh app | grep version\n");
    Mirror::new([
        (&write("recipes/app", "1.0", &one), one, Manner::Honest),
        (&write("next", "1.1", &two), two, Manner::Honest),
    ])
}

/// The source of a version, as upstream would pack it; a copy lies in the project.
fn source(world: &World, version: &str) -> Vec<u8> {
    let program = format!("#!/bin/sh\necho the app, version {version}\n");
    world.write(&format!("home/app-{version}/app"), program);
    let pack = format!(
        "tar c --sort=name --mtime=@1700000000 --owner=0 --group=0 -C ../home app-{version} \
         > app_{version}.tar"
    );
    said(world, "kim", &pack);
    fs::read(world.project().join(format!("app_{version}.tar"))).unwrap()
}

/// Both keepers put the policy in force.
pub fn put_in_force(world: &World) {
    let propose = "zwieback policy propose release.toml --builds policy.toml --trust root.json";
    for keeper in ["kim", "lou"] {
        said(world, keeper, propose);
    }
}

/// North builds to a folder, south rechecks, and the log has what both signed.
pub fn build(world: &World, folder: &str, version: &str) {
    let bundle = format!("app-{version}.sigstore.json");
    said(
        world,
        "north",
        &format!("zwieback build app --export {folder}"),
    );
    let again = format!("again-{folder}");
    let recheck = format!("zwieback recheck {folder}/{bundle} --key north.pem --export {again}");
    said(world, "south", &recheck);
    said(
        world,
        "gate",
        &format!("zwieback submit {folder}/{bundle} {again}/{bundle}"),
    );
}

/// Runs a line as that person, who must succeed; what it prints as data.
pub fn said(world: &World, person: &str, line: &str) -> String {
    let mut shell = world.command_of(person, "bash");
    let output = shell.args(["-c", line]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{person}$ {line}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Where a person's home is.
pub fn home(world: &World, person: &str) -> std::path::PathBuf {
    world.path("people").join(person)
}

fn settle_in(world: &World, person: &str, mirror: &str) {
    let here = world.project().display().to_string();
    let mut release = format!("[release]\ngate = \"{here}/gate.toml\"\n");
    // Bo works from elsewhere and sends what he signs.
    if person != "bo" {
        let key = world.path(LOG_KEY).display().to_string();
        release.push_str(&format!("log_key = \"{key}\"\n"));
    }
    if person == "gate" {
        release.push_str("key = \"default\"\n");
    }
    let config = format!(
        "[mirrors]\ndeb = [\"{mirror}\"]\n\n[sign]\nbuilder_id = \"https://{person}.example/v1\"\n\n{release}"
    );
    world.write(
        &format!("people/{person}/.config/zwieback/config.toml"),
        config,
    );
}

/// Fills the stores of those who build with a toolchain.
pub fn stock_builders(world: &World, site: Site, larder: Larder) {
    for builder in BUILDERS {
        let store = home(world, builder).join("store");
        assert!(
            !fs::exists(&store).unwrap(),
            "{builder} has a store already"
        );
        larder.copy_to(site, &store);
    }
}

const BUILDS: &str = "\
version = 1
expires = \"2099-01-01T00:00:00Z\"

[require]
level = 2
builders = 2
";

fn release(world: &World) -> String {
    let key = |person: &str| {
        let line = said(world, person, "zwieback key show --base64");
        format!("\"{}\"", line.trim_end())
    };
    let people = ["ada", "bo", "cy", "kim", "lou", "sam", "tess"];
    let people = people.map(|people| format!("{people:<4} = {{ keys = [{}] }}\n", key(people)));
    format!(
        "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n\
         change = {{ role = \"keepers\", count = 2 }}\nrevoke = {{ role = \"security\" }}\n\
         break-glass = {{ role = \"security\", max-hours = 24 }}\n\n\
         [gate]\nid = \"https://gate.example/v1\"\nkeys = [{}]\n\n\
         [people]\n{}\n\
         [roles]\nkeepers  = [\"kim\", \"lou\"]\nrelease  = [\"ada\", \"bo\", \"cy\"]\n\
         security = [\"sam\"]\ntesters  = [\"tess\"]\n\n\
         [[environment]]\nname = \"staging\"\napprovals = {{ release = 1 }}\n\n\
         [[environment]]\nname = \"prod\"\napprovals = {{ release = 2 }}\ntests = \"testers\"\n",
        key("gate"),
        people.concat()
    )
}
