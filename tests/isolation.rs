//! What a step finds around it: no network of any family, no host, nothing of its caller.

use std::fs;
use std::net::TcpListener;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::World;

fn step(world: &World, script: &str) -> Outcome {
    world.run(&["shell", "-t", "shell", "--", "bash", "-c", script])
}

#[test]
fn no_network_of_any_family() {
    let world = World::new(site!(), Larder::Shell);
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port();
    for (place, said) in [
        (format!("127.0.0.1/{port}"), "Connection refused"),
        ("192.0.2.1/80".to_owned(), "Network is unreachable"),
        ("2001:db8::1/80".to_owned(), "unreachable"),
        ("169.254.169.254/80".to_owned(), "Network is unreachable"),
    ] {
        for protocol in ["tcp", "udp"] {
            if protocol == "udp" && place.starts_with("127") {
                // Nobody need listen for a datagram to be sent.
                continue;
            }
            let said_by_bash = step(&world, &format!("exec 3<>/dev/{protocol}/{place}"));
            said_by_bash.expect(1, &[said]);
        }
    }
    let devices = step(&world, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '");
    assert_eq!(devices.expect(0, &[]).line(), "lo");
    let routes = step(&world, "tail -n +2 /proc/net/route").expect(0, &[]);
    assert_eq!(routes.stdout, "");
}

#[test]
fn no_file_of_the_host() {
    let world = World::new(site!(), Larder::Shell);
    let secret = world.write("home/secret", "the host's");
    for file in [
        secret.to_str().unwrap(),
        "/etc/hostname",
        "/etc/shadow",
        "/root",
        "/home",
    ] {
        let outcome = step(
            &world,
            &format!("cat {file}/* {file} 2>/dev/null | grep -c ."),
        );
        assert_eq!(outcome.stdout.trim(), "0", "{file}: {outcome}");
    }
    for place in [
        "/sys/kernel",
        "/sys/class",
        "/run/systemd",
        "/dev/kmsg",
        "/dev/sda",
    ] {
        step(&world, &format!("test ! -e {place}")).expect(0, &[]);
    }
    step(&world, "echo x > /usr/bin/new").expect(1, &["Read-only file system"]);
}

#[test]
fn nothing_of_the_caller() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe(
        "seen",
        "env > $OUT/env\nls /proc/self/fd > $OUT/fds\ncat > $OUT/stdin",
    );
    let mut build = world.zwieback(&["build", "seen", "--once"]);
    build
        .env("SECRET_TOKEN", "hunter2")
        .env("LD_PRELOAD_NOT", "1")
        .env("LANG", "de_DE.UTF-8");
    let seen = Outcome::from(build.output().unwrap()).expect(0, &[]);
    let read = |name: &str| fs::read_to_string(format!("{}/{name}", seen.line())).unwrap();
    let environment = read("env");
    for caller in [
        "hunter2",
        "SECRET",
        "LD_PRELOAD",
        "de_DE",
        world.path("home").to_str().unwrap(),
    ] {
        assert!(!environment.contains(caller), "{caller} in {environment}");
    }
    // 0 to 2, and the folder that `ls` itself has open.
    assert_eq!(read("fds"), "0\n1\n2\n3\n");
    assert_eq!(read("stdin"), "");
}

#[test]
fn nobody_outside_is_root() {
    let test = "nobody_outside_is_root";
    if !is_root() {
        return skip(
            test,
            "an ordinary user's steps run as that user, which is not root",
        );
    }
    let world = World::new(site!(), Larder::Shell);
    // The map's second column is the uid outside.
    let map = step(
        &world,
        "read inside outside count < /proc/self/uid_map; echo $outside",
    );
    assert_ne!(map.expect(0, &[]).line(), "0");
    let capabilities = step(
        &world,
        "grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u",
    );
    assert_eq!(capabilities.expect(0, &[]).line(), "0000000000000000");
}

#[test]
fn the_signing_key_is_out_of_reach() {
    let world = World::new(site!(), Larder::Shell);
    world.run(&["key", "generate"]).expect(0, &["PUBLIC KEY"]);
    let hunt = "grep -rls 'PRIVATE KEY' / --exclude-dir=proc | grep -v '^/usr/lib/' | head";
    let found = step(&world, hunt);
    assert_eq!(found.stdout, "", "{found}");
}
