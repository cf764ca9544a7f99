//! First fetches: what an index or a lockfile promises, and mirrors that do not keep it.

use crate::server::{Answer, Server};
use sha2::{Digest as _, Sha512};
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::offer::{Offer, Promise};
use zwieback_host::ecosystem::take::Taker;
use zwieback_host::ecosystem::{cargo_lock, pypi};
use zwieback_host::endpoints::base_url::BaseUrl;
use zwieback_host::endpoints::table::Endpoints;
use zwieback_host::fetch::canceller::Canceller;
use zwieback_host::fetch::client::Client;
use zwieback_host::fetch::failure::Failure;
use zwieback_host::fetch::settings::Settings;
use zwieback_host::store::place::Store;
use zwieback_model::digest::Digest;
use zwieback_model::locked_input::LockedInput;

fn client() -> Client {
    Client::new(&Settings::default()).unwrap()
}

fn take(offer: &Offer, endpoints: &Endpoints) -> Result<LockedInput, EcosystemError> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let taker = Taker {
        store: &store,
        client: &client().configured(endpoints.configured()),
        endpoints,
        canceller: &Canceller::default(),
    };
    let taken = taker.take(offer);
    if let Ok(print) = &taken {
        assert!(store.blob(&print.sha256).unwrap().is_some());
    } else {
        assert!(store.ls().unwrap().is_empty());
    }
    taken
}

fn crate_offer(bytes: &[u8]) -> Offer {
    let lock = format!(
        "[[package]]\nname = \"tiny\"\nversion = \"1.0.0\"\nsource = \"sparse+http://m.example/\"\nchecksum = \"{}\"\n",
        Digest::sha256(bytes)
    );
    cargo_lock::offers(&lock).unwrap().remove(0)
}

