//! Requests as people write them.

use divisor_schema::plan::host_name;

use super::fault::Fault;
use super::types::RequestLine;
use crate::routes::HostPattern;

/// Reads `GET https://shop.example/cart?x=1`. The method may be missing, and the host a pattern.
pub(super) fn parse(text: &str) -> Result<RequestLine, Fault> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (method, url) = match words[..] {
        [url] => (None, url),
        [method, url] => (Some(self::method(method)?), url),
        _ => return Err(fault(text, "is not a method and a URL", EXAMPLE)),
    };
    let tls = match url.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", _)) => false,
        Some((scheme, rest)) => {
            let help = format!("write `https://{rest}` or `http://{rest}`");
            return Err(fault(text, &format!("has the scheme `{scheme}`"), help));
        }
        None => return Err(fault(text, "has no scheme and host", EXAMPLE)),
    };
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    if rest.contains('#') {
        return Err(fault(text, "has a fragment", "delete it from `#` on: clients do not send it"));
    }
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = if path.is_empty() { "/" } else { path };
    Ok(RequestLine {
        method,
        tls,
        host: self::host(text, host)?,
        path: path.to_owned(),
        query: query.map(str::to_owned),
    })
}

impl RequestLine {
    /// Reads `GET https://shop.example/cart?x=1`. The method may be missing, and the host a pattern.
    ///
    /// # Errors
    /// Says what is wrong, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text).map_err(|fault| format!("{}: {}", fault.message, fault.help))
    }
}

const EXAMPLE: &str = "write `GET https://shop.example/cart`";

/// Methods that clients send, which nobody means in lower case.
const USUAL: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// A method, or `*`.
pub(super) fn method(text: &str) -> Result<String, Fault> {
    let upper = text.to_ascii_uppercase();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(token) {
        return Err(fault(text, "is not a method", "write a method as clients send it, `GET` for one"));
    }
    if upper != text && USUAL.contains(&upper.as_str()) {
        return Err(fault(text, "is a method that nobody sends", format!("write `{upper}`")));
    }
    Ok(text.to_owned())
}

fn host(text: &str, host: &str) -> Result<String, Fault> {
    if host == "*" {
        return Ok(host.to_owned());
    }
    if host.starts_with('*') {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let pattern = HostPattern::parse(name)
            .map_err(|error| fault(text, "has a host pattern that is none", error.kind.help()))?;
        return Ok(pattern.text());
    }
    match host_name(host) {
        Ok(name) if !name.is_empty() => Ok(name.into_owned()),
        _ => Err(fault(text, &format!("has no host: `{host}` is none"), EXAMPLE)),
    }
}

fn fault(text: &str, what: &str, help: impl Into<String>) -> Fault {
    Fault::value(format!("`{text}` {what}"), what, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_method_a_scheme_a_host_and_a_path() {
        let read = |text: &str| {
            let line = parse(text).unwrap();
            let method = line.method.clone().unwrap_or_else(|| "-".into());
            line.with_method(&method)
        };
        assert_eq!(read("GET https://shop.example/cart?x=1"), "GET https://shop.example/cart?x=1");
        assert_eq!(read("  POST   http://Shop.Example.:8080 "), "POST http://shop.example/");
        assert_eq!(read("https://shop.example?x"), "- https://shop.example/?x");
        assert_eq!(read("* https://*/admin/**"), "* https://*/admin/**");
        assert_eq!(read("* https://**.shop.example:8443/{id}"), "* https://**.shop.example/{id}");
        assert_eq!(read("GET http://[::1]:80/a"), "GET http://[::1]/a");
        assert_eq!(read("PURGE http://my_host/"), "PURGE http://my_host/");
    }

    #[test]
    fn faults_say_what_to_write() {
        let help = |text: &str| parse(text).unwrap_err().help;
        for text in [
            "",
            "GET",
            "GET /cart",
            "shop.example/cart",
            "GET https:///cart",
            "GET https://a b/",
            "http://a@b/",
        ] {
            assert_eq!(help(text), EXAMPLE, "{text}");
        }
        assert_eq!(help("GET ftp://a/b"), "write `https://a/b` or `http://a/b`");
        assert_eq!(help("get https://a/"), "write `GET`");
        assert_eq!(help("G(T https://a/"), "write a method as clients send it, `GET` for one");
        assert_eq!(help("GET https://a/b#c"), "delete it from `#` on: clients do not send it");
        assert_eq!(
            help("GET https://*a.example/"),
            "write `*.name` for one label in front, `**.name` for one or more"
        );
    }
}
