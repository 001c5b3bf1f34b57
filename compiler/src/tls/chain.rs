//! Certificate chains: leaf first, each signed by the next (RFC 8446, section 4.4.2), up to a root that clients trust.

use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::Certificate;

/// Clients follow no more certificates between leaf and root.
const INTERMEDIATES_MAX: usize = 6;

/// What is wrong with the order of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainFault {
    /// The leaf stands at this position.
    LeafNotFirst(usize),
    /// The certificate at this position did not issue the one before it.
    Unrelated(usize),
    /// The certificate at this position is there twice.
    Repeated(usize),
    /// There are so many between leaf and root that clients give up.
    TooLong(usize),
    /// The certificate at this position is a root that every client has.
    PublicRoot(usize),
}

/// What is wrong with the order of `chain`, if anything.
pub(crate) fn chain_fault(chain: &[Certificate]) -> Option<ChainFault> {
    let first = chain.first()?;
    let leaf = chain.iter().position(|it| !it.is_authority);
    if let Some(leaf) = leaf.filter(|&leaf| leaf > 0 && first.is_authority) {
        return Some(ChainFault::LeafNotFirst(leaf));
    }
    let repeated = (1..chain.len()).find(|&at| chain[..at].iter().any(|it| it.der == chain[at].der));
    if let Some(at) = repeated {
        return Some(ChainFault::Repeated(at));
    }
    let related = |pair: &[Certificate]| matches!(pair, [one, next] if one.issuer_der == next.subject_der);
    if let Some(at) = chain.windows(2).position(|pair| !related(pair)) {
        return Some(ChainFault::Unrelated(at + 1));
    }
    let intermediates = chain.iter().skip(1).filter(|it| !it.is_self_issued()).count();
    if intermediates > INTERMEDIATES_MAX {
        return Some(ChainFault::TooLong(intermediates));
    }
    chain.iter().skip(1).position(is_public_root).map(|at| ChainFault::PublicRoot(at + 1))
}

/// What a chain lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap<'a> {
    /// It is one certificate that nobody but itself signed.
    SelfSigned,
    /// The issuer of this certificate is neither in the file nor trusted.
    Missing(&'a Certificate),
    /// A certificate in the file bears the name of this one's issuer, and did not sign it.
    NotSigned(&'a Certificate),
}

/// What `chain` lacks to lead to a root: a public one, one of `trusted`, or one in the chain itself.
pub(crate) fn gap<'a>(chain: &'a [Certificate], trusted: &[Certificate]) -> Option<Gap<'a>> {
    let (leaf, rest) = chain.split_first()?;
    let private = trusted.iter().chain(rest.iter().filter(|it| it.is_self_issued()));
    let private = private.filter_map(|it| anchor_from_trusted_cert(&it.der).ok());
    let anchors: Vec<TrustAnchor<'_>> =
        private.chain(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()).collect();
    let error = verify(leaf, rest, &anchors).err()?;
    match error {
        Error::UnknownIssuer if leaf.is_self_issued() => Some(Gap::SelfSigned),
        Error::UnknownIssuer => Some(Gap::Missing(last_linked(chain))),
        Error::InvalidSignatureForPublicKey => Some(Gap::NotSigned(not_signed(chain))),
        _ => None, // dates, purposes and algorithms are judged for themselves
    }
}

/// Whether `chain` leads to a root that all browsers trust.
pub(crate) fn is_public(chain: &[Certificate]) -> bool {
    let verified = chain.split_first().map(|(leaf, rest)| verify(leaf, rest, webpki_roots::TLS_SERVER_ROOTS));
    verified.is_some_and(|verified| verified.is_ok())
}

/// Whether all browsers trust this certificate as a root.
pub(crate) fn is_public_root(certificate: &Certificate) -> bool {
    let Ok(anchor) = anchor_from_trusted_cert(&certificate.der) else { return false };
    let same = |root: &TrustAnchor<'_>| {
        root.subject == anchor.subject && root.subject_public_key_info == anchor.subject_public_key_info
    };
    certificate.is_authority && webpki_roots::TLS_SERVER_ROOTS.iter().any(same)
}

