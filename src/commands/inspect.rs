//! `divisor inspect`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use divisor_schema::plan::{
    Action, Address, Backend, Digest, Forward, HashKey, Listener, Methods, Plan, Pool, Route, Share,
};
use serde_json::json;

use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The plan that `divisor compile` wrote
    plan: PathBuf,
    /// How it is written
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: the whole plan.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let path = &arguments.plan;
    let trouble = |what: &dyn std::fmt::Display| Trouble::new(format_args!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| trouble(&error))?;
    let plan = Plan::decode(&bytes).map_err(|error| trouble(&error))?;
    match arguments.output {
        Format::Text => output::print(&text(&plan, &bytes))?,
        Format::Json => output::print(&json(&plan, &bytes).map_err(|error| trouble(&error))?)?,
    }
    Ok(Outcome::Clean)
}

fn json(plan: &Plan, bytes: &[u8]) -> serde_json::Result<String> {
    let tables = &plan.tables;
    let described = json!({
        "version": 1,
        "digest": Digest::of(bytes),
        "bytes": bytes.len(),
        "tables": { "states": tables.states.len(), "edges": tables.edges.len(), "labels": tables.labels.len() },
        "plan": plan,
    });
    serde_json::to_string_pretty(&described).map(|text| text + "\n")
}

fn text(plan: &Plan, bytes: &[u8]) -> String {
    let mut out = String::new();
    let tables = &plan.tables;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "plan      {}, {} bytes", Digest::of(bytes), bytes.len());
    let _ = writeln!(out, "compiler  {}, edition {}", plan.meta.compiler, plan.meta.edition);
    let _ = writeln!(out, "tables    {} states, {} edges", tables.states.len(), tables.edges.len());
    let _ = writeln!(out, "drain     {}", millis(plan.runtime.drain.0));
    if let Some(admin) = &plan.admin {
        let binds: Vec<String> = admin.binds.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "admin     {}", binds.join(", "));
    }
    plan.listeners.iter().for_each(|it| listener(&mut out, plan, it));
    plan.pools.iter().for_each(|it| pool(&mut out, it));
    if !plan.rate_limits.is_empty() {
        let _ = writeln!(out, "\nrate limits");
    }
    for limit in &plan.rate_limits {
        let rate = format!("{} each {}", limit.requests, millis(limit.period.0));
        let _ = writeln!(out, "  {:<16} {rate}, burst {}", limit.name, limit.burst);
    }
    let _ = writeln!(out, "\nroutes");
    for route in &plan.routes {
        let _ =
            writeln!(out, "  {:<8} {:<32} {}", methods(&route.methods), route.pattern, action(plan, route));
    }
    out
}

fn listener(out: &mut String, plan: &Plan, listener: &Listener) {
    let binds: Vec<String> = listener.binds.iter().map(ToString::to_string).collect();
    let tls = if listener.tls.is_some() { "TLS" } else { "plain" };
    let _ = writeln!(out, "\nlistener {:<12} {} ({tls})", listener.name, binds.join(", "));
    if let Some(tls) = &listener.tls {
        for certificate in &tls.certificates {
            let names = match certificate.names.as_slice() {
                [] => "its own names".to_owned(),
                names => names.join(", "),
            };
            let _ = writeln!(out, "  certificate {} for {names}", certificate.identity.certificate);
        }
    }
    let pool = |forward: &Forward| &plan.pools[forward.pool.index()].name;
    if let Some(forward) = &listener.forward {
        let _ = writeln!(out, "  forwards every connection to {}", pool(forward));
        return;
    }
    for (name, forward) in &listener.passthrough {
        if let Some(forward) = forward {
            let _ = writeln!(out, "  passes {name} through to {}", pool(forward));
        }
    }
    let hosts = &listener.hosts;
    let served = hosts.exact.iter().map(|(name, _)| name.clone());
    let served = served.chain(hosts.one_label.iter().map(|(name, _)| format!("*.{name}")));
    let served = served.chain(hosts.many_labels.iter().map(|(name, _)| format!("**.{name}")));
    let served: Vec<String> = served.chain(hosts.default.map(|_| "every other name".to_owned())).collect();
    let _ = writeln!(out, "  serves {}", if served.is_empty() { "nobody".into() } else { served.join(", ") });
}

