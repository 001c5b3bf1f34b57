//! What the management listener answers.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tracing::info;

use crate::pool::Pool;

use super::{Desk, backends, guard, metrics};

/// The body of a response.
pub(super) type Body = Full<Bytes>;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// The text format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is ordered of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Weight(u16),
    Drain,
    Resume,
}

/// Why an order is not followed.
type Refusal = (StatusCode, Cow<'static, str>);

impl Desk {
    /// Answers a request. Whether the peer may ask is looked up each time: the plan may have changed since it connected.
    pub(super) fn answer(&self, peer: IpAddr, request: &Request<()>) -> Response<Body> {
        if !guard::admits(self.published.load().plan.admin.as_ref(), peer) {
            return response(StatusCode::FORBIDDEN, TEXT, "this address is not allowed\n".to_owned());
        }
        if let Some(objection) = guard::objection(request) {
            return response(StatusCode::FORBIDDEN, TEXT, format!("{objection}\n"));
        }
        let path: Option<Vec<String>> = request.uri().path().split('/').skip(1).map(decoded).collect();
        let path: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
        match (path.as_slice(), request.method()) {
            (["backends"], &Method::GET) => {
                let pools = &self.published.load().pools;
                response(StatusCode::OK, JSON, backends::list(pools))
            }
            (["metrics"], &Method::GET) => {
                let text = metrics::text(&self.published.load(), &self.totals);
                response(StatusCode::OK, METRICS, text)
            }
            (["pools", pool, "backends", address, order @ ..], &Method::POST) => {
                let order = read(order, request.uri().query());
                match order.and_then(|order| self.follow(pool, address, order)) {
                    Ok(body) => response(StatusCode::OK, JSON, body),
                    Err((status, why)) => response(status, TEXT, format!("{why}\n")),
                }
            }
            (["backends"] | ["metrics"], _) => not_allowed("GET"),
            (["pools", _, "backends", _, ..], _) => not_allowed("POST"),
            _ => response(
                StatusCode::NOT_FOUND,
                TEXT,
                "there is nothing here: see /backends and /metrics\n".into(),
            ),
        }
    }

    /// Follows an order about the backend at an address; gives its state then.
    fn follow(&self, pool: &str, address: &str, order: Order) -> Result<String, Refusal> {
        let live = self.published.load();
        let Some(pool) = live.pools.iter().find(|it| it.name() == pool) else {
            return Err((StatusCode::NOT_FOUND, format!("there is no pool `{pool}`").into()));
        };
        let is_there = |index: &usize| pool.backends().get(*index).is_some_and(|it| it.address() == address);
        let meant: Vec<usize> = (0..pool.backends().len()).filter(is_there).collect();
        let Some(first) = meant.first().and_then(|index| pool.backends().get(*index)) else {
            let why = format!("pool `{}` has no backend at {address}", pool.name());
            return Err((StatusCode::NOT_FOUND, why.into()));
        };
        if matches!(order, Order::Weight(2..)) && !pool.is_weighted() {
            let why =
                "the balancer of this pool does not look at weights: 0 takes no new client, 1 takes its turn";
            return Err((StatusCode::CONFLICT, why.into()));
        }
        meant.iter().for_each(|&index| carry_out(pool, index, order));
        info!(pool = pool.name(), backend = first.url(), ?order, "ordered by the management listener");
        Ok(backends::one(pool, first))
    }
}

fn carry_out(pool: &Pool, index: usize, order: Order) {
    match order {
        Order::Weight(weight) => pool.set_weight(index, weight),
        Order::Drain => pool.set_draining(index, true),
        Order::Resume => pool.set_draining(index, false),
    }
}

/// The order that stands behind the address of a backend.
fn read(path: &[&str], query: Option<&str>) -> Result<Order, Refusal> {
    match (path, query) {
        (["drain"], None) => Ok(Order::Drain),
        (["resume"], None) => Ok(Order::Resume),
        ([], Some(query)) => {
            let weight = query.strip_prefix("weight=").and_then(|weight| weight.parse().ok());
            weight.map(Order::Weight).ok_or((StatusCode::BAD_REQUEST, "write `weight=` 0 to 65535".into()))
        }
        _ => Err((StatusCode::NOT_FOUND, "write `?weight=N`, `/drain` or `/resume`".into())),
    }
}

/// A segment of a path without its percent-encoding.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || u8::try_from(char::from(rest.next()?).to_digit(16)?).ok();
        bytes.push(if byte == b'%' { digit()? * 16 + digit()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, format!("write {allowed}\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_whole_or_not_at_all() {
        assert_eq!(read(&[], Some("weight=7")), Ok(Order::Weight(7)));
        assert_eq!(read(&["drain"], None), Ok(Order::Drain));
        assert_eq!(read(&["resume"], None), Ok(Order::Resume));
        for query in ["weight=", "weight=-1", "weight=65536", "weight=1&weight=2", "wait=1"] {
            assert_eq!(read(&[], Some(query)).unwrap_err().0, 400, "{query}");
        }
        for path in [&["stop"][..], &["drain", "x"], &[]] {
            assert_eq!(read(path, None).unwrap_err().0, 404, "{path:?}");
        }
        assert_eq!(read(&["drain"], Some("weight=1")).unwrap_err().0, 404);
    }

    #[test]
    fn segments_are_decoded() {
        assert_eq!(decoded("a%20b%2F%c3%a9").as_deref(), Some("a b/é"));
        for wrong in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }
}
