//! Clients that keep one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A client with one connection that it keeps.
pub(crate) struct Client {
    sender: Sender,
    host: String,
    h2: bool,
    scheme: &'static str,
}

type Body = BoxBody<Bytes, Infallible>;

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// A response, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Client {
    /// HTTP/1.1 in plain text, for `Host: localhost`.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender: Sender::Http1(sender), host: "localhost".into(), h2: false, scheme: "http" }
    }

    /// HTTP/2 in plain text.
    pub(crate) async fn connect_h2(address: SocketAddr) -> Self {
        Self::over_h2(TcpStream::connect(address).await.unwrap()).await
    }

    /// The same over a connection that is there.
    pub(crate) async fn over_h2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender: Sender::Http2(sender), host: "localhost".into(), h2: true, scheme: "http" }
    }

    /// HTTPS for `host`: the version that the server chooses among those of `config`.
    pub(crate) async fn connect_tls(
        address: SocketAddr,
        host: &str,
        config: Arc<ClientConfig>,
    ) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let name = host.to_owned().try_into().unwrap();
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        let sender = if h2 {
            let (sender, connection) =
                http2::handshake(TokioExecutor::new(), io).await.map_err(std::io::Error::other)?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(std::io::Error::other)?;
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Ok(Self { sender, host: host.into(), h2, scheme: "https" })
    }

    pub(crate) fn is_h2(&self) -> bool {
        self.h2
    }

    /// The same connection, another host.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await.unwrap()
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, hyper::Error> {
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes())).boxed();
        self.send_body(method, path, headers, body).await
    }

    /// Posts a body of three letters and these trailers.
    pub(crate) async fn post_trailers(&mut self, path: &str, trailers: &[(&str, &str)]) -> Answer {
        let pairs = trailers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let frames = [Frame::data(Bytes::from_static(b"abc")), Frame::trailers(pairs.collect())];
        let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok))).boxed();
        let names: Vec<&str> = trailers.iter().map(|(name, _)| *name).collect();
        // In HTTP/1 hyper sends only those that are announced.
        self.send_body("POST", path, &[("trailer", &names.join(", "))], body).await.unwrap()
    }

    async fn send_body(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Answer, hyper::Error> {
        let mut request = Request::builder().method(method);
        request = if self.h2 {
            request.uri(format!("{}://{}{path}", self.scheme, self.host))
        } else {
            request.uri(path).header("host", &self.host)
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}
