//! Bytes from one place to another: no more than so many, and no longer than the user wants.

use std::io::{self, Read, Write};

use crate::stop::is_stopped;

/// How much is read between two looks at what the user wants.
const PIECE: usize = 128 << 10;

/// Why bytes did not go all the way.
#[derive(Debug, thiserror::Error)]
pub enum PourError {
    /// They cannot be read.
    #[error("read: {0}")]
    Read(io::Error),
    /// They cannot be written.
    #[error("write: {0}")]
    Write(io::Error),
    /// There are too many.
    #[error("more than {0} bytes")]
    TooLong(u64),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Copies what there is, at most so many bytes; answers how many there were.
pub fn pour(from: &mut impl Read, to: &mut impl Write, most: u64) -> Result<u64, PourError> {
    let mut piece = vec![0; PIECE];
    let mut total = 0_u64;
    loop {
        if is_stopped() {
            return Err(PourError::Interrupted);
        }
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(total),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PourError::Read(error)),
        };
        total = total.saturating_add(count as u64);
        if total > most {
            return Err(PourError::TooLong(most));
        }
        to.write_all(&piece[..count]).map_err(PourError::Write)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_cut_off() {
        let mut taken = Vec::new();
        let poured = pour(&mut io::repeat(1), &mut taken, 1 << 20);
        assert!(matches!(poured, Err(PourError::TooLong(1_048_576))));
        assert!(taken.len() <= 1 << 20);
        assert_eq!(pour(&mut &b"abc"[..], &mut taken, 3).unwrap(), 3);
    }
}
