//! Variables of header values.

use crate::plan::{CertificatePart, TemplatePart, ValuePart};

/// What can stand in the value of a header, besides the names in the pattern of its route.
#[derive(Debug)]
pub struct Variable {
    /// As it is written: `{method}`.
    pub name: &'static str,
    /// What stands in its place.
    pub value: ValuePart,
    /// What it is, in one sentence.
    pub doc: &'static str,
}

const fn variable(name: &'static str, value: ValuePart, doc: &'static str) -> Variable {
    Variable { name, value, doc }
}

const fn target(name: &'static str, part: TemplatePart, doc: &'static str) -> Variable {
    variable(name, ValuePart::Target(part), doc)
}

const fn certificate(name: &'static str, part: CertificatePart, doc: &'static str) -> Variable {
    variable(name, ValuePart::ClientCertificate(part), doc)
}

/// All variables; the last are those of the flat layout.
pub static VARIABLES: [Variable; 23] = [
    variable(
        "{client-address}",
        ValuePart::ClientAddress,
        "The client's address, as trusted proxies report it.",
    ),
    variable("{time}", ValuePart::Time, "Now, in UTC with milliseconds (RFC 3339)."),
    variable("{uuid}", ValuePart::Uuid, "A random UUID (RFC 9562, version 4)."),
    variable(
        "{counter}",
        ValuePart::Counter,
        "How many requests the chosen backend has got, this one included.",
    ),
    variable("{method}", ValuePart::Method, "The method."),
    variable("{scheme}", ValuePart::Scheme, "`http` or `https`, as the client spoke to this proxy."),
    target("{host}", TemplatePart::Host, "The host that was asked for, without port."),
    target("{path}", TemplatePart::Path, "The path."),
    target("{query}", TemplatePart::Query, "`?` and the query; empty when there is none."),
    variable("{tls-version}", ValuePart::TlsVersion, "The version of TLS: `TLSv1.3`; empty without TLS."),
    variable("{tls-cipher}", ValuePart::TlsCipher, "The cipher suite by its IANA name; empty without TLS."),
    variable(
        "{server-name}",
        ValuePart::ServerName,
        "The name that the client asked for in its handshake, if any.",
    ),
    certificate(
        "{client-cert-subject}",
        CertificatePart::Subject,
        "The subject of the client's certificate: `CN=billing,O=Shop` (RFC 4514); empty without one, as all that follow.",
    ),
    certificate("{client-cert-issuer}", CertificatePart::Issuer, "Who signed it, in the same way."),
    certificate(
        "{client-cert-serial}",
        CertificatePart::Serial,
        "Its serial number in lower-case hexadecimal, two digits for each byte.",
    ),
    certificate(
        "{client-cert-fingerprint}",
        CertificatePart::Fingerprint,
        "SHA-256 of the certificate in lower-case hexadecimal.",
    ),
    certificate(
        "{client-cert-dns}",
        CertificatePart::DnsNames,
        "The host names in it, with commas between them.",
    ),
    certificate(
        "{client-cert-uri}",
        CertificatePart::Uris,
        "The URIs in it, as `spiffe://shop.example/billing`, with commas between them.",
    ),
    certificate(
        "{client-cert-verified}",
        CertificatePart::Verified,
        "`yes` when the client showed a certificate, which leads to the roots then; `no` otherwise.",
    ),
    variable("$remote_addr", ValuePart::ClientAddress, "`{client-address}` of the flat layout."),
    variable("$time", ValuePart::Time, "`{time}` of the flat layout."),
    variable("$uuid", ValuePart::Uuid, "`{uuid}` of the flat layout."),
    variable("$incremental", ValuePart::Counter, "`{counter}` of the flat layout."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_writes_them_as_a_config_does() {
        for variable in VARIABLES.iter().filter(|it| !it.name.starts_with('$')) {
            assert_eq!(variable.value.to_string(), variable.name);
        }
    }
}
