//! Addresses that an author writes: what they may reach, however the way there is disguised.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Answer, Server};
use zwieback_host::endpoints::base_url::BaseUrl;
use zwieback_host::fetch::canceller::Canceller;
use zwieback_host::fetch::client::Client;
use zwieback_host::fetch::failure::Failure;
use zwieback_host::fetch::settings::{Limits, Settings};
use zwieback_host::time_stamp::{StampError, stamp};
use zwieback_model::address::AddressKind;

fn root(text: &str) -> BaseUrl {
    text.parse().unwrap()
}

/// Asks as a user who has configured these roots.
fn ask(url: &str, configured: &[BaseUrl]) -> Result<Vec<u8>, Failure> {
    let client = Client::new(&Settings::default()).unwrap();
    let client = client.configured(configured.iter().cloned());
    client.read(url, "*/*", 1 << 20)
}

fn is_loopback(failure: &Failure) -> bool {
    let kind = AddressKind::Loopback;
    matches!(failure, Failure::OutOfReach { kind: found, .. } if *found == kind)
}

#[test]
fn this_machine_is_asked_only_where_the_user_names_it() {
    let server = Server::new([("f", vec![Answer::File(b"secret".to_vec())])]);
    let port = server
        .root()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap();
    let url = format!("{}f", server.root());
    for disguise in [
        url.clone(),
        format!("http://localhost:{port}/f"),
        format!("http://127.1:{port}/f"),
        format!("http://2130706433:{port}/f"),
        format!("http://0x7f.1:{port}/f"),
        format!("http://0.0.0.0:{port}/f"),
        format!("http://[::ffff:127.0.0.1]:{port}/f"),
        format!("http://user@127.0.0.1:{port}/f"),
    ] {
        let failure = ask(&disguise, &[]).unwrap_err();
        assert!(is_loopback(&failure), "{disguise}: {failure}");
    }
    assert_eq!(server.seen(), []);
    let named = [root(server.root())];
    assert_eq!(ask(&url, &named).unwrap(), b"secret");
    // Another port is another server.
    let other = Server::new([("f", vec![Answer::File(b"other".to_vec())])]);
    assert!(is_loopback(
        &ask(&format!("{}f", other.root()), &named).unwrap_err()
    ));
}

#[test]
fn a_redirect_never_leads_to_this_machine() {
    let inner = Server::new([("f", vec![Answer::File(b"secret".to_vec())])]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "secret").unwrap();
    let file = format!("file://{}/f", folder.path().display());
    let outer = Server::new([
        ("a", vec![Answer::Redirect(format!("{}f", inner.root()))]),
        ("b", vec![Answer::Redirect(file.clone())]),
        ("c", vec![Answer::Redirect("/d".to_owned())]),
        ("d", vec![Answer::File(b"own".to_vec())]),
    ]);
    let named = [root(outer.root())];
    let at = |path: &str| format!("{}{path}", outer.root());
    assert!(is_loopback(&ask(&at("a"), &named).unwrap_err()));
    assert_eq!(inner.seen(), []);
    // Even where the user has named the folder itself.
    let both = [
        named[0].clone(),
        root(&format!("file://{}", folder.path().display())),
    ];
    assert_eq!(ask(&at("b"), &both), Err(Failure::Scheme(file)));
    assert_eq!(ask(&at("c"), &named).unwrap(), b"own");
}

#[test]
fn files_of_this_machine_are_read_only_below_a_configured_folder() {
    let scene = tempfile::tempdir().unwrap();
    let mirror = scene.path().join("mirror");
    fs::create_dir(&mirror).unwrap();
    fs::write(mirror.join("f"), "mine").unwrap();
    fs::write(scene.path().join("key"), "secret").unwrap();
    let url = |path: &Path| format!("file://{}", path.display());
    let named = [root(&url(&mirror))];
    assert_eq!(ask(&url(&mirror.join("f")), &named).unwrap(), b"mine");
    for secret in [
        url(&scene.path().join("key")),
        url(&mirror.join("../key")),
        format!("{}/%2e%2e/key", url(&mirror)),
    ] {
        assert_eq!(ask(&secret, &named), Err(Failure::LocalFile), "{secret}");
    }
    assert_eq!(ask(&url(&mirror.join("f")), &[]), Err(Failure::LocalFile));
    // What is no file is not waited for.
    let fifo = mirror.join("fifo");
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(matches!(
        ask(&url(&fifo), &named),
        Err(Failure::Unreachable(_))
    ));
}

