//! The side of a client: reads requests, sends responses, one after the other.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use divisor_schema::plan::HttpSettings;
use http::header::{CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use tokio::time::timeout;

use crate::message::{Interim, Patience};

use super::Fault;
use super::encode::{self, Reply};
use super::framing::{self, Framing};
use super::head::{Limits, Reader};
use super::near::{Incoming, Near};
use super::reply;
use super::timer::Timer;
use super::tunnel::Tunnel;
use super::wire::Duplex;

/// How long a client that is told to go may take to notice.
const LINGER: Duration = Duration::from_secs(2);

/// How long a client may take for its first request when its connection is to end: it may have come just now.
const FIRST: Duration = Duration::from_secs(1);

/// And for a later one: long enough to hear of what is here already.
const LATER: Duration = Duration::from_millis(1);

/// A response's body, as a connection wants it.
pub(crate) trait Answer: Body<Data = Bytes> + Unpin {
    /// How long a client is waited for to take it.
    fn patience(&self) -> Patience;

    /// The far end of the tunnel that the response opens, if it opens one.
    fn tunnel(&mut self) -> Option<Tunnel>;
}

/// Serves a connection until it ends: by the client, by its times, or after the exchange under way once `last` is
/// ready. A request that has begun to arrive by then is still answered.
///
/// # Errors
/// Why it ended otherwise.
pub(crate) async fn serve<IO, S, F, B>(
    io: IO,
    settings: &HttpSettings,
    last: Pin<&mut impl Future<Output = ()>>,
    service: S,
) -> Result<(), Fault>
where
    IO: Duplex + 'static,
    S: Fn(Request<Incoming>, Interim) -> F,
    F: Future<Output = Response<B>>,
    B: Answer,
{
    let near = Near::new(io);
    let mut connection = Connection {
        near: Rc::clone(&near),
        settings,
        last,
        draining: false,
        fresh: true,
        timer: Timer::new(settings.idle_timeout.into()),
    };
    while let Some(head) = connection.head().await? {
        // On the heap, so that a connection that waits for its next request does not hold the room for one.
        if !Box::pin(connection.exchange(head, &service)).await? {
            break;
        }
    }
    near.close(LINGER).await;
    Ok(())
}

/// A client's connection.
struct Connection<'a, IO, L> {
    near: Rc<Near<IO>>,
    settings: &'a HttpSettings,
    /// Ready when no request is wanted after the one under way.
    last: Pin<&'a mut L>,
    draining: bool,
    /// Whether no request has come yet.
    fresh: bool,
    timer: Timer,
}

impl<IO: Duplex + 'static, L: Future<Output = ()>> Connection<'_, IO, L> {
    /// Reads the next head; `None` when there is none. One that is no head is answered as such.
    async fn head(&mut self) -> Result<Option<Parts>, Fault> {
        let limits = Limits {
            bytes: self.settings.max_header_size as usize,
            fields: usize::from(self.settings.max_headers),
        };
        let begun = !self.near.borrow_mut().wire.input.is_empty();
        let limit = if begun { self.settings.header_timeout } else { self.settings.idle_timeout };
        self.timer.start(limit.into());
        let mut reader = Reader::default();
        let head = poll_fn(|context| self.poll_head(&mut reader, limits, context)).await;
        if let Err(fault) = &head {
            self.refuse(fault).await;
        }
        head
    }

    fn poll_head(
        &mut self,
        reader: &mut Reader,
        limits: Limits,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Parts>, Fault>> {
        let near = Rc::clone(&self.near);
        let mut near = near.borrow_mut();
        let wire = &mut near.wire;
        loop {
            if let Some(head) = reader.request(&mut wire.input, limits)? {
                return Poll::Ready(Ok(Some(head)));
            }
            let idle = wire.input.is_empty();
            if idle {
                wire.rest();
            }
            match wire.poll_fill(context) {
                Poll::Ready(Ok(true)) if idle => self.timer.start(self.settings.header_timeout.into()),
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) if idle => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(false)) => return Poll::Ready(Err(Fault::Truncated)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => {
                    if !self.draining && self.is_draining(context) && idle {
                        self.timer.start(if self.fresh { FIRST } else { LATER });
                    }
                    return self.timer.poll(context).map(|()| Ok(None));
                }
            }
        }
    }

    fn is_draining(&mut self, context: &mut Context<'_>) -> bool {
        self.draining = self.draining || self.last.as_mut().poll(context).is_ready();
        self.draining
    }

