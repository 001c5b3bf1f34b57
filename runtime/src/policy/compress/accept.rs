//! Which encoding suits a client: `Accept-Encoding` (RFC 9110, section 12.5.3).

use divisor_schema::plan::Encoding;
use http::HeaderValue;
use http::header::GetAll;

/// Of `encodings`, the one that a client likes best, the first among equals; `None` is as it is.
pub(super) fn choose(fields: &GetAll<'_, HeaderValue>, encodings: &[Encoding]) -> Option<Encoding> {
    let fields = || fields.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    let weight = |wanted: &dyn Fn(&str) -> bool| {
        fields().filter_map(member).find(|(coding, _)| wanted(coding)).map(|(_, weight)| weight)
    };
    let any = weight(&|coding| coding == "*");
    let liked = |encoding: Encoding| weight(&|coding| is(coding, encoding)).or(any).unwrap_or(0);
    let best = encodings.iter().map(|&encoding| (encoding, liked(encoding)));
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    // Where nothing is said of it, what is not encoded is liked least.
    let plain = weight(&|coding| coding.eq_ignore_ascii_case("identity")).unwrap_or(0);
    best.filter(|(_, liked)| *liked > 0 && *liked >= plain).map(|(encoding, _)| encoding)
}

fn is(coding: &str, encoding: Encoding) -> bool {
    let named = |name| coding.eq_ignore_ascii_case(name);
    match encoding {
        Encoding::Zstd => named("zstd"),
        Encoding::Brotli => named("br"),
        Encoding::Gzip => named("gzip") || named("x-gzip"),
    }
}

/// A coding and its weight in thousandths; `None` for what cannot be read.
fn member(member: &str) -> Option<(&str, u16)> {
    let mut parts = member.split(';').map(str::trim);
    let coding = parts.next().filter(|coding| !coding.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((coding, weight.map_or(Some(1000), thousandths)?))
}

/// `qvalue` of RFC 9110, section 12.4.2.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: u16 = if digits { format!("{fraction:0<3}").parse().ok()? } else { return None };
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT_ENCODING;

    use super::*;

    fn chosen(accept: &[&'static str]) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        accept.iter().for_each(|value| _ = headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value)));
        choose(&headers.get_all(ACCEPT_ENCODING), &[Encoding::Zstd, Encoding::Brotli, Encoding::Gzip])
    }

    #[test]
    fn weights_come_before_our_own_order() {
        assert_eq!(chosen(&["gzip, br, zstd"]), Some(Encoding::Zstd));
        assert_eq!(chosen(&["gzip, br"]), Some(Encoding::Brotli));
        assert_eq!(chosen(&["br;q=0.5, gzip;q=0.8"]), Some(Encoding::Gzip));
        assert_eq!(chosen(&["gzip", "br;q=0.999"]), Some(Encoding::Gzip));
        assert_eq!(chosen(&["X-GZIP ; q=1.000"]), Some(Encoding::Gzip));
        assert_eq!(chosen(&["*"]), Some(Encoding::Zstd));
        assert_eq!(chosen(&["zstd;q=0, *;q=0.1"]), Some(Encoding::Brotli));
    }

    #[test]
    fn nothing_is_forced_on_a_client() {
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[""]), None);
        assert_eq!(chosen(&["identity"]), None);
        assert_eq!(chosen(&["gzip;q=0"]), None);
        assert_eq!(chosen(&["deflate, compress"]), None);
        assert_eq!(chosen(&["gzip;q=0.5, identity"]), None);
        assert_eq!(chosen(&["*;q=0"]), None);
        assert_eq!(chosen(&["gzip;q=2, br;q=x, zstd;q=0.0001"]), None, "not a weight");
    }
}
