//! What the rules about headers share.

use crate::facts::Facts;
use crate::model::{HeaderChange, HeaderEdit, Settings};
use crate::source::Spanned;

/// Every place that settings are written in: policies and routes.
pub(super) fn settings<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f Settings> {
    let policies = facts.model.policies.iter().map(|policy| &policy.settings);
    policies.chain(facts.patterns.routes.iter().map(|read| &read.route.settings))
}

/// Every change of a header, of requests and responses.
pub(super) fn edits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f HeaderEdit> {
    settings(facts).flat_map(|settings| settings.request_headers.iter().chain(&settings.response_headers))
}

/// Every change of a header of requests.
pub(super) fn request_edits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f HeaderEdit> {
    settings(facts).flat_map(|settings| &settings.request_headers)
}

/// Every change of a header of responses.
pub(super) fn response_edits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f HeaderEdit> {
    settings(facts).flat_map(|settings| &settings.response_headers)
}

/// The value that a change writes.
pub(super) fn written(edit: &HeaderEdit) -> Option<&Spanned<String>> {
    match &edit.change {
        HeaderChange::Set(value) | HeaderChange::Add(value) => Some(value),
        HeaderChange::Remove => None,
    }
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
