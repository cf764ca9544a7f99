//! One file: asked for at every place in turn until its bytes are the locked ones.

use std::io::{self, Read as _};
use std::path::Path;

use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;

use crate::fetch::canceller::Canceller;
use crate::fetch::client::{Answer, Client};
use crate::fetch::error::{FetchError, LostInput};
use crate::fetch::failure::Failure;
use crate::fetch::part::{Origin, PartFile};
use crate::fetch::settings::Settings;

/// Bytes that are read, digested and written at once.
const CHUNK: usize = 64 * 1024;

/// What a download needs besides its input.
pub struct Downloader<'a> {
    /// Connections.
    pub client: &'a Client,
    /// Patience.
    pub settings: &'a Settings,
    /// The folder of downloads.
    pub dir: &'a Path,
    /// A wish to stop.
    pub canceller: &'a Canceller,
    /// Is told the number of bytes there are, and where asking failed.
    pub tell: &'a dyn Fn(Told<'_>),
}

/// What a download tells while it goes on.
pub enum Told<'a> {
    /// There are this many bytes now.
    Have(u64),
    /// Asking this place failed.
    Failed(&'a str, &'a Failure),
}

/// How a download ended.
pub enum Outcome {
    /// The file lies there, verified, and is locked as long as this value lives.
    Complete(PartFile, Fingerprint),
    /// No place had it.
    Lost(LostInput),
}

/// Why one attempt ended: the place's fault, or a reason to stop altogether.
enum Stop {
    Place(Failure),
    All(FetchError),
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        Self::All(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Place(failure)
    }
}

