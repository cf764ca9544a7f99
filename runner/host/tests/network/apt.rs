//! apt's own resolver against a small archive on the loopback: real apt, no machine state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::server::{Answer, Server};
use zwieback_host::deb::apt_state::{AptState, AptStateError, Platform};
use zwieback_host::deb::package::Request;
use zwieback_host::deb::resolve::{ResolveError, closure, source_file};
use zwieback_host::deb::source_list::Source;
use zwieback_model::digest::Digest;
use zwieback_model::rel_path::RelPath;
use zwieback_test_world::skip::skip;

const TAR: &[u8] = b"the original archive";

/// `tool` needs `libdemo`, which another pocket has as well, and recommends what must not be taken.
fn packages(pocket: &str) -> String {
    let lib = format!(
        "Package: libdemo\nVersion: 1:2.0+b1~rc1\nArchitecture: amd64\nFilename: {pocket}/libdemo_2.0+b1~rc1_amd64.deb\nSize: 3\nSHA256: {}\n\n",
        Digest::sha256(b"lib")
    );
    let tool = format!(
        "Package: tool\nVersion: 1.0-1\nArchitecture: all\nDepends: libdemo (>= 1:2)\nRecommends: never\nFilename: pool/tool_1.0-1_all.deb\nSize: 4\nSHA256: {}\n\nPackage: never\nVersion: 1\nArchitecture: all\nFilename: pool/never_1_all.deb\nSize: 1\nSHA256: {}\n\n",
        Digest::sha256(b"tool"),
        Digest::sha256(b"n")
    );
    if pocket == "pool" { lib + &tool } else { lib }
}

fn sources() -> String {
    format!(
        "Package: demo\nBinary: libdemo\nVersion: 1:2.0-1\nFormat: 3.0 (quilt)\nDirectory: pool/demo\nChecksums-Sha256:\n {} 5 demo_2.0-1.dsc\n {} {} demo_2.0.orig.tar.xz\n\n",
        Digest::sha256(b"a dsc"),
        Digest::sha256(TAR),
        TAR.len()
    )
}

/// One suite: its Release file and the indices it vouches for.
fn suite(name: &str, packages: &str, sources: &str, script: &mut BTreeMap<String, Vec<Answer>>) {
    let files = [
        ("main/binary-amd64/Packages", packages),
        ("main/source/Sources", sources),
    ];
    let mut release = format!(
        "Origin: Test\nSuite: {name}\nCodename: {name}\nArchitectures: amd64\nComponents: main\nDate: Sat, 01 Nov 2025 00:00:00 UTC\nSHA256:\n"
    );
    for (path, text) in files {
        let (digest, size) = (Digest::sha256(text.as_bytes()), text.len());
        writeln!(release, " {digest} {size} {path}").unwrap();
        script.insert(
            format!("debian/dists/{name}/{path}"),
            vec![Answer::File(text.into())],
        );
    }
    script.insert(
        format!("debian/dists/{name}/Release"),
        vec![Answer::File(release.into())],
    );
}

fn archive() -> Server {
    let mut script = BTreeMap::new();
    suite("bookworm", &packages("pool"), &sources(), &mut script);
    suite(
        "bookworm-updates",
        &packages("pool/updates"),
        "",
        &mut script,
    );
    Server::with(script)
}

fn source(server: &Server) -> Source {
    Source {
        uris: vec![format!("{}debian", server.root())],
        suites: vec!["bookworm".to_owned(), "bookworm-updates".to_owned()],
        components: vec!["main".to_owned()],
        options: [("trusted".to_owned(), "yes".to_owned())].into(),
    }
}

fn platform() -> Platform {
    Platform {
        release: "bookworm".to_owned(),
        architecture: "amd64".to_owned(),
    }
}

/// Says why nothing is tested where there is no apt.
fn without_apt() -> bool {
    let absent = Command::new("apt-get").arg("--version").output().is_err();
    if absent {
        skip(
            "apt",
            "apt-get is not installed, so nothing can be resolved here",
        );
    }
    absent
}

fn requests(names: &[&str]) -> Vec<Request> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn a_closure_is_pinned_without_recommendations() {
    if without_apt() {
        return;
    }
    let (server, dir) = (archive(), tempfile::tempdir().unwrap());
    let state = AptState::with_sources(dir.path(), platform(), &[source(&server)], "").unwrap();
    let inputs = closure(&state, &requests(&["tool"])).unwrap();
    let purls: Vec<_> = inputs.iter().map(|input| input.purl.as_str()).collect();
    assert_eq!(
        purls,
        [
            "pkg:deb/debian/libdemo@1:2.0%2Bb1~rc1?arch=amd64&distro=bookworm",
            "pkg:deb/debian/tool@1.0-1?arch=all&distro=bookworm",
        ]
    );
    assert_eq!(inputs[0].sha256, Digest::sha256(b"lib"));
    assert_eq!(inputs[0].size, 3);
    // Both pockets have the same bytes; no host is named.
    let mut places: Vec<_> = inputs[0].locations.iter().map(RelPath::as_str).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "pool/libdemo_2.0+b1~rc1_amd64.deb",
            "pool/updates/libdemo_2.0+b1~rc1_amd64.deb"
        ]
    );
}

#[test]
fn a_source_package_gives_one_of_its_files() {
    if without_apt() {
        return;
    }
    let (server, dir) = (archive(), tempfile::tempdir().unwrap());
    let state = AptState::with_sources(dir.path(), platform(), &[source(&server)], "").unwrap();
    let purl = "pkg:deb/debian/demo@1:2.0-1?arch=source".parse().unwrap();
    let input = source_file(&state, &purl, "demo_2.0.orig.tar.xz").unwrap();
    assert_eq!(
        (input.sha256, input.purl),
        (Digest::sha256(TAR), purl.clone())
    );
    assert_eq!(
        input.locations[0].as_str(),
        "pool/demo/demo_2.0.orig.tar.xz"
    );
    let error = source_file(&state, &purl, "demo.zip").unwrap_err();
    assert!(matches!(error, ResolveError::NoSuchFile { .. }));
    assert!(
        error
            .to_string()
            .contains("demo_2.0-1.dsc, demo_2.0.orig.tar.xz"),
        "{error}"
    );
    let other = "pkg:deb/debian/demo@9?arch=source".parse().unwrap();
    assert!(matches!(
        source_file(&state, &other, "x"),
        Err(ResolveError::Apt(_))
    ));
}

#[test]
fn what_apt_refuses_is_told_in_its_words() {
    if without_apt() {
        return;
    }
    let (server, dir) = (archive(), tempfile::tempdir().unwrap());
    let state = AptState::with_sources(dir.path(), platform(), &[source(&server)], "").unwrap();
    let error = closure(&state, &requests(&["tool", "nosuch"])).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Unable to locate package nosuch"),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn an_index_that_cannot_be_had_stops_the_lock() {
    if without_apt() {
        return;
    }
    let (server, dir) = (Server::new([]), tempfile::tempdir().unwrap());
    let error = AptState::with_sources(dir.path(), platform(), &[source(&server)], "").unwrap_err();
    assert!(matches!(error, AptStateError::Apt(_)), "{error}");
    let none = AptState::with_sources(dir.path(), platform(), &[], "").unwrap_err();
    assert!(
        none.to_string().contains("no source of Debian bookworm"),
        "{none}"
    );
    assert!(
        none.hint()
            .is_some_and(|hint| hint.contains("Suites: bookworm"))
    );
}
