//! Rate limits for each client: governor's cell rate algorithm over a memory of our own that is bounded.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use divisor_schema::plan;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};

use super::recent::{Arrival, Clients};

/// Nobody waits longer; keeps all arithmetic of the cell rate algorithm within 64 bits of nanoseconds.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// So that workers seldom meet at a lock.
const SHARDS_MAX: u32 = 16;
/// A limit that remembers less than two shards' worth of clients has one shard and remembers exactly so many.
const SHARD_CLIENTS_MIN: u32 = 1_024;

/// The rate limits of a plan, indexed by [`plan::RateLimitId`]. Shared by all workers.
#[derive(Debug)]
pub(crate) struct RateLimits(Vec<Arc<RateLimit>>);

/// A client is over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limited {
    /// Which limit.
    pub(crate) limit: plan::RateLimitId,
    /// Seconds until a request can be admitted again, at least one: the value of `Retry-After`.
    pub(crate) retry_after: u64,
}

impl std::fmt::Display for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "over the rate limit: try again in {} s", self.retry_after)
    }
}

impl std::error::Error for Limited {}

impl RateLimits {
    /// The limits of a plan that starts at `now`. A limit that `previous` has too, with the same name and settings,
    /// keeps what it knows of its clients.
    pub(crate) fn new(limits: &[plan::RateLimit], previous: Option<&Self>, now: Instant) -> Self {
        let known = |plan: &plan::RateLimit| previous?.0.iter().find(|known| known.plan == *plan).cloned();
        let limit = |plan| known(plan).unwrap_or_else(|| Arc::new(RateLimit::new(plan, now)));
        Self(limits.iter().map(limit).collect())
    }

    /// Admits a request of `client` that came at `now`, if all of `limits` do. A limit that admits counts the request
    /// even if a later one refuses it.
    ///
    /// # Errors
    /// [`Limited`] by the first limit that the client is over.
    pub(crate) fn check(
        &self,
        limits: &[plan::RateLimitId],
        client: IpAddr,
        now: Instant,
    ) -> Result<(), Limited> {
        limits.iter().try_for_each(|&limit| match self.0.get(limit.index()).map(|it| it.check(client, now)) {
            Some(Err(wait)) => Err(Limited { limit, retry_after: seconds(wait) }),
            Some(Ok(())) | None => Ok(()),
        })
    }
}

type Shard = RateLimiter<Arrival, Clients, Clock, NoOpMiddleware<Nanos>>;

/// One limit. A client belongs to one shard, each shard has a lock.
#[derive(Debug)]
struct RateLimit {
    plan: plan::RateLimit,
    epoch: Instant,
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

impl RateLimit {
    fn new(plan: &plan::RateLimit, epoch: Instant) -> Self {
        let quota = quota(plan);
        let shards = (plan.max_keys / SHARD_CLIENTS_MIN).clamp(1, SHARDS_MAX);
        let block = plan.block.map_or(Duration::ZERO, |block| Duration::from(block).min(LONGEST));
        let interval = nanos(quota.replenish_interval());
        let tolerance = interval.saturating_mul(u64::from(quota.burst_size().get() - 1));
        let shard = |_| {
            let clients = Clients::new((plan.max_keys / shards) as usize, nanos(block), tolerance);
            Mutex::new(RateLimiter::new(quota, clients, Clock::default()))
        };
        Self {
            plan: plan.clone(),
            epoch,
            hasher: RandomState::new(),
            shards: (0..shards).map(shard).collect(),
        }
    }

