//! Fuzz targets. `cargo test` runs them over their corpora; `cargo bolero test h1::tests::fuzz::requests` looks for more
//! with libFuzzer. What it finds is kept in the corpus.

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::chunked::Chunked;
use super::super::framing::Piece;
use super::messages::asked;
use super::oracle::{by_hyper, read, response_by_hyper};
use super::{echo, understood, with_server};

/// More than this at a time is no different.
const ENOUGH: usize = 8 * 1024;

/// Whatever is accepted, hyper reads the same way.
#[test]
fn requests() {
    bolero::check!(name = "requests").with_iterations(0).for_each(|bytes: &[u8]| {
        if let (true, Ok(Some((head, body)))) = (bytes.len() <= ENOUGH, understood(bytes)) {
            assert_eq!(Some(read(&head, body)), by_hyper(bytes));
        }
    });
}

/// Whatever is accepted, hyper reads the same way.
#[test]
fn responses() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    bolero::check!(name = "responses").with_iterations(0).for_each(|bytes: &[u8]| {
        if bytes.len() > ENOUGH {
            return;
        }
        if let Ok(found) = runtime.block_on(asked("GET", bytes)).1
            && !found.broken
        {
            let fields =
                found.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            let ours = (found.status.as_u16(), fields.collect(), found.data);
            assert_eq!(Some(ours), response_by_hyper(bytes));
        }
    });
}

/// However the bytes arrive, the same body comes out, and hyper finds the same.
#[test]
fn chunks() {
    bolero::check!(name = "chunks").with_iterations(0).for_each(|bytes: &[u8]| {
        let Some((size, bytes)) = bytes.split_first().filter(|_| bytes.len() <= ENOUGH) else { return };
        let whole = dechunked(bytes.chunks(ENOUGH));
        assert_eq!(whole, dechunked(bytes.chunks(usize::from(*size).max(1))));
        if let Some(body) = whole {
            let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            assert_eq!(by_hyper(&[head, bytes].concat()).map(|(.., body)| body), Some(body));
        }
    });
}

/// The body in bytes that arrive in slices; nothing when it is broken, or has no end.
fn dechunked<'a>(slices: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let (mut chunked, mut buffer, mut body) = (Chunked::default(), BytesMut::new(), Vec::new());
    for slice in slices {
        buffer.extend_from_slice(slice);
        loop {
            match chunked.next(&mut buffer) {
                Ok(Some(Piece::Data(data))) => body.extend_from_slice(&data),
                Ok(Some(Piece::Trailers(_) | Piece::End)) => return Some(body),
                Ok(None) => break,
                Err(_) => return None,
            }
        }
    }
    None
}

/// A connection on which anything is said, in slices, comes to an end.
#[test]
fn connections() {
    bolero::check!(name = "connections").with_iterations(0).for_each(|bytes: &[u8]| {
        let Some((size, bytes)) = bytes.split_first().filter(|_| bytes.len() <= ENOUGH) else { return };
        let (_, answer) = with_server(echo, |mut stream| async move {
            for slice in bytes.chunks(usize::from(*size).max(1)) {
                if stream.write_all(slice).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            // The time that a body may take is for its reader to know, and the echo gives it all.
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        });
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
    });
}
