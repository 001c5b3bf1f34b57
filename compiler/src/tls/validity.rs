//! When certificates are valid.

use super::Certificate;

/// A day, in seconds.
pub(crate) const DAY: i64 = 24 * 60 * 60;
/// Clocks differ: a certificate that begins this soon counts as valid.
const SKEW: i64 = 5 * 60;

/// How a chain stands at some time. Times are seconds since the epoch; `index` is the certificate at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// All of it is valid, for long enough.
    Valid,
    /// One is not valid any more.
    Expired {
        /// Its position in the chain.
        index: usize,
    },
    /// One is not valid yet.
    NotYetValid {
        /// Its position in the chain.
        index: usize,
    },
    /// The leaf, or another one before it, ends soon.
    Expiring {
        /// Its position in the chain.
        index: usize,
        /// Whole days that are left.
        days: i64,
        /// So soon that what is deployed now outlives it.
        urgent: bool,
    },
}

/// How `chain` stands at `now`: what matters is the certificate that ends first.
///
/// Soon is less than 30 days and less than a third of its life: certificates that live for days are renewed when two
/// thirds of their life are over. `within` is another idea of what is soon, in seconds. A root after the leaf does not
/// matter: clients have their own.
pub(crate) fn validity(chain: &[Certificate], now: i64, within: Option<i64>) -> Validity {
    let root = |index: usize, it: &Certificate| index > 0 && it.is_self_issued();
    let chain = || chain.iter().enumerate().filter(|(index, it)| !root(*index, it));
    if let Some((index, _)) = chain().find(|(_, it)| it.not_after < now) {
        return Validity::Expired { index };
    }
    if let Some((index, _)) = chain().find(|(_, it)| it.not_before > now.saturating_add(SKEW)) {
        return Validity::NotYetValid { index };
    }
    let first = chain().min_by_key(|(_, it)| it.not_after);
    let Some((index, certificate)) = first else { return Validity::Valid };
    let left = certificate.not_after.saturating_sub(now);
    let life = certificate.not_after.saturating_sub(certificate.not_before);
    let urgent = left < (3 * DAY).min(life / 10);
    let soon = left < within.unwrap_or((30 * DAY).min(life / 3));
    if soon || urgent { Validity::Expiring { index, days: left / DAY, urgent } } else { Validity::Valid }
}

/// The day of a time, `2026-11-24`, in UTC.
pub(crate) fn day(time: i64) -> String {
    x509_parser::time::ASN1Time::from_timestamp(time)
        .map_or_else(|_| time.to_string(), |time| time.to_datetime().date().to_string())
}

/// A time, `2026-11-24T00:00:00Z`.
pub(super) fn instant(time: i64) -> String {
    let Ok(known) = x509_parser::time::ASN1Time::from_timestamp(time) else { return time.to_string() };
    let known = known.to_datetime();
    format!("{}T{:02}:{:02}:{:02}Z", known.date(), known.hour(), known.minute(), known.second())
}

#[cfg(test)]
mod tests {
    use super::super::read_certificates;
    use super::super::testing::{Issued, Scratch};
    use super::*;

    /// A certificate that lives from day 0 to `days`.
    fn living(days: i64) -> Certificate {
        let scratch = Scratch::new();
        let (path, _) = scratch.issue("it", &Issued { days: (0, days), ..Issued::new(&["a.example"]) });
        read_certificates(&path).unwrap().remove(0)
    }

    #[test]
    fn long_and_short_lives_have_their_own_thresholds() {
        let year = [living(365)];
        assert_eq!(validity(&year, 300 * DAY, None), Validity::Valid);
        assert_eq!(
            validity(&year, 340 * DAY, None),
            Validity::Expiring { index: 0, days: 25, urgent: false }
        );
        assert_eq!(validity(&year, 363 * DAY, None), Validity::Expiring { index: 0, days: 2, urgent: true });
        let week = [living(6)];
        assert_eq!(validity(&week, 3 * DAY, None), Validity::Valid);
        assert_eq!(validity(&week, 5 * DAY, None), Validity::Expiring { index: 0, days: 1, urgent: false });
    }

    #[test]
    fn the_worst_of_the_chain_counts() {
        let mut chain = [living(365), living(10)];
        assert_eq!(validity(&chain, 11 * DAY, None), Validity::Valid, "the second one is a root");
        chain[1].issuer_der = vec![0];
        assert_eq!(validity(&chain, 11 * DAY, None), Validity::Expired { index: 1 });
        assert_eq!(validity(&chain, -DAY, None), Validity::NotYetValid { index: 0 });
        assert_eq!(validity(&chain, -60, None), Validity::Valid);
        assert_eq!(validity(&[], 0, None), Validity::Valid);
    }

    #[test]
    fn what_is_soon_can_be_said() {
        let year = [living(365)];
        assert_eq!(validity(&year, 330 * DAY, Some(10 * DAY)), Validity::Valid);
        let soon = Validity::Expiring { index: 0, days: 100, urgent: false };
        assert_eq!(validity(&year, 265 * DAY, Some(120 * DAY)), soon);
        let late = Validity::Expiring { index: 0, days: 2, urgent: true };
        assert_eq!(validity(&year, 363 * DAY, Some(0)), late, "what cannot be deployed stays an error");
    }

    #[test]
    fn days_are_written_as_dates() {
        assert_eq!(day(1_795_564_800), "2026-11-25");
        assert_eq!(day(i64::MAX), i64::MAX.to_string());
    }
}
