//! What the rules about routes share.

use crate::facts::{Facts, Site};
use crate::model::Route;
use crate::routes::Request;

/// The route at a position of the analysis of `site`.
pub(super) fn route_at<'m>(facts: &Facts<'m>, site: &Site<'m>, position: usize) -> Option<&'m Route> {
    let index = *site.routes.get(position)?;
    facts.patterns.routes.get(index).map(|read| read.route)
}

/// An example as a request to `site`: `GET https://shop.example/cart`; without a name where every name is served.
pub(super) fn request(facts: &Facts<'_>, site: &Site<'_>, witness: &Request) -> String {
    let Some(name) = site.names.first() else { return format!("{} {}", witness.method, witness.path) };
    let listeners = site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index));
    let scheme = if listeners.into_iter().any(|listener| listener.tls.is_some()) { "https" } else { "http" };
    format!("{} {scheme}://{}{}", witness.method, name.example(), witness.path)
}