/// Verifies signatures from the leaf to one of `anchors`, at a time when most of the chain is valid: dates have their
/// own rules.
fn verify(leaf: &Certificate, rest: &[Certificate], anchors: &[TrustAnchor<'_>]) -> Result<(), Error> {
    let chain = || std::iter::once(leaf).chain(rest);
    let from = chain().map(|it| it.not_before).max().unwrap_or(0);
    let to = chain().map(|it| it.not_after).min().unwrap_or(0);
    let time = u64::try_from(from.min(to)).unwrap_or(0);
    let intermediates: Vec<CertificateDer<'_>> = rest.iter().map(|it| it.der.clone()).collect();
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    EndEntityCert::try_from(&leaf.der)?
        .verify_for_usage(
            algorithms.all,
            anchors,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(time)),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map(|_| ())
}

/// The last certificate that the chain leads to from its leaf.
fn last_linked(chain: &[Certificate]) -> &Certificate {
    let linked = chain.windows(2).take_while(|pair| matches!(pair, [a, b] if a.issuer_der == b.subject_der));
    &chain[linked.count()]
}

/// The first certificate that the next one did not sign.
fn not_signed(chain: &[Certificate]) -> &Certificate {
    let forged = |at: &usize| {
        let anchor = chain.get(at + 1).and_then(|next| anchor_from_trusted_cert(&next.der).ok());
        let verified = verify(&chain[0], &chain[1..=*at], anchor.as_slice());
        matches!(verified, Err(Error::InvalidSignatureForPublicKey))
    };
    &chain[(0..chain.len()).find(forged).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::super::read_certificates;
    use super::super::testing::{Issued, Scratch};
    use super::*;

    #[test]
    fn order_is_by_issuer() {
        let scratch = Scratch::new();
        let chain = read_certificates(&scratch.chain("chain", &["shop.example"]).0).unwrap();
        let [leaf, root] = &chain[..] else { panic!("two certificates") };
        let other = read_certificates(&scratch.issue("other", &Issued::new(&["a.example"])).0).unwrap();
        assert_eq!(chain_fault(&chain), None);
        assert_eq!(chain_fault(&[root.clone(), leaf.clone()]), Some(ChainFault::LeafNotFirst(1)));
        assert_eq!(chain_fault(&[leaf.clone(), leaf.clone()]), Some(ChainFault::Repeated(1)));
        assert_eq!(chain_fault(&[leaf.clone(), other[0].clone()]), Some(ChainFault::Unrelated(1)));
        assert_eq!(chain_fault(std::slice::from_ref(leaf)), None);
        assert_eq!(chain_fault(&[]), None);
    }

    #[test]
    fn a_chain_ends_at_a_root_in_the_file_or_at_a_trusted_one() {
        let scratch = Scratch::new();
        let chain = read_certificates(&scratch.chain("chain", &["shop.example"]).0).unwrap();
        let (leaf, root) = (&chain[..1], &chain[1..]);
        assert_eq!(gap(&chain, &[]), None);
        assert_eq!(gap(leaf, root), None);
        assert_eq!(gap(leaf, &[]), Some(Gap::Missing(&leaf[0])));
        assert!(!is_public(&chain) && !is_public_root(&root[0]));
        let alone = read_certificates(&scratch.issue("alone", &Issued::new(&["a.example"])).0).unwrap();
        assert_eq!(gap(&alone, &[]), Some(Gap::SelfSigned));
        assert_eq!(gap(&alone, &alone), None, "whoever trusts it says so");
        assert_eq!(gap(&[], &[]), None);
    }

    #[test]
    fn the_same_name_is_not_the_same_issuer() {
        let scratch = Scratch::new();
        let one = read_certificates(&scratch.chain("one", &["shop.example"]).0).unwrap();
        let two = read_certificates(&scratch.chain("two", &["shop.example"]).0).unwrap();
        let mixed = [one[0].clone(), two[1].clone()];
        assert_eq!(gap(&mixed, &[]), Some(Gap::NotSigned(&mixed[0])));
    }

    #[test]
    fn public_roots_are_known() {
        let roots = include_bytes!("testdata/public-root.pem");
        let root = super::super::pem::Held::of(roots).certificates().unwrap();
        assert!(is_public_root(&root[0]), "{}", root[0].subject);
    }

    #[test]
    fn long_chains_are_too_long() {
        let scratch = Scratch::new();
        let chain = read_certificates(&scratch.long_chain("long", 7)).unwrap();
        assert_eq!(chain_fault(&chain), Some(ChainFault::TooLong(7)));
        assert_eq!(chain_fault(&chain[..4]), None);
    }
}
