//! The policy of the one listener, from `custom_headers`, `server`, `security` and `backends`.

use divisor_schema::plan::Millis;

use super::{duration, full, positive};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::Checked;
use crate::model::decode::Decoder;
use crate::model::types::{HeaderChange, HeaderEdit, RateKey, RateLimit, Retry, Settings, Timeouts};
use crate::source::{At, Spanned};

pub(super) fn lower(decoder: &mut Decoder<'_>, root: &Checked) -> Settings {
    let server = root.block_or_defaults("server");
    let security = root.block_or_defaults("security");
    Settings {
        rate_limits: security
            .block("rate_limit")
            .and_then(|block| rate_limit(decoder, block))
            .into_iter()
            .collect(),
        request_headers: custom_headers(decoder, root),
        response_headers: security.block("headers").map(response_headers).unwrap_or_default(),
        body_limit: body_limit(&server),
        timeouts: Timeouts {
            first_byte: duration(&server, "proxy_timeout"),
            body_idle: positive(server.written("write_timeout")),
            ..Timeouts::default()
        },
        retry: retry(decoder, root),
        ..Settings::default()
    }
}

fn body_limit(server: &Checked) -> Option<Spanned<u64>> {
    let written = server.written::<u64>("max_request_body_size").filter(|limit| limit.value > 0);
    written.or_else(|| server.default("max_request_body_size"))
}

/// Words that a header value of this layout may be.
const VARIABLES: [&str; 4] = ["$remote_addr", "$time", "$uuid", "$incremental"];

fn custom_headers(decoder: &mut Decoder<'_>, root: &Checked) -> Vec<HeaderEdit> {
    let pairs = root.pairs("custom_headers");
    for (_, value) in &pairs {
        let unknown = value.value.starts_with('$') && !VARIABLES.contains(&value.value.as_str());
        if unknown {
            let message = format!("`{}` is not a variable", value.value);
            let found = Diagnostic::error(Rule::INVALID_VALUE, message, value.span, "not known");
            decoder.report(found.help(format!("write one of {}", VARIABLES.join(", "))));
        }
    }
    let set = |(name, value)| HeaderEdit { name, change: HeaderChange::Set(value) };
    pairs.into_iter().map(set).collect()
}

/// Keys of `security.headers` and the header that each sets.
const HEADERS: [(&str, &str); 5] = [
    ("x_frame_options", "X-Frame-Options"),
    ("x_content_type_options", "X-Content-Type-Options"),
    ("xss_protection", "X-XSS-Protection"),
    ("content_security_policy", "Content-Security-Policy"),
    ("referrer_policy", "Referrer-Policy"),
];

fn response_headers(block: &Checked) -> Vec<HeaderEdit> {
    let edit = |(key, header): (&str, &str)| {
        let value = block.written::<String>(key).filter(|value| !value.value.is_empty())?;
        let name = Spanned::new(header.to_owned(), block.written_at(key)?);
        Some(HeaderEdit { name, change: HeaderChange::Set(value) })
    };
    HEADERS.into_iter().filter_map(edit).collect()
}

fn rate_limit(decoder: &mut Decoder<'_>, block: &Checked) -> Option<RateLimit> {
    let enabled = block.value::<bool>("enabled").value;
    let requests = block.written::<u32>("requests_per_second");
    if let (Some(window), Some(requests)) = (block.written_at("window_size"), &requests) {
        let message = "`window_size` has no effect beside `requests_per_second`";
        let found = Diagnostic::warning(Rule::WINDOW_BUCKET_MIX, message, window, "a window");
        let help = format!("take it away: the limit is {} requests a second", requests.value);
        decoder.report(found.label(requests.span, "a rate").help(help));
    }
    if enabled && block.written_at("requests_per_second").is_none() {
        let message = "`rate_limit` has no `requests_per_second`";
        let found =
            Diagnostic::error(Rule::MISSING_KEY, message, block.at, "`requests_per_second` missing here");
        decoder.report(found.help("write how many requests a client may send in a second"));
    }
    let requests = requests.filter(|_| enabled)?;
    let full = full(block.at);
    let policy = full.block_or_defaults("policy");
    Some(RateLimit {
        at: At(requests.span),
        requests,
        period: Millis(1000),
        burst: block.written("burst_size"),
        key: Spanned::default_at(RateKey::ClientIp, block.at),
        block: positive(block.written("block_duration")),
        max_keys: policy.block_or_defaults("rate-limit").value("max-keys"),
    })
}

/// Tries of a request, for every backend the same here: the most that any of them asks for.
fn retry(decoder: &mut Decoder<'_>, root: &Checked) -> Option<Retry> {
    let written = |block: &Checked| {
        let today = block.written::<u32>("max_idempotent_call_attempts");
        today.or_else(|| block.written("max_idemponent_call_attempts")).filter(|tries| tries.value > 0)
    };
    let tries: Vec<Spanned<u32>> = root
        .blocks("backends")
        .filter_map(|block| written(block).or_else(|| block.default("max_idempotent_call_attempts")))
        .collect();
    let most = tries.iter().max_by_key(|tries| tries.value)?;
    if let Some(other) = tries.iter().find(|tries| tries.value != most.value) {
        let message = "the number of tries is one for all backends";
        let found = Diagnostic::warning(Rule::LEGACY_CONFIG, message, other.span, "not used");
        decoder.report(
            found.label(most.span, "used for all").help(format!("write {} for every backend", most.value)),
        );
    }
    let again = most.value.saturating_sub(1).min(10);
    let attempts = most.map(|_| u8::try_from(again).unwrap_or(u8::MAX));
    let defaults = Settings::defaults(most.span).retry?;
    Some(Retry { attempts, ..defaults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_keys_are_those_of_the_vocabulary() {
        let flat = Checked::empty(&divisor_schema::config::FLAT, crate::source::Span::default());
        let security = flat.block_or_defaults("security");
        let headers = security.block_or_defaults("headers");
        let mut keys: Vec<_> = headers.block.fields().map(|field| field.kdl).collect();
        keys.sort_unstable();
        let mut known = HEADERS.map(|(key, _)| key);
        known.sort_unstable();
        assert_eq!(keys, known);
    }
}
