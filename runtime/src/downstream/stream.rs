//! A client's byte stream, plain or encrypted.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A client's byte stream.
pub(super) enum Stream {
    /// TCP.
    Plain(TcpStream),
    /// TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Whether the client speaks HTTP/2 without asking (prior knowledge). Waits for as many bytes as tell.
pub(super) async fn begins_with_preface(tcp: &TcpStream) -> io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    let mut known = 0;
    loop {
        let length = tcp.peek(&mut seen).await?;
        if length == PREFACE.len() || length == 0 || seen[..length] != PREFACE[..length] {
            return Ok(length == PREFACE.len() && seen == PREFACE);
        }
        if length == known {
            // The socket stays readable while what is there is only looked at: let more arrive.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        known = length;
    }
}

macro_rules! either {
    ($self:expr, $stream:ident => $then:expr) => {
        match $self.get_mut() {
            Stream::Plain(plain) => {
                let $stream = Pin::new(plain);
                $then
            }
            Stream::Tls(tls) => {
                let $stream = Pin::new(tls.as_mut());
                $then
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(context, buffers))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn told(pieces: &[&[u8]]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, (server, _)) = (client.unwrap(), accepted.unwrap());
        client.set_nodelay(true).unwrap();
        let send = async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            client.shutdown().await.unwrap();
        };
        tokio::join!(begins_with_preface(&server), send).0.unwrap()
    }

    #[tokio::test]
    async fn http2_with_prior_knowledge_is_known_by_its_preface() {
        assert!(told(&[PREFACE]).await);
        assert!(told(&[&PREFACE[..3], &PREFACE[3..]]).await);
        assert!(!told(&[b"GET / HTTP/1.1\r\n\r\n"]).await);
        assert!(!told(&[b"P", b"OST / HTTP/1.1\r\nHost: a\r\n\r\n"]).await);
        assert!(!told(&[]).await);
    }
}
