use std::collections::VecDeque;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;

const ALL: [Encoding; 3] = [Encoding::Zstd, Encoding::Brotli, Encoding::Gzip];

fn compression() -> Compression {
    let types = ["*+json", "application/json", "text/*"].map(str::to_owned).to_vec();
    Compression::new(&Compress { encodings: ALL.to_vec(), types, min_size: 1024 })
}

fn response(fields: &[(&'static str, &'static str)]) -> response::Parts {
    let mut head = Response::new(()).into_parts().0;
    fields.iter().for_each(|(name, value)| {
        _ = head.headers.append(*name, HeaderValue::from_static(value));
    });
    head
}

fn prepared(fields: &[(&'static str, &'static str)]) -> bool {
    compression().prepare(&mut response(fields), Some(Encoding::Gzip)).is_some()
}

#[test]
fn only_what_is_whole_large_and_text_is_compressed() {
    let html = ("content-type", "text/html; charset=utf-8");
    assert!(prepared(&[html]));
    assert!(prepared(&[html, ("content-length", "1024")]));
    assert!(prepared(&[("content-type", "Application/Problem+JSON")]));
    for other in [
        &[][..],
        &[("content-type", "image/png")],
        &[("content-type", "text/event-stream")],
        &[html, ("content-length", "1023")],
        &[html, ("content-encoding", "br")],
        &[html, ("content-range", "bytes 0-9/99")],
        &[html, ("cache-control", "public, No-Transform")],
        &[html, ("content-digest", "sha-256=:x:")],
    ] {
        assert!(!prepared(other), "{other:?}");
    }
    for status in [204, 206, 304] {
        let mut head = response(&[html]);
        head.status = StatusCode::from_u16(status).unwrap();
        assert_eq!(compression().prepare(&mut head, Some(Encoding::Gzip)), None);
    }
    let named = Compress { encodings: ALL.to_vec(), types: vec!["text/event-stream".into()], min_size: 0 };
    let mut events = response(&[("content-type", "text/event-stream")]);
    assert!(Compression::new(&named).prepare(&mut events, Some(Encoding::Gzip)).is_some());
}

#[test]
fn the_head_says_what_was_done() {
    let fields = [
        ("content-type", "text/html"),
        ("content-length", "9999"),
        ("etag", "\"a\""),
        ("accept-ranges", "bytes"),
        ("vary", "origin"),
    ];
    let mut head = response(&fields);
    assert_eq!(compression().prepare(&mut head, Some(Encoding::Brotli)), Some(Encoding::Brotli));
    let mut lines: Vec<String> =
        head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "content-encoding: br",
            "content-type: text/html",
            "etag: W/\"a\"",
            "vary: accept-encoding",
            "vary: origin"
        ]
    );
    // Whoever gets it as it is must know that others do not.
    let mut head = response(&fields);
    assert_eq!(compression().prepare(&mut head, None), None);
    assert_eq!(head.headers.get_all(VARY).iter().count(), 2);
    assert_eq!(
        (&head.headers[ETAG], &head.headers[CONTENT_LENGTH]),
        (&"\"a\"".parse().unwrap(), &"9999".parse().unwrap())
    );
    let mut head =
        response(&[("content-type", "text/html"), ("vary", "Origin, Accept-Encoding"), ("etag", "W/\"a\"")]);
    compression().prepare(&mut head, Some(Encoding::Gzip));
    assert_eq!(head.headers.get_all(VARY).iter().count(), 1);
    assert_eq!(head.headers[ETAG], "W/\"a\"");
}

#[test]
fn head_and_no_transform_requests_get_it_as_it_is() {
    let accepted = |method: &str, control: &str| {
        let request = Request::builder().method(method).header("accept-encoding", "gzip");
        let request = request.header("cache-control", control).body(()).unwrap();
        compression().accepted(&request.into_parts().0)
    };
    assert_eq!(accepted("GET", "no-cache"), Some(Encoding::Gzip));
    assert_eq!(accepted("HEAD", "no-cache"), None);
    assert_eq!(accepted("GET", "no-transform"), None);
}

