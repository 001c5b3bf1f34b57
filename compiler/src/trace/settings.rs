//! The settings that bind a request.

use divisor_schema::plan::{self, Cidr, Encoding, HeaderOp, Plan, ValuePart};

use super::{Named, Setting};
use crate::facts::{Facts, Layer};
use crate::model::{HeaderChange, HeaderEdit, Mirror, RateLimit, RetryCause, Settings, in_bytes, in_time};
use crate::source::Span;

/// What some layers come to, the outermost first: of a single value the innermost holds, and lists add up. `at` is where
/// defaults would be written.
pub(super) fn of_layers(facts: &Facts<'_>, layers: &[Layer<'_>], at: Span) -> Vec<Setting> {
    let defaults = Settings::defaults(at);
    let mut all = vec![];
    for layer in layers {
        let setting = |name: &str, value: String, span: Span| Setting {
            name: name.into(),
            value,
            origin: Some(origin(layer, span)),
        };
        for (name, networks) in [("allow", &layer.settings.allow), ("deny", &layer.settings.deny)] {
            let first = networks.first().map(|first| first.span);
            all.extend(first.map(|span| setting(name, list(networks.iter().map(|it| it.value)), span)));
        }
        let own =
            layer.settings.rate_limits.iter().map(|limit| setting("rate-limit", rate(limit), limit.at.0));
        let shared = layer.settings.shared_limits.iter().filter_map(|shared| {
            let limit = &facts.model.rate_limits.get(shared.id?.index())?.limit;
            let value = format!("{} {}", shared.name.value, rate(limit));
            Some(setting("rate-limit", value, shared.name.span))
        });
        all.extend(own.chain(shared));
        for (prefix, edits) in [
            ("request-header", &layer.settings.request_headers),
            ("header", &layer.settings.response_headers),
        ] {
            all.extend(edits.iter().map(|edit| {
                let (name, value) = header(prefix, edit);
                Setting { name, value, origin: Some(origin(layer, edit.name.span)) }
            }));
        }
    }
    for (name, read) in SINGLE {
        let set = layers.iter().rev().find_map(|layer| Some((layer, read(layer.settings)?)));
        let written = set.map(|(layer, (value, span))| (value, origin(layer, span)));
        let found = written.or_else(|| Some((read(&defaults)?.0, Named::nowhere("default"))));
        all.extend(found.map(|(value, origin)| Setting { name: name.into(), value, origin: Some(origin) }));
    }
    all
}

/// Where copies of a request go.
pub(super) fn mirror(mirror: &Mirror) -> Setting {
    let value = format!("{}% to pool {}", mirror.percent.value, mirror.pool.name.value);
    Setting { name: "mirror".into(), value, origin: Some(Named::at("route", mirror.pool.name.span)) }
}

/// What a policy of a plan comes to.
pub(super) fn of_plan(plan: &Plan, policy: &plan::Policy) -> Vec<Setting> {
    let setting = |name: &str, value: String| Setting { name: name.into(), value, origin: None };
    let mut all: Vec<Setting> = vec![];
    all.extend(policy.access.allow.iter().map(|networks| setting("allow", list(networks.iter().copied()))));
    let denied = Some(&policy.access.deny).filter(|networks| !networks.is_empty());
    all.extend(denied.map(|networks| setting("deny", list(networks.iter().copied()))));
    for limit in policy.rate_limits.iter().filter_map(|id| plan.rate_limits.get(id.index())) {
        all.push(setting("rate-limit", rate_of(limit.requests, limit.period.0, limit.burst)));
    }
    for (prefix, ops) in [("request-header", &policy.request_headers), ("header", &policy.response_headers)] {
        all.extend(ops.iter().map(|op| {
            let (name, value) = header_op(prefix, op);
            Setting { name, value, origin: None }
        }));
    }
    let timeouts = &policy.timeouts;
    all.extend(policy.body_limit.map(|limit| setting("body-limit", in_bytes(limit))));
    all.push(setting("timeout first-byte", in_time(timeouts.first_byte.0)));
    all.push(setting("timeout body-idle", in_time(timeouts.body_idle.0)));
    all.push(setting("timeout tunnel-idle", in_time(timeouts.tunnel_idle.0)));
    all.extend(timeouts.exchange.map(|limit| setting("timeout exchange", in_time(limit.0))));
    all.push(setting("timeout min-rate", in_bytes(timeouts.min_rate)));
    all.push(setting("timeout min-rate-grace", in_time(timeouts.min_rate_grace.0)));
    all.push(setting("retry", planned_retry(&policy.retry)));
    all.extend(policy.compress.as_ref().map(|compress| {
        let encodings = compress.encodings.iter().map(|encoding| encoding_text(*encoding));
        setting("compress", compress_text(encodings, compress.min_size))
    }));
    all.extend(policy.mirror.as_ref().and_then(|mirror| {
        let pool = &plan.pools.get(mirror.pool.index())?.name;
        Some(setting("mirror", format!("{}% to pool {pool}", mirror.percent)))
    }));
    all
}

