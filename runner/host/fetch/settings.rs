//! How patient and how parallel fetching is, and through which proxies.

use std::time::Duration;

/// Settings of one fetch. The environment and the configuration are read elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Files that are fetched at the same time.
    pub connections: usize,
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a place may send nothing before the next one is asked.
    pub stall: Duration,
    /// Rounds over all places that bring nothing before giving up.
    pub rounds: u32,
    /// The wait after the first round; it doubles with each further one.
    pub backoff: Duration,
    /// The proxies to go through.
    pub proxies: Proxies,
    /// How much is read, for how long, how slowly.
    pub limits: Limits,
}

/// Where what a stranger sends ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one file.
    pub largest: u64,
    /// The fewest bytes a second.
    pub slowest: u64,
    /// Over how long that is measured.
    pub span: Duration,
    /// The longest that one file may take, with all answers and all that lies between them.
    pub longest: Duration,
}

/// What `http_proxy`, `https_proxy` and `no_proxy` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxy for `http` URLs.
    pub http: Option<String>,
    /// The proxy for `https` URLs.
    pub https: Option<String>,
    /// Hosts that are asked directly, separated by commas.
    pub except: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4,
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(20),
            rounds: 4,
            backoff: Duration::from_millis(500),
            proxies: Proxies::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            largest: 4 << 30,
            slowest: 1000,
            span: Duration::from_secs(30),
            longest: Duration::from_hours(6),
        }
    }
}
