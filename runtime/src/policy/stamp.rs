//! Times and identifiers as text.

use std::fmt::{self, Display, Formatter};
use std::time::{SystemTime, UNIX_EPOCH};

/// A time as RFC 3339 writes it, in UTC with milliseconds: `2026-01-31T23:59:59.123Z`. Times before 1970 are 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timestamp(pub(super) SystemTime);

/// Days of 400 years, after which the Gregorian calendar repeats.
const ERA: u64 = 146_097;

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (day, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = date(day);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let millis = since.subsec_millis();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01. Counts in years that begin in March, so that the leap day is
/// the last of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let day_of_era = days % ERA;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = days / ERA * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// A random UUID (RFC 9562, section 5.4), made of 128 random bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uuid(u128);

impl Uuid {
    pub(super) fn new(random: u128) -> Self {
        let version = random & !(0xf << 76) | 4 << 76;
        Self(version & !(0b11 << 62) | 0b10 << 62)
    }
}

impl Display for Uuid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let field = |from: u32, width: u32| (bits >> from) & ((1 << width) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            field(96, 32),
            field(80, 16),
            field(64, 16),
            field(48, 16),
            field(0, 48)
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stamp(millis: u64) -> String {
        Timestamp(UNIX_EPOCH + Duration::from_millis(millis)).to_string()
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_782_399_999), "2000-02-28T23:59:59.999Z");
        assert_eq!(stamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(stamp(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(stamp(1_767_225_599_001), "2025-12-31T23:59:59.001Z");
        assert_eq!(Timestamp(UNIX_EPOCH - Duration::from_secs(1)).to_string(), stamp(0));
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_day_before() {
        let leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for number in 0..ERA {
            assert_eq!(date(number), (year, month, day));
            let length = match month {
                2 => 28 + u64::from(leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        assert_eq!(Uuid::new(0).to_string(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(Uuid::new(u128::MAX).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            Uuid::new(0x919108f7_52d1_1320_1bac_f847db4148a8).to_string(),
            "919108f7-52d1-4320-9bac-f847db4148a8"
        );
    }
}