#[test]
fn what_has_no_end_is_cut_off() {
    let server = Server::new([("f", vec![Answer::Endless])]);
    let settings = Settings {
        limits: Limits {
            largest: 1 << 20,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let client = Client::new(&settings)
        .unwrap()
        .configured([root(server.root())]);
    let mut answer = client.get(&format!("{}f", server.root()), 0, None).unwrap();
    let error = std::io::copy(&mut answer.body, &mut std::io::sink()).unwrap_err();
    assert_eq!(client.read_failure(error), Failure::TooLong(1 << 20));
}

#[test]
fn a_server_that_trickles_is_left() {
    let server = Server::new([("f", vec![Answer::Trickle(Duration::from_millis(100))])]);
    let settings = Settings {
        limits: Limits {
            span: Duration::from_secs(2),
            ..Limits::default()
        },
        ..Settings::default()
    };
    let client = Client::new(&settings)
        .unwrap()
        .configured([root(server.root())]);
    let begun = Instant::now();
    let failure = client.read(&format!("{}f", server.root()), "*/*", 1 << 20);
    assert!(
        matches!(failure, Err(Failure::TooSlow { .. })),
        "{failure:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// An authority that stamps the time is a stranger like any other: it is named by the user, and names nobody.
#[test]
fn an_authority_is_asked_as_all_places_are() {
    let own = Server::new([("f", vec![Answer::File(Vec::new())])]);
    let to = format!("{}f", own.root());
    let server = Server::new([
        ("on", vec![Answer::Redirect(to)]),
        ("slow", vec![Answer::Trickle(Duration::from_millis(100))]),
        ("endless", vec![Answer::Endless]),
    ]);
    let settings = Settings {
        limits: Limits {
            span: Duration::from_secs(2),
            ..Limits::default()
        },
        ..Settings::default()
    };
    let ask = |path: &str| {
        let url = format!("{}{path}", server.root());
        match stamp(&url, b"signature", &settings, &Canceller::default()) {
            Err(StampError::Lost { failure, .. }) => failure,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask("on"), Failure::Status(302));
    assert_eq!(own.seen(), []);
    let slow = ask("slow");
    assert!(matches!(slow, Failure::TooSlow { .. }), "{slow}");
    assert!(matches!(ask("endless"), Failure::TooLong(_)));
    let elsewhere = stamp("file:///etc/passwd", b"x", &settings, &Canceller::default());
    assert!(matches!(
        elsewhere,
        Err(StampError::Lost {
            failure: Failure::Scheme(_),
            ..
        })
    ));
}

/// A server on loopback that begins each answer like this, and goes on with the drop ten times a second.
fn dripping(begin: &'static str, drop: &'static str) -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(begin.as_bytes()).unwrap();
        // Until nobody listens any more.
        while stream.write_all(drop.as_bytes()).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    root(&format!("http://{address}/"))
}

/// What comes of such a server, soon enough.
fn soon(server: &BaseUrl) -> Failure {
    let settings = Settings {
        limits: Limits {
            span: Duration::from_secs(2),
            ..Limits::default()
        },
        ..Settings::default()
    };
    let client = Client::new(&settings).unwrap();
    let client = client.configured([server.clone()]);
    let begun = Instant::now();
    let failure = client.read(&format!("{}f", server.as_str()), "*/*", 1 << 20);
    assert!(begun.elapsed() < Duration::from_secs(20));
    failure.unwrap_err()
}

#[test]
fn what_only_the_decoder_sees_may_not_trickle_either() {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (first, drop) in [("1;", "a"), ("0", "0"), ("5\r\nhello\r\n0\r\n", "A: b\r\n")] {
        let begin = format!("{chunks}{first}").leak();
        let failure = soon(&dripping(begin, drop));
        assert!(
            matches!(failure, Failure::TooSlow { .. }),
            "{first:?}: {failure}"
        );
    }
}

#[test]
fn a_refusal_that_trickles_is_a_refusal_soon() {
    let begin = "HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n";
    assert_eq!(soon(&dripping(begin, "x")), Failure::Status(404));
    let begin = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    assert_eq!(soon(&dripping(begin, "x")), Failure::Status(404));
}
