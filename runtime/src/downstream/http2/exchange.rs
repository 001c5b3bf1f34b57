//! One request on a stream of a connection, and its response.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};

use crate::exchange::{self, Client, ResponseBody};
use crate::message::Interim;

use super::activity::Exchanging;
use super::gauge::Blocked;
use super::outgoing;
use super::websocket::{self, Answer};

/// A client's connection, as its exchanges see it.
#[derive(Clone)]
pub(super) struct Near {
    pub(super) client: Rc<Client>,
    /// Whether it takes nothing.
    pub(super) blocked: Blocked,
    /// How long it may leave our own words untaken.
    pub(super) idle: Duration,
}

/// Serves one request. A client that takes it back ends all that is done for it.
pub(super) async fn serve(
    near: Near,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    _exchanging: Exchanging,
) {
    let (request, asked) = websocket::enter(request);
    let response = {
        let interim = Interim::default();
        let mut answer = pin!(exchange::serve(&near.client, request, interim.clone()));
        let passed = (&near.blocked, &interim);
        poll_fn(|context| poll_answer(answer.as_mut(), &mut respond, passed, context)).await
    };
    match response.map(|response| websocket::leave(asked, response)) {
        Some(Answer::Response(response)) => outgoing::send(response, respond, near.idle).await,
        Some(Answer::Tunnel(switched)) => switched.join(respond).await,
        None => {}
    }
}

/// Waits for the answer, sends interim responses on, and notices when the client takes its request back: there is then
/// no answer.
fn poll_answer(
    answer: Pin<&mut impl Future<Output = Response<ResponseBody>>>,
    respond: &mut SendResponse<Bytes>,
    (blocked, interim): (&Blocked, &Interim),
    context: &mut Context<'_>,
) -> Poll<Option<Response<ResponseBody>>> {
    let answer = answer.poll(context);
    if answer.is_pending() && respond.poll_reset(context).is_ready() {
        return Poll::Ready(None);
    }
    // A client that takes nothing makes them wait where they are counted, not in the library.
    if answer.is_ready() || !blocked.is_blocked() {
        interim.take().into_iter().for_each(|response| outgoing::inform(respond, response));
    }
    answer.map(Some)
}
