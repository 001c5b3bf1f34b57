//! Requests that a page of another origin forged: what browsers say of where they come from.

use divisor_schema::plan;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, Method};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Tells forged requests from others.
#[derive(Debug, Clone)]
pub(crate) struct Csrf {
    origins: Vec<String>,
}

impl Csrf {
    /// What a plan says.
    pub(crate) fn new(plan: &plan::Csrf) -> Self {
        Self { origins: plan.origins.clone() }
    }

    /// Whether a request to `authority` may act. One that should change nothing may; so may one of which its browser says
    /// that its own origin, or nobody, caused it (Fetch Metadata), and one without any word on that: it is no browser's.
    pub(crate) fn admits(&self, method: &Method, headers: &HeaderMap, authority: &[u8]) -> bool {
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
            return true;
        }
        let origin = headers.get(ORIGIN).map(|origin| origin.as_bytes());
        let trusted = origin.is_some_and(|origin| self.trusts(origin));
        match headers.get(FETCH_SITE).map(|site| site.as_bytes()) {
            Some(b"same-origin" | b"none") => true,
            Some(_) => trusted,
            None => origin.is_none_or(|origin| trusted || is_of(origin, authority)),
        }
    }

    fn trusts(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin))
    }
}

/// Whether an origin is that of the host which is asked.
fn is_of(origin: &[u8], authority: &[u8]) -> bool {
    let host = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn admits(method: &str, site: &'static str, origin: &'static str) -> bool {
        let csrf = Csrf::new(&plan::Csrf { origins: vec!["https://partner.example".into()] });
        let mut headers = HeaderMap::new();
        for (name, value) in [(FETCH_SITE, site), (ORIGIN, origin)] {
            if !value.is_empty() {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        csrf.admits(&method.parse().unwrap(), &headers, b"shop.example:8443")
    }

    #[test]
    fn what_another_origin_causes_is_refused() {
        assert!(!admits("POST", "cross-site", "https://evil.example"));
        assert!(!admits("POST", "same-site", "https://blog.shop.example"));
        assert!(!admits("DELETE", "", "https://evil.example"));
        assert!(!admits("POST", "", "null"));
        assert!(!admits("POST", "", "https://shop.example"), "another port is another origin");
        assert!(!admits("POST", "cross-site", ""));
    }

    #[test]
    fn what_is_no_forgery_passes() {
        assert!(admits("GET", "cross-site", "https://evil.example"));
        assert!(admits("POST", "same-origin", "https://shop.example:8443"));
        assert!(admits("POST", "none", ""));
        assert!(admits("POST", "", ""));
        assert!(admits("POST", "", "https://Shop.example:8443"));
        assert!(admits("POST", "cross-site", "https://partner.example"));
    }
}
