//! What the rules about pools share.

use crate::model::{Model, Probe};

/// Every probe, of pools and of single backends.
pub(super) fn probes(model: &Model) -> impl Iterator<Item = &Probe> {
    model
        .pools
        .iter()
        .flat_map(|pool| pool.probe.iter().chain(pool.backends.iter().filter_map(|it| it.probe.as_ref())))
}
