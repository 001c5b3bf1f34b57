//! Copies of requests for another pool. The client's own request never waits for them, and their answers are dropped.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use divisor_schema::plan::{Mirror, PoolId, Retry, RetryOn, Timeouts};
use http::Request;
use http::header::UPGRADE;
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::message::ClientBody;
use crate::plan::Policy;
use crate::pool::{Affinity, Tried};

use super::affinity::affinity;
use super::proxy::Course;
use super::request::Target;
use super::{Exchange, View};

/// Bytes of a body that are kept for a copy; a request with a longer one is not copied.
const BODY_MAX: usize = 64 * 1024;
/// Copies that one worker has under way at a time; while there are so many, no more are made.
const UNDER_WAY_MAX: u32 = 100;
/// Time for a copy where the route sets none for an exchange.
const TIME_MAX: Duration = Duration::from_secs(60);
/// A copy is sent once.
static ONCE: Retry = Retry {
    attempts: 0,
    budget: 0,
    on: RetryOn { connect_failure: false, reset: false, timeout: false, statuses: Vec::new() },
};

/// The copies that one worker has under way.
#[derive(Clone, Default)]
pub(super) struct Copies(Rc<Cell<u32>>);

impl Copies {
    /// Room for one more.
    fn begin(&self) -> Option<UnderWay> {
        let count = self.0.get();
        (count < UNDER_WAY_MAX).then(|| {
            self.0.set(count + 1);
            UnderWay(self.clone())
        })
    }
}

/// A copy under way; dropping it makes room for another.
struct UnderWay(Copies);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get().saturating_sub(1));
    }
}

impl Exchange<'_> {
    /// Sends a copy of a request that is about to be sent, if the dice say so and there is room.
    pub(super) fn mirror(
        &self,
        mirror: &Mirror,
        policy: &Policy,
        target: &Target,
        request: &mut Request<ClientBody>,
    ) {
        let random = self.client.random();
        if !falls(random, mirror.percent) || request.headers().contains_key(UPGRADE) {
            return; // there are no two ends of a tunnel to be had twice
        }
        let Some(room) = self.view.copies().begin() else { return };
        let Some(body) = request.body_mut().record(BODY_MAX) else { return };
        let mut copy = Request::new(());
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        let affinity =
            affinity(&self.view.live.pools[mirror.pool.index()], self.address, target, copy.headers_mut());
        // Nobody knows yet which backend it goes to, so its counter is 0.
        let (ops, headers) = (&policy.request_headers, copy.headers_mut());
        self.client.apply(ops, headers, self.address, 0, Some(target));
        let (view, pool) = (Rc::clone(self.view), mirror.pool);
        let timeouts = policy.timeouts.clone();
        let version = self.view.live.pools[pool.index()].proxy_protocol();
        let header = version.map(|version| self.header(version));
        tokio::task::spawn_local(async move {
            // A request that fails or grows too long on its way is no request to copy.
            if let Some(body) = body.await {
                let copy = Box::new(copy.map(|()| ClientBody::copy(body)));
                send(&view, (pool, header), copy, affinity, random, &timeouts).await;
            }
            drop(room);
        });
    }
}

/// Whether a uniformly random number is among so many of a hundred.
fn falls(random: u64, percent: u8) -> bool {
    (u128::from(random) * 100) >> 64 < u128::from(percent)
}

/// Sends a copy to a backend that has a place for it now, and reads the answer to its end, so that the connection is good
/// for another, if it may carry another client's.
async fn send(
    view: &View,
    (id, header): (PoolId, Option<Vec<u8>>),
    copy: Box<Request<ClientBody>>,
    affinity: Affinity,
    random: u64,
    timeouts: &Timeouts,
) {
    let pool = &view.live.pools[id.index()];
    let pick = pool.pick(affinity, &Tried::default(), std::time::Instant::now, &mut || random);
    let Some(pick) = pick else { return };
    let Some(ticket) = pick.backend.try_enter() else { return };
    let limit = timeouts.exchange.map_or(TIME_MAX, Duration::from);
    let deadline = Instant::now().checked_add(limit);
    let mut course = Course::new(pool, timeouts, &ONCE, deadline);
    let shared = view.upstream(id, pick.index);
    let upstream = match header {
        None => shared,
        Some(header) => shared.of_client(header),
    };
    if let Ok((response, _)) = course.send(copy, ticket, &upstream).await {
        let mut answer = response.into_body();
        while let Some(Ok(_)) = answer.frame().await {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_a_hundred_fall() {
        let step = u64::MAX / 1_000;
        let count = |percent| (0..1_000).filter(|at| falls(at * step + step / 2, percent)).count();
        assert_eq!([1, 5, 50, 100].map(count), [10, 50, 500, 1_000]);
        assert!(falls(u64::MAX, 100) && !falls(u64::MAX, 99));
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let copies = Copies::default();
        let mut under_way: Vec<_> = (0..UNDER_WAY_MAX).map_while(|_| copies.begin()).collect();
        assert_eq!(under_way.len(), UNDER_WAY_MAX as usize);
        assert!(copies.begin().is_none());
        under_way.pop();
        assert!(copies.begin().is_some());
    }
}