/// Reads a single value, and where it is written.
type Read = fn(&Settings) -> Option<(String, Span)>;

/// Single values, in the order in which they are shown.
const SINGLE: [(&str, Read); 9] = [
    ("body-limit", |it| it.body_limit.as_ref().map(|limit| (in_bytes(limit.value), limit.span))),
    ("timeout first-byte", |it| it.timeouts.first_byte.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout body-idle", |it| it.timeouts.body_idle.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout tunnel-idle", |it| it.timeouts.tunnel_idle.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout exchange", |it| it.timeouts.exchange.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout min-rate", |it| it.timeouts.min_rate.as_ref().map(|it| (in_bytes(it.value), it.span))),
    ("timeout min-rate-grace", |it| {
        it.timeouts.min_rate_grace.as_ref().map(|it| (in_time(it.value.0), it.span))
    }),
    ("retry", |it| {
        let retry = it.retry.as_ref()?;
        let mut on: Vec<String> = retry.on.iter().map(|cause| cause_text(cause.value)).collect();
        if on.is_empty() {
            on = [RetryCause::ConnectFailure, RetryCause::Reset].map(cause_text).to_vec();
        }
        Some((retry_text(retry.attempts.value, retry.budget.value, on), retry.attempts.span))
    }),
    ("compress", |it| {
        let compress = it.compress.as_ref()?;
        let encodings = compress.encodings.iter().map(|encoding| encoding_text(encoding.value));
        let span = compress.encodings.first().map(|first| first.span).unwrap_or_default();
        Some((compress_text(encodings, compress.min_size.value), span))
    }),
];

fn origin(layer: &Layer<'_>, span: Span) -> Named {
    let name = layer.policy.map_or("route".to_owned(), |policy| format!("policy {}", policy.name.value));
    Named::at(name, span)
}

fn rate(limit: &RateLimit) -> String {
    let burst = limit.burst.as_ref().map_or(limit.requests.value, |burst| burst.value);
    rate_of(limit.requests.value, limit.period.0, burst)
}

/// As in a config: `100/s burst=200`.
fn rate_of(requests: u32, period: u64, burst: u32) -> String {
    let unit = in_time(period).trim_start_matches('1').to_owned();
    format!("{requests}/{unit} burst={burst}")
}

fn header(prefix: &str, edit: &HeaderEdit) -> (String, String) {
    let name = edit.name.value.to_ascii_lowercase();
    match &edit.change {
        HeaderChange::Set(value) => (format!("{prefix}-set"), format!("{name}: {}", value.value)),
        HeaderChange::Add(value) => (format!("{prefix}-add"), format!("{name}: {}", value.value)),
        HeaderChange::Remove => (format!("{prefix}-remove"), name),
    }
}

fn header_op(prefix: &str, op: &HeaderOp) -> (String, String) {
    match op {
        HeaderOp::Set(name, value) => (format!("{prefix}-set"), format!("{name}: {}", parts(value))),
        HeaderOp::Add(name, value) => (format!("{prefix}-add"), format!("{name}: {}", parts(value))),
        HeaderOp::Remove(name) => (format!("{prefix}-remove"), name.clone()),
    }
}

fn parts(value: &[ValuePart]) -> String {
    value.iter().map(ToString::to_string).collect()
}

fn list(networks: impl Iterator<Item = Cidr>) -> String {
    let networks: Vec<String> = networks.map(|it| format!("{}/{}", it.address, it.prefix)).collect();
    networks.join(", ")
}

/// As in a config: `2 budget=20% on connect-failure, 503`.
fn retry_text(attempts: u8, budget: u8, on: Vec<String>) -> String {
    format!("{attempts} budget={budget}% on {}", on.join(", "))
}

fn planned_retry(retry: &plan::Retry) -> String {
    let causes = [
        (retry.on.connect_failure, RetryCause::ConnectFailure),
        (retry.on.reset, RetryCause::Reset),
        (retry.on.timeout, RetryCause::Timeout),
    ];
    let causes = causes.into_iter().filter(|(holds, _)| *holds).map(|(_, cause)| cause);
    let statuses = retry.on.statuses.iter().map(|status| RetryCause::Status(*status));
    retry_text(retry.attempts, retry.budget, causes.chain(statuses).map(cause_text).collect())
}

fn cause_text(cause: RetryCause) -> String {
    match cause {
        RetryCause::ConnectFailure => "connect-failure".to_owned(),
        RetryCause::Reset => "reset".to_owned(),
        RetryCause::Timeout => "timeout".to_owned(),
        RetryCause::Status(status) => status.to_string(),
    }
}

/// `zstd, br from 1KiB`.
fn compress_text(encodings: impl Iterator<Item = &'static str>, min_size: u64) -> String {
    format!("{} from {}", encodings.collect::<Vec<&str>>().join(", "), in_bytes(min_size))
}

fn encoding_text(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Zstd => "zstd",
        Encoding::Brotli => "br",
        Encoding::Gzip => "gzip",
    }
}
