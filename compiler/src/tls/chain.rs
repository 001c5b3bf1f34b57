//! The order of a certificate chain: leaf first, each signed by the next (RFC 8446, section 4.4.2).

use super::Certificate;

/// What is wrong with the order of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainFault {
    /// The leaf stands at this position.
    LeafNotFirst(usize),
    /// The certificate at this position did not issue the one before it.
    Unrelated(usize),
}

/// What is wrong with the order of `chain`, if anything.
pub(crate) fn chain_fault(chain: &[Certificate]) -> Option<ChainFault> {
    let first = chain.first()?;
    let leaf = chain.iter().position(|it| !it.is_authority);
    if let Some(leaf) = leaf.filter(|&leaf| leaf > 0 && first.is_authority) {
        return Some(ChainFault::LeafNotFirst(leaf));
    }
    let related = |pair: &[Certificate]| matches!(pair, [one, next] if one.issuer_der == next.subject_der);
    chain.windows(2).position(|pair| !related(pair)).map(|at| ChainFault::Unrelated(at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::read_certificates;
    use super::super::testing::Scratch;
    use super::*;

    #[test]
    fn order_is_by_issuer() {
        let scratch = Scratch::new();
        let chain = read_certificates(&scratch.chain("chain", &["shop.example"]).0).unwrap();
        let [leaf, root] = &chain[..] else { panic!("two certificates") };
        assert_eq!(chain_fault(&chain), None);
        assert_eq!(chain_fault(&[root.clone(), leaf.clone()]), Some(ChainFault::LeafNotFirst(1)));
        assert_eq!(chain_fault(&[leaf.clone(), leaf.clone()]), Some(ChainFault::Unrelated(1)));
        assert_eq!(chain_fault(std::slice::from_ref(leaf)), None);
        assert_eq!(chain_fault(&[]), None);
    }
}
