//! The name that a client asks for, and which host of a plan answers it.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::{HostId, HostTable};

/// Bytes of a host name (RFC 1035, section 2.3.4).
const NAME_MAX: usize = 255;

/// A `Host` field, or the authority of a request, that is no host name with a port (400).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHost;

impl std::fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the host of the request is no host name")
    }
}

impl std::error::Error for InvalidHost {}

/// The name in a `Host` field (RFC 9110, section 7.2): without port and final dot, in lower case. An IPv6 address
/// keeps its brackets, and an empty field, which the grammar allows, is the empty name. Borrows unless it has to lower a
/// letter.
///
/// # Errors
/// [`InvalidHost`] for anything else than a name and a port.
pub fn host_name(field: &str) -> Result<Cow<'_, str>, InvalidHost> {
    if field.is_empty() {
        return Ok(Cow::Borrowed(field));
    }
    let (name, port) = split(field).ok_or(InvalidHost)?;
    let port_fits =
        port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let name = name.strip_suffix('.').unwrap_or(name);
    if !port_fits || !is_name(name) {
        return Err(InvalidHost);
    }
    let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    Ok(if lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) })
}

/// Name and port; the port is empty when there is none.
fn split(field: &str) -> Option<(&str, &str)> {
    if !field.starts_with('[') {
        return Some(field.split_once(':').unwrap_or((field, "")));
    }
    let (name, rest) = field.split_at(field.find(']')? + 1);
    let port = if rest.is_empty() { "" } else { rest.strip_prefix(':')? };
    Some((name, port))
}

fn is_name(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let mut before = b'.';
    let is_next = |byte: u8| {
        let last = std::mem::replace(&mut before, byte);
        // No label is empty.
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && last != b'.')
    };
    !name.is_empty() && name.len() <= NAME_MAX && !name.ends_with('.') && name.bytes().all(is_next)
}

impl HostTable {
    /// The host with the most specific pattern for `name`, which [`host_name`] gave; `None` is nobody's (421).
    pub fn find(&self, name: &str) -> Option<HostId> {
        let parents = || std::iter::successors(parent(name), |name| parent(name));
        let found = look_up(&self.exact, name)
            .or_else(|| look_up(&self.one_label, parent(name)?))
            .or_else(|| parents().find_map(|parent| look_up(&self.many_labels, parent)));
        found.or(self.default)
    }
}

fn look_up(list: &[(String, HostId)], name: &str) -> Option<HostId> {
    let found = list.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
    list.get(found).map(|(_, id)| *id)
}

/// The name without its first label.
fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, parent)| parent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_host_field_gives_a_lower_case_name() {
        let name = |field| host_name(field).unwrap().into_owned();
        assert_eq!(name("shop.example"), "shop.example");
        assert_eq!(name("Shop.Example.:8443"), "shop.example");
        assert_eq!(name("shop.example:"), "shop.example");
        assert_eq!(name("[2001:DB8::1]:443"), "[2001:db8::1]");
        assert_eq!(name("[::1]"), "[::1]");
        assert_eq!(name("192.0.2.1:80"), "192.0.2.1");
        assert_eq!(name("my_host-1"), "my_host-1");
        assert_eq!(name(""), "");
        assert!(matches!(host_name("shop.example:80"), Ok(Cow::Borrowed("shop.example"))));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = format!("{}.example", "a".repeat(255));
        for field in [
            ".",
            "..",
            ":80",
            "a..b",
            ".a",
            "a b",
            "a,b",
            "a/b",
            "user@a",
            "a:b",
            "a:80:90",
            "a:65536",
            "a:+1",
            "é",
            "[::1",
            "[::1]x",
            "[nonsense]",
            "[]",
            "::1",
            "a%20b",
            &long,
        ] {
            assert_eq!(host_name(field), Err(InvalidHost), "{field}");
        }
        assert_eq!(InvalidHost.to_string(), "the host of the request is no host name");
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_name(field in "\\PC{0,40}|[a-cA-C.\\[\\]:0-9-]{0,20}") {
            if let Ok(name) = host_name(&field) {
                let again = host_name(&name);
                prop_assert_eq!(again.as_deref(), Ok(&*name));
            }
        }
    }
}
