//! WebSockets over HTTP/2 (RFC 8441): an extended CONNECT becomes the upgrade that it would be in HTTP/1.1, in which routes
//! and backends think, and its answer becomes one to CONNECT.

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::header::{CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use crate::exchange::ResponseBody;
use crate::h1::Tunnel;
use crate::message::{Duplex, websocket};

use super::incoming::Incoming;
use super::outgoing;

/// A WebSocket that a client asked for.
pub(super) struct Asked {
    key: HeaderValue,
    stream: RecvStream,
}

/// What a client gets.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and nearly always a response")]
pub(super) enum Answer {
    /// A response.
    Response(Response<ResponseBody>),
    /// A stream of another protocol.
    Tunnel(Box<Switched>),
}

/// A yes to CONNECT, and what is behind it.
pub(super) struct Switched {
    head: Response<()>,
    near: RecvStream,
    far: Tunnel,
    /// What is held for it.
    _held: ResponseBody,
}

/// Writes a request for a WebSocket as HTTP/1.1 has it; leaves every other as it is.
pub(super) fn enter(request: Request<RecvStream>) -> (Request<Incoming>, Option<Asked>) {
    let (mut head, stream) = request.into_parts();
    if head.method != Method::CONNECT {
        let body = Incoming::new(stream, &head.headers);
        return (Request::from_parts(head, body), None);
    }
    let protocol = head.extensions.get::<Protocol>();
    if !protocol.is_some_and(|it| it.as_str().eq_ignore_ascii_case("websocket")) {
        return (Request::from_parts(head, Incoming::nothing()), None);
    }
    let key = websocket::key();
    head.method = Method::GET;
    head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    head.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    head.headers.insert(SEC_WEBSOCKET_KEY, key.clone());
    (Request::from_parts(head, Incoming::nothing()), Some(Asked { key, stream }))
}

/// Turns the answer to an upgrade into one to CONNECT; leaves every other as it is. Nobody but who asked for it gets a
/// switch of protocols, which HTTP/2 does not have (RFC 9113, section 8.6).
pub(super) fn leave(asked: Option<Asked>, response: Response<ResponseBody>) -> Answer {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let Some(asked) = asked else {
        return Answer::Response(if switches { refused() } else { response });
    };
    if !switches {
        // Nothing that means yes to CONNECT: the backend did not switch.
        return Answer::Response(if response.status().is_success() { refused() } else { response });
    }
    let (head, mut held) = response.into_parts();
    let Some(far) = held.tunnel().filter(|_| asked.is_accepted(&head.headers)) else {
        return Answer::Response(refused());
    };
    let mut head = Response::from_parts(head, ());
    *head.status_mut() = StatusCode::OK;
    for name in [SEC_WEBSOCKET_ACCEPT, CONTENT_LENGTH] {
        head.headers_mut().remove(name);
    }
    outgoing::complete(head.headers_mut(), None);
    Answer::Tunnel(Box::new(Switched { head, near: asked.stream, far, _held: held }))
}

impl Switched {
    /// Says yes, and joins both ends.
    pub(super) async fn join(self, mut respond: SendResponse<Bytes>) {
        match respond.send_response(self.head, false) {
            Ok(send) => {
                let joined = self.far.join(Duplex::new(send, self.near, || {})).await;
                tracing::debug!(?joined, "a WebSocket ended");
            }
            Err(_) => respond.send_reset(Reason::INTERNAL_ERROR),
        }
    }
}

impl Asked {
    /// Whether the backend has read the request for what it is (RFC 6455, section 4.1).
    fn is_accepted(&self, headers: &HeaderMap) -> bool {
        let accepted =
            headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|it| *it == websocket::accept(&self.key));
        accepted && websocket::is_asked_for(headers)
    }
}

fn refused() -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::local("502 Bad Gateway\n"));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
