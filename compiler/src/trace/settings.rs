//! The settings that bind a request.

use divisor_schema::plan::{self, HeaderOp, Plan, ValuePart};

use super::{Named, Setting};
use crate::facts::Layer;
use crate::model::{HeaderChange, HeaderEdit, RateLimit, Settings, in_bytes, in_time};
use crate::source::Span;

/// What some layers come to, the outermost first: of a single value the innermost holds, and lists add up. `at` is where
/// defaults would be written.
pub(super) fn of_layers(layers: &[Layer<'_>], at: Span) -> Vec<Setting> {
    let defaults = Settings::defaults(at);
    let mut all = vec![];
    for layer in layers {
        let origin = |span| origin(layer, span);
        all.extend(layer.settings.rate_limits.iter().map(|limit| Setting {
            name: "rate-limit".into(),
            value: rate(limit),
            origin: Some(origin(limit.at.0)),
        }));
        for (prefix, edits) in [
            ("request-header", &layer.settings.request_headers),
            ("header", &layer.settings.response_headers),
        ] {
            all.extend(edits.iter().map(|edit| {
                let (name, value) = header(prefix, edit);
                Setting { name, value, origin: Some(origin(edit.name.span)) }
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

/// What a policy of a plan comes to.
pub(super) fn of_plan(plan: &Plan, policy: &plan::Policy) -> Vec<Setting> {
    let setting = |name: &str, value: String| Setting { name: name.into(), value, origin: None };
    let mut all: Vec<Setting> = vec![];
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
    all.extend(timeouts.exchange.map(|limit| setting("timeout exchange", in_time(limit.0))));
    all.push(setting("retry attempts", policy.retry.attempts.to_string()));
    all
}

/// Reads a single value, and where it is written.
type Read = fn(&Settings) -> Option<(String, Span)>;

/// Single values, in the order in which they are shown.
const SINGLE: [(&str, Read); 5] = [
    ("body-limit", |it| it.body_limit.as_ref().map(|limit| (in_bytes(limit.value), limit.span))),
    ("timeout first-byte", |it| it.timeouts.first_byte.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout body-idle", |it| it.timeouts.body_idle.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("timeout exchange", |it| it.timeouts.exchange.as_ref().map(|it| (in_time(it.value.0), it.span))),
    ("retry attempts", |it| {
        it.retry.as_ref().map(|retry| (retry.attempts.value.to_string(), retry.attempts.span))
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
