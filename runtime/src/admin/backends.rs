//! The state of backends, as JSON.

use std::sync::Arc;

use crate::pool::{Backend, Liveness, Pool};

/// All backends of all pools: a list.
pub(super) fn list(pools: &[Arc<Pool>]) -> String {
    let all = pools.iter().flat_map(|pool| pool.backends().iter().map(|backend| one(pool, backend)));
    format!("[{}]\n", all.map(|it| it.trim_end().to_owned()).collect::<Vec<_>>().join(",\n "))
}

/// One backend: an object.
pub(super) fn one(pool: &Pool, backend: &Backend) -> String {
    let fields = [
        ("pool", text(pool.name())),
        ("backend", text(backend.url())),
        ("address", text(&backend.address())),
        ("state", text(state(pool, backend))),
        ("weight", backend.weight().to_string()),
        ("written_weight", backend.written_weight().to_string()),
        ("draining", backend.is_draining().to_string()),
        ("backup", (backend.rank() > 0).to_string()),
        ("in_flight", backend.in_flight().to_string()),
        ("waiting", backend.waiting().to_string()),
        ("requests", backend.requests().to_string()),
        ("errors", backend.failures().to_string()),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}\n", fields.join(","))
}

/// What is known of a backend, in one word.
pub(super) fn state(pool: &Pool, backend: &Backend) -> &'static str {
    match backend.liveness() {
        _ if backend.is_empty() => "empty",
        _ if !backend.is_somewhere() => "unresolved",
        Liveness::Dead => "down",
        _ if pool.is_out(backend) => "ejected",
        Liveness::Alive => "up",
        Liveness::Unknown => "unprobed",
    }
}

/// A text as a string of JSON (RFC 8259, section 7).
fn text(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\0'..' ' => out += &format!("\\u{:04x}", u32::from(letter)),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("a\"b\\c\n\u{1}é"), r#""a\"b\\c\u000a\u0001é""#);
    }
}
