//! Who may talk to the management listener.

use std::net::IpAddr;

use divisor_schema::plan::Admin;
use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, Method, Request, Uri};

/// What browsers say of requests that a page makes (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a peer is among those that may. Without a list, it must be this machine.
pub(super) fn admits(admin: Option<&Admin>, peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    admin.is_some_and(|admin| match admin.allow.as_slice() {
        [] => peer.is_loopback(),
        allowed => allowed.iter().any(|network| network.contains(peer)),
    })
}

/// Why a request is refused, whoever sends it: no web page may speak for the operator who looks at it. A page says its
/// origin, and a name that an attacker points at this address (DNS rebinding) is in `Host`.
pub(super) fn objection<B>(request: &Request<B>) -> Option<&'static str> {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) || (request.method() != Method::GET && headers.contains_key(FETCH_SITE)) {
        return Some("requests of web pages are refused");
    }
    let named = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => only_host(headers),
    };
    match named {
        Some(host) if is_address(host) => None,
        _ => Some("the Host must be an address or localhost"),
    }
}

/// The value of `Host`, if there is exactly one.
fn only_host(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(HOST).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?;
    only.to_str().ok()
}

/// Whether a host, with or without port, is an address: those cannot be pointed elsewhere.
fn is_address(host: &str) -> bool {
    let Ok(authority) = host.parse::<Uri>().map(|uri| uri.host().unwrap_or_default().to_owned()) else {
        return false;
    };
    let bare = authority.trim_start_matches('[').trim_end_matches(']');
    authority.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Cidr;

    use super::*;

    fn objects(method: &str, headers: &[(&str, &str)]) -> bool {
        let request = Request::builder().method(method).uri("/backends");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        objection(&request.body(()).unwrap()).is_some()
    }

    #[test]
    fn without_a_list_only_this_machine_may() {
        let admin = |allow| Admin { binds: vec!["127.0.0.1:9901".parse().unwrap()], allow };
        let admits = |admin: &Admin, peer: &str| super::admits(Some(admin), peer.parse().unwrap());
        let own = admin(vec![]);
        assert!(admits(&own, "127.0.0.1") && admits(&own, "::1") && admits(&own, "::ffff:127.0.0.1"));
        assert!(!admits(&own, "10.0.0.1"));
        let office = admin(vec![Cidr { address: "10.0.0.0".parse().unwrap(), prefix: 8 }]);
        assert!(admits(&office, "10.0.0.1") && !admits(&office, "127.0.0.1"));
        assert!(!super::admits(None, "127.0.0.1".parse().unwrap()), "the plan before had one");
    }

    #[test]
    fn pages_of_browsers_are_refused() {
        let host = ("host", "127.0.0.1:9901");
        assert!(!objects("POST", &[host]));
        assert!(objects("POST", &[host, ("origin", "https://evil.example")]));
        assert!(objects("GET", &[host, ("origin", "null")]));
        assert!(objects("POST", &[host, ("sec-fetch-site", "cross-site")]));
        assert!(!objects("GET", &[host, ("sec-fetch-site", "none")]), "an operator may look");
    }

    #[test]
    fn names_that_could_be_pointed_here_are_refused() {
        for host in ["127.0.0.1", "localhost:9901", "LOCALHOST", "[::1]:9901", "10.0.0.1:1"] {
            assert!(!objects("GET", &[("host", host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "a b"] {
            assert!(objects("GET", &[("host", host)]), "{host}");
        }
        assert!(objects("GET", &[]));
        assert!(objects("GET", &[("host", "localhost"), ("host", "localhost")]));
    }
}
