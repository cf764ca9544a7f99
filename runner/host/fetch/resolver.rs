//! Names of hosts, looked up once in each fetch, and the addresses that a request may connect to.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Proxy};
use zwieback_model::address::{AddressKind, Reachable, kind_of_address};

/// The addresses of one host, once they are known; locked while they are looked up.
type Addresses = Arc<Mutex<Vec<SocketAddr>>>;

/// A host all of whose addresses are out of reach for whoever named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is a {} address", .kind.word())]
pub(crate) struct OutOfReach {
    /// One of them.
    pub(crate) address: IpAddr,
    /// What it leads to.
    pub(crate) kind: AddressKind,
}

/// Remembers what the system's resolver said.
///
/// Several connections to one host otherwise ask at the same moment, and name servers that drop one of
/// two simultaneous questions cost the 5 s that resolv.conf(5) lets pass before it asks again (measured:
/// 15 s for 85 MB that arrive in 1 s).
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<BTreeMap<String, Addresses>>,
    system: DefaultResolver,
}

/// Gives a connection only addresses that it may reach: what is checked is what is connected to, so a
/// name that resolves to something else the next time gains nothing.
#[derive(Debug)]
pub(crate) struct CheckedResolver {
    names: Arc<Names>,
    reach: Reachable,
}

impl Names {
    /// Whether that host answered from the open network, or from who knows where.
    pub(crate) fn may_be_public(&self, uri: &Uri) -> bool {
        let addresses = self.addresses_of(uri);
        let addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kinds = addresses
            .iter()
            .map(|address| kind_of_address(address.ip()));
        addresses.is_empty() || kinds.any(|kind| kind == AddressKind::Public)
    }

    fn addresses_of(&self, uri: &Uri) -> Addresses {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        // What is remembered stays sound if a thread panics: an entry is written whole or not at all.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(format!("{scheme}://{authority}")).or_default())
    }
}

impl CheckedResolver {
    /// A resolver for requests that may reach so far.
    pub(crate) fn new(names: Arc<Names>, reach: Reachable) -> Self {
        Self { names, reach }
    }
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.names.addresses_of(uri);
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.is_empty() {
            addresses.extend(self.names.system.resolve(uri, config, timeout)?.iter());
        }
        // The proxy is the user's own to name; what lies behind it is looked up there.
        let is_proxy = config.proxy().is_some_and(|proxy| is_at(proxy, uri));
        let within =
            |address: &&SocketAddr| is_proxy || self.reach.includes(kind_of_address(address.ip()));
        let mut answer = self.empty();
        for address in addresses.iter().filter(within) {
            answer.push(*address);
        }
        match addresses.first() {
            Some(first) if answer.is_empty() => {
                let (address, kind) = (first.ip(), kind_of_address(first.ip()));
                Err(Error::Io(io::Error::other(OutOfReach { address, kind })))
            }
            _ => Ok(answer),
        }
    }
}

fn is_at(proxy: &Proxy, uri: &Uri) -> bool {
    uri.host() == Some(proxy.host()) && uri.port_u16().is_none_or(|port| port == proxy.port())
}
