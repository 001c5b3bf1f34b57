//! What the rules about routes share.

use crate::facts::{Facts, Site};
use crate::model::Route;
use crate::routes::Request;

/// The route at a position of the analysis of `site`.
pub(super) fn route_at<'m>(facts: &Facts<'m>, site: &Site<'m>, position: usize) -> Option<&'m Route> {
    let index = *site.routes.get(position)?;
    facts.patterns.routes.get(index).map(|read| read.route)
}

/// An example as a request to `site`: `GET https://shop.example/cart?a=1 (x-canary: 1, from 10.0.0.1)`; without a name
/// where every name is served.
pub(super) fn request(facts: &Facts<'_>, site: &Site<'_>, request: &Request) -> String {
    let listeners = site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index));
    let scheme = if listeners.into_iter().any(|listener| listener.tls.is_some()) { "https" } else { "http" };
    let origin = site.names.first().map(|name| format!("{scheme}://{}", name.example())).unwrap_or_default();
    let parameters: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let rest: Vec<String> = headers.chain(request.client.map(|client| format!("from {client}"))).collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    format!("{} {origin}{}{query}{rest}", request.method, request.path)
}

/// A name or value as it stands in a query. Its characters are bytes.
fn encoded(text: &str) -> String {
    let piece = |char: char| match char {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~' | '/' | ':' | '@' => char.to_string(),
        other => format!("%{:02X}", u32::from(other)),
    };
    text.chars().map(piece).collect()
}