    /// # Errors
    /// How long the client has to wait.
    fn check(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let at = nanos(now.saturating_duration_since(self.epoch));
        let arrival = Arrival { client: subscriber(client), at };
        let shard = self.hasher.hash_one(arrival.client) % self.shards.len() as u64;
        // A poisoned lock guards nothing that could be half done: a decision is written in one step.
        let limiter = self.shards[shard as usize].lock().unwrap_or_else(PoisonError::into_inner);
        limiter.clock().0.set(at);
        limiter.check_key(&arrival).map_err(|refused| refused.wait_time_from(at.into()))
    }
}

/// The time that governor sees: the one that the caller gave.
#[derive(Debug, Clone, Default)]
struct Clock(Cell<u64>);

impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.get().into()
    }
}

/// Who counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one subscriber gets.
pub(super) fn subscriber(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

fn quota(plan: &plan::RateLimit) -> Quota {
    let interval = Duration::from(plan.period).min(LONGEST) / plan.requests.max(1);
    let interval = interval.max(Duration::from_nanos(1));
    let burst_max = u32::try_from(nanos(LONGEST) / nanos(interval)).unwrap_or(u32::MAX);
    let burst = NonZeroU32::new(plan.burst.min(burst_max)).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(interval).unwrap_or(Quota::per_second(burst)).allow_burst(burst)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::{Millis, RateLimitId};
    use proptest::prelude::*;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const ONLY: [RateLimitId; 1] = [RateLimitId::new(0)];

    fn plan(requests: u32, burst: u32, block: Option<u64>) -> plan::RateLimit {
        let name = "public".to_owned();
        plan::RateLimit {
            name,
            requests,
            period: Millis(1_000),
            burst,
            block: block.map(Millis),
            max_keys: 100_000,
        }
    }

    fn admitted(limits: &RateLimits, client: IpAddr, at: impl Iterator<Item = Instant>) -> usize {
        at.filter(|&now| limits.check(&ONLY, client, now).is_ok()).count()
    }

    #[test]
    fn a_flood_gets_the_burst_and_the_rate_and_disturbs_nobody() {
        let start = Instant::now();
        let limits = RateLimits::new(&[plan(50, 100, None)], None, start);
        let flood = (0..5_000).map(|n| start + Duration::from_millis(2) * n);
        assert_eq!(admitted(&limits, ONE, flood), 599);
        let calm = (0..5).map(|n| start + Duration::from_secs(2 * n));
        assert_eq!(admitted(&limits, OTHER, calm), 5);
    }

    #[test]
    fn retry_after_is_the_wait_rounded_up_and_never_zero() {
        let start = Instant::now();
        let limits = RateLimits::new(&[plan(50, 1, None)], None, start);
        assert_eq!(limits.check(&ONLY, ONE, start), Ok(()));
        let refused = limits.check(&ONLY, ONE, start).unwrap_err();
        assert_eq!(refused, Limited { limit: ONLY[0], retry_after: 1 });
        assert_eq!(refused.to_string(), "over the rate limit: try again in 1 s");
        let slow = plan::RateLimit { period: Millis(10_000), ..plan(4, 1, None) };
        let limits = RateLimits::new(&[slow], None, start);
        assert_eq!(limits.check(&ONLY, ONE, start), Ok(()));
        assert_eq!(limits.check(&ONLY, ONE, start).unwrap_err().retry_after, 3);
        assert_eq!(limits.check(&ONLY, ONE, start + Duration::from_millis(2_500)), Ok(()));
    }

    #[test]
    fn a_blocked_client_is_refused_until_the_block_ends_and_then_starts_afresh() {
        let start = Instant::now();
        let limits = RateLimits::new(&[plan(10, 5, Some(60_000))], None, start);
        assert_eq!(admitted(&limits, ONE, (0..6).map(|_| start)), 5);
        let after = |millis| limits.check(&ONLY, ONE, start + Duration::from_millis(millis));
        assert_eq!(after(0).unwrap_err().retry_after, 60);
        assert_eq!(after(30_500).unwrap_err().retry_after, 30);
        assert_eq!(after(59_999).unwrap_err().retry_after, 1);
        assert_eq!(admitted(&limits, ONE, (0..6).map(|_| start + Duration::from_secs(60))), 5);
        assert_eq!(limits.check(&ONLY, OTHER, start), Ok(()));
    }

    #[test]
    fn a_subscriber_is_one_client_however_it_writes_its_address() {
        let start = Instant::now();
        let limits = RateLimits::new(&[plan(1, 1, None)], None, start);
        let check = |text: &str| limits.check(&ONLY, text.parse().unwrap(), start).is_ok();
        assert!(check("192.0.2.7"));
        assert!(!check("::ffff:192.0.2.7"));
        assert!(check("2001:db8:0:1::1"));
        assert!(!check("2001:db8:0:1:ffff::2"));
        assert!(check("2001:db8:0:2::1"));
    }

    #[test]
    fn an_unchanged_limit_keeps_its_state_over_a_swap() {
        let start = Instant::now();
        let old = RateLimits::new(&[plan(1, 1, None)], None, start);
        assert_eq!(old.check(&ONLY, ONE, start), Ok(()));
        let same = RateLimits::new(&[plan(1, 1, None)], Some(&old), start);
        assert!(same.check(&ONLY, ONE, start).is_err());
        let changed = RateLimits::new(&[plan(1, 2, None)], Some(&same), start);
        assert_eq!(changed.check(&ONLY, ONE, start), Ok(()));
    }

    #[test]
    fn all_limits_must_admit_and_the_refusing_one_is_named() {
        let start = Instant::now();
        let limits = RateLimits::new(&[plan(9, 9, None), plan(1, 1, None)], None, start);
        let both = [RateLimitId::new(0), RateLimitId::new(1)];
        assert_eq!(limits.check(&both, ONE, start), Ok(()));
        assert_eq!(limits.check(&both, ONE, start).unwrap_err().limit, both[1]);
        assert_eq!(limits.check(&[], ONE, start), Ok(()));
    }

    proptest! {
        #[test]
        fn no_client_gets_more_than_burst_and_rate(
            requests in 1u32..100,
            burst in 1u32..100,
            gaps in prop::collection::vec(0u64..200, 1..300),
        ) {
            let start = Instant::now();
            let limits = RateLimits::new(&[plan(requests, burst, None)], None, start);
            let (mut millis, mut admitted) = (0, 0);
            for gap in gaps {
                millis += gap;
                let now = start + Duration::from_millis(millis);
                admitted += u64::from(limits.check(&ONLY, ONE, now).is_ok());
                let most = u64::from(burst) + millis * u64::from(requests) / 1_000 + 1;
                prop_assert!(admitted <= most, "{} of at most {}", admitted, most);
            }
            prop_assert!(admitted >= 1);
        }
    }

    #[test]
    fn memory_stays_within_max_keys() {
        let start = Instant::now();
        let small = plan::RateLimit { max_keys: 2, ..plan(1, 1, None) };
        let limits = RateLimits::new(&[small], None, start);
        for number in 0..100u32 {
            assert_eq!(limits.check(&ONLY, IpAddr::V4(number.into()), start), Ok(()));
        }
        assert_eq!(limits.check(&ONLY, IpAddr::V4(0.into()), start), Ok(()), "long forgotten");
    }

    #[test]
    fn extreme_settings_overflow_nothing() {
        let start = Instant::now();
        for (requests, period, burst) in [(u32::MAX, 1, u32::MAX), (1, u64::MAX, u32::MAX), (1, u64::MAX, 1)]
        {
            let extreme = plan::RateLimit {
                period: Millis(period),
                block: Some(Millis(u64::MAX)),
                max_keys: 1,
                ..plan(requests, burst, None)
            };
            let limits = RateLimits::new(&[extreme], None, start);
            assert_eq!(limits.check(&ONLY, ONE, start), Ok(()));
            _ = limits.check(&ONLY, ONE, start + Duration::from_secs(1));
            _ = limits.check(&ONLY, ONE, start + LONGEST);
        }
    }
}
