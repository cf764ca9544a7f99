//! Where an answer sends on to, and what may be asked at all.

use ureq::http::{Response, StatusCode, Uri, header};
use zwieback_model::address::{Reachable, kind_of_address};

use crate::endpoints::relative_reference::join;
use crate::fetch::failure::Failure;

/// The address that an answer sends on to, if it does (RFC 9110, 15.4).
pub(super) fn next<T>(response: &Response<T>, from: &str) -> Result<Option<String>, Failure> {
    let sends_on = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !sends_on {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION);
    let location = location.and_then(|value| value.to_str().ok());
    let status = response.status().as_u16();
    let to = location.and_then(|to| join(from, to));
    to.map(Some).ok_or(Failure::Status(status))
}

/// The parts of an address of the web that may be asked.
///
/// A literal address is judged before anything is resolved: behind a proxy nothing else can be.
pub(super) fn askable(url: &str, reach: Reachable) -> Result<Uri, Failure> {
    let wrong = || Failure::Scheme(url.to_owned());
    let uri: Uri = url
        .split('#')
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|_| wrong())?;
    let host = uri.host().unwrap_or_default();
    if !matches!(uri.scheme_str(), Some("http" | "https")) || host.is_empty() {
        return Err(wrong());
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let name = literal.trim_end_matches('.').to_ascii_lowercase();
    let is_own = name == "localhost" || name.ends_with(".localhost");
    let address = match literal.parse() {
        Ok(address) => Some(address),
        Err(_) if is_own => Some(std::net::Ipv4Addr::LOCALHOST.into()),
        Err(_) => None,
    };
    match address.map(|address| (address, kind_of_address(address))) {
        Some((address, kind)) if !reach.includes(kind) => {
            Err(Failure::OutOfReach { address, kind })
        }
        _ => Ok(uri),
    }
}

#[cfg(test)]
mod tests {
    use zwieback_model::address::AddressKind;

    use super::*;

    #[test]
    fn a_redirect_leads_to_the_web_or_nowhere() {
        let answer = |to: &str| {
            let answer = Response::builder().status(302).header("location", to);
            next(&answer.body(()).unwrap(), "https://m.example/a/b")
        };
        assert_eq!(answer("c").unwrap().unwrap(), "https://m.example/a/c");
        for bad in [
            "file:///etc/passwd",
            "ftp://m.example/",
            "gopher://127.0.0.1/",
        ] {
            let to = answer(bad).unwrap().unwrap();
            let asked = askable(&to, Reachable::Public);
            assert_eq!(asked.unwrap_err(), Failure::Scheme(bad.to_owned()));
        }
    }

    #[test]
    fn literal_addresses_are_judged_before_anything_is_asked() {
        for (url, kind) in [
            ("http://127.0.0.1/", AddressKind::Loopback),
            ("http://[::1]:80/", AddressKind::Loopback),
            ("http://[::ffff:169.254.169.254]/", AddressKind::Near),
            ("http://localhost:8080/", AddressKind::Loopback),
            ("http://a.LOCALHOST./", AddressKind::Loopback),
            ("http://169.254.169.254/latest/", AddressKind::Near),
        ] {
            let asked = askable(url, Reachable::Networks).unwrap_err();
            assert!(
                matches!(asked, Failure::OutOfReach { kind: found, .. } if found == kind),
                "{url}: {asked}"
            );
            assert!(askable(url, Reachable::Everybody).is_ok(), "{url}");
        }
        assert!(askable("http://10.0.0.1/", Reachable::Networks).is_ok());
        assert!(askable("http://10.0.0.1/", Reachable::Public).is_err());
        assert!(askable("https://m.example/a#b", Reachable::Public).is_ok());
    }
}
