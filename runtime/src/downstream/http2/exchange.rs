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
use super::gauge::Moves;
use super::outgoing;
use super::websocket::{self, Answer};

/// A client's connection, as its exchanges see it.
#[derive(Clone)]
pub(super) struct Near {
    pub(super) client: Rc<Client>,
    /// What is seen of its stream.
    pub(super) moves: Moves,
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
        let mut way = Way { interim: &interim, moves: &near.moves, untaken: 0 };
        poll_fn(|context| poll_answer(answer.as_mut(), &mut respond, &mut way, context)).await
    };
    match response.map(|response| websocket::leave(asked, response)) {
        Some(Answer::Response(response)) => outgoing::send(response, respond, near.idle).await,
        Some(Answer::Tunnel(switched)) => switched.join(respond).await,
        None => {}
    }
}

/// The way of interim responses to the client.
struct Way<'a> {
    interim: &'a Interim,
    moves: &'a Moves,
    /// Those that were sent while the client left no room.
    untaken: usize,
}

impl Way<'_> {
    /// Sends on what has come. The library queues what a client does not take: few, and the others wait where they are
    /// counted.
    fn pass(&mut self, respond: &mut SendResponse<Bytes>, last: bool) {
        let blocked = self.moves.is_blocked();
        if last || !blocked || self.untaken < Interim::MAX {
            let waiting = self.interim.take();
            self.untaken += if blocked { waiting.len() } else { 0 };
            waiting.into_iter().for_each(|response| outgoing::inform(respond, response));
        }
    }
}

/// Waits for the answer, sends interim responses on, and notices when the client takes its request back: there is then
/// no answer, and none is begun.
fn poll_answer(
    answer: Pin<&mut impl Future<Output = Response<ResponseBody>>>,
    respond: &mut SendResponse<Bytes>,
    way: &mut Way<'_>,
    context: &mut Context<'_>,
) -> Poll<Option<Response<ResponseBody>>> {
    if respond.poll_reset(context).is_ready() {
        return Poll::Ready(None);
    }
    let answer = answer.poll(context);
    way.pass(respond, answer.is_ready());
    answer.map(Some)
}
