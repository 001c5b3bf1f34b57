//! Changes of headers.

use divisor_schema::plan::{HeaderOp, ValuePart};

use crate::model::{HeaderChange, HeaderEdit, Hsts};

/// What can stand in a value, in both layouts.
const VARIABLES: [(&str, ValuePart); 8] = [
    ("{client-address}", ValuePart::ClientAddress),
    ("{time}", ValuePart::Time),
    ("{uuid}", ValuePart::Uuid),
    ("{counter}", ValuePart::Counter),
    ("$remote_addr", ValuePart::ClientAddress),
    ("$time", ValuePart::Time),
    ("$uuid", ValuePart::Uuid),
    ("$incremental", ValuePart::Counter),
];

/// The change that `edit` asks for.
pub(super) fn op(edit: &HeaderEdit) -> HeaderOp {
    let name = edit.name.value.to_ascii_lowercase();
    match &edit.change {
        HeaderChange::Set(text) => HeaderOp::Set(name, value(&text.value)),
        HeaderChange::Add(text) => HeaderOp::Add(name, value(&text.value)),
        HeaderChange::Remove => HeaderOp::Remove(name),
    }
}

/// The changes, without those that a later one makes void, sorted by name: changes of different fields do not depend
/// on each other, those of one field keep their order.
pub(super) fn canonical(ops: Vec<HeaderOp>) -> Vec<HeaderOp> {
    let mut kept: Vec<HeaderOp> = vec![];
    for op in ops {
        if !matches!(op, HeaderOp::Add(..)) {
            kept.retain(|earlier| earlier.name() != op.name());
        }
        kept.push(op);
    }
    kept.sort_by(|a, b| a.name().cmp(b.name()));
    kept
}

/// `Strict-Transport-Security` (RFC 6797, section 6.1).
pub(super) fn hsts(hsts: &Hsts) -> HeaderOp {
    let mut text = format!("max-age={}", hsts.max_age.value.0 / 1000);
    if hsts.include_subdomains.value {
        text.push_str("; includeSubDomains");
    }
    if hsts.preload.value {
        text.push_str("; preload");
    }
    HeaderOp::Set("strict-transport-security".to_owned(), vec![ValuePart::Text(text)])
}

fn value(text: &str) -> Vec<ValuePart> {
    let mut parts = vec![];
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let variable = VARIABLES.iter().find_map(|(name, part)| Some((rest.strip_prefix(name)?, part)));
        if let Some((behind, part)) = variable {
            if !plain.is_empty() {
                parts.push(ValuePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(part.clone());
            rest = behind;
        } else {
            plain.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    if !plain.is_empty() {
        parts.push(ValuePart::Text(plain));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_both_spellings() {
        let text = |text: &str| ValuePart::Text(text.into());
        assert_eq!(value("a $remote_addr{time}"), [text("a "), ValuePart::ClientAddress, ValuePart::Time]);
        assert_eq!(value("$uuid-{counter}"), [ValuePart::Uuid, text("-"), ValuePart::Counter]);
        assert_eq!(value("{\"a\": $1, \"ä\": {x}}"), [text("{\"a\": $1, \"ä\": {x}}")]);
        assert_eq!(value(""), []);
    }

    #[test]
    fn later_changes_make_earlier_ones_void() {
        let set = |name: &str, text: &str| HeaderOp::Set(name.into(), vec![ValuePart::Text(text.into())]);
        let add = |name: &str| HeaderOp::Add(name.into(), vec![]);
        let remove = |name: &str| HeaderOp::Remove(name.into());
        let ops = vec![set("b", "1"), add("a"), set("b", "2"), add("b"), remove("a"), remove("c"), add("c")];
        assert_eq!(canonical(ops), [remove("a"), set("b", "2"), add("b"), remove("c"), add("c")]);
    }
}
