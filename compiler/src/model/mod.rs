//! The config as typed, named things.
//!
//! [`build`] takes the tree through the vocabulary (`decode`: every key known, every value of its type) and then
//! through one small function for each section. The flat layout has a vocabulary of its own and becomes the same
//! [`Model`] in `flat`.

mod block;
mod decode;
mod expect;
mod fault;
mod flat;
mod listener;
mod names;
mod path;
mod policy;
mod pool;
mod request;
mod route;
mod suggest;
mod target;
mod tls;
mod types;
mod units;
mod unknown;
mod value;

use divisor_schema::config::{Block, FLAT, ROOT};

pub(crate) use self::block::Checked;
use self::decode::Decoder;
pub(crate) use self::path::name_places;
pub(crate) use self::suggest::{closest, distance};
pub use self::types::*;
pub(crate) use self::units::{full_duration, in_bytes, in_time, same_duration, same_size};
use crate::diagnostic::{Diagnostic, Findings};
use crate::source::Spanned;
use crate::syntax::{Node, Spelling, Syntax};

/// What the tree of a config means. Whatever could be read is there, so that later stages see as much as possible;
/// what could not is a diagnostic.
pub fn build(syntax: &Syntax) -> (Model, Vec<Diagnostic>) {
    let mut findings = Findings::default();
    let layout = layout(&syntax.nodes);
    let mut decoder =
        Decoder { vocabulary: vocabulary(layout), findings: &mut findings, incomplete: syntax.incomplete };
    let root = decoder.root(&syntax.nodes);
    let mut model = match layout {
        Layout::Full => full(&mut decoder, &root),
        Layout::Flat => flat::lower(&mut decoder, &root),
    };
    names::resolve(&mut model);
    (model, findings.into_diagnostics())
}

/// A tree against a vocabulary of its own.
pub(crate) fn checked(vocabulary: &'static Block, syntax: &Syntax) -> (Checked, Vec<Diagnostic>) {
    let mut findings = Findings::default();
    let incomplete = syntax.incomplete;
    let checked = Decoder { vocabulary, findings: &mut findings, incomplete }.root(&syntax.nodes);
    (checked, findings.into_diagnostics())
}

/// Only the flat layout has `backends` at the top level, and it is YAML. Beside keys of the full layout they are
/// misplaced.
fn layout(nodes: &[Node]) -> Layout {
    let yaml =
        |name: &str| nodes.iter().any(|node| node.spelling == Spelling::Yaml && node.name.value == name);
    let full = ["listeners", "pools", "policies", "hosts", "routes"];
    if yaml("backends") && !full.into_iter().any(yaml) { Layout::Flat } else { Layout::Full }
}

fn vocabulary(layout: Layout) -> &'static Block {
    match layout {
        Layout::Full => &ROOT,
        Layout::Flat => &FLAT,
    }
}

fn full(decoder: &mut Decoder<'_>, root: &Checked) -> Model {
    Model {
        layout: Layout::Full,
        edition: root.written("edition"),
        runtime: runtime(&root.block_or_defaults("runtime")),
        admin: root.block("admin").map(admin),
        idle_tls: Vec::new(),
        listeners: root.blocks("listener").filter_map(listener::listener).collect(),
        pools: root.blocks("pool").filter_map(pool::pool).collect(),
        policies: root.blocks("policy").filter_map(policy::policy).collect(),
        rate_limits: root.blocks("rate-limit").filter_map(policy::shared_limit).collect(),
        hosts: root.blocks("host").map(route::host).collect(),
        routes: root.blocks("route").filter_map(route::route).collect(),
        expects: root.blocks("expect").filter_map(|block| expect::expect(decoder, block)).collect(),
    }
}

fn admin(block: &Checked) -> Admin {
    Admin { binds: block.list("bind"), allow: policy::networks(block, "allow") }
}

fn runtime(block: &Checked) -> Runtime {
    Runtime {
        workers: block.written("workers"),
        dns: block.list("dns"),
        drain: block.value("drain"),
        max_files: block.written("max-files"),
        max_memory: block.written("max-memory"),
    }
}

fn references<T>(block: &Checked, field: &str) -> Vec<Reference<T>> {
    block.list(field).into_iter().map(Reference::to).collect()
}

fn transpose<T>(spanned: Spanned<Option<T>>) -> Option<Spanned<T>> {
    let Spanned { value, span, written } = spanned;
    value.map(|value| Spanned { value, span, written })
}
