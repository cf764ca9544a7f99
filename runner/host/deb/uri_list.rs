//! What `apt-get --print-uris` prints: where a file is, its name, its size and its digest.

use zwieback_model::digest::{Digest, DigestError};

/// One file that apt would download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriLine {
    /// The whole URL, encoded as apt writes it.
    pub url: String,
    /// The name apt would save it under; a colon in it is `%3a`.
    pub file: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
}

/// A line that does not read `'URL' FILE SIZE SHA256:HEX`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriLineError {
    /// Fields are missing or misshapen.
    #[error("{0:?} is not a line of `--print-uris`")]
    Shape(String),
    /// There is a weaker digest or none: `Acquire::ForceHash` was not obeyed.
    #[error("apt names no SHA-256 for {0:?}")]
    NoSha256(String),
    /// It is called a SHA-256 and is not.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// The files named in the output of apt; lines that name none are remarks for people.
pub fn parse(output: &str) -> Result<Vec<UriLine>, UriLineError> {
    output
        .lines()
        .filter(|line| line.starts_with('\''))
        .map(parse_line)
        .collect()
}

fn parse_line(line: &str) -> Result<UriLine, UriLineError> {
    let shape = || UriLineError::Shape(line.to_owned());
    let (url, rest) = line
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once("' "))
        .ok_or_else(shape)?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let [file, size, digest] = fields[..] else {
        return Err(shape());
    };
    let hex = digest
        .strip_prefix("SHA256:")
        .ok_or_else(|| UriLineError::NoSha256(file.to_owned()))?;
    Ok(UriLine {
        url: url.to_owned(),
        file: file.to_owned(),
        size: size.parse().map_err(|_| shape())?,
        sha256: hex.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn remarks_are_passed_over() {
        let digest = Digest::sha256(b"");
        let output = format!(
            "Reading package lists...\n'http://m.example/z_1%3a2.deb' z_1%3a2_amd64.deb 12 SHA256:{digest}\n"
        );
        let lines = parse(&output).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].file, "z_1%3a2_amd64.deb");
        assert_eq!(lines[0].size, 12);
    }

    #[test]
    fn a_weaker_digest_is_refused() {
        let output = "'http://m.example/a' a 1 MD5Sum:d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(parse(output), Err(UriLineError::NoSha256("a".to_owned())));
        assert!(matches!(parse("'x"), Err(UriLineError::Shape(_))));
        assert!(matches!(
            parse("'x' a -1 SHA256:00"),
            Err(UriLineError::Digest(_) | UriLineError::Shape(_))
        ));
    }

    proptest! {
        #[test]
        fn lines_round_trip(path in "[a-z0-9+~%._/-]{1,40}", file in "[a-z0-9+~%._-]{1,40}", size: u64, bytes: [u8; 32]) {
            let line = UriLine { url: format!("http://m.example/{path}"), file, size, sha256: Digest::from_bytes(bytes) };
            let text = format!("'{}' {} {} SHA256:{}\n", line.url, line.file, line.size, line.sha256);
            prop_assert_eq!(parse(&text), Ok(vec![line]));
        }

        #[test]
        fn no_output_panics(text in "(?s)'?.{0,100}") {
            let _lines = parse(&text);
        }
    }
}
