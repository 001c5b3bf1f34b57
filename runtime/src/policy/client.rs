//! Who the client is, when proxies stand in between, and what the backend is told about it.

use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::{Cidr, Forwarded};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::forwarded;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Networks whose forwarded headers are believed, and the headers that this is about.
#[derive(Debug, Clone)]
pub(crate) struct TrustedProxies {
    networks: Vec<Cidr>,
    fields: Forwarded,
}

impl TrustedProxies {
    /// The networks of a listener.
    pub(crate) fn new(networks: &[Cidr], fields: Forwarded) -> Self {
        Self { networks: networks.to_vec(), fields }
    }

    /// Whether a proxy at `address` is believed.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

/// The other end of a client connection. Whether it is a trusted proxy is decided for each request anew: the next plan
/// may trust others.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    address: IpAddr,
    /// The address as it stands in `X-Forwarded-For`.
    text: HeaderValue,
    tls: bool,
}

impl Peer {
    /// A connection from `address`.
    pub(crate) fn new(address: IpAddr, tls: bool) -> Self {
        let address = address.to_canonical();
        // An address is printable, so the fallback is never taken.
        let text = HeaderValue::try_from(address.to_string()).unwrap_or(HeaderValue::from_static("unknown"));
        Self { address, text, tls }
    }

    /// The address that a request with these headers comes from. Every trusted proxy adds whom it got the request from
    /// on the right of `X-Forwarded-For`; so the list is read from there, as far as it was written by trusted ones.
    pub(crate) fn client(&self, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
        let mut address = self.address;
        if !proxies.trust(address) {
            return address;
        }
        let mut follow = |hop: IpAddr| {
            address = hop;
            proxies.trust(hop)
        };
        // Only what trusted proxies are said to write counts: the other header may be the client's own.
        if proxies.fields == Forwarded::Standard {
            let hops = forwarded::hops(headers).map_while(|hop| address_of(&hop?));
            hops.take_while(|hop| follow(*hop)).for_each(drop);
        } else {
            hops(headers).map_while(address_of).take_while(|hop| follow(*hop)).for_each(drop);
        }
        address
    }

    /// Tells the backend whom the request comes from. What a trusted proxy said in the fields that it is believed in
    /// stays, with this peer added to the lists; what anybody else said is taken out. `host` is the host of the request as the client sent it.
    pub(crate) fn forward(
        &self,
        headers: &mut HeaderMap,
        host: Option<&HeaderValue>,
        proxies: &TrustedProxies,
    ) {
        let trusted = proxies.trust(self.address);
        // Proxies pass on what they do not write themselves, so that is the client's, whoever sends it.
        let (legacy, standard) = match proxies.fields {
            Forwarded::Legacy | Forwarded::Both => (trusted, false),
            Forwarded::Standard => (false, trusted),
            Forwarded::Neither => (trusted, trusted),
        };
        if !legacy {
            [FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST].iter().for_each(|it| drop(headers.remove(it)));
        }
        if !standard {
            headers.remove(header::FORWARDED);
        }
        if matches!(proxies.fields, Forwarded::Legacy | Forwarded::Both) {
            self.say_x_forwarded(headers, host);
        }
        if matches!(proxies.fields, Forwarded::Standard | Forwarded::Both) {
            let element = forwarded::element(self.address, host, if self.tls { "https" } else { "http" });
            // Made of an address and a host that was one header already.
            let element = HeaderValue::try_from(element).unwrap_or(HeaderValue::from_static("for=unknown"));
            let list = appended(headers, &header::FORWARDED, &element);
            _ = headers.try_insert(header::FORWARDED, list);
        }
    }

    fn say_x_forwarded(&self, headers: &mut HeaderMap, host: Option<&HeaderValue>) {
        let proto = HeaderValue::from_static(if self.tls { "https" } else { "http" });
        let mut say = |name, value: HeaderValue| {
            if !headers.contains_key(&name) {
                _ = headers.try_insert(name, value);
            }
        };
        say(FORWARDED_PROTO, proto);
        if let Some(host) = host {
            say(FORWARDED_HOST, host.clone());
        }
        let hops = appended(headers, &FORWARDED_FOR, &self.text);
        _ = headers.try_insert(FORWARDED_FOR, hops);
    }
}

/// A list as it came, in one field, with an element added at its end.
fn appended(headers: &HeaderMap, name: &HeaderName, element: &HeaderValue) -> HeaderValue {
    if !headers.contains_key(name) {
        return element.clone();
    }
    let mut list = Vec::new();
    for value in headers.get_all(name) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(element.as_bytes());
    // Joined from valid values, so it is one.
    HeaderValue::from_bytes(&list).unwrap_or_else(|_| element.clone())
}

