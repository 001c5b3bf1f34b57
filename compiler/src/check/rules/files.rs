//! What the rules about files share.

use crate::facts::Facts;
use crate::source::Spanned;
use crate::tls::{Certificate, FileFault, Slot, Validity, validity};

/// Every file of no use in its place, with what it was named as.
pub(in crate::check) fn file_faults<'f>(
    facts: &'f Facts<'_>,
) -> impl Iterator<Item = (&'f Spanned<String>, Slot, FileFault)> {
    let chains = facts.identities.iter().filter_map(|identity| {
        Some((identity.certificate, Slot::Certificate, identity.chain.as_ref().err()?.clone()))
    });
    let keys = facts.identities.iter().filter_map(|identity| {
        Some((identity.key?, Slot::Key, identity.private.as_ref()?.as_ref().err()?.clone()))
    });
    let roots = facts
        .bundles
        .iter()
        .filter_map(|bundle| Some((bundle.file, Slot::Certificate, bundle.roots.as_ref().err()?.clone())));
    let revoked = facts
        .revoked
        .iter()
        .filter_map(|file| Some((*file, Slot::Revoked, facts.files.find(file).revoked().err()?)));
    chains.chain(keys).chain(roots).chain(revoked)
}

/// Every chain that could be read, and how it stands now.
pub(super) fn judged<'f>(
    facts: &'f Facts<'_>,
) -> impl Iterator<Item = (&'f Spanned<String>, &'f [Certificate], Validity)> {
    let dated = facts.identities.iter().filter(|identity| !identity.certificate_file.is_stand_in());
    dated.filter_map(|identity| {
        let chain = identity.chain.as_ref().ok()?;
        Some((identity.certificate, chain.as_slice(), validity(chain, facts.now, facts.expires_within)))
    })
}

/// Which certificate of a chain is meant, as a label.
pub(super) fn place(index: usize, subject: &str) -> String {
    match (index, subject.is_empty()) {
        (0, _) => "this certificate".to_owned(),
        (index, true) => format!("certificate {} of the chain", index + 1),
        (index, false) => format!("certificate {} of the chain: {subject}", index + 1),
    }
}
