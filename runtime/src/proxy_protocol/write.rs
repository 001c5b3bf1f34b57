//! The header as a backend gets it. Sections are those of haproxy.org, "The PROXY protocol".

use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::ProxyProtocol;
use proxy_header::{SslInfo, Tlv};

use super::{Facts, Origin, SIGNATURE};

/// A connection of a client, in the version and command byte of section 2.2.
const PROXY: u8 = 0x21;
/// A connection of our own.
const LOCAL: u8 = 0x20;

/// What begins a connection to a backend for a client. Version 1 has no room for `facts`.
pub(crate) fn header(version: ProxyProtocol, origin: Origin, facts: &Facts) -> Vec<u8> {
    let ends = origin.destination.map(|destination| of_one_family(origin.source, destination));
    match version {
        ProxyProtocol::V1 => version_1(ends).into_bytes(),
        ProxyProtocol::V2 => version_2(PROXY, ends, &tlvs(facts)),
    }
}

/// What begins a connection to a backend that is for no client: a probe.
pub(crate) fn own(version: ProxyProtocol) -> Vec<u8> {
    match version {
        ProxyProtocol::V1 => version_1(None).into_bytes(),
        ProxyProtocol::V2 => version_2(LOCAL, None, &[]),
    }
}

/// Both versions have one family for both ends: where one end is IPv4 and the other IPv6, both are said in IPv6.
fn of_one_family(source: SocketAddr, destination: SocketAddr) -> (SocketAddr, SocketAddr) {
    let canonical = |it: SocketAddr| SocketAddr::new(it.ip().to_canonical(), it.port());
    let (source, destination) = (canonical(source), canonical(destination));
    if source.is_ipv4() == destination.is_ipv4() {
        return (source, destination);
    }
    let mapped = |it: SocketAddr| match it.ip() {
        IpAddr::V4(four) => SocketAddr::new(four.to_ipv6_mapped().into(), it.port()),
        IpAddr::V6(_) => it,
    };
    (mapped(source), mapped(destination))
}

