//! One request on a stream of a connection, and its response.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::h1::client::{Failed, Reached};
use crate::h1::{Fault, Tunnel};
use crate::message::{ClientBody, Duplex, Interim, websocket};

use super::connection::Slot;
use super::head;
use super::upload::{Going, Upload};

impl Slot {
    /// Sends a request and reads the head of its response. What is left of the body is sent while the response is read.
    ///
    /// # Errors
    /// [`Failed`], with the request.
    pub(crate) async fn send(
        self,
        request: Request<ClientBody>,
        secure: bool,
    ) -> Result<Response<Incoming>, Failed<ClientBody>> {
        let (asked, body) = request.into_parts();
        let tunnel = body.is_empty() && self.takes_tunnels() && websocket::is_asked_for(&asked.headers);
        let (empty, length) = (body.is_end_stream(), body.size_hint().exact());
        let fail = |asked, body, reached, fault| Failed {
            request: Request::from_parts(asked, body),
            reached,
            fault,
        };
        let request = match head::request(&asked, secure, length, tunnel) {
            Ok(request) => request,
            // A fault of the request, not of the backend.
            Err(_) => return Err(fail(asked, body, Reached::Nobody, None)),
        };
        let (response, stream) = match self.sender().send_request(request, empty && !tunnel) {
            Ok(begun) => begun,
            Err(error) => return Err(fail(asked, body, Reached::Nobody, Some(fault(error)))),
        };
        let heard = self.last_heard();
        let (upload, out) = match tunnel {
            true => (Upload::new(body, None), Some(stream)),
            false => (Upload::new(body, (!empty).then_some(stream)), None),
        };
        let mut exchange = Exchanging { response, upload, answers: false };
        match poll_fn(|context| exchange.poll_response(context)).await {
            Ok(response) => {
                self.heard();
                let (head, body) = response.into_parts();
                let switched = out.filter(|_| head.status.is_success());
                let head = Response::from_parts(head, ());
                let head = if switched.is_some() { head::switched(head, &asked) } else { head };
                let left = head::length(head.headers());
                let bodiless = head::is_bodiless(&asked.method, head.status());
                let upload = exchange.upload.go_on();
                Ok(head.map(|()| Incoming { body, bodiless, left, tunnel: switched, upload, slot: self }))
            }
            Err((reached, fault)) => {
                // What others heard meanwhile shows that the connection was alive when this request came.
                let lived = reached == Reached::Silence && self.last_heard() != heard;
                let reached = if lived { Reached::Backend } else { reached };
                Err(fail(asked, exchange.upload.into_body(), reached, fault))
            }
        }
    }
}

/// A request under way.
struct Exchanging {
    response: ResponseFuture,
    upload: Upload,
    /// Whether anything of an answer has come.
    answers: bool,
}

/// How far the request came, and why there is no response.
type Missed = (Reached, Option<Fault>);

impl Exchanging {
    /// Reads the head of the final response while the request is sent.
    fn poll_response(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, Missed>> {
        if let Poll::Ready(Err(_)) = self.upload.poll(context) {
            return Poll::Ready(Err((Reached::Backend, None)));
        }
        while let Poll::Ready(Some(interim)) = self.response.poll_informational(context) {
            let interim = interim.map_err(|error| self.missed(error))?;
            self.answers = true;
            self.inform(interim).map_err(|fault| (Reached::Backend, Some(fault)))?;
        }
        let response =
            ready!(Pin::new(&mut self.response).poll(context)).map_err(|error| self.missed(error))?;
        head::check(&response).map_err(|fault| (Reached::Backend, Some(fault)))?;
        Poll::Ready(Ok(response))
    }

    fn inform(&self, response: Response<()>) -> Result<(), Fault> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Fault::Malformed("a switch of protocols, which HTTP/2 does not have"));
        }
        let room = self.upload.interim().is_none_or(|interim: &Interim| interim.put(response));
        if room { Ok(()) } else { Err(Fault::Malformed("interim responses without end")) }
    }

    /// A stream that the backend refused, or that lies behind the last one it looks at, is as good as never sent (RFC
    /// 9113, sections 6.8 and 8.7).
    fn missed(&self, error: h2::Error) -> Missed {
        let refused = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
        let left_out = error.is_go_away() && error.is_remote();
        let reached = match refused || left_out {
            true => Reached::Nobody,
            false if self.answers || !error.is_io() => Reached::Backend,
            false => Reached::Silence,
        };
        (reached, Some(fault(error)))
    }
}

fn fault(error: h2::Error) -> Fault {
    if error.is_io() {
        return error.into_io().map_or(Fault::Truncated, Fault::Io);
    }
    if let Some(reason) = error.reason().filter(|_| error.is_reset() && error.is_remote()) {
        return Fault::Reset(reason);
    }
    Fault::Io(io::Error::other(error))
}

/// The body of a response, with its place on the connection.
pub(crate) struct Incoming {
    body: RecvStream,
    /// Whether nothing of it is looked at.
    bodiless: bool,
    /// What is left of the bytes that it says it has.
    left: Option<u64>,
    /// The other direction, if the stream carries another protocol.
    tunnel: Option<SendStream<Bytes>>,
    upload: Option<Going>,
    slot: Slot,
}

impl Incoming {
    /// What a switch of protocols opened, to end when for `idle` nothing moves; nothing without one.
    pub(crate) fn into_tunnel(self, idle: Duration) -> Option<Tunnel> {
        let Self { body, tunnel, slot, .. } = self;
        tunnel.map(|send| Tunnel::over(Duplex::new(send, body, move || slot.heard()), idle))
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        if this.bodiless {
            return Poll::Ready(None);
        }
        let Poll::Ready(data) = this.body.poll_data(context) else {
            this.upload.iter().for_each(|upload| upload.watch(context));
            return Poll::Pending;
        };
        match data {
            Some(Ok(data)) => {
                this.slot.heard();
                // Whoever takes it holds it from now on: the backend may send as much again.
                _ = this.body.flow_control().release_capacity(data.len());
                this.left = this.left.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            // A backend that has answered in full may not want the rest of the request (RFC 9113, section 8.1). Where no
            // length says what is full, the end of the stream does, and the library puts that before the reset.
            Some(Err(error))
                if error.is_reset() && error.reason() == Some(Reason::NO_ERROR) && this.left == Some(0) =>
            {
                Poll::Ready(None)
            }
            Some(Err(error)) => Poll::Ready(Some(Err(fault(error)))),
            None => match ready!(this.body.poll_trailers(context)) {
                Ok(trailers) => Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers)))),
                Err(error) if error.reason() == Some(Reason::NO_ERROR) => Poll::Ready(None),
                Err(error) => Poll::Ready(Some(Err(fault(error)))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bodiless || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            _ if self.is_end_stream() => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}
