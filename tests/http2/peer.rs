//! Peers that speak HTTP/2 with all that is theirs to decide.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpListener, TcpStream};

/// A backend in plain text whose answers a function writes.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicU64>,
}

impl Peer {
    /// A backend with these settings. Each request is answered in a task of its own.
    pub(super) async fn start<F, A>(
        settings: impl Fn(&mut h2::server::Builder) + Send + 'static,
        answer: A,
    ) -> Self
    where
        A: Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut builder = h2::server::Builder::new();
                settings(&mut builder);
                tokio::spawn(serve(stream, builder, answer.clone()));
            }
        });
        Self { address, connections }
    }

    pub(super) fn url(&self) -> String {
        format!("h2c://{}", self.address)
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve<F, A>(stream: TcpStream, builder: h2::server::Builder, answer: A)
where
    A: Fn(Request<RecvStream>, SendResponse<Bytes>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(answer(request, respond));
    }
}

/// A client whose every frame of data is its own decision.
pub(super) async fn client(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender.ready().await.unwrap()
}

/// A request to `localhost`.
pub(super) fn request(method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("http://localhost{path}")).body(()).unwrap()
}

/// The next piece of a body; nothing at its end.
pub(super) async fn piece(body: &mut RecvStream) -> Option<Bytes> {
    let data = body.data().await?.unwrap();
    body.flow_control().release_capacity(data.len()).unwrap();
    Some(data)
}

/// All of a body, and its trailers.
pub(super) async fn all(body: &mut RecvStream) -> (Vec<u8>, Option<HeaderMap>) {
    let mut bytes = Vec::new();
    while let Some(data) = piece(body).await {
        bytes.extend_from_slice(&data);
    }
    (bytes, body.trailers().await.unwrap())
}

/// Sends a piece.
pub(super) fn say(stream: &mut SendStream<Bytes>, text: &'static str) {
    stream.send_data(Bytes::from_static(text.as_bytes()), false).unwrap();
}

/// An empty head with this status.
pub(super) fn head(status: u16) -> Response<()> {
    Response::builder().status(status).body(()).unwrap()
}