fn pool(out: &mut String, pool: &Pool) {
    let sticky = pool.sticky.as_ref().map(|it| format!(", sticky by cookie {}", it.cookie));
    let slow = pool.slow_start.map(|it| format!(", slow start {}", millis(it.0)));
    let more = [hash(pool), sticky, slow].into_iter().flatten().collect::<String>();
    let _ = writeln!(out, "\npool {:<16} {}{more}", pool.name, pool.balance);
    for backend in &pool.backends {
        let (mut url, mut weight) = (backend.url(), backend.weight.to_string());
        if let Address::Service(name, slot) = &backend.address {
            if *slot != 1 {
                continue; // as its first
            }
            let is_slot = |it: &&Backend| matches!(&it.address, Address::Service(of, _) if of == name);
            let slots = pool.backends.iter().filter(is_slot).filter(|it| it.scheme == backend.scheme).count();
            weight = "by records".to_owned();
            url = format!("{} in {slots} slots", url.trim_end_matches("/1"));
        }
        let probe = backend.probe.as_ref().map_or("no probe".to_owned(), |probe| {
            format!("probe {} every {}", probe.kind, millis(probe.every.0))
        });
        let backup = if backend.backup { ", backup" } else { "" };
        let _ = writeln!(out, "  {url:<32} weight {weight:<5} {probe}{backup}");
    }
}

/// What a pool tells requests apart by, if it does.
fn hash(pool: &Pool) -> Option<String> {
    Some(match &pool.hash.as_ref()?.key {
        HashKey::ClientAddress => " of the client's address".to_owned(),
        HashKey::Path => " of the path".to_owned(),
        HashKey::Header(name) => format!(" of header {name}"),
        HashKey::Cookie(name) => format!(" of cookie {name}"),
        HashKey::Query(name) => format!(" of query parameter {name}"),
    })
}

fn methods(methods: &Methods) -> String {
    match methods {
        Methods::Any => "*".into(),
        Methods::Only(names) => names.join(","),
    }
}

fn action(plan: &Plan, route: &Route) -> String {
    match &route.action {
        Action::Proxy { pool, .. } => format!("pool {}", plan.pools[pool.index()].name),
        Action::Split { shares, .. } => {
            let share =
                |share: &Share| format!("{} {}", plan.pools[share.pool.index()].name, share.weight.get());
            format!("split {}", shares.iter().map(share).collect::<Vec<_>>().join(", "))
        }
        Action::Redirect { status, .. } => format!("redirect {status}"),
        Action::Respond { status, .. } => format!("respond {status}"),
    }
}

/// A duration in the largest unit that says it exactly.
fn millis(millis: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match units.into_iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::{Balance, Hash, Millis};

    use super::*;

    #[test]
    fn durations_are_said_in_the_largest_exact_unit() {
        let said: Vec<String> = [0, 1, 1_500, 30_000, 300_000, 7_200_000, 86_400_000].map(millis).into();
        assert_eq!(said, ["0ms", "1ms", "1500ms", "30s", "5m", "2h", "1d"]);
    }

    #[test]
    fn pools_say_what_ties_clients_to_their_backends() {
        let said = |key: Option<HashKey>| {
            let pool = Pool {
                name: "app".into(),
                balance: if key.is_some() { Balance::ConsistentHash } else { Balance::Random },
                backends: vec![],
                eject: None,
                fail_open: 0,
                hash: key.map(|key| Hash { key, max_load: 125 }),
                sticky: None,
                slow_start: Some(Millis(30_000)),
            };
            let mut out = String::new();
            super::pool(&mut out, &pool);
            out.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(None), "random, slow start 30s");
        let keys = [
            (HashKey::ClientAddress, "the client's address"),
            (HashKey::Path, "the path"),
            (HashKey::Header("x-user".into()), "header x-user"),
            (HashKey::Cookie("id".into()), "cookie id"),
            (HashKey::Query("q".into()), "query parameter q"),
        ];
        for (key, name) in keys {
            assert_eq!(said(Some(key)), format!("consistent-hash of {name}, slow start 30s"));
        }
    }
}
