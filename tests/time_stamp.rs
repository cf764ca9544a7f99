//! A time stamp authority on loopback, played by openssl: asked by the build, believed offline.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use zwieback_test_world::authority::Authority;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";

/// What the authority does with what it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    /// Answers everyone as it answered the first.
    Replaying,
    Down,
}

/// The address of an authority that lives as long as the test's process.
fn serve(authority: &Authority, manner: Manner) -> String {
    let authority = authority.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/tsa", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&mut stream.unwrap(), &authority, manner);
        }
    });
    address
}

fn answer(stream: &mut TcpStream, authority: &Authority, manner: Manner) {
    let query = body(stream);
    let reply = authority.folder().join("reply");
    if manner == Manner::Down {
        stream
            .write_all(b"HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        return;
    }
    let reply = if manner == Manner::Honest || !reply.exists() {
        authority.reply(&query, "tsa")
    } else {
        std::fs::read(reply).unwrap()
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&reply).unwrap();
}

fn body(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).unwrap();
            let length: usize = length.split("\r\n").next().unwrap().trim().parse().unwrap();
            let begin = read.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
            assert!(begin >= end);
            if read.len() >= begin + length {
                return read[begin..].to_vec();
            }
        }
        let count = stream.read(&mut piece).unwrap();
        assert_ne!(count, 0, "the request broke off");
        read.extend_from_slice(&piece[..count]);
    }
}

fn world() -> Option<(World, Authority)> {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", "echo one > $OUT/one");
    let authority = Authority::start("time_stamp", &world.path("tsa"), "stamper tsa")?;
    Some((world, authority))
}

fn run(world: &World, line: &str) -> zwieback_test_world::outcome::Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn a_stamp_outlives_the_key() {
    let Some((world, authority)) = world() else {
        return;
    };
    let address = serve(&authority, Manner::Honest);
    let stamped = format!("build words --export stamped --config sign.timestamp={address}");
    run(&world, &stamped).expect(0, &["is reproducible"]);
    run(&world, "build words --rebuild --export plain").expect(0, &["is reproducible"]);
    for (name, file) in [("builder", "show"), ("next", "generate next")] {
        let key = run(&world, &format!("key {file}")).expect(0, &[]).stdout;
        world.write(&format!("project/{name}.pem"), key);
    }
    let trust = format!("key trust builder.pem --root root.json --builder {BUILDER}");
    run(&world, &trust).expect(0, &[]);
    run(
        &world,
        "key trust ../tsa/tsa.pem --root root.json --time-stamper",
    )
    .expect(0, &[]);
    // The next whole second: until then the key was retired at the moment of the stamp.
    thread::sleep(Duration::from_millis(1100));
    run(
        &world,
        "key rotate --root root.json --sign-key default --sign-key next builder.pem next.pem",
    )
    .expect(0, &["version 3"]);
    let verify = |folder: &str| {
        run(
            &world,
            &format!("verify {folder} --bundle {folder}/words-1.sigstore.json --trust root.json"),
        )
    };
    verify("stamped").expect(0, &["Verified"]);
    verify("plain").expect(4, &["key-retired"]);
}

#[test]
fn an_authority_is_taken_out_of_a_root() {
    let Some((world, authority)) = world() else {
        return;
    };
    let address = serve(&authority, Manner::Honest);
    let build = format!("build words --export stamped --config sign.timestamp={address}");
    run(&world, &build).expect(0, &["is reproducible"]);
    let key = run(&world, "key show").expect(0, &[]).stdout;
    world.write("project/builder.pem", key);
    let key = run(&world, "key generate next").expect(0, &[]).stdout;
    world.write("project/next.pem", key);
    authority.run("openssl x509 -in tsa.pem -pubkey -noout > ../project/tsa.pub");
    let change = |line: &str| run(&world, &format!("key {line} --root root.json"));
    change(&format!("trust builder.pem --builder {BUILDER}")).expect(0, &[]);
    change("trust ../tsa/tsa.pem --time-stamper").expect(0, &[]);
    thread::sleep(Duration::from_millis(1100));
    change("rotate --sign-key default --sign-key next builder.pem next.pem").expect(0, &[]);
    let verify = || {
        run(
            &world,
            "verify stamped --bundle stamped/words-1.sigstore.json --trust root.json",
        )
    };
    verify().expect(0, &["Verified"]);
    let next = "--sign-key next";
    change(&format!("revoke ../tsa/ts.conf {next} --reason x")).expect(1, &["ts.conf"]);
    let later = format!("revoke tsa.pub {next} --reason moved --from 2999-01-01T00:00:00Z");
    change(&later).expect(0, &["version 4"]);
    verify().expect(0, &["Verified"]);
    change("list").expect(0, &["timeStampers sha256:", "from 2999-01-01T00:00:00Z"]);
    change(&format!("revoke ../tsa/tsa.pem {next} --reason stolen")).expect(0, &["version 5"]);
    verify().expect(4, &["key-retired"]);
    change("list").expect(0, &["reason stolen"]);
    change(&format!("trust ../tsa/tsa.pem --time-stamper {next}")).expect(1, &["was revoked"]);
}

#[test]
fn an_answer_to_somebody_else_is_refused() {
    let Some((world, authority)) = world() else {
        return;
    };
    let address = serve(&authority, Manner::Replaying);
    let build = format!("build words --rebuild --config sign.timestamp={address}");
    run(&world, &build).expect(0, &["is reproducible"]);
    run(&world, &build).expect(1, &["timestamp", "another"]);
    let down = serve(&authority, Manner::Down);
    let build = format!("build words --rebuild --config sign.timestamp={down}");
    run(&world, &build).expect(1, &["answered 503", "hint"]);
    run(&world, &format!("{build} --offline")).expect(1, &["the network is off limits"]);
}
