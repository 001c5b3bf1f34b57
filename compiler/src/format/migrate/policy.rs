//! The policy, from `custom_headers`, `server`, `security` and `backends`.

use super::pool::{backends, default};
use super::{Migrator, ORIGINLESS, Section, block, node, number, quoted};
use crate::source::Spanned;
use crate::syntax::{Node, Value};

/// Keys of `security.headers` and the header that each sets.
const HEADERS: [(&str, &str); 5] = [
    ("x_frame_options", "X-Frame-Options"),
    ("x_content_type_options", "X-Content-Type-Options"),
    ("xss_protection", "X-XSS-Protection"),
    ("content_security_policy", "Content-Security-Policy"),
    ("referrer_policy", "Referrer-Policy"),
];

/// Tries of a request where nobody says how many.
const TRIES: u64 = 5;

impl Migrator {
    pub(super) fn policy(&mut self, root: Section<'_>) -> Vec<Node> {
        let (server, security) = (root.section("server"), root.section("security"));
        let mut policy = Vec::new();
        policy.extend(self.rate_limit(security.section("rate_limit")));
        policy.extend(custom_headers(root));
        policy.extend(headers(security.section("headers")));
        policy.push(body_limit(server));
        let mut timeout = Vec::new();
        let first = self.duration(server, "proxy_timeout", "first-byte");
        timeout.extend(first.or_else(|| default("proxy_timeout", "first-byte")));
        timeout.extend(self.duration(server, "write_timeout", "body-idle"));
        policy.extend(block("timeout", ORIGINLESS, timeout));
        policy.extend(self.retry(root));
        policy
    }

    fn rate_limit(&mut self, limit: Section<'_>) -> Option<Node> {
        if limit.get("window_size").is_some() {
            self.miss("security.rate_limit.window_size", "a rate is counted without a window");
        }
        if !limit.is_on("enabled") {
            if !limit.children.is_empty() {
                self.miss("security.rate_limit", "it is not enabled");
            }
            return None;
        }
        let (_, rate) = limit.value("requests_per_second")?;
        let rate = Spanned::new(Value::quoted(format!("{}/s", rate.value.text)), rate.span);
        let mut children = Vec::new();
        children.extend(self.leaf(limit, "burst_size", "burst"));
        children.extend(self.duration(limit, "block_duration", "block"));
        Some(node("rate-limit", limit.at, vec![rate], children))
    }

    /// The most tries that a backend asks for.
    fn retry(&mut self, root: Section<'_>) -> Option<Node> {
        let mut most: Option<(u64, crate::source::Span)> = None;
        for backend in backends(root) {
            let keys = ["max_idempotent_call_attempts", "max_idemponent_call_attempts"];
            let written = keys.into_iter().find_map(|key| backend.section.value(key));
            let own = match written {
                Some((from, tries)) => {
                    let Ok(tries) = tries.value.text.parse::<u64>() else {
                        self.miss(&from.name.value, "only a number can be migrated");
                        continue;
                    };
                    (if tries == 0 { TRIES } else { tries }, from.name.span)
                }
                None => (TRIES, ORIGINLESS),
            };
            if let Some((other, _)) = most.filter(|(other, _)| *other != own.0) {
                let why = format!("the number of tries is one for all backends: {}", other.max(own.0));
                self.miss("backends.max_idempotent_call_attempts", &why);
            }
            if most.is_none_or(|(other, _)| other < own.0) {
                most = Some(own);
            }
        }
        let (tries, at) = most?;
        Some(node("retry", at, vec![number(tries.saturating_sub(1).min(10))], Vec::new()))
    }
}

fn custom_headers(root: Section<'_>) -> Vec<Node> {
    let set = |child: &Node| {
        let value = child.arguments.first()?;
        let name = Spanned::new(Value::quoted(child.name.value.clone()), ORIGINLESS);
        let text = Spanned::new(Value::quoted(value.value.text.clone()), value.span);
        Some(node("request-header-set", child.name.span, vec![name, text], Vec::new()))
    };
    root.section("custom_headers").children.iter().filter_map(set).collect()
}

fn headers(section: Section<'_>) -> Vec<Node> {
    let set = |(key, header): (&str, &str)| {
        let (from, value) = section.value(key).filter(|(_, value)| !value.value.text.is_empty())?;
        let text = Spanned::new(Value::quoted(value.value.text.clone()), value.span);
        Some(node("header-set", from.name.span, vec![quoted(header), text], Vec::new()))
    };
    HEADERS.into_iter().filter_map(set).collect()
}

fn body_limit(server: Section<'_>) -> Node {
    let written = server.value("max_request_body_size").filter(|(_, limit)| limit.value.text != "0");
    match written {
        Some((from, limit)) => {
            let text = Spanned::new(Value::quoted(format!("{}B", limit.value.text)), limit.span);
            node("body-limit", from.name.span, vec![text], Vec::new())
        }
        None => node("body-limit", ORIGINLESS, vec![quoted("4MiB")], Vec::new()),
    }
}
