//! Traces as JSON. The keys are stable within a version.

use serde_json::{Value, json};

use super::{Answer, Named, Nearest, Outcome, Request, Trace};
use crate::source::SourceMap;

/// The version of the form.
const VERSION: u32 = 1;

/// A trace for programs, with a newline at the end. `sources` are the files of the config.
pub fn json(trace: &Trace, sources: &SourceMap) -> String {
    let answers: Vec<Value> = trace.answers.iter().map(|it| answer(it, sources)).collect();
    let document = json!({ "version": VERSION, "request": request(&trace.request), "answers": answers });
    format!("{document:#}\n")
}

fn request(request: &Request) -> Value {
    let headers: Vec<Value> =
        request.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "method": request.method,
        "url": request.url(),
        "headers": headers,
        "client": request.client.map(|client| client.to_string()),
    })
}

fn answer(answer: &Answer, sources: &SourceMap) -> Value {
    let named = |named: &Named| named.json(sources);
    let settings: Vec<Value> = answer
        .settings
        .iter()
        .map(|it| json!({ "name": it.name, "value": it.value, "origin": it.origin.as_ref().map(named) }))
        .collect();
    let lost: Vec<Value> = answer
        .lost
        .iter()
        .map(|lost| json!({ "route": named(&lost.pattern), "reason": lost.reason }))
        .collect();
    let route = answer.route.as_ref().map(|route| {
        let captures: serde_json::Map<String, Value> =
            route.captures.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({ "pattern": named(&route.pattern), "methods": route.methods, "conditions": route.conditions, "captures": captures })
    });
    json!({
        "listener": named(&answer.listener),
        "host": answer.host.as_ref().map(named),
        "path": answer.path,
        "route": route,
        "outcome": outcome(&answer.outcome, sources),
        "policies": answer.policies.iter().map(named).collect::<Vec<Value>>(),
        "settings": settings,
        "lost": lost,
        "nearest": answer.nearest.as_ref().map(|it| nearest(it, sources)),
    })
}

fn outcome(outcome: &Outcome, sources: &SourceMap) -> Value {
    match outcome {
        Outcome::Proxied { pools, path } => {
            let pools: Vec<Value> = pools
                .iter()
                .map(|(pool, weight)| json!({ "pool": pool.json(sources), "weight": weight }))
                .collect();
            json!({ "kind": "pool", "pools": pools, "path": path })
        }
        Outcome::Passed { pool } => json!({ "kind": "passthrough", "pool": pool.json(sources) }),
        Outcome::Redirected { status, location } => {
            json!({ "kind": "redirect", "status": status, "location": location })
        }
        Outcome::Responded { status } => json!({ "kind": "respond", "status": status }),
        Outcome::Denied => json!({ "kind": "denied", "status": 403 }),
        Outcome::Unrouted { status, why } => json!({ "kind": "unrouted", "status": status, "why": why }),
        Outcome::Undecided => json!({ "kind": "undecided" }),
    }
}

fn nearest(nearest: &Nearest, sources: &SourceMap) -> Value {
    json!({
        "request": request(&nearest.request),
        "route": nearest.route.as_ref().map(|it| it.json(sources)),
        "outcome": outcome(&nearest.outcome, sources),
    })
}
