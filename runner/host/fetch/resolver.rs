//! Names of hosts, looked up once in each fetch.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The addresses of one host, once they are known; locked while they are looked up.
type Addresses = Arc<Mutex<Vec<SocketAddr>>>;

/// Remembers what the system's resolver said.
///
/// Several connections to one host otherwise ask at the same moment, and name servers that drop one of
/// two simultaneous questions cost the 5 s that resolv.conf(5) lets pass before it asks again (measured:
/// 15 s for 85 MB that arrive in 1 s).
#[derive(Debug, Default)]
pub(crate) struct RememberingResolver {
    known: Mutex<BTreeMap<String, Addresses>>,
    system: DefaultResolver,
}

impl RememberingResolver {
    fn addresses_of(&self, uri: &Uri) -> Addresses {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        // What is remembered stays sound if a thread panics: an entry is written whole or not at all.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(format!("{scheme}://{authority}")).or_default())
    }
}

impl Resolver for RememberingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.addresses_of(uri);
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.is_empty() {
            addresses.extend(self.system.resolve(uri, config, timeout)?.iter());
        }
        let mut answer = self.empty();
        for address in addresses.iter() {
            answer.push(*address);
        }
        Ok(answer)
    }
}
