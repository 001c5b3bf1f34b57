//! Compressed responses.

use std::io::Read;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{assert_twins, site};
use crate::support::client::Answer;
use crate::support::{Backend, Client, Port};

fn text(answer: &Answer) -> String {
    let (mut text, bytes) = (String::new(), &answer.body[..]);
    match answer.header("content-encoding") {
        None => text = answer.text().to_owned(),
        Some("gzip") => _ = flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap(),
        Some("br") => _ = brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text).unwrap(),
        Some("zstd") => {
            _ = zstd::stream::read::Decoder::new(bytes).unwrap().read_to_string(&mut text).unwrap()
        }
        Some(other) => panic!("{other}"),
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_get_the_encoding_that_they_like_best() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &[&backend], "", r#"compress "zstd" "br" "gzip""#).run();
    for h2 in [false, true] {
        let mut client = match h2 {
            false => Client::connect(port.address).await,
            true => Client::connect_h2(port.address).await,
        };
        for (accept, encoding) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, br", Some("br")),
            ("gzip;q=1, br;q=0.5", Some("gzip")),
            ("deflate", None),
            ("gzip;q=0", None),
        ] {
            let answer =
                client.send("GET", "/text/200000", &[("accept-encoding", accept)], "").await.unwrap();
            assert_eq!(answer.header("content-encoding"), encoding, "{accept}");
            assert_eq!(answer.header("vary"), Some("accept-encoding"), "{accept}");
            assert_eq!(answer.header("etag"), Some(if encoding.is_some() { "W/\"v1\"" } else { "\"v1\"" }));
            assert_eq!(answer.header("accept-ranges").is_some(), encoding.is_none());
            assert_eq!(answer.header("content-length"), encoding.is_none().then_some("200000"));
            assert_eq!(text(&answer), "abcdefghij".repeat(20_000), "{accept}");
            assert!(encoding.is_none() || answer.body.len() < 10_000, "{accept}: {}", answer.body.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_small_or_no_text_or_only_a_head_stays_as_it_is() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &[&backend], "", r#"compress "gzip""#).run();
    let mut client = Client::connect(port.address).await;
    let accept = [("accept-encoding", "gzip")];
    for (method, path) in
        [("GET", "/text/1023"), ("GET", "/bytes/5000"), ("HEAD", "/text/5000"), ("GET", "/status/204")]
    {
        let answer = client.send(method, path, &accept, "").await.unwrap();
        assert_eq!(answer.header("content-encoding"), None, "{method} {path}");
    }
    assert_eq!(
        client.send("HEAD", "/text/5000", &accept, "").await.unwrap().header("content-length"),
        Some("5000")
    );
    assert!(
        client.send("GET", "/text/1024", &accept, "").await.unwrap().header("content-encoding").is_some()
    );
    // A body that breaks off does so for the client as well.
    assert!(client.send("GET", "/break", &accept, "").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_sent_before_the_rest_comes() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &[&backend], "", r#"compress "gzip""#).run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let request = b"GET /drip HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut seen = Vec::new();
    let first = async {
        while !first_line(&seen) {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "it ended");
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, first).await.expect("the first line came late");
    backend.release();
    stream.read_to_end(&mut seen).await.unwrap();
    assert!(seen.ends_with(b"0\r\n\r\n"));
}

/// Whether the first chunk of a response can be decoded to its first line.
fn first_line(seen: &[u8]) -> bool {
    let Some(head) = seen.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
    let body = &seen[head + 4..];
    let Some(size) = body.windows(2).position(|it| it == b"\r\n") else { return false };
    let mut line = [0; 6];
    flate2::read::GzDecoder::new(&body[size + 2..]).read_exact(&mut line).is_ok() && &line == b"first\n"
}

#[test]
fn both_spellings_of_compression_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        policy "public" { compress "zstd" "br" "gzip" }
        route "/**" pool="a" { use "public" }
        route "/own" pool="a" { compress "gzip" min-size="4KiB" { type "text/*" "*+json" } }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools: { a: { backends: ["http://127.0.0.1:9001"], probe: / } }
        policies: { public: { compress: [zstd, br, gzip] } }
        routes:
          - { path: "/**", pool: a, use: public }
          - path: /own
            pool: a
            compress: { encodings: [gzip], types: ["*+json", "text/*"], min-size: 4KiB }
        "#,
    );
}
