//! Fetching from mirrors that serve, lie, stall, break off and vanish: real sockets on the loopback.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::server::{Answer, Server};
use zwieback_host::endpoints::table::Endpoints;
use zwieback_host::fetch::canceller::Canceller;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::fetch::event::FetchEvent;
use zwieback_host::fetch::failure::Failure;
use zwieback_host::fetch::fetch_all::{Fetch, Report, fetch_all};
use zwieback_host::fetch::settings::Settings;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::locked_input::LockedInput;

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn input(file: &str, bytes: &[u8]) -> LockedInput {
    LockedInput {
        source: None,
        purl: format!("pkg:generic/{file}@1").parse().unwrap(),
        file: file.parse().unwrap(),
        sha256: Digest::sha256(bytes),
        blake3: None,
        size: bytes.len() as u64,
        locations: vec![file.parse().unwrap()],
    }
}

fn fetch_from(servers: &[&Server], dir: &Path) -> Fetch {
    let roots = servers.iter().map(|server| server.root().parse().unwrap());
    Fetch {
        endpoints: Endpoints::default().with("generic", roots),
        downloads: dir.to_owned(),
        settings: Settings {
            stall: Duration::from_secs(2),
            backoff: Duration::from_millis(1),
            ..Settings::default()
        },
        canceller: Canceller::default(),
    }
}

fn run(
    fetch: &Fetch,
    inputs: &[LockedInput],
) -> (Result<Report, FetchError>, Vec<FetchEvent>, Vec<Vec<u8>>) {
    let (mut events, mut files) = (Vec::new(), Vec::new());
    let result = fetch_all(
        inputs,
        fetch,
        &mut |event| events.push(event),
        &mut |_, path, _| {
            files.push(fs::read(path).unwrap());
            Ok(())
        },
    );
    (result, events, files)
}

fn failures(events: &[FetchEvent]) -> Vec<Failure> {
    let failure = |event: &FetchEvent| match event {
        FetchEvent::PlaceFailed { failure, .. } => Some(failure.clone()),
        _ => None,
    };
    events.iter().filter_map(failure).collect()
}

/// A place that always sends a little more and breaks off is asked again each time, and other places besides: the
/// longest time is that of the file.
#[test]
fn a_file_has_one_longest_time() {
    let (dir, bytes) = (tempfile::tempdir().unwrap(), content());
    let drip = || vec![Answer::BreakAfter(70_000, bytes.clone())];
    let (one, other) = (Server::new([("f", drip())]), Server::new([("f", drip())]));
    let mut fetch = fetch_from(&[&one, &other], dir.path());
    fetch.settings.backoff = Duration::from_millis(300);
    fetch.settings.limits.longest = Duration::from_secs(1);
    let (result, events, _) = run(&fetch, &[input("f", &bytes)]);
    assert!(
        matches!(result, Err(FetchError::Unavailable(_))),
        "{result:?}"
    );
    let ended = failures(&events);
    assert!(
        ended.ends_with(&[Failure::TooLate(1), Failure::TooLate(1)]),
        "{ended:?}"
    );
    // Each brings a sixteenth of the file.
    assert!(one.seen().len() + other.seen().len() < 16, "{ended:?}");
}

#[test]
fn many_files_arrive_and_nothing_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; usize::from(n) * 1000]).collect();
    let script = files
        .iter()
        .enumerate()
        .map(|(n, bytes)| (format!("f{n}"), vec![Answer::File(bytes.clone())]));
    let server = Server::with(script.collect());
    let mut inputs: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(n, bytes)| input(&format!("f{n}"), bytes))
        .collect();
    inputs.push(inputs[7].clone());
    let (result, events, delivered) = run(&fetch_from(&[&server], dir.path()), &inputs);
    let report = result.unwrap();
    assert_eq!(report.fetched.len(), 40);
    assert_eq!(
        report.bytes(),
        files.iter().map(|bytes| bytes.len() as u64).sum::<u64>()
    );
    assert_eq!(
        report.fetched[&inputs[3].sha256],
        Fingerprint::of(&files[3])
    );
    assert_eq!(delivered.len(), 40);
    assert_eq!(
        events
            .iter()
            .filter(|event| matches!(event, FetchEvent::Finished { .. }))
            .count(),
        40
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_broken_download_is_taken_up_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let server = Server::new([(
        "f",
        vec![
            Answer::BreakAfter(1_000_000, bytes.clone()),
            Answer::File(bytes.clone()),
        ],
    )]);
    let (result, events, files) = run(&fetch_from(&[&server], dir.path()), &[input("f", &bytes)]);
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen[1]
            .range
            .as_ref()
            .is_some_and(|range| range.starts_with("bytes=") && range != "bytes=0-")
    );
    assert_eq!(seen[1].if_range.as_deref(), Some("\"v1\""));
    assert!(matches!(failures(&events)[..], [Failure::TooShort { .. }]));
}

