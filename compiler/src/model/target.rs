//! Backend URLs.

use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::{Address, Scheme};

use super::fault::Fault;
use super::types::Target;
use super::value;
use crate::diagnostic::Rule;

/// Reads `http://host:port`, `https://host:port`, `h2c://host:port` or `tcp://host:port`. Without a port it is that of the
/// scheme; `tcp` has none.
pub(super) fn parse(url: &str) -> Result<Target, Fault> {
    if let Some(path) = url.strip_prefix("unix:") {
        return socket(url, path);
    }
    let Some((scheme, authority)) = url.split_once("://") else {
        return Err(fault(url, "has no scheme", format!("write `http://{url}` or `https://{url}`")));
    };
    if let Some(scheme) = scheme.strip_suffix("+srv") {
        return service(url, scheme, authority);
    }
    match scheme {
        "srv" => {
            let help = format!("write `http+srv://{authority}` or `https+srv://{authority}`");
            Err(fault(url, "does not say what the targets speak", help))
        }
        "http" => authority_of(url, Scheme::Http, authority),
        "https" => authority_of(url, Scheme::Https, authority),
        "tcp" => authority_of(url, Scheme::Tcp, authority),
        "h2c" => authority_of(url, Scheme::H2c, authority),
        _ => {
            let help = format!("write `http://{authority}` or `https://{authority}`");
            Err(fault(url, &format!("`{scheme}` is not spoken"), help))
        }
    }
}

/// A service: `http+srv://_http._tcp.api.internal`.
fn service(url: &str, scheme: &str, name: &str) -> Result<Target, Fault> {
    let spoken = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        "tcp" => Scheme::Tcp,
        "h2c" => Scheme::H2c,
        _ => {
            let help = format!("write `http+srv://{name}` or `https+srv://{name}`");
            return Err(fault(url, &format!("`{scheme}` is not spoken"), help));
        }
    };
    let name = name.strip_suffix('/').unwrap_or(name);
    if let Some((name, _)) = name.rsplit_once(':') {
        let help = format!("write `{scheme}+srv://{name}`: the records have the ports");
        return Err(fault(url, "has a port", help));
    }
    let mut labels = name.splitn(3, '.');
    let is_word = |label: Option<&str>| label.is_some_and(|it| it.len() > 1 && it.starts_with('_'));
    let named = is_word(labels.next()) && is_word(labels.next()) && labels.next().is_some_and(is_host_name);
    if !named || name.len() > 253 || !name.split('.').all(is_label) {
        let help =
            format!("write `{scheme}+srv://_http._tcp.api.internal`, as the records are named (RFC 2782)");
        return Err(fault(url, "is not the name of a service", help));
    }
    Ok(Target { scheme: spoken, address: Address::Service(name.to_ascii_lowercase(), 1) })
}

/// A socket of this machine is spoken to in plain text: nobody is in between.
fn socket(url: &str, path: &str) -> Result<Target, Fault> {
    let path = value::socket(path).map_err(|found| fault(url, &found.label, found.help))?;
    Ok(Target { scheme: Scheme::Http, address: Address::Unix(path) })
}

/// Reads what stands in the flat layout: scheme and port may be missing.
pub(super) fn parse_flat(url: &str, tls: bool) -> Result<Target, Fault> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("http", rest)) => (if tls { Scheme::Https } else { Scheme::Http }, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(_) => return parse(url),
        None => (if tls { Scheme::Https } else { Scheme::Http }, url),
    };
    authority_of(url, scheme, rest)
}

fn authority_of(url: &str, scheme: Scheme, authority: &str) -> Result<Target, Fault> {
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let prefix = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
        Scheme::Tcp => "tcp",
        Scheme::H2c => "h2c",
    };
    let end = authority.find(['/', '?', '#']);
    let host = authority.get(..end.unwrap_or(authority.len())).unwrap_or_default();
    if let Some((_, host)) = host.rsplit_once('@') {
        let help = format!("write `{prefix}://{host}` and set the header with `request-header-set`");
        return Err(fault(url, "has credentials", help));
    }
    if end.is_some() {
        let help = format!("write `{prefix}://{host}`; a path belongs in `rewrite` of a route");
        return Err(fault(url, "has a path", help));
    }
    let default = match scheme {
        Scheme::Http | Scheme::H2c => Some(80),
        Scheme::Https => Some(443),
        Scheme::Tcp => None,
    };
    let address = address(authority, default).map_err(|(label, help)| fault(url, label, help))?;
    Ok(Target { scheme, address })
}

