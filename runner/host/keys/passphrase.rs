//! The passphrase of a key file, which the terminal can be asked for.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// What Ctrl-C sends where the terminal does not make a signal of it.
const INTERRUPT: char = '\u{3}';

/// What encrypts a key file. It is wiped from memory when it is dropped, and never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes over the text of a passphrase.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Asks on the terminal, whatever stdin is; none if there is no terminal or no answer.
    pub fn ask(prompt: &str) -> io::Result<Option<Self>> {
        let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
            return Ok(None);
        };
        let before = tcgetattr(&terminal)?;
        let answer = read_silently(&terminal, &before, prompt);
        // Whatever happened: a terminal without echo would be a riddle.
        tcsetattr(&terminal, OptionalActions::Flush, &before)?;
        writeln!(terminal)?;
        let answer = answer?;
        let line = answer.trim_end_matches(['\n', '\r']);
        let is_answer = !line.is_empty() && !line.contains(INTERRUPT);
        Ok(is_answer.then(|| Self::new(line.to_owned())))
    }

    /// The bytes that a key is derived from.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether both are the same, as two answers to one question must be.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// A signal in between would leave the terminal silent, so Ctrl-C comes as a character.
fn read_silently(
    mut terminal: &File,
    before: &Termios,
    prompt: &str,
) -> io::Result<Zeroizing<String>> {
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
    tcsetattr(terminal, OptionalActions::Flush, &silent)?;
    // Asked only now: whoever answers a prompt at once is not echoed either.
    write!(terminal, "{prompt}")?;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(terminal).read_line(&mut line)?;
    Ok(line)
}
