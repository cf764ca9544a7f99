//! Asking a time stamp authority (RFC 3161) over HTTP.

use std::time::Duration;

use zwieback_attest::reason::Refusal;
use zwieback_attest::trusted_time::request::{RequestError, request};
use zwieback_attest::trusted_time::token;

use crate::fetch::canceller::Canceller;
use crate::fetch::client::Client;
use crate::fetch::error::FetchError;
use crate::fetch::failure::Failure;
use crate::fetch::settings::Settings;

/// How long the authority may take, all in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// A longer answer would not be believed.
const LARGEST: u64 = token::LONGEST as u64;
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
    /// No connection can be made by these settings.
    #[error(transparent)]
    Client(#[from] FetchError),
    /// The authority does not answer as it should.
    #[error("{url}: {failure}")]
    Lost {
        /// Its address.
        url: String,
        /// Why.
        failure: Failure,
    },
    /// It takes too long.
    #[error("{url}: was not done after {} s", patience.as_secs())]
    Late {
        /// Its address.
        url: String,
        /// How long it may take.
        patience: Duration,
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
pub fn stamp(
    url: &str,
    signature: &[u8],
    settings: &Settings,
    canceller: &Canceller,
) -> Result<Vec<u8>, StampError> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce)?;
    let answer = ask(url, &request(signature, nonce)?, settings, canceller)?;
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

fn ask(
    url: &str,
    query: &[u8],
    settings: &Settings,
    canceller: &Canceller,
) -> Result<Vec<u8>, StampError> {
    let mut settings = settings.clone();
    settings.limits.longest = settings.limits.longest.min(PATIENCE);
    settings.limits.largest = LARGEST;
    // The user names the authority, wherever it is; it names nobody.
    let named = url
        .split(['?', '#'])
        .next()
        .and_then(|root| root.parse().ok());
    let client = Client::new(&settings)?
        .configured(named)
        .stopped_by(canceller);
    let answer = client.post(url, QUERY, query, LARGEST);
    answer.map_err(|failure| match failure {
        Failure::TooLate(_) => StampError::Late {
            url: url.to_owned(),
            patience: settings.limits.longest,
        },
        failure => StampError::Lost {
            url: url.to_owned(),
            failure,
        },
    })
}
