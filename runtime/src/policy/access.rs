//! Which clients may at all.

use std::net::IpAddr;

use divisor_schema::plan::{self, Cidr};

/// Which clients may: those in every list that allows and in none that denies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    allow: Vec<Networks>,
    deny: Networks,
}

impl Access {
    /// What a plan says.
    pub(crate) fn new(plan: &plan::Access) -> Self {
        Self {
            allow: plan.allow.iter().map(|list| Networks::new(list)).collect(),
            deny: Networks::new(&plan.deny),
        }
    }

    /// Whether a client may.
    pub(crate) fn admits(&self, client: IpAddr) -> bool {
        self.allow.iter().all(|list| list.contains(client)) && !self.deny.contains(client)
    }
}

/// Networks as ranges of addresses, in order and apart from each other: a look-up is a binary search.
#[derive(Debug, Clone, Default)]
struct Networks {
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    fn new(networks: &[Cidr]) -> Self {
        let ranges = |v4: bool| {
            let of = networks.iter().filter(|network| network.address.is_ipv4() == v4);
            merged(of.map(|network| range(network, if v4 { 32 } else { 128 })).collect())
        };
        Self { v4: ranges(true), v6: ranges(false) }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let (bits, ranges) =
            if address.is_ipv4() { (bits(address), &self.v4) } else { (bits(address), &self.v6) };
        let after = ranges.partition_point(|(first, _)| *first <= bits);
        after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| bits <= *last)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The first and the last address of a network.
fn range(network: &Cidr, width: u8) -> (u128, u128) {
    let first = bits(network.address);
    let hosts = u32::from(width.saturating_sub(network.prefix));
    (first, first | 1u128.checked_shl(hosts).map_or(u128::MAX, |size| size - 1))
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut kept: Vec<(u128, u128)> = Vec::new();
    for (first, last) in ranges {
        match kept.last_mut() {
            Some((_, before)) if first <= *before => *before = last.max(*before),
            _ => kept.push((first, last)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Cidr {
        let (address, prefix) = text.split_once('/').unwrap();
        Cidr::new(address.parse().unwrap(), prefix.parse().unwrap()).unwrap()
    }

    fn access(allow: &[&[&str]], deny: &[&str]) -> Access {
        let list = |list: &[&str]| list.iter().map(|it| network(it)).collect::<Vec<_>>();
        Access::new(&plan::Access { allow: allow.iter().map(|it| list(it)).collect(), deny: list(deny) })
    }

    fn admits(access: &Access, client: &str) -> bool {
        access.admits(client.parse().unwrap())
    }

    #[test]
    fn a_list_that_allows_denies_all_else_and_denying_wins() {
        let office = access(&[&["10.0.0.0/8"]], &["10.9.0.0/16"]);
        assert!(admits(&office, "10.0.0.1") && admits(&office, "::ffff:10.0.0.1"));
        assert!(!admits(&office, "10.9.255.255") && !admits(&office, "11.0.0.0"));
        assert!(!admits(&office, "::1") && !admits(&office, "2001:db8::1"), "IPv6 is all else, too");
        let all_but = access(&[], &["2001:db8::/32"]);
        assert!(admits(&all_but, "192.0.2.1") && !admits(&all_but, "2001:db8:ffff::1"));
        assert!(admits(&Access::default(), "::1"));
        assert!(!admits(&access(&[&["0.0.0.0/0"]], &[]), "::1"));
        assert!(admits(&access(&[&["::/0"]], &[]), "ffff::1"));
    }

    #[test]
    fn every_list_must_allow() {
        let both = access(&[&["10.0.0.0/8"], &["10.1.0.0/16", "192.0.2.0/24"]], &[]);
        assert!(admits(&both, "10.1.0.1"));
        assert!(!admits(&both, "10.2.0.1") && !admits(&both, "192.0.2.1"));
    }

    fn any_network() -> impl Strategy<Value = Cidr> {
        let kept = |bits: u128, beyond: u32| bits & u128::MAX.checked_shl(beyond).unwrap_or(0);
        prop_oneof![
            (0u32..64, 26u8..=32).prop_map(move |(bits, prefix)| Cidr {
                address: Ipv4Addr::from_bits(kept(bits.into(), 32 - u32::from(prefix)) as u32).into(),
                prefix,
            }),
            (0u128..64, 122u8..=128).prop_map(move |(bits, prefix)| Cidr {
                address: Ipv6Addr::from_bits(kept(bits, 128 - u32::from(prefix))).into(),
                prefix,
            }),
        ]
    }

    proptest! {
        #[test]
        fn ranges_hold_what_the_networks_hold(networks in prop::collection::vec(any_network(), 0..8)) {
            let ranges = Networks::new(&networks);
            for bits in 0u8..=64 {
                for address in [IpAddr::from(Ipv4Addr::from_bits(bits.into())), Ipv6Addr::from_bits(bits.into()).into()] {
                    let expected = networks.iter().any(|network| network.contains(address));
                    prop_assert_eq!(ranges.contains(address), expected, "{}", address);
                }
            }
        }
    }
}
