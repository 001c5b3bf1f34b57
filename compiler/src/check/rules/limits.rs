//! What the rules about rate limits share.

use super::headers::settings;
use crate::facts::Facts;
use crate::model::{RateLimit, in_time};

/// Every rate limit, of policies and routes and those that they share.
pub(super) fn limits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f RateLimit> {
    let shared = facts.model.rate_limits.iter().map(|shared| &shared.limit);
    settings(facts).flat_map(|settings| &settings.rate_limits).chain(shared)
}

/// A rate as it is written: `100/s`.
pub(super) fn rate(limit: &RateLimit) -> String {
    let unit = match limit.period.0 {
        60_000 => "m",
        3_600_000 => "h",
        _ => "s",
    };
    format!("{}/{unit}", limit.requests.value)
}

/// The time from one request to the next at the rate.
pub(super) fn every(limit: &RateLimit) -> String {
    let requests = u64::from(limit.requests.value.max(1));
    match limit.period.0 / requests {
        0 => format!("{}µs", (limit.period.0 * 1_000 / requests).max(1)),
        millis => in_time(millis),
    }
}

/// Requests at once: as many as in the period unless it says otherwise.
pub(super) fn burst(limit: &RateLimit) -> u32 {
    limit.burst.as_ref().map_or(limit.requests.value, |burst| burst.value)
}
