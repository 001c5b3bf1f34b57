//! A response on its way to the client.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;

use crate::exchange::ResponseBody;
use crate::h1::now;
use crate::message::{IdleTimer, Patience};

/// Fields that HTTP/2 does not have (RFC 9113, section 8.2.2).
static CONNECTION_FIELDS: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// As much as one frame holds; what is there of a body by then is sent.
const FRAME: usize = 16 * 1024;
/// A piece of at least this size is sent as it is; smaller ones are put together when several are there.
const LARGE: usize = 2 * 1024;

/// Sends an interim response: one that another follows.
pub(super) fn inform(respond: &mut SendResponse<Bytes>, mut response: Response<()>) {
    take_out_connection_fields(response.headers_mut());
    response.headers_mut().remove(CONTENT_LENGTH);
    // A stream that has ended tells so elsewhere.
    _ = respond.send_informational(response);
}

/// Sends a response, and all of its body. A client that takes nothing for as long as the body has patience, or for `idle`
/// where the body is our own words, is cut off.
pub(super) async fn send(response: Response<ResponseBody>, mut respond: SendResponse<Bytes>, idle: Duration) {
    let (head, body) = response.into_parts();
    let mut head = Response::from_parts(head, ());
    let ended = body.is_end_stream();
    if head.status() == StatusCode::NO_CONTENT {
        head.headers_mut().remove(CONTENT_LENGTH); // RFC 9110, section 8.6
    }
    complete(head.headers_mut(), body.size_hint().exact().filter(|_| !ended));
    match respond.send_response(head, ended) {
        Ok(_) if ended => {}
        Ok(stream) => {
            let mut sending = Sending::new(stream, body, idle);
            if let Err(cut) = poll_fn(|context| sending.poll(context)).await {
                tracing::debug!(?cut, "a response was cut off");
                sending.stream.send_reset(cut.reason());
            }
        }
        // The client has gone, or the head is none.
        Err(_) => respond.send_reset(Reason::INTERNAL_ERROR),
    }
}

/// Makes a head one of HTTP/2, of a body with so many bytes.
pub(super) fn complete(headers: &mut HeaderMap, length: Option<u64>) {
    take_out_connection_fields(headers);
    headers.entry(DATE).or_insert_with(now);
    if let Some(length) = length {
        headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
}

fn take_out_connection_fields(headers: &mut HeaderMap) {
    // Nearly all heads hold none of them, and looking is cheaper than taking out.
    if headers.keys().any(|name| CONNECTION_FIELDS.contains(name)) {
        CONNECTION_FIELDS.iter().for_each(|name| drop(headers.remove(name)));
    }
}

/// Why a body does not come to its end.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The backend broke off.
    Broken,
    /// The client takes nothing.
    Untaken,
    /// The client has gone, or wants no more.
    Unwanted,
}

impl Cut {
    /// What the client is told: never that the body is whole.
    fn reason(self) -> Reason {
        match self {
            Self::Broken => Reason::INTERNAL_ERROR,
            Self::Untaken | Self::Unwanted => Reason::CANCEL,
        }
    }
}

/// What the end of a body is.
enum End {
    Plain,
    Trailers(HeaderMap),
}

/// A body on its way. While the client takes nothing, nothing more is asked of the backend.
struct Sending {
    stream: SendStream<Bytes>,
    body: ResponseBody,
    batch: Batch,
    /// Once all of the body is in the batch.
    end: Option<End>,
    patience: Patience,
    idle: IdleTimer,
    /// Whether what is there waits for the client.
    waiting: bool,
    /// Whether there was less room than what was sent last.
    owed: bool,
}

impl Sending {
    fn new(stream: SendStream<Bytes>, body: ResponseBody, idle: Duration) -> Self {
        let patience = match body.patience() {
            endless if endless.longest() == Duration::MAX => endless.with_idle(idle),
            patience => patience,
        };
        let (batch, idle) = (Batch::default(), IdleTimer::new(patience.longest()));
        Self { stream, body, batch, end: None, patience, idle, waiting: false, owed: false }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        let sent = self.poll_send(context);
        if sent.is_pending() && self.stream.poll_reset(context).is_ready() {
            return Poll::Ready(Err(Cut::Unwanted));
        }
        sent
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        loop {
            let collected = self.poll_collect(context)?;
            if !self.batch.is_empty() {
                ready!(self.poll_room(context))?;
                self.stream.reserve_capacity(self.batch.len());
                self.owed = self.stream.capacity() < self.batch.len();
                let last = matches!(self.end, Some(End::Plain)) && !self.owed;
                self.batch.send(&mut self.stream, last)?;
                if last {
                    return Poll::Ready(Ok(()));
                }
            }
            if self.end.is_some() && self.owed {
                ready!(self.poll_room(context))?; // a body is not over while the client has yet to take some of it
            }
            match self.end.take() {
                Some(End::Plain) => {
                    return Poll::Ready(self.stream.send_data(Bytes::new(), true).map_err(unwanted));
                }
                Some(End::Trailers(fields)) => {
                    return Poll::Ready(self.stream.send_trailers(fields).map_err(unwanted));
                }
                None => ready!(collected),
            }
        }
    }

