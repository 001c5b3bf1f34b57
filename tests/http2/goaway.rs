//! Connections that end, on either side, without a loss.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::super::support::frames::{self, ACK, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RESET, SETTINGS};
use super::super::support::{Client, Port};
use super::{peer, site};

/// What a backend does with the first request; it answers all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// Refuses the stream.
    Refuse,
    /// Ends the connection, and says that it has looked at nothing.
    GoAway,
    /// Resets the stream without a word about what it has done.
    Reset,
}

/// A backend that counts the requests that it has looked at.
async fn backend(first: First) -> (std::net::SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, looked_at) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let looked = Arc::clone(&looked_at);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, first, Arc::clone(&seen), Arc::clone(&looked)));
        }
    });
    (address, looked_at)
}

async fn serve(mut stream: TcpStream, first: First, seen: Arc<AtomicU64>, looked_at: Arc<AtomicU64>) {
    let mut preface = [0; frames::PREFACE.len()];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut preface).await.unwrap();
    stream.write_all(&frames::frame(SETTINGS, 0, 0, &[])).await.unwrap();
    while let Some(frame) = frames::next(&mut stream).await {
        let answer = match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => frames::frame(SETTINGS, ACK, 0, &[]),
            HEADERS if seen.fetch_add(1, Ordering::SeqCst) == 0 => match first {
                First::Refuse => frames::frame(RESET, 0, frame.stream, &7_u32.to_be_bytes()),
                First::Reset => frames::frame(RESET, 0, frame.stream, &2_u32.to_be_bytes()),
                First::GoAway => frames::frame(GOAWAY, 0, 0, &[0; 8]),
            },
            HEADERS => {
                looked_at.fetch_add(1, Ordering::SeqCst);
                // `:status: 204`, from the static table.
                frames::frame(HEADERS, END_HEADERS | END_STREAM, frame.stream, &[0x89])
            }
            _ => continue,
        };
        stream.write_all(&answer).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_backend_did_not_look_at_is_sent_again() {
    for first in [First::Refuse, First::GoAway] {
        for method in ["GET", "POST"] {
            let ((address, looked_at), port) = (backend(first).await, Port::reserve());
            let retry = "retry 1 { on \"connect-failure\" }";
            let _server = site(&port, &format!("h2c://{address}"), "", "", retry).run();
            let answer = Client::connect(port.address).await.send(method, "/", &[], "").await.unwrap();
            assert_eq!(answer.status, 204, "{first:?} {method}");
            assert_eq!(looked_at.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_it_may_have_looked_at_is_not() {
    let ((address, looked_at), port) = (backend(First::Reset).await, Port::reserve());
    let retry = "retry 1 { on \"connect-failure\" \"reset\" }";
    let _server = site(&port, &format!("h2c://{address}"), "", "", retry).run();
    let answer = Client::connect(port.address).await.send("POST", "/", &[], "").await.unwrap();
    assert_eq!((answer.status.as_u16(), looked_at.load(Ordering::SeqCst)), (502, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_the_streams_under_way_end() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let peer = peer::Peer::start(
        |_| {},
        move |_, mut respond| {
            let gate = Arc::clone(&opened);
            async move {
                let mut stream = respond.send_response(peer::head(200), false).unwrap();
                peer::say(&mut stream, "first");
                gate.acquire().await.unwrap().forget();
                stream.send_data("last".into(), true).unwrap();
            }
        },
    );
    let (peer, port) = (peer.await, Port::reserve());
    let server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let mut client = peer::client(port.address).await;
    let (response, _) = client.send_request(peer::request("GET", "/"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(peer::piece(&mut body).await.unwrap(), "first");
    server.signal("TERM");
    // GOAWAY is here when the client may begin no more.
    super::super::support::until("GOAWAY", async || {
        client.clone().send_request(peer::request("GET", "/"), true).is_err()
    })
    .await;
    gate.add_permits(9);
    assert_eq!(peer::all(&mut body).await.0, b"last");
    let mut server = server;
    assert!(server.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_reset_is_sent_again_only_where_the_route_and_its_budget_say_so() {
    for (retry, method, path, status, times) in [
        ("retry 0", "GET", "/internal", 502, 1),
        (r#"retry 1 budget="0%""#, "GET", "/internal", 502, 1),
        (r#"retry 1 { on "connect-failure" }"#, "GET", "/internal", 502, 1),
        ("retry 1", "GET", "/internal", 502, 2),
        ("retry 1", "POST", "/internal", 502, 1),
        ("retry 0", "GET", "/refused", 502, 1),
        (r#"retry 1 budget="0%""#, "POST", "/refused", 502, 1),
        (r#"retry 1 { on "reset" }"#, "POST", "/refused", 502, 1),
        ("retry 1", "POST", "/refused", 502, 2),
    ] {
        let resets = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&resets);
        let backend = peer::Peer::start(
            |_| {},
            move |request, mut respond| {
                let reason = match request.uri().path() {
                    "/internal" => Some(h2::Reason::INTERNAL_ERROR),
                    "/refused" => Some(h2::Reason::REFUSED_STREAM),
                    _ => None,
                };
                match reason {
                    Some(reason) => {
                        counted.fetch_add(1, Ordering::SeqCst);
                        respond.send_reset(reason);
                    }
                    None => drop(respond.send_response(peer::head(204), true).unwrap()),
                }
                async {}
            },
        );
        let (backend, port) = (backend.await, Port::reserve());
        let server = site(&port, &backend.url(), "", "eject consecutive-errors=0", retry).run();
        let mut client = Client::connect(port.address).await;
        assert_eq!(client.get("/").await.status, 204); // so that the connection is there
        let answer = client.send(method, path, &[], "").await.unwrap();
        let seen = (answer.status.as_u16(), resets.load(Ordering::SeqCst), backend.connections());
        assert_eq!(seen, (status, times, 1), "{retry} {method} {path}");
        server.wait_for("reset the stream before its response");
    }
}

/// A backend whose first connection answers one request, and ends when `others` more have come. All later ones answer.
async fn dies_idle(others: u64) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut most = others + 1;
        while let Ok((mut stream, _)) = listener.accept().await {
            let last = std::mem::replace(&mut most, u64::MAX);
            tokio::spawn(async move {
                let mut preface = [0; frames::PREFACE.len()];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut preface).await.unwrap();
                stream.write_all(&frames::frame(SETTINGS, 0, 0, &[])).await.unwrap();
                let mut requests = 0;
                while let Some(frame) = frames::next(&mut stream).await {
                    requests += u64::from(frame.kind == HEADERS);
                    let answer = match frame.kind {
                        SETTINGS if frame.flags & ACK == 0 => frames::frame(SETTINGS, ACK, 0, &[]),
                        HEADERS if requests == last => return,
                        HEADERS if requests > 1 && last < u64::MAX => continue,
                        HEADERS => frames::frame(HEADERS, END_HEADERS | END_STREAM, frame.stream, &[0x89]),
                        _ => continue,
                    };
                    stream.write_all(&answer).await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_cross_on_a_connection_that_has_died_are_sent_again() {
    let (address, port) = (dies_idle(6).await, Port::reserve());
    let server = site(&port, &format!("h2c://{address}"), "", "", "retry 0").run();
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 204);
    let ask = |_| tokio::spawn(async move { Client::connect(port.address).await.get("/").await.status });
    let asked: Vec<_> = (0..6).map(ask).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), 204);
    }
    assert_eq!(server.count("closed the connection"), 0, "that is nobody's fault");
}
