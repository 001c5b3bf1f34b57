//! What the rules about headers share.

use crate::facts::Facts;
use crate::model::{HeaderEdit, Settings};

/// Every change of a header, of requests and responses, in policies and routes.
pub(super) fn edits<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f HeaderEdit> {
    let policies = facts.model.policies.iter().map(|policy| &policy.settings);
    let routes = facts.patterns.routes.iter().map(|read| &read.route.settings);
    let of = |settings: &'f Settings| settings.request_headers.iter().chain(&settings.response_headers);
    policies.chain(routes).flat_map(of)
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
