//! `Forwarded` (RFC 7239).

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header};

/// The nodes that a request was forwarded for, the last first; `None` for one that is hidden, unknown or missing.
pub(super) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<String>> {
    let lists = headers.get_all(header::FORWARDED).into_iter().rev();
    // A list that is not even text ends the walk, as an element without an address does.
    lists.flat_map(|list| split(list.to_str().unwrap_or("?"), b',').into_iter().rev()).map(node)
}

/// The node that an element says the request is for.
fn node(element: &str) -> Option<String> {
    split(element, b';').into_iter().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| unquoted(value.trim()))
    })
}

fn unquoted(value: &str) -> String {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    quoted.map_or_else(|| value.to_owned(), |text| text.replace('\\', ""))
}

/// The pieces between `separator`s that stand in no quotes.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let (mut pieces, mut start) = (vec![], 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => {
                pieces.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.extend(text.get(start..));
    pieces
}

/// What this proxy adds: whom it got the request from, for which host, and over what.
pub(super) fn element(client: IpAddr, host: Option<&HeaderValue>, proto: &str) -> String {
    let client = match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    let host = host.and_then(|host| host.to_str().ok());
    let host = host.filter(|host| !host.contains(['"', '\\'])).map(|host| format!(";host=\"{host}\""));
    format!("for={client}{};proto={proto}", host.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lists: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        lists.iter().for_each(|list| _ = headers.append(header::FORWARDED, HeaderValue::from_static(list)));
        hops(&headers).map(|hop| hop.unwrap_or("-".into())).collect()
    }

    #[test]
    fn elements_are_read_from_the_end() {
        assert_eq!(
            read(&["for=192.0.2.43, FOR=\"[2001:db8::1]:4711\";proto=http", "for=_hidden"]),
            ["_hidden", "[2001:db8::1]:4711", "192.0.2.43"]
        );
        assert_eq!(read(&["by=\"a,for=1.1.1.1;b\";for=2.2.2.2"]), ["2.2.2.2"]);
        assert_eq!(read(&["by=\"a\\\",for=1.1.1.1\""]), ["-"], "an escaped quote ends nothing");
        assert_eq!(read(&["for=1.1.1.1, by=\"never ends, for=2.2.2.2"]), ["-", "1.1.1.1"]);
        assert_eq!(read(&["proto=http", ""]), ["-", "-"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let host = HeaderValue::from_static("shop.example:8080");
        let four = element("192.0.2.1".parse().unwrap(), Some(&host), "https");
        assert_eq!(four, "for=192.0.2.1;host=\"shop.example:8080\";proto=https");
        let six = element("2001:db8::1".parse().unwrap(), None, "http");
        assert_eq!(six, "for=\"[2001:db8::1]\";proto=http");
        assert_eq!(node(&six).unwrap(), "[2001:db8::1]");
    }
}
