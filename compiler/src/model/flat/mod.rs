//! The flat layout: one listener, one pool and one route, lowered into the same model. Labels stay in the flat file.

mod listener;
mod pool;
mod settings;

use divisor_schema::config::ROOT;
use divisor_schema::plan::Millis;

use super::block::Checked;
use super::decode::Decoder;
use super::runtime;
use super::types::{Action, Layout, Model, Policy, Reference, Route, Settings};
use crate::diagnostic::{Diagnostic, Rule};
use crate::source::{Span, Spanned};

/// The name of everything that the flat layout has one of.
const NAME: &str = "default";

pub(super) fn lower(decoder: &mut Decoder<'_>, root: &Checked) -> Model {
    let at = root.written_at("backends").unwrap_or(root.at);
    let name = Spanned::default_at(NAME.to_owned(), at);
    let route = Route {
        pattern: Spanned::default_at("/**".to_owned(), at),
        methods: Vec::new(),
        is_regex: false,
        conditions: Vec::new(),
        keep_encoded_slash: Spanned::default_at(false, at),
        clients: Vec::new(),
        priority: Spanned::default_at(0, at),
        action: Some(Action::Proxy { pool: Reference::to(name.clone()) }),
        rewrite: None,
        mirror: None,
        uses: Vec::new(),
        settings: Settings::default(),
    };
    let (listener, idle_tls) = listener::lower(decoder, root, &name);
    Model {
        layout: Layout::Flat,
        edition: None,
        runtime: runtime(&full(at).block_or_defaults("runtime")),
        listeners: vec![listener],
        admin: None,
        idle_tls: idle_tls.into_iter().collect(),
        pools: vec![pool::lower(decoder, root, &name)],
        policies: vec![Policy { name, settings: settings::lower(decoder, root), single: Vec::new() }],
        rate_limits: Vec::new(),
        hosts: Vec::new(),
        routes: vec![route],
        expects: Vec::new(),
    }
}

/// The full layout without contents, for the defaults of what the flat one does not have.
fn full(at: Span) -> Checked {
    Checked::empty(&ROOT, at)
}

/// Says of each of `keys` that is there that it changes nothing without `without`.
fn ineffective(decoder: &mut Decoder<'_>, block: &Checked, keys: &[&str], without: &str) {
    for key in keys {
        let Some(at) = block.written_at(key) else { continue };
        let message = format!("`{key}` has no effect without `{without}`");
        let found = Diagnostic::warning(Rule::INEFFECTIVE_OPTION, message, at, "changes nothing");
        decoder.report(found.help(format!("set `{without}`, or take it away")));
    }
}

/// A duration, where 0 means that nobody wrote one.
fn positive(duration: Option<Spanned<Millis>>) -> Option<Spanned<Millis>> {
    duration.filter(|duration| duration.value.0 > 0)
}

/// A leaf of a block: what was written unless it is 0, or else the default.
fn duration(block: &Checked, field: &str) -> Option<Spanned<Millis>> {
    positive(block.written(field)).or_else(|| block.default(field))
}
