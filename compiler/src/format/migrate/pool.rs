//! The pool, from `type`, `health_checker_time` and `backends`.

use divisor_schema::config::{FLAT, Presence};

use super::{Migrator, ORIGINLESS, Section, block, flag, moved, node, quoted};
use crate::source::Spanned;
use crate::syntax::{Node, Shape, Value};

impl Migrator {
    pub(super) fn pool(&mut self, root: Section<'_>) -> Vec<Node> {
        let backends = backends(root);
        let mut pool = Vec::new();
        pool.extend(balance(root, backends.len()));
        let mut settings: Vec<Vec<Node>> =
            backends.iter().map(|it| self.settings(root, it.section)).collect();
        // What is the same for all stands in the pool.
        let mut shared = Vec::new();
        for name in ["tls", "probe", "connections"] {
            let of = |settings: &Vec<Node>| settings.iter().find(|it| it.name.value == name).cloned();
            let first = settings.first().and_then(of);
            let all_alike = |first: &Node| {
                let alike = |own: Option<Node>| {
                    own.is_some_and(|own| super::super::same(&[own], std::slice::from_ref(first)))
                };
                settings.iter().map(of).all(alike)
            };
            if let Some(first) = first.filter(all_alike) {
                settings.iter_mut().for_each(|own| own.retain(|it| it.name.value != name));
                shared.push(first);
            }
        }
        for (backend, settings) in backends.into_iter().zip(settings) {
            let children = self.weight(backend.section).into_iter().chain(settings).collect();
            pool.push(node("backend", backend.section.at, vec![url(&backend)], children));
        }
        pool.extend(shared);
        pool
    }

    fn weight(&mut self, backend: Section<'_>) -> Option<Node> {
        self.leaf(backend, "weight", "weight")
    }

    fn settings(&mut self, root: Section<'_>, backend: Section<'_>) -> Vec<Node> {
        let mut settings = Vec::new();
        settings.extend(self.client_tls(backend));
        let path = self.words(backend, "health_check_path", "path");
        let path = path.unwrap_or_else(|| node("path", ORIGINLESS, vec![quoted("/")], Vec::new()));
        let every = self
            .duration(root, "health_checker_time", "every")
            .or_else(|| default("health_checker_time", "every"));
        settings.extend(block("probe", ORIGINLESS, [Some(path), every].into_iter().flatten().collect()));
        let mut connections = Vec::new();
        let limit = backend.text("max_conn").is_some_and(|limit| limit != "0");
        connections.extend(self.leaf(backend, "max_conn", "per-backend").filter(|_| limit));
        for (key, name) in [
            ("max_conn_timeout", "queue-timeout"),
            ("max_idle_conn_duration", "idle-timeout"),
            ("max_conn_duration", "max-age"),
        ] {
            connections.extend(self.duration(backend, key, name).or_else(|| default(key, name)));
        }
        settings.extend(block("connections", ORIGINLESS, connections));
        settings
    }

    fn client_tls(&mut self, backend: Section<'_>) -> Option<Node> {
        if !is_tls(backend) {
            for key in backend.children.iter().map(|key| key.name.value.as_str()) {
                if key.starts_with("tls_") && key != "tls_enabled" {
                    self.miss(&format!("backends.{key}"), "it has no effect without `tls_enabled: true`");
                }
            }
            return None;
        }
        let mut tls = Vec::new();
        for (key, name) in [
            ("tls_min_version", "min-version"),
            ("tls_max_version", "max-version"),
            ("tls_cipher_suites", "cipher-suites"),
            ("tls_ca_cert", "ca"),
            ("tls_client_cert", "certificate"),
            ("tls_client_key", "key"),
        ] {
            tls.extend(self.words(backend, key, name));
        }
        if let Some(skips) = backend.get("tls_skip_verify").filter(|_| backend.is_on("tls_skip_verify")) {
            tls.push(moved("verify", skips, vec![flag(false)]));
        }
        block("tls", ORIGINLESS, tls)
    }
}

/// A backend of the flat layout.
pub(super) struct Backend<'a> {
    pub(super) section: Section<'a>,
    /// Its address, where it is nothing but that.
    url: Option<&'a Spanned<Value>>,
}

/// The backends: each an item of its own, or a list of addresses.
pub(super) fn backends(root: Section<'_>) -> Vec<Backend<'_>> {
    let mut all = Vec::new();
    for node in root.children.iter().filter(|node| node.name.value == "backends") {
        let section = Section { children: &node.children, at: node.name.span };
        let alone = |url| Backend { section: Section { children: &[], ..section }, url: Some(url) };
        match (node.shape, node.arguments.as_slice()) {
            (_, []) => all.push(Backend { section, url: None }),
            (Shape::List | Shape::Item | Shape::Single, urls) => all.extend(urls.iter().map(alone)),
        }
    }
    all
}

fn is_tls(backend: Section<'_>) -> bool {
    backend.is_on("tls_enabled") || backend.text("url").is_some_and(|url| url.starts_with("https://"))
}

/// The address with its scheme.
fn url(backend: &Backend<'_>) -> Spanned<Value> {
    let url = backend.url.or(backend.section.value("url").map(|(_, url)| url));
    let text = url.map_or("", |url| url.value.text.as_str());
    let rest = text.strip_prefix("http://").or(text.strip_prefix("https://")).unwrap_or(text);
    let secure = is_tls(backend.section) || text.starts_with("https://");
    let scheme = if secure { "https" } else { "http" };
    Spanned::new(Value::quoted(format!("{scheme}://{rest}")), url.map_or(ORIGINLESS, |url| url.span))
}

fn balance(root: Section<'_>, backends: usize) -> Option<Node> {
    let (from, value) = root.value("type")?;
    let word = match value.value.text.as_str() {
        "w-round-robin" | "weighted-round-robin" if backends < 2 => "round-robin",
        "w-round-robin" => "weighted-round-robin",
        word => word,
    };
    Some(moved("balance", from, vec![Spanned::new(Value::quoted(word.to_owned()), value.span)]))
}

/// What holds in the flat layout where nobody writes a key, since the full one has another default.
pub(super) fn default(key: &str, name: &str) -> Option<Node> {
    let fields = FLAT.fields().flat_map(|field| {
        let inner = field.kind.block().into_iter().flat_map(|block| block.fields());
        std::iter::once(field).chain(inner)
    });
    let field = fields.into_iter().find(|field| field.yaml == key)?;
    let Presence::Default(text) = field.presence else { return None };
    Some(node(name, ORIGINLESS, vec![quoted(text)], Vec::new()))
}
