//! Asking one place for one file, over HTTP or from a folder.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Response, StatusCode, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use zwieback_model::address::Reachable;

use crate::endpoints::base_url::{BaseUrl, decode};
use crate::fetch::canceller::Canceller;
use crate::fetch::error::FetchError;
use crate::fetch::failure::Failure;
use crate::fetch::limited::{GivenUp, Limited};
use crate::fetch::paced;
use crate::fetch::part::Origin;
use crate::fetch::redirect::{self, askable};
use crate::fetch::resolver::{CheckedResolver, Names, OutOfReach};
use crate::fetch::settings::{Limits, Settings};
use crate::fs::given_file;

/// What we call ourselves.
const USER_AGENT: &str = concat!("zwieback/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed before a place counts as lost.
const REDIRECTS: u32 = 5;
/// How long a connection is kept between two files.
const IDLE: Duration = Duration::from_mins(1);
/// The longest refusal that is read to its end, so that its connection can be used again.
const REFUSAL: u64 = 64 * 1024;
/// How long a refusal is read for that.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// Connections that are kept between requests, by scheme and by how far they may reach.
///
/// Loopback and link-local addresses and files of this machine are asked only where the configuration
/// names them, private networks not after a redirect from outside them.
#[derive(Clone, Debug)]
pub struct Client {
    names: Arc<Names>,
    plain: BTreeMap<Reachable, Agent>,
    secure: BTreeMap<Reachable, Agent>,
    stall: Duration,
    limits: Limits,
    configured: Vec<BaseUrl>,
    canceller: Option<Canceller>,
    begun: Option<Instant>,
}

/// The bytes a place sends, and where in the file they begin.
pub struct Answer {
    /// Position of the first byte: what was asked for, or 0.
    pub start: u64,
    /// Number of bytes that are announced to follow.
    pub announced: Option<u64>,
    /// How the place names this version of the file.
    pub validator: Option<String>,
    /// The bytes.
    pub body: Box<dyn Read>,
}

impl Client {
    /// A client with these settings; no request is made.
    pub fn new(settings: &Settings) -> Result<Self, FetchError> {
        let names = Arc::new(Names::default());
        let agents = |proxy: &Option<String>| -> Result<BTreeMap<Reachable, Agent>, FetchError> {
            let proxy = proxy
                .as_deref()
                .map(|text| parse_proxy(text, settings.proxies.except.as_deref()))
                .transpose()?;
            let all = [Reachable::Public, Reachable::Networks, Reachable::Everybody];
            let agents = all.map(|reach| (reach, agent(settings, proxy.clone(), &names, reach)));
            Ok(agents.into())
        };
        Ok(Self {
            plain: agents(&settings.proxies.http)?,
            secure: agents(&settings.proxies.https)?,
            names,
            stall: settings.stall,
            limits: settings.limits,
            configured: Vec::new(),
            canceller: None,
            begun: None,
        })
    }

    /// The same client, for a user whose configuration names these places.
    #[must_use]
    pub fn configured(mut self, roots: impl IntoIterator<Item = BaseUrl>) -> Self {
        self.configured.extend(roots);
        self
    }

    /// The same client, whose reading ends once somebody asks to stop.
    #[must_use]
    pub fn stopped_by(mut self, canceller: &Canceller) -> Self {
        self.canceller = Some(canceller.clone());
        self
    }

    /// The same client for one file: its time goes on from one question to the next, and to other places.
    #[must_use]
    pub fn for_one_file(&self) -> Self {
        Self {
            begun: Some(Instant::now()),
            ..self.clone()
        }
    }

    /// Asks for a file from byte `start` on. `origin` is where the bytes before it came from.
    pub fn get(&self, url: &str, start: u64, origin: Option<&Origin>) -> Result<Answer, Failure> {
        let begun = self.begun();
        if let Some(path) = url.strip_prefix("file://") {
            return self.limited(self.local(url, path, start)?, begun);
        }
        let mut headers = Vec::new();
        if start > 0 {
            headers.push((header::RANGE, format!("bytes={start}-")));
            // Only the place that gave a validator can judge it (RFC 9110, 13.1.5).
            if let Some(origin) = origin.filter(|origin| origin.url == url) {
                headers.push((header::IF_RANGE, origin.validator.clone()));
            }
        }
        self.limited(answer(self.ask(url, &headers, begun)?, start)?, begun)
    }

    /// Asks for a whole answer of one media type, such as the page of an index.
    pub fn read(&self, url: &str, accept: &str, longest: u64) -> Result<Vec<u8>, Failure> {
        let begun = self.begun();
        let answer = if let Some(path) = url.strip_prefix("file://") {
            self.local(url, path, 0)?
        } else {
            let headers = [(header::ACCEPT, accept.to_owned())];
            answer(self.ask(url, &headers, begun)?, 0)?
        };
        self.whole(answer, begun, longest)
    }

    /// Sends a question, and reads the whole answer to it. Where that sends on to is not followed: whom the place
    /// names is nobody the user asked.
    pub fn post(
        &self,
        url: &str,
        media_type: &str,
        question: &[u8],
        longest: u64,
    ) -> Result<Vec<u8>, Failure> {
        let begun = self.begun();
        let reach = self.reach(url, Reachable::Networks);
        let request = self.agent(&askable(url, reach)?, reach).post(url);
        let request = request.header(header::CONTENT_TYPE, media_type);
        let request = request
            .config()
            .timeout_global(Some(self.left(begun)?))
            .build();
        let sent = request.send(question);
        let response = sent.map_err(|error| self.failure(error))?;
        self.whole(answer(response, 0)?, begun, longest)
    }

    fn whole(&self, answer: Answer, begun: Instant, longest: u64) -> Result<Vec<u8>, Failure> {
        let body = self.limited(answer, begun)?.body;
        let mut bytes = Vec::new();
        body.take(longest + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.read_failure(error))?;
        if bytes.len() as u64 > longest {
            return Err(Failure::TooLong(longest));
        }
        Ok(bytes)
    }

    /// What an error while reading a body means.
    pub fn read_failure(&self, error: io::Error) -> Failure {
        self.failure(ureq::Error::from(error))
    }

    /// Asks, and follows where it is sent on to: every address on the way is judged.
    fn ask(
        &self,
        url: &str,
        headers: &[(header::HeaderName, String)],
        begun: Instant,
    ) -> Result<Response<Body>, Failure> {
        let mut url = url.to_owned();
        let mut reach = self.reach(&url, Reachable::Networks);
        for _ in 0..=REDIRECTS {
            let uri = askable(&url, reach)?;
            let mut request = self.agent(&uri, reach).get(&url);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let left = self.left(begun)?;
            let request = request.config().timeout_global(Some(left)).build();
            let response = request.call().map_err(|error| self.failure(error))?;
            let Some(next) = redirect::next(&response, &url)? else {
                return Ok(response);
            };
            let least = if self.names.may_be_public(&uri) {
                Reachable::Public
            } else {
                Reachable::Networks
            };
            reach = self.reach(&next, least);
            url = next;
        }
        let why = format!("redirects more than {REDIRECTS} times");
        Err(Failure::Unreachable(why))
    }

    fn agent(&self, uri: &Uri, reach: Reachable) -> &Agent {
        let agents = match uri.scheme_str() {
            Some("https") => &self.secure,
            _ => &self.plain,
        };
        &agents[&reach]
    }

    fn begun(&self) -> Instant {
        self.begun.unwrap_or_else(Instant::now)
    }

    /// How long the file may still take that was asked for at that time.
    fn left(&self, begun: Instant) -> Result<Duration, Failure> {
        let longest = self.limits.longest;
        let left = longest.checked_sub(begun.elapsed());
        left.ok_or(Failure::TooLate(longest.as_secs()))
    }

    /// How far a request goes: everywhere if the configuration names that place.
    fn reach(&self, url: &str, otherwise: Reachable) -> Reachable {
        if self.configured.iter().any(|root| root.covers(url)) {
            Reachable::Everybody
        } else {
            otherwise
        }
    }

    fn local(&self, url: &str, path: &str, start: u64) -> Result<Answer, Failure> {
        match self.reach(url, Reachable::Networks) {
            Reachable::Everybody => open_local(path, start),
            _ => Err(Failure::LocalFile),
        }
    }

    /// The same answer, which ends where it goes beyond the limits.
    fn limited(&self, answer: Answer, begun: Instant) -> Result<Answer, Failure> {
        let largest = self.limits.largest;
        if answer
            .announced
            .is_some_and(|announced| announced > largest)
        {
            return Err(Failure::TooLong(largest));
        }
        let body = Limited::new(answer.body, self.limits, begun, self.canceller.clone());
        let body = Box::new(body);
        Ok(Answer { body, ..answer })
    }

    fn failure(&self, error: ureq::Error) -> Failure {
        match error {
            ureq::Error::Io(error) => of_io(&error),
            ureq::Error::Timeout(ureq::Timeout::PerRead | ureq::Timeout::RecvResponse) => {
                Failure::Stalled(self.stall)
            }
            ureq::Error::Timeout(ureq::Timeout::Global) => {
                Failure::TooLate(self.limits.longest.as_secs())
            }
            other => Failure::Unreachable(other.to_string()),
        }
    }
}

/// What we ourselves had to say about a connection comes out of it as an error of its input.
fn of_io(error: &io::Error) -> Failure {
    let source = error.get_ref();
    if let Some(given_up) = source.and_then(|source| source.downcast_ref()) {
        return match *given_up {
            GivenUp::TooLong(limit) => Failure::TooLong(limit),
            GivenUp::TooSlow { bytes, seconds } => Failure::TooSlow { bytes, seconds },
            GivenUp::TooLate(seconds) => Failure::TooLate(seconds),
            GivenUp::Cancelled => Failure::Cancelled,
        };
    }
    match source.and_then(|source| source.downcast_ref()) {
        Some(&OutOfReach { address, kind }) => Failure::OutOfReach { address, kind },
        None => Failure::Unreachable(error.to_string()),
    }
}

fn agent(settings: &Settings, proxy: Option<Proxy>, names: &Arc<Names>, reach: Reachable) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Followed here, where each address is judged.
        .max_redirects(0)
        // Every new connection asks the name server again, and many of those drop a burst of questions.
        .max_idle_connections_per_host(settings.connections)
        .max_idle_age(IDLE)
        .timeout_connect(Some(settings.connect))
        .timeout_resolve(Some(settings.connect))
        .timeout_per_read(Some(settings.stall))
        .timeout_per_write(Some(settings.stall))
        // A head that comes byte by byte would never stall.
        .timeout_recv_response(Some(settings.stall * 3))
        .user_agent(USER_AGENT)
        // The digest is of the file as it lies there, never of a compressed answer.
        .accept_encoding("identity")
        .tls_config(tls)
        .proxy(proxy)
        .build();
    let resolver = CheckedResolver::new(Arc::clone(names), reach);
    Agent::with_parts(config, paced::connector(settings.limits), resolver)
}

