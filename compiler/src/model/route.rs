//! Hosts and routes.

use super::block::Checked;
use super::decode::Decoder;
use super::types::{Action, Host, Reference, Route};
use super::{policy, references, tls};
use crate::diagnostic::{Diagnostic, Rule};

pub(super) fn host(decoder: &mut Decoder<'_>, block: &Checked) -> Host {
    Host {
        names: block.list("names"),
        listeners: references(block, "listener"),
        certificates: block.block("tls").map(tls::certificates).unwrap_or_default(),
        uses: references(block, "use"),
        routes: block.blocks("route").filter_map(|block| route(decoder, block)).collect(),
    }
}

pub(super) fn route(decoder: &mut Decoder<'_>, block: &Checked) -> Option<Route> {
    let action = action(decoder, block);
    Some(Route {
        pattern: block.written("path")?,
        methods: block.list("method"),
        action,
        rewrite: block.written("rewrite"),
        uses: references(block, "use"),
        settings: policy::settings(block),
    })
}

/// The keys that say what a route does. One of them, and no more, stands in each route.
const ACTIONS: [&str; 5] = ["pool", "redirect", "respond", "deny", "split"];

fn action(decoder: &mut Decoder<'_>, block: &Checked) -> Option<Action> {
    let written = ACTIONS.iter().filter_map(|key| Some((*key, block.written_at(key)?)));
    let mut written: Vec<_> = written.collect();
    written.sort_by_key(|(_, at)| *at);
    match written.as_slice() {
        [] => {
            let found =
                Diagnostic::error(Rule::MISSING_KEY, "a route does nothing", block.at, "action missing here");
            decoder.report(found.help("write one of pool, redirect, respond, deny"));
            None
        }
        [(key, _)] => read(block, key),
        [(first, at), others @ ..] => {
            for (key, other) in others {
                let message = format!("`{first}` and `{key}` cannot be combined");
                let found = Diagnostic::error(Rule::CONFLICTING_KEYS, message, *other, "second action");
                decoder.report(found.label(*at, "first action").help("keep one: a route does one thing"));
            }
            read(block, first)
        }
    }
}

fn read(block: &Checked, key: &str) -> Option<Action> {
    match key {
        "pool" => Some(Action::Proxy { pool: Reference::to(block.written("pool")?) }),
        "redirect" => {
            let redirect = block.block("redirect")?;
            Some(Action::Redirect {
                location: redirect.written("location")?,
                status: redirect.value("status"),
            })
        }
        "respond" => {
            let respond = block.block("respond")?;
            Some(Action::Respond {
                status: respond.value("status"),
                body: respond.value("body"),
                content_type: respond.value("content-type"),
            })
        }
        "deny" => Some(Action::Deny { status: block.block("deny")?.value("status") }),
        _ => None,
    }
}
