//! A name in a certificate as text (RFC 4514): `CN=billing,O=Shop`.

use std::fmt::Write as _;

/// A name as text: the most specific part first, in printable ASCII. `name` is what the outer SEQUENCE holds; `None` for
/// one that cannot be read.
pub(super) fn text(name: &[u8]) -> Option<String> {
    let mut parts = vec![];
    for set in Items(name) {
        let mut part = vec![];
        for pair in Items(set?.content) {
            let mut pair = Items(pair?.content);
            part.push(attribute(pair.next()??, pair.next()??)?);
        }
        parts.push(part.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

/// One type with its value. Types that have no usual name are written as numbers, and their values as hexadecimal DER.
fn attribute(kind: Item<'_>, value: Item<'_>) -> Option<String> {
    const UTF8: u8 = 0x0C;
    const PRINTABLE: u8 = 0x13;
    const IA5: u8 = 0x16;
    let known = match (kind.content, value.tag) {
        (_, tag) if ![UTF8, PRINTABLE, IA5].contains(&tag) => None,
        ([0x55, 4, 3], _) => Some("CN"),
        ([0x55, 4, 5], _) => Some("serialNumber"),
        ([0x55, 4, 6], _) => Some("C"),
        ([0x55, 4, 7], _) => Some("L"),
        ([0x55, 4, 8], _) => Some("ST"),
        ([0x55, 4, 9], _) => Some("STREET"),
        ([0x55, 4, 10], _) => Some("O"),
        ([0x55, 4, 11], _) => Some("OU"),
        ([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25], _) => Some("DC"),
        ([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1], _) => Some("UID"),
        ([0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1], _) => Some("emailAddress"),
        _ => None,
    };
    match known {
        Some(name) => Some(format!("{name}={}", escaped(std::str::from_utf8(value.content).ok()?))),
        None => {
            let hex = value.whole.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
                hex
            });
            Some(format!("{}=#{hex}", dotted(kind.content)?))
        }
    }
}

/// A value so that no part of it can be taken for another attribute, in printable ASCII (RFC 4514, section 2.4).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.bytes().enumerate() {
        let edge = (at == 0 && (byte == b'#' || byte == b' ')) || (at == last && byte == b' ');
        match byte {
            b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | b'=' => text.extend(['\\', char::from(byte)]),
            _ if edge => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\{byte:02X}"); // writing to a string cannot fail
            }
        }
    }
    text
}

/// An object identifier with its numbers: `2.5.4.3`.
fn dotted(bytes: &[u8]) -> Option<String> {
    let mut numbers = vec![];
    let mut number = 0_u64;
    for byte in bytes {
        number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut number));
        }
    }
    let first = *numbers.first()?;
    let root = (first / 40).min(2);
    let rest = numbers.iter().skip(1).map(ToString::to_string);
    let all: Vec<String> =
        [root.to_string(), (first - root * 40).to_string()].into_iter().chain(rest).collect();
    Some(all.join("."))
}

/// One item of DER.
#[derive(Clone, Copy)]
struct Item<'a> {
    tag: u8,
    content: &'a [u8],
    /// Tag, length and content.
    whole: &'a [u8],
}

/// The items of DER that stand one after the other; ends with `None` where they are damaged.
struct Items<'a>(&'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Option<Item<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let item = item(self.0);
        self.0 = item.and_then(|item| self.0.get(item.whole.len()..)).unwrap_or_default();
        Some(item)
    }
}

/// The first item. No name is longer than two bytes can say.
fn item(bytes: &[u8]) -> Option<Item<'_>> {
    let (tag, rest) = bytes.split_first()?;
    let (head, length) = match rest {
        [length @ 0..=0x7f, ..] => (2, usize::from(*length)),
        [0x81, length, ..] => (3, usize::from(*length)),
        [0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return None,
    };
    let whole = bytes.get(..head + length)?;
    Some(Item { tag: *tag, content: whole.get(head..)?, whole })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

    use super::*;

    fn said(parts: &[(DnType, DnValue)]) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        parts.iter().for_each(|(kind, value)| params.distinguished_name.push(kind.clone(), value.clone()));
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        text(webpki::EndEntityCert::try_from(certificate.der()).unwrap().subject()).unwrap()
    }

    fn utf8(text: &str) -> DnValue {
        DnValue::Utf8String(text.to_owned())
    }

    #[test]
    fn the_most_specific_part_comes_first() {
        let parts = [
            (DnType::CountryName, utf8("DE")),
            (DnType::OrganizationName, utf8("Shop")),
            (DnType::CommonName, utf8("billing")),
        ];
        assert_eq!(said(&parts), "CN=billing,O=Shop,C=DE");
        assert_eq!(said(&[]), "");
    }

    #[test]
    fn no_value_can_pass_for_another_attribute() {
        assert_eq!(said(&[(DnType::CommonName, utf8("a,O=admin+B"))]), "CN=a\\,O\\=admin\\+B");
        assert_eq!(said(&[(DnType::CommonName, utf8("#\"ä\n "))]), "CN=\\#\\\"\\C3\\A4\\0A\\ ");
        let custom = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 99_999]);
        assert_eq!(said(&[(custom, utf8("x"))]), "1.3.6.1.4.1.99999=#0c0178");
        assert_eq!(dotted(&[0x88, 0x37, 3]).unwrap(), "2.999.3");
        assert_eq!(dotted(&[0xff; 11]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = text(&bytes);
        }

        #[test]
        fn what_is_said_is_a_header(value in ".{0,20}") {
            let said = escaped(&value);
            prop_assert!(HeaderValue::try_from(&said).is_ok());
        }
    }
}