/// Section 2.1.
fn version_1(ends: Option<(SocketAddr, SocketAddr)>) -> String {
    let Some((from, to)) = ends else { return "PROXY UNKNOWN\r\n".to_owned() };
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    format!("PROXY {family} {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port())
}

/// Section 2.2. Without ends the family is `AF_UNSPEC`.
fn version_2(command: u8, ends: Option<(SocketAddr, SocketAddr)>, tlvs: &[u8]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(64);
    let family = match ends {
        None => 0x00,
        Some((from, to)) => {
            for end in [from, to] {
                match end.ip() {
                    IpAddr::V4(four) => rest.extend(four.octets()),
                    IpAddr::V6(six) => rest.extend(six.octets()),
                }
            }
            rest.extend(from.port().to_be_bytes());
            rest.extend(to.port().to_be_bytes());
            if from.is_ipv4() { 0x11 } else { 0x21 }
        }
    };
    // Nothing that is told here is near the length of a field; what is, is left out.
    if let Ok(length) = u16::try_from(rest.len() + tlvs.len()) {
        rest.extend(tlvs);
        let fixed = [command, family];
        return [SIGNATURE.as_slice(), &fixed, &length.to_be_bytes(), &rest].concat();
    }
    version_2(command, ends, &[])
}

/// Section 2.2.1.
fn tlvs(facts: &Facts) -> Vec<u8> {
    let mut out = Vec::new();
    if !facts.alpn.is_empty() {
        Tlv::Alpn(facts.alpn.as_bytes().into()).encode(&mut out);
    }
    if !facts.name.is_empty() {
        Tlv::Authority(facts.name.as_str().into()).encode(&mut out);
    }
    if let Some(tls) = facts.tls {
        // `verify` is 0 where there is a certificate and it is good. It belongs to the session; whether it was shown on this
        // very connection, nobody asks.
        let mut ssl = SslInfo::new(true, false, tls.certificate, u32::from(!tls.certificate));
        ssl.append_tlv(Tlv::SslVersion(tls.version.into()));
        Tlv::Ssl(ssl).encode(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proxy_header::{ParseConfig, ProxyHeader};

    use super::super::Tls;
    use super::*;

    fn origin(source: &str, destination: &str) -> Origin {
        Origin { source: source.parse().unwrap(), destination: destination.parse().ok() }
    }

    fn line(source: &str, destination: &str) -> String {
        String::from_utf8(header(ProxyProtocol::V1, origin(source, destination), &Facts::default())).unwrap()
    }

    #[test]
    fn version_1_is_a_line() {
        assert_eq!(line("203.0.113.9:4711", "10.0.0.1:80"), "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n");
        assert_eq!(line("[2001:db8::1]:0", "[::1]:80"), "PROXY TCP6 2001:db8::1 ::1 0 80\r\n");
        assert_eq!(line("127.0.0.1:0", "no address"), "PROXY UNKNOWN\r\n");
        assert_eq!(own(ProxyProtocol::V1), b"PROXY UNKNOWN\r\n");
    }

    #[test]
    fn two_families_are_told_in_the_one_that_holds_both() {
        let told = "PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 9 80\r\n";
        assert_eq!(line("[2001:db8::1]:9", "10.0.0.1:80"), told);
        assert_eq!(line("10.0.0.2:9", "[::1]:80"), "PROXY TCP6 ::ffff:10.0.0.2 ::1 9 80\r\n");
        assert_eq!(line("[::ffff:10.0.0.2]:9", "10.0.0.1:80"), "PROXY TCP4 10.0.0.2 10.0.0.1 9 80\r\n");
    }

    #[test]
    fn version_2_is_as_the_text_says() {
        let bytes = header(ProxyProtocol::V2, origin("203.0.113.9:4711", "10.0.0.1:80"), &Facts::default());
        let rest = [0x21, 0x11, 0, 12, 203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        assert_eq!(bytes, [SIGNATURE.as_slice(), &rest].concat());
        let unknown = header(ProxyProtocol::V2, origin("127.0.0.1:0", ""), &Facts::default());
        assert_eq!(unknown, [SIGNATURE.as_slice(), &[0x21, 0x00, 0, 0]].concat());
        assert_eq!(own(ProxyProtocol::V2), [SIGNATURE.as_slice(), &[0x20, 0x00, 0, 0]].concat());
    }

    #[test]
    fn version_2_tells_what_tls_knows() {
        let told = |certificate| {
            let tls = Some(Tls { version: "TLSv1.3", certificate });
            let facts = Facts { name: "shop.example".into(), alpn: "h2", tls };
            let bytes = header(ProxyProtocol::V2, origin("[2001:db8::1]:9", "[::1]:443"), &facts);
            let (header, length) = ProxyHeader::parse(&bytes, ParseConfig::default()).unwrap();
            assert_eq!((header.authority(), length), (Some("shop.example"), bytes.len()));
            assert!(header.tlvs().any(|tlv| tlv == Ok(Tlv::Alpn(b"h2".as_slice().into()))));
            let ssl = header.tlvs().find_map(|tlv| match tlv {
                Ok(Tlv::Ssl(ssl)) => Some(ssl.into_owned()),
                _ => None,
            });
            let ssl = ssl.unwrap();
            assert!(ssl.client_ssl() && ssl.version() == Some("TLSv1.3"));
            (ssl.client_cert_sess(), ssl.verify())
        };
        assert_eq!(told(true), (true, 0));
        assert_eq!(told(false), (false, 1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(source: SocketAddr, destination: SocketAddr, name in "[a-z.]{0,80}") {
            let origin = Origin { source, destination: Some(destination) };
            let facts = Facts { name, ..Facts::default() };
            let (source, destination) = of_one_family(source, destination);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for version in [ProxyProtocol::V1, ProxyProtocol::V2] {
                let bytes = header(version, origin, &facts);
                let read = runtime.block_on(super::super::read(&mut bytes.as_slice())).unwrap().unwrap();
                let end = |it: SocketAddr| (it.ip(), it.port());
                prop_assert_eq!(end(read.source), end(source));
                prop_assert_eq!(read.destination.map(end), Some(end(destination)));
            }
        }
    }
}
