//! Why one place did not give us one file.

use std::net::IpAddr;
use std::time::Duration;

use zwieback_model::address::AddressKind;
use zwieback_model::digest::Digest;

/// What happened at one place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It answered that it will not.
    #[error("answered {0}")]
    Status(u16),
    /// It sent nothing for too long.
    #[error("sent nothing for {} s", .0.as_secs_f32())]
    Stalled(Duration),
    /// It stopped before the end.
    #[error("broke off after {got} of {expected} bytes")]
    TooShort {
        /// Bytes in hand.
        got: u64,
        /// Bytes there should be.
        expected: u64,
    },
    /// It has, or sent, a file of another length.
    #[error("has a file of {}{actual} bytes, {expected} are locked", if *.at_least { "at least " } else { "" })]
    Size {
        /// The length it has.
        actual: u64,
        /// Whether it was cut off there.
        at_least: bool,
        /// Bytes there should be.
        expected: u64,
    },
    /// It sent other bytes.
    #[error("sent bytes with sha256 {actual}")]
    Digest {
        /// What they are.
        actual: Digest,
    },
    /// It sent other bytes than the index promised.
    #[error("sent bytes that are not what the index promised")]
    Promise,
    /// It answered with more than such an answer may hold.
    #[error("answered with more than {0} bytes")]
    TooLong(u64),
    /// It is not there, or does not speak as it should.
    #[error("{0}")]
    Unreachable(String),
    /// Where it lies may only be said by the user's own configuration.
    #[error("is at {address}, a {} address: only `[mirrors]` of your own configuration may name it", .kind.word())]
    OutOfReach {
        /// Where it lies.
        address: IpAddr,
        /// What that leads to.
        kind: AddressKind,
    },
    /// A file of this machine that only the user's own configuration may name.
    #[error("is a file of this machine: only `[mirrors]` of your own configuration may name it")]
    LocalFile,
    /// It is, or leads to, what is no address of the web.
    #[error("leads to {0:?}, which is no http address")]
    Scheme(String),
    /// It sends too little to ever come to an end.
    #[error("sent {bytes} bytes in {seconds} s, which is slower than `fetch.slowest` allows")]
    TooSlow {
        /// How many bytes.
        bytes: u64,
        /// In which time.
        seconds: u64,
    },
    /// It went on for too long.
    #[error("was not done after {0} s, the time that `fetch.longest` allows")]
    TooLate(u64),
    /// The user asked to stop.
    #[error("was given up: interrupted")]
    Cancelled,
    /// There is no file at that path of a local mirror.
    #[error("there is no such file")]
    Absent,
    /// It answered a question about another part of the file.
    #[error("sent another part of the file than was asked for")]
    WrongPart,
}

impl Failure {
    /// Whether the place may do better a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            // 408 Request Timeout, 425 Too Early, 429 Too Many Requests (RFC 9110, 8470, 6585).
            Self::Status(code) => matches!(code, 408 | 425 | 429 | 500..=599),
            Self::Stalled(_)
            | Self::TooShort { .. }
            | Self::TooSlow { .. }
            | Self::Unreachable(_) => true,
            Self::OutOfReach { .. }
            | Self::LocalFile
            | Self::Scheme(_)
            | Self::TooLate(_)
            | Self::Cancelled
            | Self::Size { .. }
            | Self::Digest { .. }
            | Self::Promise
            | Self::TooLong(_)
            | Self::Absent
            | Self::WrongPart => false,
        }
    }

    /// Whether the place gave something that is not what was locked.
    pub fn is_mismatch(&self) -> bool {
        matches!(
            self,
            Self::Size { .. } | Self::Digest { .. } | Self::Promise
        )
    }
}
