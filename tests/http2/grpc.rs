//! What gRPC needs: trailers, answers without a body, and both directions at once.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};

use super::super::support::{Port, until};
use super::peer::{self, Peer, all, client, piece, say};
use super::site;

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(code))])
}

fn grpc(path: &str) -> http::Request<()> {
    let mut request = peer::request("POST", path);
    for (name, value) in [("te", "trailers"), ("content-type", "application/grpc"), ("grpc-timeout", "5S")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

/// A backend that says everything again: at `/echo` piece by piece, at `/flood` 4 MiB at once.
async fn echo() -> Peer {
    Peer::start(
        |_| {},
        |request, mut respond| async move {
            assert_eq!(
                (&request.headers()["te"], &request.headers()["grpc-timeout"]),
                (&HeaderValue::from_static("trailers"), &HeaderValue::from_static("5S"))
            );
            if request.uri().path() == "/refused" {
                let mut response = peer::head(200);
                *response.headers_mut() = status("7");
                respond.send_response(response, true).unwrap();
                return;
            }
            let flood = request.uri().path() == "/flood";
            let mut stream = respond.send_response(peer::head(200), false).unwrap();
            if flood {
                stream.send_data(Bytes::from(vec![b'x'; 4 << 20]), false).unwrap();
            }
            let mut body = request.into_body();
            while let Some(data) = piece(&mut body).await {
                if !flood {
                    stream.send_data(data, false).unwrap();
                }
            }
            let mut trailers = status("0");
            if let Some(sent) = body.trailers().await.unwrap() {
                trailers.extend(sent);
            }
            stream.send_trailers(trailers).unwrap();
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_directions_go_on_at_once() {
    let (peer, port) = (echo().await, Port::reserve());
    let _server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let mut client = client(port.address).await;
    let (response, mut stream) = client.send_request(grpc("/echo"), false).unwrap();
    let response: Response<_> = response.await.unwrap();
    assert_eq!(response.status(), 200, "the response begins before the request ends");
    let mut body = response.into_body();
    for text in ["one", "two", "three"] {
        say(&mut stream, text);
        assert_eq!(piece(&mut body).await.unwrap(), text);
    }
    stream
        .send_trailers(HeaderMap::from_iter([(
            http::HeaderName::from_static("x-sent"),
            HeaderValue::from_static("yes"),
        )]))
        .unwrap();
    let (rest, trailers) = all(&mut body).await;
    let trailers = trailers.unwrap();
    assert!(rest.is_empty());
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-sent"]),
        (&HeaderValue::from_static("0"), &HeaderValue::from_static("yes"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_trailers_alone() {
    let (peer, port) = (echo().await, Port::reserve());
    let _server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let mut client = client(port.address).await;
    let (response, _stream) = client.send_request(grpc("/refused"), false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["grpc-status"]),
        (200, &"7".parse().unwrap())
    );
    assert!(response.into_body().is_end_stream());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_send_all_before_it_reads() {
    let (peer, port) = (echo().await, Port::reserve());
    let _server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let mut client = client(port.address).await;
    let (response, mut stream) = client.send_request(grpc("/flood"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    // The window for the response is full long before all of it is read.
    let mut left = 8 << 20;
    while left > 0 {
        stream.reserve_capacity(left.min(64 * 1024));
        let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await.unwrap().unwrap();
        let room = room.min(left);
        stream.send_data(Bytes::from(vec![b'y'; room]), room == left).unwrap();
        left -= room;
    }
    let (bytes, trailers) = all(&mut body).await;
    assert_eq!((bytes.len(), &trailers.unwrap()["grpc-status"]), (4 << 20, &HeaderValue::from_static("0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direction_may_rest_while_the_other_moves() {
    let (peer, port) = (echo().await, Port::reserve());
    let _server = site(
        &port,
        &peer.url(),
        "http h2=#true",
        "",
        "timeout { first-byte \"400ms\"; body-idle \"400ms\" }",
    )
    .run();
    let mut client = client(port.address).await;
    // The client alone speaks, for longer than any side may be still.
    let (response, mut stream) = client.send_request(grpc("/flood"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    for _ in 0..(4 << 20) / 65_535 {
        if body.flow_control().used_capacity() > 0 {
            break;
        }
        piece(&mut body).await.unwrap();
    }
    let taking = tokio::spawn(async move { all(&mut body).await });
    for _ in 0..15 {
        say(&mut stream, "y");
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    stream.send_data(Bytes::new(), true).unwrap();
    assert!(taking.await.unwrap().1.is_some(), "it came to its end");
    // And nobody speaks: the exchange is over.
    let (response, _stream) = client.send_request(grpc("/echo"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert!(body.data().await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_takes_its_exchange_with_it() {
    let gone = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = std::sync::Arc::clone(&gone);
    let peer = Peer::start(
        |_| {},
        move |request, mut respond| {
            let told = std::sync::Arc::clone(&told);
            async move {
                let _stream = respond.send_response(peer::head(200), false).unwrap();
                let broken = request.into_body().data().await.is_none_or(|data| data.is_err());
                told.store(broken, std::sync::atomic::Ordering::SeqCst);
            }
        },
    );
    let (peer, port) = (peer.await, Port::reserve());
    let _server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let mut client = client(port.address).await;
    let (response, mut stream) = client.send_request(grpc("/"), false).unwrap();
    let _response = response.await.unwrap();
    stream.send_reset(h2::Reason::CANCEL);
    until("the backend hears of it", async || gone.load(std::sync::atomic::Ordering::SeqCst)).await;
}