fn parse_proxy(text: &str, except: Option<&str>) -> Result<Proxy, FetchError> {
    let wrong = |_| FetchError::Proxy(text.to_owned());
    let proxy = Proxy::new(text).map_err(wrong)?;
    let Some(except) = except else {
        return Ok(proxy);
    };
    let mut builder = Proxy::builder(proxy.protocol())
        .host(proxy.host())
        .port(proxy.port());
    if let Some(user) = proxy.username() {
        builder = builder.username(user);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in except
        .split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty())
    {
        builder = builder.no_proxy(host);
    }
    builder.build().map_err(wrong)
}

fn answer(response: Response<Body>, asked: u64) -> Result<Answer, Failure> {
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT => match range_start(response.headers()) {
            Some(start) if start == asked => start,
            _ => return Err(Failure::WrongPart),
        },
        StatusCode::RANGE_NOT_SATISFIABLE => return Err(Failure::WrongPart),
        other => {
            read_refusal(response.into_body().into_reader().take(REFUSAL));
            return Err(Failure::Status(other.as_u16()));
        }
    };
    Ok(Answer {
        start,
        announced: number(response.headers(), header::CONTENT_LENGTH),
        validator: validator(response.headers()),
        body: Box::new(response.into_body().into_reader()),
    })
}

