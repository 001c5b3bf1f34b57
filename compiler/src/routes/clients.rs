//! Sets of client addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use divisor_schema::plan::Cidr;

/// A set of client addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clients {
    /// These ranges: sorted, apart from each other.
    Only(Vec<Range>),
    /// Every address.
    Any,
}

/// Addresses of one family, from the first to the last.
type Range = (Address, Address);

/// An address as a number: whether it is IPv6, and its bits.
type Address = (bool, u128);

const FIRST: Address = (false, 0);
const LAST: Address = (true, u128::MAX);

impl Clients {
    /// The addresses in any of these networks; every address if there are none.
    pub(crate) fn new(networks: impl IntoIterator<Item = Cidr>) -> Self {
        let mut ranges: Vec<Range> = networks.into_iter().map(|network| range(&network)).collect();
        ranges.sort_unstable();
        let mut merged: Vec<Range> = vec![];
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if successor(*end).is_none_or(|next| first <= next) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        let everything = merged.first() == Some(&(FIRST, LAST));
        if merged.is_empty() || everything { Self::Any } else { Self::Only(merged) }
    }

    /// Whether it holds the address; an unknown one only if it holds every address.
    pub(crate) fn contains(&self, address: Option<IpAddr>) -> bool {
        match (self, address.map(number)) {
            (Self::Any, _) => true,
            (Self::Only(_), None) => false,
            (Self::Only(ranges), Some(at)) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&at))
            }
        }
    }

    /// Whether every address of `self` is one of `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Any, Self::Only(_)) => false,
            (Self::Only(mine), Self::Only(theirs)) => {
                let inside =
                    |(first, last): &Range| theirs.iter().any(|(from, to)| from <= first && last <= to);
                mine.iter().all(inside)
            }
        }
    }

    /// An address of each class that `sets` make; those in none of them first. `None` stands for all addresses, where no
    /// set tells them apart.
    pub(super) fn classes<'c>(sets: impl Iterator<Item = &'c Self> + Clone) -> Vec<Option<IpAddr>> {
        let ranges = sets.clone().flat_map(|set| match set {
            Self::Any => &[][..],
            Self::Only(ranges) => ranges,
        });
        let mut borders: Vec<Address> =
            ranges.flat_map(|&(first, last)| [Some(first), successor(last)]).flatten().collect();
        if borders.is_empty() {
            return vec![None];
        }
        borders.push(FIRST);
        // Addresses that are meant for examples stand for their classes (RFC 5737, RFC 3849).
        let examples =
            [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
        let borders = examples.into_iter().map(number).chain(borders);
        let mut classes: Vec<(Vec<bool>, Option<IpAddr>)> = vec![];
        for border in borders {
            let address = Some(address(border));
            let held: Vec<bool> = sets.clone().map(|set| set.contains(address)).collect();
            if !classes.iter().any(|(known, _)| *known == held) {
                classes.push((held, address));
            }
        }
        classes.sort();
        classes.into_iter().map(|(_, address)| address).collect()
    }
}

fn range(network: &Cidr) -> Range {
    let (six, bits) = number(network.address);
    let width = if six { 128 } else { 32 };
    let host = width - u32::from(network.prefix).min(width);
    let hosts = 1u128.checked_shl(host).map_or(u128::MAX, |size| size - 1);
    ((six, bits), (six, bits | hosts))
}

fn number(address: IpAddr) -> Address {
    match address.to_canonical() {
        IpAddr::V4(address) => (false, address.to_bits().into()),
        IpAddr::V6(address) => (true, address.to_bits()),
    }
}

fn address((six, bits): Address) -> IpAddr {
    match u32::try_from(bits) {
        Ok(bits) if !six => Ipv4Addr::from_bits(bits).into(),
        _ => Ipv6Addr::from_bits(bits).into(),
    }
}

/// The next address; behind the last of IPv4 comes the first of IPv6.
fn successor((six, bits): Address) -> Option<Address> {
    let last = if six { u128::MAX } else { u32::MAX.into() };
    match (six, bits == last) {
        (_, false) => Some((six, bits + 1)),
        (false, true) => Some((true, 0)),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(networks: &[(&str, u8)]) -> Clients {
        let cidr =
            |(address, prefix): &(&str, u8)| Cidr { address: address.parse().unwrap(), prefix: *prefix };
        Clients::new(networks.iter().map(cidr))
    }

    #[test]
    fn unions_are_one_value_however_they_are_cut() {
        assert_eq!(
            clients(&[("10.0.0.0", 9), ("10.128.0.0", 9)]),
            clients(&[("10.0.0.0", 8), ("10.1.0.0", 16)])
        );
        assert_eq!(clients(&[("0.0.0.0", 0), ("::", 0)]), Clients::Any);
        assert_ne!(clients(&[("0.0.0.0", 0)]), Clients::Any);
        assert_eq!(clients(&[]), Clients::Any);
    }

    #[test]
    fn membership_and_inclusion() {
        let (eight, sixteen) = (clients(&[("10.0.0.0", 8)]), clients(&[("10.1.0.0", 16)]));
        assert!(sixteen.is_within(&eight) && eight.is_within(&Clients::Any) && !eight.is_within(&sixteen));
        assert!(!Clients::Any.is_within(&eight));
        let at = |text: &str| Some(text.parse().unwrap());
        assert!(eight.contains(at("10.255.255.255")) && eight.contains(at("::ffff:10.0.0.1")));
        assert!(!eight.contains(at("11.0.0.0")) && !eight.contains(None) && Clients::Any.contains(None));
        assert!(clients(&[("2001:db8::", 32)]).contains(at("2001:db8::1")));
    }

    #[test]
    fn classes_are_what_can_be_told_apart() {
        let sets =
            [clients(&[("10.0.0.0", 8)]), clients(&[("10.0.0.0", 9), ("10.128.0.0", 9)]), Clients::Any];
        let classes = Clients::classes(sets.iter());
        let text = |class: &Option<IpAddr>| class.map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(classes.iter().map(text).collect::<Vec<_>>(), ["192.0.2.1", "10.0.0.0"]);
        assert_eq!(Clients::classes([Clients::Any].iter()), [None]);
        let all_four = [clients(&[("0.0.0.0", 0)])];
        assert_eq!(
            Clients::classes(all_four.iter()).iter().map(text).collect::<Vec<_>>(),
            ["2001:db8::1", "192.0.2.1"]
        );
    }
}
