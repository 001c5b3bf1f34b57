//! What WebSocket asks of those that pass it from one version of HTTP to another (RFC 6455, RFC 8441).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use http::header::UPGRADE;
use http::{HeaderMap, HeaderValue};

/// The name of the protocol.
const NAME: &[u8] = b"websocket";
/// What is hashed behind the key (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether `Upgrade` asks for a WebSocket and nothing else.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(is_named)
}

/// Whether this is the name of the protocol.
pub(crate) fn is_named(protocol: &HeaderValue) -> bool {
    protocol.as_bytes().eq_ignore_ascii_case(NAME)
}

/// A `Sec-WebSocket-Key` that was not there before (RFC 6455, section 4.1).
pub(crate) fn key() -> HeaderValue {
    let mut random = [0; 16];
    _ = aws_lc_rs::rand::fill(&mut random); // it only tells answers apart, and zeros do so too
    value(&random)
}

/// The `Sec-WebSocket-Accept` that answers a key.
pub(crate) fn accept(key: &HeaderValue) -> HeaderValue {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat());
    value(hash.as_ref())
}

fn value(bytes: &[u8]) -> HeaderValue {
    // Letters, digits, `+`, `/` and `=` are always a value.
    HeaderValue::try_from(base64(bytes)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * at) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_accepted_as_the_standard_does() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(value(b"the sample nonce"), key);
        assert!(self::key() != self::key() && self::key().len() == 24);
    }

    #[test]
    fn every_length_is_padded() {
        let texts = [&b""[..], b"f", b"fo", b"foo", b"foob"].map(base64);
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
