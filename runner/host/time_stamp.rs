//! Asking a time stamp authority (RFC 3161) over HTTP.

use std::io::{self, Read as _};
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use zwieback_attest::reason::Refusal;
use zwieback_attest::trusted_time::request::{RequestError, request};
use zwieback_attest::trusted_time::token;

/// How long the authority may take, all in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers have a few thousand bytes.
const LARGEST: u64 = 256 << 10;
/// RFC 3161 section 3.4.
const QUERY: &str = "application/timestamp-query";

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// There is no randomness for the nonce.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The request cannot be written.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The authority cannot be reached.
    #[error("{url}: {source}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// It answers with something else than a time stamp.
    #[error("{url} answers {status}")]
    Status {
        /// Its address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Its answer breaks off.
    #[error("{url}: {source}")]
    Broken {
        /// Its address.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// Its answer is not to what was asked.
    #[error("{url}: {refusal}")]
    Refused {
        /// Its address.
        url: String,
        /// Why.
        refusal: Refusal,
    },
}

/// The authority's answer over a signature, in DER. Whether the authority is to be believed is for
/// whoever verifies; that it answers this very request is checked here.
pub fn stamp(url: &str, signature: &[u8]) -> Result<Vec<u8>, StampError> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce)?;
    let answer = ask(url, &request(signature, nonce)?)?;
    token::answers(&answer, signature, nonce).map_err(|refusal| StampError::Refused {
        url: url.to_owned(),
        refusal,
    })?;
    Ok(answer)
}

impl StampError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("`[sign] timestamp` names the authority; without it nothing is stamped".into())
    }
}

fn ask(url: &str, query: &[u8]) -> Result<Vec<u8>, StampError> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        // The user names the authority; whom an authority names is nobody the user asked.
        .max_redirects(0)
        .tls_config(tls)
        .build()
        .into();
    let sent = agent.post(url).header("content-type", QUERY).send(query);
    let response = sent.map_err(|source| StampError::Unreachable {
        url: url.to_owned(),
        source: Box::new(source),
    })?;
    let status = response.status().as_u16();
    if status != 200 {
        let url = url.to_owned();
        return Err(StampError::Status { url, status });
    }
    let mut answer = Vec::new();
    let body = response.into_body().into_reader();
    let read = body.take(LARGEST).read_to_end(&mut answer);
    read.map_err(|source| StampError::Broken {
        url: url.to_owned(),
        source,
    })?;
    Ok(answer)
}