    /// Answers a message that is none, and closes the connection: where the next one would begin, nobody knows.
    async fn refuse(&self, fault: &Fault) {
        let Some(status) = fault.status() else { return };
        let text = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let mut head = Response::new(());
        *head.status_mut() = status;
        head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let reply = Reply {
            framing: Some(Framing::Length(text.len() as u64)),
            keep_alive: false,
            version: Version::HTTP_11,
        };
        encode::response(&mut self.near.borrow_mut().wire.output, &head, reply);
        self.near.borrow_mut().wire.put(Bytes::from(text), b"");
        let patience: Duration = self.settings.idle_timeout.into();
        let _ = timeout(patience, self.near.flush()).await; // who does not take it has heard enough
        self.near.close(LINGER).await;
    }

    /// One request and its response. Says whether the connection goes on.
    async fn exchange<S, F, B>(&mut self, head: Parts, service: &S) -> Result<bool, Fault>
    where
        S: Fn(Request<Incoming>, Interim) -> F,
        F: Future<Output = Response<B>>,
        B: Answer,
    {
        self.fresh = false;
        let framing = match framing::of_request(&head) {
            Ok(framing) => framing,
            Err(fault) => {
                self.refuse(&fault).await;
                return Err(fault);
            }
        };
        let asked = Asked::new(&head, self.settings.keep_alive);
        let (body, interim) = (Near::begin(&self.near, framing), Interim::default());
        let response = {
            let mut answer = pin!(service(Request::from_parts(head, body), interim.clone()));
            poll_fn(|context| self.poll_answer(answer.as_mut(), &asked, &interim, context)).await?
        };
        let (head, mut body) = response.into_parts();
        let head = Response::from_parts(head, ());
        if head.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(&head, &mut body).await.map(|()| false);
        }
        self.near.discard_what_is_there();
        let keep_alive = asked.keep_alive
            && !self.draining
            && framing::keeps_alive(head.headers(), Version::HTTP_11)
            && self.near.is_drainable(asked.expects);
        let reply = reply::plan(&head, &body, &asked.method, asked.version, keep_alive);
        encode::response(&mut self.near.borrow_mut().wire.output, &head, reply);
        let idle = self.settings.idle_timeout.into();
        reply::send(&self.near, &mut body, reply.framing, idle, &mut self.timer).await?;
        drop(body);
        if !reply.keep_alive {
            return Ok(false);
        }
        let patience: Duration = self.settings.header_timeout.into();
        Ok(timeout(patience, self.near.drain()).await.is_ok_and(|drained| drained.is_ok()))
    }

    /// Waits for the answer, sends interim responses on, and notices when the client goes.
    fn poll_answer<F: Future>(
        &mut self,
        answer: Pin<&mut F>,
        asked: &Asked,
        interim: &Interim,
        context: &mut Context<'_>,
    ) -> Poll<Result<F::Output, Fault>> {
        let answer = answer.poll(context);
        {
            let mut near = self.near.borrow_mut();
            // A client that takes nothing makes them wait where they are counted, not here.
            if answer.is_ready() || near.wire.has_room() {
                let waiting = interim.take();
                let understood = waiting.iter().filter(|_| asked.version == Version::HTTP_11);
                understood.for_each(|response| encode::interim(&mut near.wire.output, response));
            }
            if answer.is_pending()
                && let Poll::Ready(Err(error)) = near.wire.poll_flush(context)
            {
                return Poll::Ready(Err(error.into()));
            }
            if answer.is_pending() && near.has_gone(context) {
                return Poll::Ready(Err(Fault::Truncated));
            }
        }
        let _ = self.is_draining(context);
        answer.map(Ok)
    }

    async fn switch<B: Answer>(&mut self, head: &Response<()>, body: &mut B) -> Result<(), Fault> {
        let Some(tunnel) = body.tunnel() else {
            return Err(Fault::Malformed("a switch of protocols without a tunnel"));
        };
        encode::switching(&mut self.near.borrow_mut().wire.output, head);
        self.near.join(tunnel).await.map_err(Fault::from)
    }
}

/// What is remembered of a request.
struct Asked {
    method: Method,
    version: Version,
    keep_alive: bool,
    /// Whether the client waits for a word before it sends its body.
    expects: bool,
}

impl Asked {
    fn new(head: &Parts, keep_alive: bool) -> Self {
        Self {
            method: head.method.clone(),
            version: head.version,
            keep_alive: keep_alive && framing::keeps_alive(&head.headers, head.version),
            expects: head.headers.contains_key(EXPECT),
        }
    }
}