#[test]
fn another_process_goes_on_with_what_was_left() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let item = input("f", &bytes);
    fs::write(
        dir.path().join(format!("{}.part", item.sha256)),
        &bytes[..500],
    )
    .unwrap();
    let server = Server::new([("f", vec![Answer::File(bytes.clone())])]);
    let (result, _, files) = run(&fetch_from(&[&server], dir.path()), &[item]);
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
    assert_eq!(server.seen()[0].range.as_deref(), Some("bytes=500-"));
}

#[test]
fn a_spoilt_part_is_not_the_mirrors_fault() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let item = input("f", &bytes);
    fs::write(
        dir.path().join(format!("{}.part", item.sha256)),
        vec![b'x'; 500],
    )
    .unwrap();
    let server = Server::new([("f", vec![Answer::File(bytes.clone())])]);
    let (result, events, files) = run(&fetch_from(&[&server], dir.path()), &[item]);
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
    assert_eq!(failures(&events), []);
}

#[test]
fn a_mirror_without_ranges_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let server = Server::new([(
        "f",
        vec![
            Answer::BreakAfter(600_000, bytes.clone()),
            Answer::Whole(bytes.clone()),
        ],
    )]);
    let (result, _, files) = run(&fetch_from(&[&server], dir.path()), &[input("f", &bytes)]);
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
}

#[test]
fn a_mirror_that_lies_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let mut wrong = bytes.clone();
    wrong[77] ^= 1;
    let liar = Server::new([("f", vec![Answer::File(wrong)])]);
    let honest = Server::new([("f", vec![Answer::File(bytes.clone())])]);
    let (result, events, files) = run(
        &fetch_from(&[&liar, &honest], dir.path()),
        &[input("f", &bytes)],
    );
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
    assert!(matches!(failures(&events)[..], [Failure::Digest { .. }]));
}

#[test]
fn only_lies_are_a_mismatch_and_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let mut wrong = bytes.clone();
    wrong[77] ^= 1;
    let liar = Server::new([("f", vec![Answer::File(wrong.clone())])]);
    let short = Server::new([("f", vec![Answer::File(b"<html>".to_vec())])]);
    let endless = Server::new([("f", vec![Answer::Endless])]);
    let (result, _, files) = run(
        &fetch_from(&[&liar, &short, &endless], dir.path()),
        &[input("f", &bytes)],
    );
    let Err(error @ FetchError::DigestMismatch(_)) = result else {
        panic!("{result:?}");
    };
    let text = error.to_string();
    assert!(text.contains(&Digest::sha256(&wrong).to_hex()), "{text}");
    assert!(
        text.contains("a file of 6 bytes, 1200000 are locked"),
        "{text}"
    );
    assert!(text.contains("at least"), "{text}");
    assert!(files.is_empty());
    let left: u64 = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(left, 0);
}

#[test]
fn a_mirror_that_stalls_is_left_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let stalled = Server::new([("f", vec![Answer::StallAfter(200_000, bytes.clone())])]);
    let good = Server::new([("f", vec![Answer::File(bytes.clone())])]);
    let (result, events, files) = run(
        &fetch_from(&[&stalled, &good], dir.path()),
        &[input("f", &bytes)],
    );
    assert!(result.is_ok());
    assert_eq!(files, [bytes]);
    assert!(matches!(failures(&events)[..], [Failure::Stalled(_)]));
    assert_eq!(good.seen()[0].range.as_deref(), Some("bytes=200000-"));
    assert_eq!(good.seen()[0].if_range, None);
}

