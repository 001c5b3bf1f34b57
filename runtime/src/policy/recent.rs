//! A bounded memory of clients: the state store behind a rate limit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use governor::nanos::Nanos;
use governor::state::StateStore;

/// A request of a client, and when it came, in nanoseconds on the clock of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Arrival {
    pub(super) client: IpAddr,
    pub(super) at: u64,
}

/// Clients that came lately, at most `capacity`. When it is full, the second-chance algorithm chooses who is
/// forgotten: about the longest idle, and before all others somebody who came but once.
#[derive(Debug)]
pub(super) struct Clients {
    capacity: usize,
    /// Nanoseconds that a client over the limit is refused; 0 is not at all.
    block: u64,
    /// The tolerance of the cell rate algorithm: a client whose theoretical arrival time is further away is refused.
    tolerance: u64,
    memory: RefCell<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    index: HashMap<IpAddr, usize>,
    slots: Vec<Slot>,
    /// Whom to look at first when somebody must be forgotten.
    hand: usize,
}

#[derive(Debug)]
struct Slot {
    client: IpAddr,
    /// Came again since the hand passed.
    again: bool,
    /// Theoretical arrival time (ITU-T I.371), as governor computes it.
    expected: Option<Nanos>,
    blocked_until: u64,
}

impl Clients {
    pub(super) fn new(capacity: usize, block: u64, tolerance: u64) -> Self {
        Self { capacity: capacity.max(1), block, tolerance, memory: RefCell::default() }
    }
}

impl StateStore for Clients {
    type Key = Arrival;

    fn measure_and_replace<T, F, E>(&self, arrival: &Arrival, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut memory = self.memory.borrow_mut();
        let slot = memory.slot(arrival.client, self.capacity);
        if slot.blocked_until <= arrival.at {
            match decide(slot.expected) {
                Ok((admitted, expected)) => {
                    slot.expected = Some(expected);
                    return Ok(admitted);
                }
                Err(refused) if self.block == 0 => return Err(refused),
                Err(_) => slot.blocked_until = arrival.at.saturating_add(self.block),
            }
        }
        // An arrival time this far away lets governor itself say: not until the block ends.
        decide(Some(slot.blocked_until.saturating_add(self.tolerance).into())).map(|(admitted, _)| admitted)
    }
}

impl Memory {
    fn slot(&mut self, client: IpAddr, capacity: usize) -> &mut Slot {
        let at = match self.index.get(&client) {
            Some(&at) => {
                self.slots[at].again = true;
                at
            }
            None => self.insert(client, capacity),
        };
        &mut self.slots[at]
    }

    fn insert(&mut self, client: IpAddr, capacity: usize) -> usize {
        let slot = Slot { client, again: false, expected: None, blocked_until: 0 };
        let at = if self.slots.len() < capacity {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let at = self.longest_idle();
            self.index.remove(&self.slots[at].client);
            self.slots[at] = slot;
            at
        };
        self.index.insert(client, at);
        at
    }

    fn longest_idle(&mut self) -> usize {
        loop {
            let at = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            if !std::mem::take(&mut self.slots[at].again) {
                return at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    fn is_known(memory: &Memory, number: u32) -> bool {
        memory.index.contains_key(&client(number))
    }

    #[test]
    fn memory_is_bounded_and_forgets_whom_it_has_not_seen_again() {
        let mut memory = Memory::default();
        (0..4).for_each(|number| _ = memory.slot(client(number), 4));
        memory.slot(client(0), 4);
        memory.slot(client(2), 4);
        memory.slot(client(9), 4);
        assert!(is_known(&memory, 0) && is_known(&memory, 2) && !is_known(&memory, 1));
        (100..200).for_each(|number| _ = memory.slot(client(number), 4));
        assert_eq!((memory.index.len(), memory.slots.len()), (4, 4));
    }

    #[test]
    fn when_everybody_came_again_the_oldest_goes() {
        let mut memory = Memory::default();
        (0..6).for_each(|number| _ = memory.slot(client(number % 3), 3));
        memory.slot(client(7), 3);
        assert!(!is_known(&memory, 0) && is_known(&memory, 1) && is_known(&memory, 2));
    }
}
