//! What an operator has ordered while the process runs: another weight, or that a backend is drained.

use std::sync::atomic::{AtomicU64, Ordering};

/// Orders about one backend. They hold for as long as the config gives it the weight that it had when they were given:
/// whoever writes another weight has decided anew. Written by the control thread alone.
#[derive(Debug, Default)]
pub(super) struct Orders(AtomicU64);

/// The weight that the config had, and what was ordered, in one word, so that no worker sees half of it.
#[derive(Clone, Copy)]
struct Order {
    written: u16,
    weight: Option<u16>,
    drains: bool,
}

const HAS_WEIGHT: u64 = 1 << 32;
const DRAINS: u64 = 1 << 33;

impl Orders {
    /// The share of a backend that has the weight `written` in the config, and `usual` without orders: the same, or that of
    /// a record.
    pub(super) fn weight(&self, written: u16, usual: u16) -> u16 {
        match self.about(written) {
            Order { drains: true, .. } => 0,
            Order { weight, .. } => weight.unwrap_or(usual),
        }
    }

    /// Whether the backend is drained.
    pub(super) fn drains(&self, written: u16) -> bool {
        self.about(written).drains
    }

    /// Orders another weight than `usual`, which takes the order back.
    pub(super) fn set_weight(&self, written: u16, usual: u16, weight: u16) {
        let weight = Some(weight).filter(|weight| *weight != usual);
        self.store(Order { weight, ..self.about(written) });
    }

    /// Orders that the backend is drained, or is no longer.
    pub(super) fn set_drains(&self, written: u16, drains: bool) {
        self.store(Order { drains, ..self.about(written) });
    }

    /// Takes all orders back: they were about another server.
    pub(super) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn about(&self, written: u16) -> Order {
        let word = self.0.load(Ordering::Relaxed);
        let weight = (word & HAS_WEIGHT != 0).then_some((word >> 16) as u16);
        if word as u16 == written {
            return Order { written, weight, drains: word & DRAINS != 0 };
        }
        Order { written, weight: None, drains: false }
    }

    fn store(&self, order: Order) {
        let weight = order.weight.map_or(0, |weight| HAS_WEIGHT | u64::from(weight) << 16);
        let drains = if order.drains { DRAINS } else { 0 };
        self.0.store(u64::from(order.written) | weight | drains, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_hold_for_the_weight_that_they_were_given_for() {
        let orders = Orders::default();
        let weight = |written| orders.weight(written, written);
        assert_eq!((weight(3), orders.drains(3)), (3, false));
        orders.set_weight(3, 3, 65_535);
        assert_eq!((weight(3), weight(4)), (65_535, 4));
        orders.set_drains(3, true);
        assert_eq!((weight(3), orders.drains(3), orders.drains(4)), (0, true, false));
        orders.set_drains(3, false);
        assert_eq!(weight(3), 65_535, "as it was before");
        orders.set_weight(3, 3, 3);
        assert_eq!(weight(3), 3);
        orders.set_weight(4, 4, 0);
        assert_eq!((weight(4), weight(3)), (0, 3));
    }

    #[test]
    fn a_written_weight_of_0_is_one_like_any_other() {
        let orders = Orders::default();
        assert_eq!((orders.weight(0, 0), orders.drains(0)), (0, false));
        orders.set_weight(0, 0, 2);
        assert_eq!(orders.weight(0, 0), 2);
    }
}
