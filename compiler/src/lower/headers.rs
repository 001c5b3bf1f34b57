//! Changes of headers.

use divisor_schema::config::VARIABLES;
use divisor_schema::plan::{HeaderOp, ValuePart};

use crate::model::{HeaderChange, HeaderEdit, Hsts};
use crate::routes::Pattern;

/// The change that `edit` asks for, on a route of this pattern.
pub(super) fn op(edit: &HeaderEdit, pattern: Option<&Pattern>) -> HeaderOp {
    let name = edit.name.value.to_ascii_lowercase();
    match &edit.change {
        HeaderChange::Set(text) => HeaderOp::Set(name, value(&text.value, pattern)),
        HeaderChange::Add(text) => HeaderOp::Add(name, value(&text.value, pattern)),
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

/// The parts of a value. What stands in braces and is no name stays as it is: values may be JSON.
fn value(text: &str, pattern: Option<&Pattern>) -> Vec<ValuePart> {
    let mut parts = vec![];
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let known = || VARIABLES.iter().find_map(|it| Some((rest.strip_prefix(it.name)?, it.value.clone())));
        let variable = captured(rest, pattern).or_else(known);
        if let Some((behind, part)) = variable {
            if !plain.is_empty() {
                parts.push(ValuePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
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

/// A name of the pattern in braces at the beginning of a text, and what is behind it.
fn captured<'t>(text: &'t str, pattern: Option<&Pattern>) -> Option<(&'t str, ValuePart)> {
    let (name, behind) = text.strip_prefix('{')?.split_once('}')?;
    Some((behind, ValuePart::Target(pattern?.capture(name)?.part())))
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::TemplatePart;

    use super::*;

    #[test]
    fn variables_are_found_in_both_spellings() {
        let text = |text: &str| ValuePart::Text(text.into());
        let value = |text| value(text, None);
        assert_eq!(value("a $remote_addr{time}"), [text("a "), ValuePart::ClientAddress, ValuePart::Time]);
        assert_eq!(value("$uuid-{counter}"), [ValuePart::Uuid, text("-"), ValuePart::Counter]);
        assert_eq!(value("{\"a\": $1, \"ä\": {x}}"), [text("{\"a\": $1, \"ä\": {x}}")]);
        assert_eq!(value(""), []);
    }

    #[test]
    fn names_of_the_pattern_come_first() {
        let pattern = Pattern::parse("/{time}/{*rest}").unwrap();
        let target = ValuePart::Target;
        assert_eq!(
            value("{time}{rest}{host}", Some(&pattern)),
            [TemplatePart::Segment(0), TemplatePart::Rest(1), TemplatePart::Host].map(target)
        );
        assert_eq!(value("{id}", Some(&pattern)), [ValuePart::Text("{id}".into())]);
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
