//! Traces as text.

use super::{Answer, Lost, Nearest, Outcome, Request, Setting, Trace};
use crate::source::SourceMap;

/// A trace for people: a line for each thing, its name in front. Ends with a newline. `sources` are the files of the config.
pub fn text(trace: &Trace, sources: &SourceMap) -> String {
    let mut out = format!("{}\n", trace.request);
    if trace.answers.is_empty() {
        let scheme = if trace.request.tls { "TLS" } else { "plain HTTP" };
        line(&mut out, "listener", &format!("none: no listener speaks {scheme}"));
    }
    for (number, answer) in trace.answers.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        self::answer(&mut out, &trace.request, answer, sources);
    }
    out
}

fn answer(out: &mut String, request: &Request, answer: &Answer, sources: &SourceMap) {
    line(out, "listener", &answer.listener.text(sources));
    if let Some(host) = &answer.host {
        line(out, "host", &host.text(sources));
    }
    if let Some(path) = answer.path.as_ref().filter(|path| **path != request.path) {
        line(out, "path", &format!("{path}, written as {}", request.path));
    }
    if let Some(route) = &answer.route {
        let methods = match route.methods.as_slice() {
            [] => String::new(),
            methods => format!(" for {}", methods.join(", ")),
        };
        line(out, "route", &format!("{}{methods}{}", route.pattern.name, route.pattern.place(sources)));
        route.conditions.iter().for_each(|condition| line(out, "", condition));
        for (name, value) in &route.captures {
            line(out, "", &format!("{{{name}}} is `{value}`"));
        }
    }
    outcome(out, answer, sources);
    answer.policies.iter().for_each(|policy| line(out, "policy", &policy.text(sources)));
    answer.settings.iter().for_each(|it| setting(out, it, sources));
    answer.lost.iter().for_each(|it| lost(out, it, sources));
    answer.nearest.iter().for_each(|it| nearest(out, it, sources));
}

fn outcome(out: &mut String, answer: &Answer, sources: &SourceMap) {
    match &answer.outcome {
        Outcome::Proxied { pools, path } => {
            let shares: u32 = pools.iter().map(|(_, weight)| u32::from(*weight)).sum();
            for (pool, weight) in pools {
                let share = if pools.len() > 1 { format!(", {weight} of {shares}") } else { String::new() };
                line(out, "pool", &format!("{}{share}{}", pool.name, pool.place(sources)));
            }
            line(out, "sent", path);
        }
        Outcome::Passed { pool } => {
            line(out, "pool", &format!("{}{}", pool.name, pool.place(sources)));
            line(out, "", "gets the connection as it is");
        }
        Outcome::Redirected { status, location } => line(out, "redirect", &format!("{status} to {location}")),
        Outcome::Responded { status } => line(out, "status", &status.to_string()),
        Outcome::Denied => line(out, "status", &answer.outcome.summary().replace("status ", "")),
        Outcome::Unrouted { status, why } => line(out, "status", &format!("{status}: {why}")),
        Outcome::Undecided => line(out, "status", "not decided: the config has an error here"),
    }
}

fn setting(out: &mut String, setting: &Setting, sources: &SourceMap) {
    let origin = setting.origin.as_ref().map(|origin| format!("  ({})", origin.text(sources)));
    line(out, "setting", &format!("{} {}{}", setting.name, setting.value, origin.unwrap_or_default()));
}

fn lost(out: &mut String, lost: &Lost, sources: &SourceMap) {
    line(out, "not", &format!("{} {}{}", lost.pattern.name, lost.reason, lost.pattern.place(sources)));
}

fn nearest(out: &mut String, nearest: &Nearest, sources: &SourceMap) {
    let route =
        nearest.route.as_ref().map(|route| format!(", route {}", route.text(sources))).unwrap_or_default();
    line(out, "nearest", &nearest.request.to_string());
    line(out, "", &format!("goes elsewhere: {}{route}", nearest.outcome.summary()));
}

fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(format!("  {name:<9}{value}").trim_end());
    out.push('\n');
}
