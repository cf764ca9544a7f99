//! A mirror on the loopback that serves, lies, stalls and breaks off as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// How a file is served.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As it is, from wherever the client asks.
    Honest,
    /// The length is right, the connection ends half-way; later requests are honest.
    BreaksOffOnce,
    /// Half of it, then nothing while the test lasts.
    Stalls,
    /// One bit is wrong near the beginning; later requests are honest.
    WrongOnce,
}

/// A mirror; it is silent once it is dropped.
#[derive(Debug)]
pub struct Mirror {
    root: String,
    asked: Arc<Mutex<Vec<String>>>,
    // Stalled connections wait for this end to go away.
    _open: Sender<()>,
}

struct Shelf {
    files: BTreeMap<String, (Vec<u8>, Manner)>,
    asked: Arc<Mutex<Vec<String>>>,
    closed: Mutex<Receiver<()>>,
}

struct Request {
    path: String,
    from: Option<usize>,
}

impl Mirror {
    /// Serves files by their path.
    pub fn new<const N: usize>(files: [(&str, Vec<u8>, Manner); N]) -> Self {
        Self::of(files.map(|(path, bytes, manner)| (path.to_owned(), bytes, manner)))
    }

    /// Serves as many files as there are.
    pub fn of(files: impl IntoIterator<Item = (String, Vec<u8>, Manner)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let (open, closed) = channel();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let files = files.into_iter();
        let files = files.map(|(path, bytes, manner)| (path, (bytes, manner)));
        let shelf = Arc::new(Shelf {
            files: files.collect(),
            asked: Arc::clone(&asked),
            closed: Mutex::new(closed),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = Arc::clone(&shelf);
                // A client that went away is the client's business.
                thread::spawn(move || drop(converse(&stream, &shelf)));
            }
        });
        Self {
            root,
            asked,
            _open: open,
        }
    }

    /// The address of its root.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// What it was asked for: paths, each with the offset that was wanted.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn converse(stream: &TcpStream, shelf: &Shelf) -> Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let from = request.from.unwrap_or(0);
        let asked = format!("{} from {from}", request.path);
        let breaks = {
            let mut log = shelf.asked.lock().unwrap();
            let path = format!("{} from ", request.path);
            let is_first = !log.iter().any(|line| line.starts_with(&path));
            log.push(asked);
            is_first
        };
        let Some((bytes, manner)) = shelf.files.get(&request.path) else {
            (&*stream).write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        };
        head(stream, bytes.len(), request.from)?;
        let half = bytes.len() / 2;
        match manner {
            Manner::BreaksOffOnce if breaks => {
                (&*stream).write_all(&bytes[..half])?;
                return stream.shutdown(std::net::Shutdown::Both);
            }
            Manner::WrongOnce if breaks => {
                let mut bytes = bytes.clone();
                bytes[half.min(500)] ^= 1;
                (&*stream).write_all(&bytes)?;
            }
            Manner::Stalls => {
                (&*stream).write_all(&bytes[..half])?;
                // Ends with an error when the mirror is dropped.
                let _closed = shelf.closed.lock().unwrap().recv();
                return Ok(());
            }
            _ => (&*stream).write_all(&bytes[from.min(bytes.len())..])?,
        }
    }
    Ok(())
}

fn head(mut stream: &TcpStream, length: usize, from: Option<usize>) -> Result<()> {
    let head = match from {
        Some(from) if from < length => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\
             Content-Range: bytes {from}-{}/{length}\r\n",
            length - from,
            length - 1
        ),
        _ => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n"),
    };
    stream.write_all(format!("{head}ETag: \"1\"\r\n\r\n").as_bytes())
}

fn read(reader: &mut BufReader<&TcpStream>) -> Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let path = lines.first().and_then(|line| line.split(' ').nth(1));
    let range = lines.iter().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        let value = value.strip_prefix("bytes=")?.strip_suffix('-')?;
        key.eq_ignore_ascii_case("range")
            .then(|| value.parse().ok())?
    });
    Ok(path.map(|path| Request {
        path: path.trim_start_matches('/').to_owned(),
        from: range,
    }))
}
