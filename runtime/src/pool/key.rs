//! Keys: what tells requests apart, as a number that is the same on every machine and in every version.

use std::net::IpAddr;

/// The key of a client address.
pub(crate) fn of_address(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => mix(u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            mix(mix(bits as u64) ^ (bits >> 64) as u64)
        }
    }
}

/// The key of a text.
pub(crate) fn of_text(bytes: &[u8]) -> u64 {
    mix(fnv1a(bytes))
}

/// FNV-1a, 64 bits: simple, and the same everywhere.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of SplitMix64: a bijection that spreads every bit over all 64.
pub(super) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_change_from_version_to_version() {
        assert_eq!(of_text(b"/cart"), 15_208_960_650_855_555_310);
        assert_eq!(of_address([192, 0, 2, 1].into()), of_address("::ffff:192.0.2.1".parse().unwrap()));
        assert_ne!(of_address("2001:db8::1".parse().unwrap()), of_address("2001:db8:1::1".parse().unwrap()));
    }
}