impl Downloader<'_> {
    /// Gets the file from the first place that gives the right bytes.
    ///
    /// Places that may recover are asked again after a wait; the count of rounds begins anew
    /// whenever a round brought bytes, so a long file over a bad line still arrives. The longest time of a file
    /// is that of all rounds together.
    pub fn download(&self, input: &LockedInput, places: &[String]) -> Result<Outcome, FetchError> {
        let client = &self.client.for_one_file();
        Downloader { client, ..*self }.of_one_file(input, places)
    }

    fn of_one_file(&self, input: &LockedInput, places: &[String]) -> Result<Outcome, FetchError> {
        let largest = self.settings.limits.largest;
        if input.size > largest {
            let why = Failure::TooLong(largest);
            let asked = places.iter().map(|place| (place.clone(), why.clone()));
            return Ok(Outcome::Lost(lost(input, asked.collect())));
        }
        let mut part = PartFile::open(self.dir, input.sha256, self.canceller)?;
        let mut asked: Vec<(String, Failure)> = Vec::new();
        let mut hopeful: Vec<&String> = places.iter().collect();
        let (mut fruitless, mut reached) = (0, part.length());
        loop {
            for (url, failure) in self.round(&mut part, input, &mut hopeful)? {
                asked.retain(|(known, _)| *known != url);
                asked.push((url, failure));
            }
            let fingerprint = part.fingerprint();
            if input.is(&fingerprint) {
                return Ok(Outcome::Complete(part, fingerprint));
            }
            let progress = part.length() >= reached + CHUNK as u64;
            fruitless = if progress { 0 } else { fruitless + 1 };
            reached = reached.max(part.length());
            if hopeful.is_empty() || fruitless >= self.settings.rounds {
                return Ok(Outcome::Lost(lost(input, asked)));
            }
            self.canceller
                .sleep(self.settings.backoff * (1 << fruitless.min(6)));
        }
    }

    /// Asks each hopeful place once; those without hope are struck off.
    fn round(
        &self,
        part: &mut PartFile,
        input: &LockedInput,
        hopeful: &mut Vec<&String>,
    ) -> Result<Vec<(String, Failure)>, FetchError> {
        let mut failures = Vec::new();
        let mut remaining = Vec::new();
        for url in std::mem::take(hopeful) {
            match self.ask_afresh(part, input, url) {
                Ok(()) => return Ok(failures),
                Err(Stop::All(error)) => return Err(error),
                Err(Stop::Place(failure)) => {
                    (self.tell)(Told::Failed(url, &failure));
                    if failure.is_transient() {
                        remaining.push(url);
                    }
                    failures.push((url.clone(), failure));
                }
            }
        }
        *hopeful = remaining;
        Ok(failures)
    }

    /// Bytes of an earlier place may have spoilt the file: a place is only blamed for what it sent whole.
    fn ask_afresh(&self, part: &mut PartFile, input: &LockedInput, url: &str) -> Result<(), Stop> {
        let resumed = part.length() > 0;
        match self.ask(part, input, url) {
            Err(Stop::Place(
                Failure::Digest { .. } | Failure::WrongPart | Failure::Size { .. },
            )) if resumed => {
                part.restart()?;
                self.ask(part, input, url)
            }
            other => other,
        }
    }

    /// Asks one place for what is missing, and checks the whole.
    fn ask(&self, part: &mut PartFile, input: &LockedInput, url: &str) -> Result<(), Stop> {
        if self.canceller.is_cancelled() {
            return Err(FetchError::Cancelled.into());
        }
        if part.length() > input.size {
            part.restart()?;
        }
        if part.length() < input.size {
            let answer = self
                .client
                .get(url, part.length(), part.origin().as_ref())?;
            accept(part, input, url, &answer)?;
            self.receive(part, input, answer)?;
        }
        let actual = part.fingerprint();
        if input.is(&actual) {
            return Ok(());
        }
        // Wrong bytes are never kept: the next place begins at nothing.
        part.restart()?;
        (self.tell)(Told::Have(0));
        Err(Failure::Digest {
            actual: actual.sha256,
        }
        .into())
    }

    /// Writes what comes, and cuts off what is more than the lock allows.
    fn receive(
        &self,
        part: &mut PartFile,
        input: &LockedInput,
        answer: Answer,
    ) -> Result<(), Stop> {
        let mut body = answer.body;
        let mut buffer = vec![0; CHUNK];
        loop {
            if self.canceller.is_cancelled() {
                return Err(FetchError::Cancelled.into());
            }
            let count = match body.read(&mut buffer) {
                Ok(count) => count,
                // A connection that ends early is told apart below, by the length that was reached.
                Err(error) if is_early_end(&error) => 0,
                Err(error) => return Err(self.client.read_failure(error).into()),
            };
            if count == 0 {
                break;
            }
            let actual = part.length() + count as u64;
            if actual > input.size {
                part.restart()?;
                let (at_least, expected) = (true, input.size);
                return Err(Failure::Size {
                    actual,
                    at_least,
                    expected,
                }
                .into());
            }
            part.append(&buffer[..count])?;
            (self.tell)(Told::Have(part.length()));
        }
        if part.length() < input.size {
            let (got, expected) = (part.length(), input.size);
            return Err(Failure::TooShort { got, expected }.into());
        }
        Ok(())
    }
}

/// Prepares the file for an answer, unless its announced length already gives it away.
fn accept(
    part: &mut PartFile,
    input: &LockedInput,
    url: &str,
    answer: &Answer,
) -> Result<(), Stop> {
    if let Some(announced) = answer.announced {
        let actual = answer.start.saturating_add(announced);
        if actual != input.size {
            let (at_least, expected) = (false, input.size);
            return Err(Failure::Size {
                actual,
                at_least,
                expected,
            }
            .into());
        }
    }
    if answer.start != part.length() {
        part.restart()?;
    }
    let origin = answer.validator.as_ref().map(|validator| Origin {
        url: url.to_owned(),
        validator: validator.clone(),
    });
    Ok(part.set_origin(origin.as_ref())?)
}

fn is_early_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    )
}

fn lost(input: &LockedInput, asked: Vec<(String, Failure)>) -> LostInput {
    LostInput {
        purl: input.purl.clone(),
        file: input.file.clone(),
        sha256: input.sha256,
        asked,
    }
}
