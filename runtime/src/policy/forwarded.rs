//! `Forwarded` (RFC 7239).

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header};

/// The nodes that a request was forwarded for, the last first; `None` for one that is hidden, unknown or missing.
pub(super) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<String>> {
    let lists = headers.get_all(header::FORWARDED).into_iter().rev();
    // A list that is not even text ends the walk, as an element without an address does.
    lists.flat_map(|list| pieces(list.to_str().unwrap_or("?"), b',')).map(node)
}

/// The node that an element says the request is for.
fn node(element: &str) -> Option<String> {
    pieces(element, b';').into_iter().rev().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| unquoted(value.trim()))
    })
}

fn unquoted(value: &str) -> String {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    quoted.map_or_else(|| value.to_owned(), |text| text.replace('\\', ""))
}

/// The pieces between `separator`s that stand in no quotes, the last first. Read from the end: what a trusted proxy wrote
/// there is well formed, and no quote that a client left open before it may swallow it.
fn pieces(text: &str, separator: u8) -> Vec<&str> {
    let (mut pieces, mut end, mut quoted) = (vec![], text.len(), false);
    for (at, byte) in text.bytes().enumerate().rev() {
        if byte == b'"' && !is_escaped(text.as_bytes(), at) {
            quoted = !quoted;
        } else if byte == separator && !quoted {
            pieces.extend(text.get(at + 1..end));
            end = at;
        }
    }
    pieces.extend(text.get(..end));
    pieces
}

/// Whether the byte at `at` has an odd number of backslashes before it.
fn is_escaped(text: &[u8], at: usize) -> bool {
    text.iter().take(at).rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
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
        assert_eq!(
            read(&["by=\"a\\\\\", for=2.2.2.2"]),
            ["2.2.2.2", "-"],
            "an escaped backslash escapes nothing"
        );
        assert_eq!(read(&["proto=http", ""]), ["-", "-"]);
    }

    #[test]
    fn a_quote_that_a_client_leaves_open_hides_nothing_that_a_proxy_adds() {
        assert_eq!(read(&["for=10.1.2.3;x=\", for=2.2.2.2"])[0], "2.2.2.2");
        assert_eq!(read(&["x=\"\\, for=\"[2001:db8::1]\";proto=http"])[0], "[2001:db8::1]");
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
