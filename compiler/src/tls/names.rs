//! Which names a certificate covers (RFC 9525): its alternative names alone, a wildcard for exactly one label.

use std::net::IpAddr;

use super::Certificate;

/// Whether `certificate` covers the host pattern `host`: a name, an address, `*.name`, or `**.name`, which counts as
/// covered where one label in front is.
pub(crate) fn covers(certificate: &Certificate, host: &str) -> bool {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return certificate.addresses.contains(&address);
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with("*.")).unwrap_or(host);
    // A wildcard for a whole top-level domain is for nothing.
    let parent = host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
    let wildcard = parent.map(|parent| format!("*.{parent}"));
    certificate.names.iter().any(|name| name == host || wildcard.as_ref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::super::read_certificates;
    use super::super::testing::{Issued, Scratch};
    use super::*;

    #[test]
    fn wildcards_cover_one_label() {
        let scratch = Scratch::new();
        let names = ["shop.example", "*.shop.example", "10.0.0.1", "*.example"];
        let (path, _) = scratch.issue("it", &Issued::new(&names));
        let certificate = &read_certificates(&path).unwrap()[0];
        for host in ["shop.example", "www.shop.example", "*.shop.example", "**.shop.example", "10.0.0.1"] {
            assert!(covers(certificate, host), "{host}");
        }
        for host in
            ["example", "a.b.shop.example", "*.www.shop.example", "10.0.0.2", "[::1]", "other.example"]
        {
            assert!(!covers(certificate, host), "{host}");
        }
    }
}
