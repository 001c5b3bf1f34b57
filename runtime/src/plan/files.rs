//! The files that a plan names.

use std::path::{Path, PathBuf};

use divisor_schema::plan::{Digest, Plan, Roots, Secret};

/// Certificates, keys, roots, revocation lists and secrets. Relative paths start at `base`.
pub(crate) fn named(plan: &Plan, base: &Path) -> Vec<PathBuf> {
    let servers = plan.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    let asked = servers.clone().flat_map(|tls| {
        let exceptions = tls.exceptions.iter().filter_map(|(_, auth)| auth.as_ref());
        exceptions.chain(&tls.client_auth)
    });
    let asked = asked.flat_map(|auth| auth.revoked.iter().chain([&auth.roots]));
    let identities = servers.flat_map(|tls| tls.certificates.iter().map(|certificate| &certificate.identity));
    let identities = identities.chain(plan.client_tls.iter().filter_map(|tls| tls.identity.as_ref()));
    let pairs = identities.flat_map(|identity| [&identity.certificate, &identity.key]);
    let roots = plan.client_tls.iter().filter_map(|tls| match &tls.roots {
        Roots::File(path) => Some(path),
        Roots::System | Roots::Unverified => None,
    });
    let secrets = plan.pools.iter().filter_map(|pool| match &pool.sticky.as_ref()?.key {
        Secret::File(path) => Some(path),
        Secret::Env(_) => None,
    });
    pairs.chain(roots).chain(asked).chain(secrets).map(|path| base.join(path)).collect()
}

/// The files of a plan and what they hold now. One that cannot be read counts as empty: when it is there again, that is a
/// change.
pub(super) fn held(plan: &Plan, base: &Path) -> Vec<(PathBuf, Digest)> {
    named(plan, base).into_iter().map(|path| (path.clone(), digest(&path))).collect()
}

/// What a file holds now, as [`held`] sees it.
pub(crate) fn digest(path: &Path) -> Digest {
    Digest::of(&std::fs::read(path).unwrap_or_default())
}
