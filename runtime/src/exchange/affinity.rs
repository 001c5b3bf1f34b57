//! What ties a request to a backend: its key, and the cookie that says where its client is.

use std::net::IpAddr;

use divisor_schema::plan::HashKey;
use http::HeaderMap;

use crate::message::cookie;
use crate::pool::{Affinity, Pool, key};

use super::request::Target;

/// What ties a request to a backend of `pool`. The sticky cookie of the pool is taken out: it is nothing to a backend.
pub(super) fn affinity(pool: &Pool, client: IpAddr, target: &Target, headers: &mut HeaderMap) -> Affinity {
    let key = pool.key().map_or(0, |by| request_key(by, client, target, headers));
    let home = pool.sticky().and_then(|sticky| {
        let home = cookie::value(headers, sticky.name()).and_then(|value| pool.home(value));
        cookie::take_out(headers, sticky.name());
        home
    });
    Affinity { key, home }
}

/// What a request is told apart by; the client's address where it lacks it.
fn request_key(by: &HashKey, client: IpAddr, target: &Target, headers: &HeaderMap) -> u64 {
    let text = match by {
        HashKey::ClientAddress => None,
        HashKey::Path => Some(target.path.as_bytes()),
        HashKey::Header(name) => headers.get(name).map(|value| value.as_bytes()),
        HashKey::Cookie(name) => cookie::value(headers, name),
        HashKey::Query(name) => target.query.as_deref().and_then(|query| parameter(query, name)),
    };
    text.map_or_else(|| key::of_address(client), key::of_text)
}

/// The first value of a query parameter, as it is written.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q [u8]> {
    let named = |pair: &'q str| match pair.split_once('=') {
        Some((found, value)) => (found == name).then_some(value),
        None => (pair == name).then_some(""),
    };
    query.split('&').find_map(named).map(str::as_bytes)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    #[test]
    fn requests_are_told_apart_by_what_the_pool_says() {
        let target = Target {
            method: Method::GET,
            host: "a".into(),
            authority: HeaderValue::from_static("a"),
            path: "/cart".into(),
            query: Some("a=1&user=joe&flag&user=ann".into()),
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-user", HeaderValue::from_static("joe"));
        headers.insert("cookie", HeaderValue::from_static("id=joe; user=ann"));
        let client: IpAddr = [192, 0, 2, 1].into();
        let found = |by: HashKey| request_key(&by, client, &target, &headers);
        let joe = key::of_text(b"joe");
        assert_eq!(found(HashKey::Header("x-user".into())), joe);
        assert_eq!(found(HashKey::Cookie("id".into())), joe);
        assert_eq!(found(HashKey::Query("user".into())), joe);
        assert_eq!(found(HashKey::Query("flag".into())), key::of_text(b""));
        assert_eq!(found(HashKey::Path), key::of_text(b"/cart"));
        let address = key::of_address(client);
        for missing in [
            HashKey::ClientAddress,
            HashKey::Header("x-absent".into()),
            HashKey::Cookie("absent".into()),
            HashKey::Query("use".into()),
        ] {
            assert_eq!(found(missing.clone()), address, "{missing:?}");
        }
    }
}
