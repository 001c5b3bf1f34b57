//! HTTP/2 by prior knowledge.

use std::io;
use std::time::Duration;

use crate::tls::Socket;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the client speaks HTTP/2 without asking (prior knowledge). Waits for as many bytes as tell.
pub(super) async fn begins_with_preface(socket: &Socket) -> io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    let (mut known, mut pause) = (0, Duration::from_millis(1));
    loop {
        let length = socket.peek(&mut seen).await?;
        if length == PREFACE.len() || length == 0 || seen[..length] != PREFACE[..length] {
            return Ok(length == PREFACE.len() && seen == PREFACE);
        }
        if length == known {
            // The socket stays readable while what is there is only looked at: let more arrive.
            // Less and less often, so that one who sends a byte and waits costs little.
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
        known = length;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWrite, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream, UnixStream};

    use super::*;

    async fn told(pieces: &[&[u8]]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (client, (server, _)) = (client.unwrap(), accepted.unwrap());
        client.set_nodelay(true).unwrap();
        let over_tcp = told_over(client, Socket::Tcp(server), pieces).await;
        let (client, server) = UnixStream::pair().unwrap();
        assert_eq!(told_over(client, Socket::Unix(server), pieces).await, over_tcp);
        over_tcp
    }

    async fn told_over(mut client: impl AsyncWrite + Unpin, server: Socket, pieces: &[&[u8]]) -> bool {
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