/// A body that gives these pieces; nothing is a pause.
struct Pieces(VecDeque<Option<Frame<Bytes>>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Some(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(None) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn decoded(encoding: Encoding, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match encoding {
        Encoding::Gzip => _ = flate2::read::GzDecoder::new(bytes).read_to_end(&mut text)?,
        Encoding::Brotli => _ = brotli::Decompressor::new(bytes, 4096).read_to_end(&mut text)?,
        Encoding::Zstd => _ = zstd::stream::read::Decoder::new(bytes)?.read_to_end(&mut text)?,
    }
    Ok(text)
}

fn compress(encoding: Encoding, pieces: Vec<Option<Frame<Bytes>>>) -> (Vec<Bytes>, Option<HeaderMap>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut out, mut trailers) = (vec![], None);
    runtime.block_on(async {
        let mut body = Compressed::new(Pieces(pieces.into()), encoding);
        while let Some(frame) = body.frame().await {
            match frame.unwrap().into_data() {
                Ok(data) => out.push(data),
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    });
    (out, trailers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_comes_out_is_what_went_in(
        pieces in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..2_000)), 0..12),
    ) {
        let text: Vec<u8> = pieces.iter().flatten().flatten().copied().collect();
        for encoding in ALL {
            let frames = pieces.iter().map(|it| it.clone().map(|it| Frame::data(it.into()))).collect();
            let (out, _) = compress(encoding, frames);
            prop_assert_eq!(decoded(encoding, &out.concat()).unwrap(), text.clone(), "{:?}", encoding);
        }
    }
}

#[test]
fn a_pause_brings_out_what_is_there() {
    for encoding in ALL {
        let data = |text: &'static str| Some(Frame::data(Bytes::from_static(text.as_bytes())));
        let (out, _) = compress(encoding, vec![data("first"), None, None, data("second"), None]);
        assert_eq!(out.len(), 3, "{encoding:?}: one piece for each pause, and the end");
        // What came first can be read before the rest is there.
        let mut seen = vec![0; 5];
        let read = match encoding {
            Encoding::Gzip => flate2::read::GzDecoder::new(&out[0][..]).read_exact(&mut seen),
            Encoding::Brotli => brotli::Decompressor::new(&out[0][..], 4096).read_exact(&mut seen),
            Encoding::Zstd => zstd::stream::read::Decoder::new(&out[0][..]).unwrap().read_exact(&mut seen),
        };
        read.unwrap();
        assert_eq!(seen, b"first");
    }
}

#[test]
fn a_long_body_comes_in_pieces_and_others_have_their_turn() {
    for encoding in ALL {
        // Hardly compressible: a stream of random numbers.
        let mut state = 1u64;
        let noise: Vec<u8> = (0..3_000_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        let frames = noise.chunks(8_000).map(|it| Some(Frame::data(Bytes::copy_from_slice(it)))).collect();
        let (out, _) = compress(encoding, frames);
        assert!(out.iter().all(|piece| piece.len() < 600_000), "{encoding:?}");
        assert_eq!(decoded(encoding, &out.concat()).unwrap(), noise);
        // Highly compressible, so that nothing comes out for long.
        let zeros = (0..500).map(|_| Some(Frame::data(Bytes::from_static(&[0; 8_000])))).collect();
        let (out, _) = compress(encoding, zeros);
        assert_eq!(decoded(encoding, &out.concat()).unwrap().len(), 4_000_000);
    }
}

#[test]
fn trailers_come_after_the_end() {
    for encoding in ALL {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        let frames =
            vec![Some(Frame::data(Bytes::from_static(b"x"))), Some(Frame::trailers(trailers.clone()))];
        let (out, seen) = compress(encoding, frames);
        assert_eq!((decoded(encoding, &out.concat()).unwrap(), seen), (b"x".to_vec(), Some(trailers)));
    }
}
