//! Cookies of a request (RFC 6265, section 4.2).

use http::header::{COOKIE, Entry};
use http::{HeaderMap, HeaderValue};

/// The first value of the cookie with this name.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    headers.get_all(COOKIE).iter().flat_map(crumbs).find_map(|crumb| named(crumb, name))
}

/// Takes out every cookie with this name.
pub(crate) fn take_out(headers: &mut HeaderMap, name: &str) {
    if value(headers, name).is_none() {
        return;
    }
    let others = headers.get_all(COOKIE).iter().flat_map(crumbs).filter(|crumb| named(crumb, name).is_none());
    let others = others.collect::<Vec<_>>().join(&b"; "[..]);
    if let Entry::Occupied(mut cookies) = headers.entry(COOKIE) {
        match HeaderValue::from_bytes(&others) {
            Ok(others) if !others.is_empty() => drop(cookies.insert(others)),
            _ => drop(cookies.remove()),
        }
    }
}

/// The cookies of one line, each with its name.
fn crumbs(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    line.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|crumb| !crumb.is_empty())
}

/// The value of a cookie, if it has this name.
fn named<'c>(crumb: &'c [u8], name: &str) -> Option<&'c [u8]> {
    let at = crumb.iter().position(|byte| *byte == b'=')?;
    let (found, value) = crumb.split_at_checked(at)?;
    (found.trim_ascii() == name.as_bytes()).then(|| value.get(1..).unwrap_or_default().trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| _ = headers.append(COOKIE, HeaderValue::from_str(line).unwrap()));
        headers
    }

    fn left(lines: &[&str], name: &str) -> Vec<String> {
        let mut headers = headers(lines);
        take_out(&mut headers, name);
        headers.get_all(COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let found = |lines: &[&str]| value(&headers(lines), "at").map(<[u8]>::to_vec);
        assert_eq!(found(&["a=1; at=2; at=3"]).as_deref(), Some(&b"2"[..]));
        assert_eq!(found(&["a=1", " at = x=y "]).as_deref(), Some(&b"x=y"[..]));
        assert_eq!(found(&["that=1; AT=2; at"]), None);
        assert_eq!(found(&["at="]).as_deref(), Some(&b""[..]));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_cookie_is_taken_out_and_the_others_stay() {
        assert_eq!(left(&["a=1; at=2; b=3;at=4"], "at"), ["a=1; b=3"]);
        assert_eq!(left(&["at=2"], "at"), [""; 0]);
        assert_eq!(left(&["a=1", "at=2", "flag; b=3"], "at"), ["a=1; flag; b=3"]);
        assert_eq!(left(&["a=1;  b=2"], "at"), ["a=1;  b=2"], "as it was");
    }
}
