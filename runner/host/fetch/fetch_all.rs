//! Many inputs at once: several connections, one watcher, nothing half-delivered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::locked_input::LockedInput;

use crate::endpoints::table::Endpoints;
use crate::fetch::canceller::Canceller;
use crate::fetch::client::Client;
use crate::fetch::download::{Downloader, Outcome, Told};
use crate::fetch::error::FetchError;
use crate::fetch::event::FetchEvent;
use crate::fetch::settings::Settings;

/// How often the watcher looks whether the user wants to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// Takes a verified file over, by moving or copying it, before its part is removed.
pub type Deliver<'a> = dyn FnMut(&LockedInput, &Path, Fingerprint) -> Result<(), FetchError> + 'a;

/// Where to ask, where to keep what is unfinished, and how patiently.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Every configured place.
    pub endpoints: Endpoints,
    /// The folder for unfinished downloads; several processes may share it.
    pub downloads: PathBuf,
    /// Patience and proxies.
    pub settings: Settings,
    /// A wish to stop.
    pub canceller: Canceller,
}

/// What a fetch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What each distinct file turned out to be.
    pub fetched: BTreeMap<Digest, Fingerprint>,
}

/// What the threads that fetch share.
struct Shared {
    wanted: Vec<Wanted>,
    next: AtomicUsize,
    client: Client,
    settings: Settings,
    downloads: PathBuf,
    stop: Canceller,
}

struct Wanted {
    position: usize,
    input: LockedInput,
    places: Vec<String>,
}

enum Message {
    Event(FetchEvent),
    Ended(usize, Result<Outcome, FetchError>),
}

/// Stops the threads when the watcher leaves, for whatever reason.
struct StopOnDrop(Canceller);

impl Report {
    /// The number of bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.fetched.values().map(|print| print.size).sum()
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Fetches all inputs and hands each to `deliver`; files that no place has are all named in the error.
///
/// The threads are not waited for after an interruption: a read may block until the stall timeout,
/// and what they leave behind is a part that the next fetch takes up.
pub fn fetch_all(
    inputs: &[LockedInput],
    fetch: &Fetch,
    watch: &mut dyn FnMut(FetchEvent),
    deliver: &mut Deliver<'_>,
) -> Result<Report, FetchError> {
    let shared = Arc::new(share(inputs, fetch)?);
    let _stop = StopOnDrop(shared.stop.clone());
    let (sender, receiver) = channel();
    for _ in 0..fetch
        .settings
        .connections
        .clamp(1, shared.wanted.len().max(1))
    {
        let (shared, sender) = (Arc::clone(&shared), sender.clone());
        thread::spawn(move || work(&shared, &sender));
    }
    drop(sender);
    let mut report = Report::default();
    let mut lost = Vec::new();
    while let Some(message) = receive(&receiver, &fetch.canceller)? {
        match message {
            Message::Event(event) => watch(event),
            Message::Ended(index, outcome) => match outcome? {
                Outcome::Complete(part, fingerprint) => {
                    let wanted = &shared.wanted[index];
                    deliver(&wanted.input, part.path(), fingerprint)?;
                    part.remove()?;
                    report.fetched.insert(fingerprint.sha256, fingerprint);
                    let input = wanted.position;
                    watch(FetchEvent::Finished { input });
                }
                Outcome::Lost(input) => lost.push(input),
            },
        }
    }
    if lost.is_empty() {
        Ok(report)
    } else {
        Err(FetchError::lost(lost))
    }
}

/// Equal files are fetched once.
fn share(inputs: &[LockedInput], fetch: &Fetch) -> Result<Shared, FetchError> {
    let mut wanted: BTreeMap<Digest, Wanted> = BTreeMap::new();
    for (position, input) in inputs.iter().enumerate() {
        let places = fetch.endpoints.places(input);
        wanted.entry(input.sha256).or_insert_with(|| Wanted {
            position,
            input: input.clone(),
            places,
        });
    }
    let mut wanted: Vec<Wanted> = wanted.into_values().collect();
    // The largest first: the last one to end should be a small one.
    wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.input.size));
    Ok(Shared {
        wanted,
        next: AtomicUsize::new(0),
        client: Client::new(&fetch.settings)?.configured(fetch.endpoints.configured()),
        settings: fetch.settings.clone(),
        downloads: fetch.downloads.clone(),
        stop: Canceller::default(),
    })
}

/// The next message, or nothing once all threads are done.
fn receive(
    receiver: &Receiver<Message>,
    canceller: &Canceller,
) -> Result<Option<Message>, FetchError> {
    loop {
        if canceller.is_cancelled() {
            return Err(FetchError::Cancelled);
        }
        match receiver.recv_timeout(GLANCE) {
            Ok(message) => return Ok(Some(message)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// One thread: takes the next input until there is none. A watcher that left is a reason to stop.
fn work(shared: &Shared, sender: &Sender<Message>) {
    loop {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(wanted) = shared.wanted.get(index) else {
            return;
        };
        let started = FetchEvent::Started {
            input: wanted.position,
        };
        if shared.stop.is_cancelled() || sender.send(Message::Event(started)).is_err() {
            return;
        }
        let outcome = download(shared, wanted, sender);
        if sender.send(Message::Ended(index, outcome)).is_err() {
            return;
        }
    }
}

fn download(
    shared: &Shared,
    wanted: &Wanted,
    sender: &Sender<Message>,
) -> Result<Outcome, FetchError> {
    let tell = |told: Told<'_>| {
        let event = event(wanted.position, &told);
        // A watcher that left has also asked to stop, which the download itself looks at.
        let _gone = sender.send(Message::Event(event));
    };
    let downloader = Downloader {
        client: &shared.client,
        settings: &shared.settings,
        dir: &shared.downloads,
        canceller: &shared.stop,
        tell: &tell,
    };
    downloader.download(&wanted.input, &wanted.places)
}

fn event(input: usize, told: &Told<'_>) -> FetchEvent {
    match *told {
        Told::Have(have) => FetchEvent::Received { input, have },
        Told::Failed(url, failure) => FetchEvent::PlaceFailed {
            input,
            url: url.to_owned(),
            failure: failure.clone(),
        },
    }
}
