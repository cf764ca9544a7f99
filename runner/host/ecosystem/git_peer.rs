//! What a repository that an author names may lead git to: git connects by itself, so it is told where.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use ureq::http::Uri;
use zwieback_model::address::{Reachable, kind_of_address};

use crate::ecosystem::error::EcosystemError;

/// Where git may connect to when the name is not known here: it would look it up a second time, and whoever
/// answers may say another thing then. Nothing takes a connection to the broadcast address.
const NOWHERE: &str = "255.255.255.255";

/// Settings under which git connects to an address that was judged, and follows nobody elsewhere.
///
/// A name that is not known here is left to the proxy that git may have, which looks it up, or to the place
/// that the user's own configuration puts there (`url.<base>.insteadOf`); git itself finds it nowhere.
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
    let bare = plain(host)?;
    let mut settings = vec!["-c".to_owned(), "http.followRedirects=false".to_owned()];
    let allowed = judged(bare, port)?;
    if bare.parse::<IpAddr>().is_err() {
        // HOST:PORT:ADDRESS,… of curl: the name is not looked up a second time.
        let shown = allowed.iter().map(|address| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        });
        let shown: Vec<String> = shown.collect();
        let shown = Some(shown.join(",")).filter(|shown| !shown.is_empty());
        let shown = shown.as_deref().unwrap_or(NOWHERE);
        settings.extend([
            "-c".to_owned(),
            format!("http.curloptResolve={host}:{port}:{shown}"),
        ]);
    }
    Ok(settings)
}

/// A host that git reads as it stands. What it would decode, shorten or complete is another name to it than
/// the one that was looked up.
fn plain(host: &str) -> Result<&str, EcosystemError> {
    let within = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match within {
        Some(address) if address.parse::<Ipv6Addr>().is_ok() => Ok(address),
        None if !host.is_empty() && !host.ends_with('.') && host.bytes().all(is_plain) => Ok(host),
        _ => Err(refused(format!(
            "{host:?} is no plain name of a host: letters, digits, `-`, `_` and `.` within, or an address"
        ))),
    }
}

/// The addresses of a name to which a stranger may lead; none if it is not known here.
fn judged(bare: &str, port: u16) -> Result<Vec<IpAddr>, EcosystemError> {
    let found = (bare, port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.into_iter().flatten().collect();
    let within = |it: &&SocketAddr| Reachable::Networks.includes(kind_of_address(it.ip()));
    let allowed: Vec<IpAddr> = found.iter().filter(within).map(SocketAddr::ip).collect();
    match found.first() {
        Some(first) if allowed.is_empty() => {
            let (address, kind) = (first.ip(), kind_of_address(first.ip()).word());
            Err(refused(format!(
                "it is at {address}, a {kind} address: only `[mirrors]` of your own configuration may name it"
            )))
        }
        _ => Ok(allowed),
    }
}

fn refused(words: String) -> EcosystemError {
    let command = "git fetch".to_owned();
    EcosystemError::Refused { command, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecosystem::client_program::run;
    use crate::launch::client::GIT;
    use crate::launch::launched::Launch;

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
        // curl decodes the first one, and leaves the dot of the second one out.
        for url in ["http://%6cocalhost/x", "http://127.0.0.1./x"] {
            settings(url).unwrap_err();
        }
        let settings = settings("https://10.1.2.3/x").unwrap();
        assert_eq!(settings, ["-c", "http.followRedirects=false"]);
    }

    #[test]
    fn a_name_that_is_not_known_here_is_not_looked_up_by_git() {
        let settings = settings("http://absent.invalid:8080/x").unwrap();
        let pinned = "http.curloptResolve=absent.invalid:8080:255.255.255.255";
        assert_eq!(settings[2..], ["-c", pinned]);
        // What git does with it, shown with a name that it knows: it does not come to a server that listens.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pinned = format!("http.curloptResolve=localhost:{port}:{NOWHERE}");
        let url = format!("http://localhost:{port}/x");
        let asking = Launch::of(&GIT).arguments(["-c", &pinned, "ls-remote", &url]);
        run(GIT.program, &asking).unwrap_err();
        listener.set_nonblocking(true).unwrap();
        let none = listener.accept().unwrap_err();
        assert_eq!(none.kind(), std::io::ErrorKind::WouldBlock);
    }
}