#[test]
fn what_passes_is_waited_for_and_what_does_not_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let gone = Server::new([]);
    let busy = Server::new([(
        "f",
        vec![
            Answer::Status(503),
            Answer::Status(429),
            Answer::File(bytes.clone()),
        ],
    )]);
    let (result, events, _) = run(
        &fetch_from(&[&gone, &busy], dir.path()),
        &[input("f", &bytes)],
    );
    assert!(result.is_ok());
    assert_eq!(gone.seen().len(), 1);
    assert_eq!(
        failures(&events),
        [
            Failure::Status(404),
            Failure::Status(503),
            Failure::Status(429)
        ]
    );
}

#[test]
fn every_missing_file_is_named_with_every_place() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (
        Server::new([]),
        Server::new([("f", vec![Answer::Status(410)])]),
    );
    let items = [input("f", b"1"), input("g", b"2")];
    let (result, _, _) = run(&fetch_from(&[&one, &two], dir.path()), &items);
    let Err(error @ FetchError::Unavailable(_)) = result else {
        panic!("{result:?}");
    };
    let text = error.to_string();
    for part in [
        format!("{}f answered 404", one.root()),
        format!("{}f answered 410", two.root()),
        format!("{}g answered 404", two.root()),
    ] {
        assert!(text.contains(&part), "{text}");
    }
    assert!(error.hint().is_some_and(|hint| hint.contains("[mirrors]")));
}

#[test]
fn without_a_place_the_remedy_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (result, _, _) = run(&fetch_from(&[], dir.path()), &[input("f", b"1")]);
    let error = result.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no place to ask for pkg:generic is configured")
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("[mirrors] generic"))
    );
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let end = Server::new([("there", vec![Answer::File(bytes.clone())])]);
    let start = Server::new([
        ("f", vec![Answer::Redirect(format!("{}there", end.root()))]),
        ("g", vec![Answer::Redirect("/g".to_owned())]),
    ]);
    // Both are the user's own mirrors; the second has nothing where the first is asked.
    let fetch = fetch_from(&[&start, &end], dir.path());
    assert!(run(&fetch, &[input("f", &bytes)]).0.is_ok());
    assert!(matches!(
        run(&fetch, &[input("g", b"1")]).0,
        Err(FetchError::Unavailable(_))
    ));
    assert!(start.seen().len() < 40);
}

#[test]
fn a_folder_is_a_mirror_too() {
    let dir = tempfile::tempdir().unwrap();
    let mirror = tempfile::tempdir().unwrap();
    fs::write(mirror.path().join("f+1"), b"local").unwrap();
    let root = format!("file://{}", mirror.path().display())
        .parse()
        .unwrap();
    let mut fetch = fetch_from(&[], dir.path());
    fetch.endpoints = Endpoints::default().with("generic", [root]);
    let mut item = input("f", b"local");
    item.locations = vec!["missing".parse().unwrap(), "f+1".parse().unwrap()];
    let (result, events, files) = run(&fetch, &[item]);
    assert!(result.is_ok());
    assert_eq!(files, [b"local"]);
    assert_eq!(failures(&events), [Failure::Absent]);
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let server = Server::new([("f", vec![Answer::File(bytes.clone())])]);
    let fetch = fetch_from(&[&server], dir.path());
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| run(&fetch, &[input("f", &bytes)])))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for (result, _, files) in results {
        assert!(result.is_ok());
        assert!(files == [bytes.clone()]);
    }
}

#[test]
fn an_interruption_does_not_wait_for_a_stalled_mirror() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = content();
    let server = Server::new([("f", vec![Answer::StallAfter(100_000, bytes.clone())])]);
    let mut fetch = fetch_from(&[&server], dir.path());
    fetch.settings.stall = Duration::from_hours(1);
    let canceller = fetch.canceller.clone();
    let mut watch = |event| {
        if matches!(event, FetchEvent::Received { .. }) {
            canceller.cancel();
        }
    };
    let result = fetch_all(&[input("f", &bytes)], &fetch, &mut watch, &mut |_, _, _| {
        Ok(())
    });
    assert!(matches!(result, Err(FetchError::Cancelled)));
    // What came so far waits for the next fetch.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
