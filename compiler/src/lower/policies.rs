//! Policies: merged from listener, host and route, and stored once.

use std::collections::{BTreeMap, HashMap};

use divisor_schema::plan::{
    Compress, Cors, Csrf, Mirror, Policy, PolicyId, RateLimit, RateLimitId, Retry, RetryOn, Timeouts,
};

use super::headers;
use crate::facts::{Layer, access};
use crate::model::{self, RetryCause, Settings, SharedLimit};
use crate::routes::Pattern;
use crate::source::{Span, Spanned};

/// The policies and rate limits of a plan, each once, in the order of their first use.
pub(super) struct Policies<'m> {
    shared: &'m [SharedLimit],
    policies: Vec<Policy>,
    ids: HashMap<Policy, PolicyId>,
    rate_limits: Vec<RateLimit>,
    rate_limit_ids: BTreeMap<String, RateLimitId>,
}

impl<'m> Policies<'m> {
    /// No policies yet. `shared` are the rate limits that they may name.
    pub(super) fn new(shared: &'m [SharedLimit]) -> Self {
        Self {
            shared,
            policies: vec![],
            ids: HashMap::new(),
            rate_limits: vec![],
            rate_limit_ids: BTreeMap::new(),
        }
    }

    /// The policy of some layers, the outermost first: what an inner one sets holds, and lists add up. `pattern` is that
    /// of the route, whose names header values may have.
    pub(super) fn merge(
        &mut self,
        layers: &[Layer<'_>],
        pattern: Option<&Pattern>,
        mirror: Option<Mirror>,
    ) -> PolicyId {
        let defaults = Settings::defaults(Span::default());
        let inner_first = || layers.iter().rev().map(|layer| layer.settings).chain([&defaults]);
        let timeout = |read: fn(&model::Timeouts) -> Option<divisor_schema::plan::Millis>| {
            inner_first().find_map(|settings| read(&settings.timeouts))
        };
        let ops = |read: fn(&Settings) -> &Vec<model::HeaderEdit>| {
            let edits = layers.iter().flat_map(|layer| read(layer.settings));
            headers::canonical(edits.map(|edit| headers::op(edit, pattern)).collect())
        };
        let policy = Policy {
            access: access(layers),
            rate_limits: self.rate_limits_of(layers),
            request_headers: ops(|settings| &settings.request_headers),
            response_headers: ops(|settings| &settings.response_headers),
            body_limit: inner_first().find_map(|it| it.body_limit.as_ref()).map(|limit| limit.value),
            timeouts: Timeouts {
                first_byte: timeout(|it| it.first_byte.as_ref().map(|it| it.value)).unwrap_or(NONE),
                body_idle: timeout(|it| it.body_idle.as_ref().map(|it| it.value)).unwrap_or(NONE),
                tunnel_idle: timeout(|it| it.tunnel_idle.as_ref().map(|it| it.value)).unwrap_or(NONE),
                exchange: timeout(|it| it.exchange.as_ref().map(|it| it.value)),
                min_rate: inner_first().find_map(|it| it.timeouts.min_rate.as_ref()).map_or(0, |it| it.value),
                min_rate_grace: timeout(|it| it.min_rate_grace.as_ref().map(|it| it.value)).unwrap_or(NONE),
            },
            retry: inner_first().find_map(|it| it.retry.as_ref()).map_or(NEVER, retry),
            compress: inner_first().find_map(|it| it.compress.as_ref()).map(compress),
            mirror,
            cors: inner_first().find_map(|it| it.cors.as_ref()).map(cors),
            csrf: inner_first()
                .find_map(|it| it.csrf.as_ref())
                .map(|csrf| Csrf { origins: words(&csrf.origins, origin) }),
        };
        self.policy(policy)
    }

    /// All policies and rate limits.
    pub(super) fn finish(self) -> (Vec<Policy>, Vec<RateLimit>) {
        (self.policies, self.rate_limits)
    }

    fn policy(&mut self, policy: Policy) -> PolicyId {
        if let Some(&id) = self.ids.get(&policy) {
            return id;
        }
        let id = PolicyId::new(self.policies.len() as u32);
        self.policies.push(policy.clone());
        self.ids.insert(policy, id);
        id
    }

    /// The rate limits of all layers. One that is shared by several of them counts a request once.
    fn rate_limits_of(&mut self, layers: &[Layer<'_>]) -> Vec<RateLimitId> {
        let mut all = vec![];
        for id in layers.iter().flat_map(|layer| self.rate_limits(layer)).collect::<Vec<_>>() {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    /// The rate limits of a layer. They are named by what they are, not by their order, so that a limit that did not
    /// change keeps its state when others come and go.
    fn rate_limits(&mut self, layer: &Layer<'_>) -> Vec<RateLimitId> {
        let own = layer.settings.rate_limits.iter().map(|limit| rate_limit(&layer.name, limit));
        let shared = layer.settings.shared_limits.iter().filter_map(|it| self.shared.get(it.id?.index()));
        let shared = shared.map(|it| rate_limit(&format!("rate-limit {}", it.name.value), &it.limit));
        let mut limits: Vec<RateLimit> = own.chain(shared).collect();
        limits.sort_by(|a, b| a.name.cmp(&b.name));
        limits.dedup();
        limits.into_iter().map(|limit| self.rate_limit(limit)).collect()
    }

    fn rate_limit(&mut self, limit: RateLimit) -> RateLimitId {
        if let Some(&id) = self.rate_limit_ids.get(&limit.name) {
            return id;
        }
        let id = RateLimitId::new(self.rate_limits.len() as u32);
        self.rate_limit_ids.insert(limit.name.clone(), id);
        self.rate_limits.push(limit);
        id
    }
}

/// Stands for a timeout that [`Settings::defaults`] always has.
const NONE: divisor_schema::plan::Millis = divisor_schema::plan::Millis(u64::MAX);

fn cors(cors: &model::Cors) -> Cors {
    let mut origins = words(&cors.origins, origin);
    if origins.iter().any(|origin| origin == "*") {
        origins.clear();
    }
    Cors {
        credentials: cors.credentials.value && !origins.is_empty(),
        origins,
        methods: words(&cors.methods, str::to_owned),
        headers: words(&cors.headers, str::to_ascii_lowercase),
        expose: words(&cors.expose, str::to_ascii_lowercase),
        max_age: cors.max_age.value,
    }
}

/// An origin as browsers write it.
fn origin(text: &str) -> String {
    text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase()
}

/// Words in one spelling, sorted, each once.
fn words(words: &[Spanned<String>], spelling: impl Fn(&str) -> String) -> Vec<String> {
    let mut words: Vec<String> = words.iter().map(|word| spelling(&word.value)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Media types of text: what is worth to be compressed where nobody says what is.
const TEXT: [&str; 8] = [
    "*+json",
    "*+xml",
    "application/javascript",
    "application/json",
    "application/wasm",
    "application/x-ndjson",
    "application/xml",
    "text/*",
];

fn compress(compress: &model::Compress) -> Compress {
    let mut encodings = vec![];
    for encoding in &compress.encodings {
        if !encodings.contains(&encoding.value) {
            encodings.push(encoding.value);
        }
    }
    let mut types: Vec<String> = compress.types.iter().map(|it| it.value.to_ascii_lowercase()).collect();
    if types.is_empty() {
        types = TEXT.map(str::to_owned).to_vec();
    }
    types.sort_unstable();
    types.dedup();
    Compress { encodings, types, min_size: compress.min_size.value }
}

/// Stands for a retry that [`Settings::defaults`] always has.
const NEVER: Retry = Retry {
    attempts: 0,
    budget: 0,
    on: RetryOn { connect_failure: false, reset: false, timeout: false, statuses: vec![] },
};

fn retry(retry: &model::Retry) -> Retry {
    let mut on = RetryOn::default();
    for cause in &retry.on {
        match cause.value {
            RetryCause::ConnectFailure => on.connect_failure = true,
            RetryCause::Reset => on.reset = true,
            RetryCause::Timeout => on.timeout = true,
            RetryCause::Status(status) => on.statuses.push(status),
        }
    }
    if retry.on.is_empty() {
        (on.connect_failure, on.reset) = (true, true);
    }
    on.statuses.sort_unstable();
    on.statuses.dedup();
    Retry { attempts: retry.attempts.value, budget: retry.budget.value, on }
}

fn rate_limit(place: &str, limit: &model::RateLimit) -> RateLimit {
    let (requests, period) = (limit.requests.value, limit.period);
    let burst = limit.burst.as_ref().map_or(requests, |burst| burst.value);
    let block = limit.block.as_ref().map(|block| block.value);
    let max_keys = limit.max_keys.value;
    let blocked = block.map(|block| format!(" block={}ms", block.0)).unwrap_or_default();
    let name = format!("{place}: {requests}/{}ms burst={burst}{blocked} max-keys={max_keys}", period.0);
    RateLimit { name, requests, period, burst, block, max_keys }
}
