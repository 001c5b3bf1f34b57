//! Probes in gRPC: `grpc.health.v1.Health/Check`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::support::{Client, Port};
use super::peer::{self, Peer};
use super::site;

const SERVING: u64 = 1;
const NOT_SERVING: u64 = 2;
/// No status of the protocol: the call itself fails.
const FAILING: u64 = 100;
/// Nor this: there is no answer.
const SILENT: u64 = 101;

/// A gRPC server whose service `shop.Cart` is as it was set last, and that answers other requests with 204.
async fn server() -> (Peer, Arc<AtomicU64>) {
    let status = Arc::new(AtomicU64::new(SERVING));
    let now = Arc::clone(&status);
    let answer = move |request: http::Request<h2::RecvStream>,
                       mut respond: h2::server::SendResponse<Bytes>| {
        let now = now.load(Ordering::SeqCst);
        async move {
            if request.uri().path() != "/grpc.health.v1.Health/Check" {
                respond.send_response(peer::head(204), true).unwrap();
                return;
            }
            assert_eq!(
                (request.method().as_str(), request.headers()["content-type"].to_str().unwrap()),
                ("POST", "application/grpc")
            );
            let asked = peer::all(&mut request.into_body()).await.0;
            assert_eq!(asked, b"\0\0\0\0\x0b\x0a\x09shop.Cart");
            if now == SILENT {
                return std::future::pending().await;
            }
            let mut stream = respond.send_response(peer::head(200), false).unwrap();
            let code = if now == FAILING { "14" } else { "0" };
            if now != FAILING {
                let message = [0, 0, 0, 0, 2, 8, u8::try_from(now).unwrap()];
                stream.send_data(Bytes::copy_from_slice(&message), false).unwrap();
            }
            let name = HeaderName::from_static("grpc-status");
            stream.send_trailers(HeaderMap::from_iter([(name, HeaderValue::from_static(code))])).unwrap();
        }
    };
    (Peer::start(|_| {}, answer).await, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_whether_it_serves() {
    let ((peer, status), port) = (server().await, Port::reserve());
    let probe =
        r#"probe type="grpc" service="shop.Cart" every="50ms" timeout="300ms" fall=1 rise=1 initial="dead""#;
    let server = site(&port, &peer.url(), "", probe, "").run();
    server.wait_for("backend is up");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 204);
    let ill = [
        (NOT_SERVING, "says NOT_SERVING"),
        (FAILING, "has grpc-status 14"),
        (SILENT, "no whole answer to the probe within 300ms"),
    ];
    for (times, (now, said)) in ill.into_iter().enumerate() {
        status.store(now, Ordering::SeqCst);
        let line = server.wait_for_nth("backend is down", times + 1);
        assert!(line.contains(said), "{line}");
        assert_eq!(client.get("/").await.status, 503);
        status.store(SERVING, Ordering::SeqCst);
        server.wait_for_nth("backend is up", times + 2);
        assert_eq!(client.get("/").await.status, 204);
    }
}