    /// Takes what there is of the body, until that makes a frame. Pending when more is to come.
    fn poll_collect(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        while !self.waiting && self.end.is_none() && !self.batch.is_full() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.batch.add(data);
                        self.end = self.body.is_end_stream().then_some(End::Plain);
                    }
                    Err(frame) => self.end = frame.into_trailers().ok().map(End::Trailers),
                },
                None => self.end = Some(End::Plain),
                Some(Err(_)) => return Poll::Ready(Err(Cut::Broken)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the client to take something. Only then is room asked for: what is reserved and not used is missing
    /// elsewhere.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        self.stream.reserve_capacity(1);
        while self.stream.capacity() == 0 {
            match self.stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(Err(Cut::Unwanted)),
                Poll::Pending => {
                    self.waiting = true;
                    let limit = self.patience.wait();
                    return self.idle.poll_after(limit, context).map(|()| Err(Cut::Untaken));
                }
            }
        }
        self.waiting = false;
        self.idle.moved();
        self.patience.moved(self.batch.len() as u64); // there is room because as much was taken
        Poll::Ready(Ok(()))
    }
}

fn unwanted(_: h2::Error) -> Cut {
    Cut::Unwanted
}

/// Pieces of a body that go out together: small ones, put together when there are several, and one behind them as it is.
#[derive(Default)]
struct Batch {
    small: BytesMut,
    last: Bytes,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.small.len() + self.last.len()
    }

    fn is_full(&self) -> bool {
        self.last.len() >= LARGE || self.small.len() >= FRAME
    }

    /// Adds a piece to a batch that is not full.
    fn add(&mut self, piece: Bytes) {
        if self.is_empty() || piece.len() >= LARGE {
            self.small.extend_from_slice(&std::mem::replace(&mut self.last, piece));
        } else {
            self.small.extend_from_slice(&std::mem::take(&mut self.last));
            self.small.extend_from_slice(&piece);
        }
    }

    fn send(&mut self, stream: &mut SendStream<Bytes>, end: bool) -> Result<(), Cut> {
        let last = std::mem::take(&mut self.last);
        if !self.small.is_empty() {
            stream.send_data(self.small.split().freeze(), end && last.is_empty()).map_err(unwanted)?;
        }
        if !last.is_empty() {
            stream.send_data(last, end).map_err(unwanted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes of a batch are put together, and how many go as they are.
    fn batch(pieces: &[usize]) -> (usize, usize) {
        let mut batch = Batch::default();
        for length in pieces {
            assert!(!batch.is_full());
            batch.add(vec![b'x'; *length].into());
        }
        assert_eq!(batch.is_empty(), pieces.iter().sum::<usize>() == 0);
        (batch.small.len(), batch.last.len())
    }

    #[test]
    fn only_small_pieces_are_copied_and_only_when_there_are_several() {
        assert_eq!(batch(&[]), (0, 0));
        assert_eq!(batch(&[5]), (0, 5));
        assert_eq!(batch(&[60_000]), (0, 60_000));
        assert_eq!(batch(&[5, 6, 7]), (18, 0));
        assert_eq!(batch(&[5, 60_000]), (5, 60_000));
        assert_eq!(batch(&[5, 6, 60_000]), (11, 60_000));
        assert_eq!(batch(&[0, 5, 0, 6]), (11, 0));
    }

    #[test]
    fn a_batch_is_full_when_it_makes_a_frame() {
        let mut batch = Batch::default();
        let mut count = 0;
        while !batch.is_full() {
            batch.add(Bytes::from_static(&[b'x'; 1_000]));
            count += 1;
        }
        assert_eq!(count, 17);
        batch = Batch::default();
        batch.add(Bytes::from_static(&[b'x'; LARGE]));
        assert!(batch.is_full());
    }

    #[test]
    fn heads_lose_what_http2_does_not_have_and_say_how_long_their_bodies_are() {
        let mut headers = HeaderMap::new();
        for name in &CONNECTION_FIELDS {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        complete(&mut headers, Some(5));
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[CONTENT_LENGTH], "5");
        headers.insert(DATE, HeaderValue::from_static("then"));
        complete(&mut headers, Some(6));
        assert_eq!(
            (&headers[CONTENT_LENGTH], &headers[DATE]),
            (&"5".parse().unwrap(), &"then".parse().unwrap())
        );
    }
}
