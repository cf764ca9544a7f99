//! A small HTTP server on the loopback that serves, lies, stalls and breaks off as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The bytes, or the range of them that was asked for.
    File(Vec<u8>),
    /// The whole bytes, whatever range was asked for.
    Whole(Vec<u8>),
    /// The announced bytes, but the connection ends after so many.
    BreakAfter(usize, Vec<u8>),
    /// So many bytes, then nothing more while the test lasts.
    StallAfter(usize, Vec<u8>),
    /// Bytes without an announced length, again and again while anyone reads.
    Endless,
    /// One byte, then one more after each pause.
    Trickle(Duration),
    /// Another place.
    Redirect(String),
    /// Only a status.
    Status(u16),
}

/// One request that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The path.
    pub path: String,
    /// The range, if a part was asked for.
    pub range: Option<String>,
    /// The version that must not have changed.
    pub if_range: Option<String>,
}

/// The server; it stops listening when it is dropped.
pub(crate) struct Server {
    root: String,
    seen: Arc<Mutex<Vec<Request>>>,
    // Stalled connections wait for this end to go away.
    _alive: Sender<()>,
}

type Script = Arc<Mutex<BTreeMap<String, Vec<Answer>>>>;

impl Server {
    /// Serves each path's answers one after the other; the last one is repeated.
    pub(crate) fn new<const N: usize>(script: [(&str, Vec<Answer>); N]) -> Self {
        let script = script
            .into_iter()
            .map(|(path, answers)| (path.to_owned(), answers));
        Self::with(script.collect())
    }

    /// Serves a whole table of paths.
    pub(crate) fn with(script: BTreeMap<String, Vec<Answer>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let script: Script = Arc::new(Mutex::new(script));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (alive, gone) = channel();
        let gone = Arc::new(Mutex::new(gone));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, log, gone) =
                    (Arc::clone(&script), Arc::clone(&log), Arc::clone(&gone));
                thread::spawn(move || serve(&stream, &script, &log, &gone));
            }
        });
        Self {
            root,
            seen,
            _alive: alive,
        }
    }

    /// The URL of the root.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: &TcpStream,
    script: &Script,
    log: &Mutex<Vec<Request>>,
    gone: &Mutex<Receiver<()>>,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let answer = next_answer(script, &request.path);
        log.lock().unwrap().push(request.clone());
        if !reply(&mut stream, &answer, &request, gone).unwrap_or(false) {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let mut request = Request {
        path,
        range: None,
        if_range: None,
    };
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let Some((key, value)) = line.trim_end().split_once(": ") else {
            return Some(request);
        };
        match key.to_ascii_lowercase().as_str() {
            "range" => request.range = Some(value.to_owned()),
            "if-range" => request.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
}

fn next_answer(script: &Script, path: &str) -> Answer {
    let mut script = script.lock().unwrap();
    match script.get_mut(path) {
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
        None => Answer::Status(404),
    }
}

/// Answers, and says whether the connection may be used again.
fn reply(
    stream: &mut &TcpStream,
    answer: &Answer,
    request: &Request,
    gone: &Mutex<Receiver<()>>,
) -> std::io::Result<bool> {
    match answer {
        Answer::File(bytes) => send_range(stream, bytes, request)?,
        Answer::Whole(bytes) => {
            head(stream, "200 OK", bytes.len(), "")?;
            stream.write_all(bytes)?;
        }
        Answer::BreakAfter(count, bytes) => {
            head(stream, "200 OK", bytes.len(), "ETag: \"v1\"\r\n")?;
            stream.write_all(&bytes[..*count])?;
            return Ok(false);
        }
        Answer::StallAfter(count, bytes) => {
            head(stream, "200 OK", bytes.len(), "")?;
            stream.write_all(&bytes[..*count])?;
            let _end = gone.lock().unwrap().recv();
            return Ok(false);
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0; 4096])?;
            }
        }
        Answer::Trickle(pause) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(b"x")?;
                thread::sleep(*pause);
            }
        }
        Answer::Redirect(to) => head(stream, "302 Found", 0, &format!("Location: {to}\r\n"))?,
        Answer::Status(code) => head(stream, &format!("{code} Told"), 0, "")?,
    }
    Ok(true)
}

fn send_range(stream: &mut &TcpStream, bytes: &[u8], request: &Request) -> std::io::Result<()> {
    let start = request.range.as_ref().and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let unchanged = request
        .if_range
        .as_deref()
        .is_none_or(|tag| tag == "\"v1\"");
    let Some(start) = start.filter(|start| *start < bytes.len() && unchanged) else {
        head(stream, "200 OK", bytes.len(), "ETag: \"v1\"\r\n")?;
        return stream.write_all(bytes);
    };
    let (last, whole) = (bytes.len() - 1, bytes.len());
    let range = format!("Content-Range: bytes {start}-{last}/{whole}\r\n");
    head(stream, "206 Partial Content", whole - start, &range)?;
    stream.write_all(&bytes[start..])
}

fn head(stream: &mut &TcpStream, status: &str, length: usize, more: &str) -> std::io::Result<()> {
    stream.write_all(
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{more}\r\n").as_bytes(),
    )
}