/// Reads to the end if that is near: otherwise the connection is given up. The answer stays a refusal.
fn read_refusal(mut refusal: impl Read) {
    let begun = Instant::now();
    let mut buffer = [0; 8192];
    while begun.elapsed() < REFUSAL_TIME && refusal.read(&mut buffer).is_ok_and(|count| count > 0) {
    }
}

/// The first number of `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (start, _) = text.strip_prefix("bytes ")?.split_once('-')?;
    start.trim().parse().ok()
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A weak `ETag` does not promise the same bytes and cannot be used to resume (RFC 9110, 13.1.5).
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let strong = text(header::ETAG).filter(|tag| tag.starts_with('"'));
    strong
        .or_else(|| text(header::LAST_MODIFIED))
        .map(str::to_owned)
}

fn open_local(path: &str, start: u64) -> Result<Answer, Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => Failure::Absent,
        _ => Failure::Unreachable(error.to_string()),
    };
    let bytes = decode(path).ok_or(Failure::Absent)?;
    let name = String::from_utf8(bytes).map_err(|_| Failure::Absent)?;
    let mut file = given_file::open(Path::new(&name)).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    Ok(Answer {
        start,
        announced: Some(metadata.len().saturating_sub(start)),
        validator: None,
        body: Box::new(file),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn only_what_promises_the_same_bytes_is_a_validator() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, HeaderValue::from_static("W/\"1\""));
        assert_eq!(validator(&headers), None);
        headers.insert(header::LAST_MODIFIED, HeaderValue::from_static("Mon"));
        assert_eq!(validator(&headers).as_deref(), Some("Mon"));
        headers.insert(header::ETAG, HeaderValue::from_static("\"1\""));
        assert_eq!(validator(&headers).as_deref(), Some("\"1\""));
    }

    #[test]
    fn ranges_are_read_strictly() {
        let mut headers = HeaderMap::new();
        for (text, start) in [
            ("bytes 7-9/10", Some(7)),
            ("bytes */10", None),
            ("lines 1-2/3", None),
        ] {
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static(text));
            assert_eq!(range_start(&headers), start, "{text}");
        }
    }

    #[test]
    fn a_wrong_proxy_is_named() {
        let mut settings = Settings::default();
        settings.proxies.http = Some("ftp://x y".to_owned());
        assert!(matches!(Client::new(&settings), Err(FetchError::Proxy(_))));
        settings.proxies.http = Some("http://user:word@proxy.example:3128".to_owned());
        settings.proxies.except = Some("localhost, .example".to_owned());
        assert!(Client::new(&settings).is_ok());
    }
}
