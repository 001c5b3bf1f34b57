//! WebSockets over HTTP/2 (RFC 8441): an extended CONNECT becomes the upgrade that it would be in HTTP/1.1, in which routes
//! and backends think, and its answer becomes one to CONNECT.

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::exchange::ResponseBody;
use crate::message::websocket;

use super::activity::Exchanging;
use super::response::Watched;

/// A WebSocket that a client asked for.
pub(super) struct Asked {
    key: HeaderValue,
    stream: OnUpgrade,
}

/// Writes a request for a WebSocket as HTTP/1.1 has it; leaves every other as it is.
pub(super) fn enter<B>(request: &mut Request<B>) -> Option<Asked> {
    let protocol = request.extensions().get::<Protocol>()?;
    if *request.method() != Method::CONNECT || !protocol.as_str().eq_ignore_ascii_case("websocket") {
        return None;
    }
    let (stream, key) = (hyper::upgrade::on(&mut *request), websocket::key());
    *request.method_mut() = Method::GET;
    let headers = request.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_KEY, key.clone());
    Some(Asked { key, stream })
}

impl Asked {
    /// Turns the answer to the upgrade into one to CONNECT, and joins both ends if it is a yes.
    pub(super) fn leave(self, response: Response<ResponseBody>, exchanging: Exchanging) -> Response<Watched> {
        let (mut head, mut body) = response.into_parts();
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            // Nothing that means yes to CONNECT: the backend did not switch.
            let response =
                if head.status.is_success() { refused() } else { Response::from_parts(head, body) };
            return response.map(|body| Watched::new(body, exchanging));
        }
        let Some(tunnel) = body.tunnel().filter(|_| self.is_accepted(&head.headers)) else {
            return refused().map(|body| Watched::new(body, exchanging));
        };
        [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT].iter().for_each(|name| drop(head.headers.remove(name)));
        head.status = StatusCode::OK;
        tokio::task::spawn_local(async move {
            if let Ok(stream) = self.stream.await {
                let joined = tunnel.join(TokioIo::new(stream)).await;
                tracing::debug!(?joined, "a WebSocket ended");
            }
            drop((body, exchanging)); // what is held for it
        });
        Response::from_parts(head, Watched::nothing())
    }

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
