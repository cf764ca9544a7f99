//! What a repository that an author names may lead git to: git connects by itself, so it is told where.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use ureq::http::Uri;
use zwieback_core::address::{Reachable, kind_of_address};

use crate::ecosystem::error::EcosystemError;

/// Settings under which git connects to an address that was judged, and follows nobody elsewhere.
///
/// A name that is not known here is left to the proxy that git may have, or to the place that the user's
/// own configuration puts there (`url.<base>.insteadOf`).
pub(super) fn settings(url: &str) -> Result<Vec<String>, EcosystemError> {
    let uri: Uri = url
        .parse()
        .map_err(|_| EcosystemError::Scheme(url.to_owned()))?;
    let host = uri.host().unwrap_or_default();
    let default = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let port = uri.port_u16().unwrap_or(default);
    let mut settings = vec!["-c".to_owned(), "http.followRedirects=false".to_owned()];
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = (bare, port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.into_iter().flatten().collect();
    let within = |it: &&SocketAddr| Reachable::Networks.includes(kind_of_address(it.ip()));
    let allowed: Vec<IpAddr> = found.iter().filter(within).map(SocketAddr::ip).collect();
    if let (Some(first), true) = (found.first(), allowed.is_empty()) {
        let (address, kind) = (first.ip(), kind_of_address(first.ip()).word());
        return Err(EcosystemError::Refused {
            command: "git fetch".to_owned(),
            words: format!(
                "it is at {address}, a {kind} address: only `[mirrors]` of your own configuration may name it"
            ),
        });
    }
    if !allowed.is_empty() && bare.parse::<IpAddr>().is_err() {
        // HOST:PORT:ADDRESS,… of curl: the name is not looked up a second time.
        let shown = allowed.iter().map(|address| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        });
        let shown: Vec<String> = shown.collect();
        let pinned = format!("http.curloptResolve={host}:{port}:{}", shown.join(","));
        settings.extend(["-c".to_owned(), pinned]);
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_led_to_no_server_of_this_machine() {
        for url in [
            "http://127.0.0.1:8000/x",
            "https://localhost/x",
            "http://[::1]/x",
            "http://0x7f.1/x",
            "http://169.254.169.254/latest",
        ] {
            let refused = settings(url);
            assert!(
                matches!(refused, Err(EcosystemError::Refused { .. })),
                "{url}"
            );
        }
        let settings = settings("https://10.1.2.3/x").unwrap();
        assert_eq!(settings, ["-c", "http.followRedirects=false"]);
    }
}