#[test]
fn a_lying_mirror_is_passed_over_for_an_honest_one() {
    let path = "tiny/1.0.0/download";
    let liar = Server::new([(path, vec![Answer::File(b"evil".to_vec())])]);
    let honest = Server::new([(path, vec![Answer::File(b"crate".to_vec())])]);
    let both = [&liar, &honest].map(|server| server.root().parse().unwrap());
    let taken = take(
        &crate_offer(b"crate"),
        &Endpoints::default().with_templates("cargo", both),
    );
    assert_eq!(taken.unwrap().sha256, Digest::sha256(b"crate"));
    let only_liar = Endpoints::default().with_templates("cargo", [liar.root().parse().unwrap()]);
    let error = take(&crate_offer(b"crate"), &only_liar).unwrap_err();
    let EcosystemError::Unavailable { asked, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(asked[0].1, Failure::Promise);
}

#[test]
fn a_package_of_the_same_name_elsewhere_is_never_asked_for() {
    // The same name in another ecosystem: its registry serves the path, and is not asked.
    let other = Server::new([("tiny/1.0.0/download", vec![Answer::File(b"crate".to_vec())])]);
    let endpoints = Endpoints::default()
        .with_templates("npm", [other.root().parse().unwrap()])
        .with("npm", [other.root().parse().unwrap()]);
    let error = take(&crate_offer(b"crate"), &endpoints).unwrap_err();
    assert!(matches!(error, EcosystemError::NoPlace(kind) if kind == "cargo"));
    assert!(other.seen().is_empty());
}

#[test]
fn an_integrity_of_npm_is_kept_or_refused() {
    let bytes = b"tarball".to_vec();
    let strong: [u8; 64] = Sha512::digest(&bytes).into();
    let server = Server::new([("x/-/x-1.tgz", vec![Answer::File(bytes.clone())])]);
    let offer = |promise| Offer {
        purl: "pkg:npm/x@1".parse().unwrap(),
        file: "x-1.tgz".parse().unwrap(),
        promise,
        locations: vec!["x/-/x-1.tgz".parse().unwrap()],
        places: Vec::new(),
        elsewhere: None,
    };
    let endpoints = Endpoints::default().with("npm", [server.root().parse().unwrap()]);
    let taken = take(&offer(Promise::Sha512(Box::new(strong))), &endpoints);
    assert_eq!(taken.unwrap().sha256, Digest::sha256(&bytes));
    assert!(take(&offer(Promise::Sha512(Box::new([7; 64]))), &endpoints).is_err());
}

#[test]
fn what_a_lockfile_leads_to_is_no_package_of_the_registry() {
    let bytes = b"tarball".to_vec();
    let strong = Promise::Sha512(Box::new(Sha512::digest(&bytes).into()));
    let evil = Server::new([("x.tgz", vec![Answer::File(bytes.clone())])]);
    let place = "x/-/x-1.tgz";
    let offer = Offer {
        purl: "pkg:npm/x@1".parse().unwrap(),
        file: "x-1.tgz".parse().unwrap(),
        promise: strong,
        locations: vec![place.parse().unwrap()],
        places: Vec::new(),
        elsewhere: Some(format!("{}x.tgz", evil.root())),
    };
    let other = Server::new([(place, vec![Answer::File(b"the registry's".to_vec())])]);
    let roots = |registry: &Server| {
        let own = [registry.root().parse().unwrap()];
        let named = [evil.root().parse().unwrap()];
        Endpoints::default().with("npm", own).with("generic", named)
    };
    let taken = take(&offer, &roots(&other)).unwrap();
    assert_eq!(
        taken.purl.qualifier("download_url"),
        offer.elsewhere.as_deref()
    );
    assert!(taken.locations.is_empty());
    // If the registry has the same bytes, they are the registry's, and nobody else is asked.
    let before = evil.seen().len();
    let honest = Server::new([(place, vec![Answer::File(bytes)])]);
    let taken = take(&offer, &roots(&honest)).unwrap();
    assert_eq!((taken.purl, taken.locations), (offer.purl, offer.locations));
    assert_eq!(evil.seen().len(), before);
}

#[test]
fn half_a_file_is_no_file() {
    let server = Server::new([("a", vec![Answer::BreakAfter(3, b"whole".to_vec())])]);
    let offer = Offer {
        purl: "pkg:generic/a@1".parse().unwrap(),
        file: "a".parse().unwrap(),
        promise: Promise::Nothing,
        locations: Vec::new(),
        places: vec![format!("{}a", server.root())],
        elsewhere: None,
    };
    let known = Endpoints::default().with("npm", [server.root().parse().unwrap()]);
    assert!(take(&offer, &known).is_err());
}

#[test]
fn an_index_of_python_packages_names_files_and_digests() {
    let digest = Digest::sha256(b"sdist");
    let page = format!(
        r#"{{"files":[{{"filename":"foo_bar-1.0.tar.gz","url":"../../files/f.tar.gz","hashes":{{"sha256":"{digest}"}}}},
        {{"filename":"foo_bar-2.0.tar.gz","url":"g","hashes":{{"md5":"00"}}}}]}}"#
    );
    let server = Server::new([
        ("simple/foo-bar/", vec![Answer::File(page.into_bytes())]),
        ("files/f.tar.gz", vec![Answer::File(b"sdist".to_vec())]),
    ]);
    let index: [BaseUrl; 1] = [format!("{}simple/", server.root()).parse().unwrap()];
    let purl = "pkg:pypi/Foo.Bar@1.0".parse().unwrap();
    let known = Endpoints::default().with_indices(index.clone());
    let client = || client().configured(index.clone());
    let offer = pypi::offer(&purl, None, &index, &client()).unwrap();
    assert_eq!(take(&offer, &known).unwrap().sha256, digest);
    let places = pypi::places(&purl, digest, &index, &client());
    assert_eq!(places, [format!("{}files/f.tar.gz", server.root())]);
    assert!(pypi::offer_pinned(&purl, &[digest], &index, &client()).is_ok());
    assert!(pypi::offer_pinned(&purl, &[Digest::sha256(b"x")], &index, &client()).is_err());
    let weak = "pkg:pypi/foo-bar@2.0".parse().unwrap();
    let error = pypi::offer(&weak, None, &index, &client()).unwrap_err();
    assert!(matches!(error, EcosystemError::NoDigest { .. }), "{error}");
    let none = "pkg:pypi/foo-bar@3.0".parse().unwrap();
    let error = pypi::offer(&none, None, &index, &client()).unwrap_err();
    assert!(
        matches!(error, EcosystemError::NoSuchFile { .. }),
        "{error}"
    );
}