fn address(authority: &str, default: Option<u16>) -> Result<Address, (&'static str, String)> {
    let default_port = || default.ok_or_else(|| ("has no port", port_help()));
    if let Ok(address) = authority.parse::<SocketAddr>() {
        return if address.port() == 0 {
            Err(("has no port", port_help()))
        } else {
            Ok(Address::Ip(address))
        };
    }
    let bare = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(authority);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return match address {
            IpAddr::V6(_) if bare.len() == authority.len() => {
                let port = default.unwrap_or(8080);
                Err(("is an IPv6 address without brackets", format!("write `[{address}]:{port}`")))
            }
            _ => Ok(Address::Ip(SocketAddr::new(address, default_port()?))),
        };
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse::<u16>().ok().filter(|port| *port > 0 && digits);
            (host, port.ok_or_else(|| ("has no port", port_help()))?)
        }
        None => (authority, default_port()?),
    };
    if !is_host_name(host) {
        return Err(("has no host", "write an IP address or a host name, and a port".to_owned()));
    }
    Ok(Address::Name(host.to_ascii_lowercase(), port))
}

fn port_help() -> String {
    "write a port from 1 to 65535 behind the `:`".to_owned()
}

/// Letters, digits, hyphens and, as names of containers have them, underscores.
fn is_host_name(host: &str) -> bool {
    let digits =
        host.split('.').next_back().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    host.len() <= 253 && !digits && host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn fault(url: &str, label: &str, help: String) -> Fault {
    let message = format!("`{url}` is not the address of a backend");
    Fault::of(&Rule::INVALID_BACKEND_ADDRESS, message, label, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        parse(url).map_or_else(|fault| fault.label, |target| target.address.to_string())
    }

    #[test]
    fn scheme_host_and_port_are_read() {
        assert_eq!(shown("http://10.0.0.1:8080"), "10.0.0.1:8080");
        assert_eq!(shown("https://App.Internal/"), "app.internal:443");
        assert_eq!(shown("http://[::1]:80"), "[::1]:80");
        assert_eq!(shown("https://[2001:db8::1]"), "[2001:db8::1]:443");
        assert_eq!(shown("http://my_app:80"), "my_app:80");
        assert_eq!(shown("tcp://db.internal:5432"), "db.internal:5432");
        assert_eq!(shown("h2c://rpc"), "rpc:80");
        assert_eq!(shown("unix:/run/app.sock"), "unix:/run/app.sock");
        assert_eq!(shown("http+srv://_http._tcp.Api.internal"), "_http._tcp.api.internal/1");
        assert_eq!(parse("https+srv://_a._tcp.b/").unwrap().scheme, Scheme::Https);
        assert_eq!(parse("https://a").unwrap().scheme, Scheme::Https);
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for (url, label) in [
            ("10.0.0.1:80", "has no scheme"),
            ("ftp://a:21", "`ftp` is not spoken"),
            ("http://u:p@a:80", "has credentials"),
            ("http://a:80/v1", "has a path"),
            ("http://a?x", "has a path"),
            ("http://a:0", "has no port"),
            ("tcp://a", "has no port"),
            ("tcp://10.0.0.1", "has no port"),
            ("tcp://a:5432/db", "has a path"),
            ("http://1.2.3.4:0", "has no port"),
            ("http://a:+80", "has no port"),
            ("http://a:70000", "has no port"),
            ("http://::1", "is an IPv6 address without brackets"),
            ("http://", "has no host"),
            ("http://a b:80", "has no host"),
            ("http://-a:80", "has no host"),
            ("http://1.2.3:80", "has no host"),
            ("http://a..b:80", "has no host"),
            ("unix:app.sock", "not the path of a socket"),
            ("srv://_http._tcp.a", "does not say what the targets speak"),
            ("ftp+srv://_http._tcp.a", "`ftp` is not spoken"),
            ("http+srv://_http._tcp.a:80", "has a port"),
            ("http+srv://api.internal", "is not the name of a service"),
            ("http+srv://_http.api.internal", "is not the name of a service"),
            ("http+srv://_http._tcp", "is not the name of a service"),
            ("http+srv://_http._tcp.a..b", "is not the name of a service"),
            ("http+srv://_http._tcp.a/b", "is not the name of a service"),
            ("http+srv://", "is not the name of a service"),
        ] {
            assert_eq!(shown(url), label, "{url}");
        }
    }

    #[test]
    fn the_flat_layout_may_leave_out_the_scheme() {
        let target =
            |url: &str, tls| parse_flat(url, tls).map(|it| (it.scheme, it.address.to_string())).unwrap();
        assert_eq!(target("localhost:8080", false), (Scheme::Http, "localhost:8080".into()));
        assert_eq!(target("http://a", true), (Scheme::Https, "a:443".into()));
        assert_eq!(target("https://a:1/", false), (Scheme::Https, "a:1".into()));
        assert!(parse_flat("ftp://a", false).is_err());
    }
}