/// The entries of `X-Forwarded-For`, the last first.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(FORWARDED_FOR).into_iter().rev();
    // A list that is not even text ends the walk, as an entry that is no address does.
    lists.flat_map(|list| list.to_str().unwrap_or("?").rsplit(',')).map(str::trim)
}

/// The address in an entry: alone, or with a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address =
        bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        saying(Forwarded::Legacy)
    }

    fn saying(fields: Forwarded) -> TrustedProxies {
        TrustedProxies::new(&[Cidr::new("10.0.0.0".parse().unwrap(), 8).unwrap()], fields)
    }

    fn peer(address: &str) -> Peer {
        Peer::new(address.parse().unwrap(), false)
    }

    fn many(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        fields
            .iter()
            .for_each(|(name, value)| _ = headers.append(*name, HeaderValue::try_from(*value).unwrap()));
        headers
    }

    fn client(address: &str, lists: &[&'static str]) -> String {
        let fields: Vec<_> = lists.iter().map(|&list| ("x-forwarded-for", list)).collect();
        peer(address).client(&many(&fields), &proxies()).to_string()
    }

    #[test]
    fn the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), "192.0.2.1", "anybody can write the header");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.9,10.0.0.2"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1", "203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9:80"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, \u{e9}"]), "10.0.0.1");
    }

    fn forwarded(address: &str, before: HeaderMap, host: Option<&'static str>) -> Vec<String> {
        said(address, before, host, Forwarded::Legacy)
    }

    fn said(address: &str, before: HeaderMap, host: Option<&'static str>, fields: Forwarded) -> Vec<String> {
        let mut headers = before;
        peer(address).forward(&mut headers, host.map(HeaderValue::from_static).as_ref(), &saying(fields));
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn the_backend_is_told_the_truth() {
        let spoofed = || {
            many(&[
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-for", "2.2.2.2"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "evil.example"),
                ("forwarded", "for=1.1.1.1"),
            ])
        };
        assert_eq!(
            forwarded("192.0.2.1", spoofed(), Some("shop.example")),
            ["x-forwarded-for: 192.0.2.1", "x-forwarded-host: shop.example", "x-forwarded-proto: http"]
        );
        assert_eq!(
            forwarded("192.0.2.1", spoofed(), None),
            ["x-forwarded-for: 192.0.2.1", "x-forwarded-proto: http"]
        );
        assert_eq!(
            forwarded("10.0.0.1", spoofed(), Some("shop.example")),
            [
                "x-forwarded-for: 1.1.1.1, 2.2.2.2, 10.0.0.1",
                "x-forwarded-host: evil.example",
                "x-forwarded-proto: https"
            ]
        );
        assert_eq!(
            forwarded("10.0.0.1", HeaderMap::new(), Some("shop.example")),
            ["x-forwarded-for: 10.0.0.1", "x-forwarded-host: shop.example", "x-forwarded-proto: http"]
        );
    }

    #[test]
    fn the_standard_header_is_written_and_believed_where_it_is_asked_for() {
        let before = || many(&[("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "1.1.1.1")]);
        let host = Some("shop.example");
        let own = "for=192.0.2.1;host=\"shop.example\";proto=http";
        assert_eq!(said("192.0.2.1", before(), host, Forwarded::Standard), [format!("forwarded: {own}")]);
        assert_eq!(said("192.0.2.1", before(), host, Forwarded::Neither), [""; 0]);
        assert_eq!(
            said("10.0.0.1", before(), host, Forwarded::Both),
            [
                "forwarded: for=10.0.0.1;host=\"shop.example\";proto=http",
                "x-forwarded-for: 1.1.1.1, 10.0.0.1",
                "x-forwarded-host: shop.example",
                "x-forwarded-proto: http"
            ]
        );
        let own = "for=203.0.113.9, for=10.0.0.1;host=\"shop.example\";proto=http";
        assert_eq!(
            said("10.0.0.1", before(), host, Forwarded::Standard),
            [format!("forwarded: {own}")],
            "a proxy that writes Forwarded passes X-Forwarded-For of its client on"
        );
        let client = |fields| peer("10.0.0.1").client(&before(), &saying(fields)).to_string();
        assert_eq!(client(Forwarded::Standard), "203.0.113.9");
        assert_eq!(client(Forwarded::Legacy), "1.1.1.1");
    }
}
