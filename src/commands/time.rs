//! Times on the command line.

use std::time::{Duration, SystemTime};

use crate::Trouble;

const DAY: u64 = 24 * 60 * 60;

/// The time that certificates are judged by: `SOURCE_DATE_EPOCH`, so that a build can be repeated, or the clock.
pub(super) fn now() -> Result<SystemTime, Trouble> {
    let Some(fixed) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(SystemTime::now()) };
    let seconds = fixed.to_str().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    seconds
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| Trouble::new("SOURCE_DATE_EPOCH is no number of seconds"))
}

/// A length of time: `30d`, `12h`, `90m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("d", DAY), ("h", 3600), ("m", 60), ("s", 1)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(seconds)
    });
    found
        .map(Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is no length of time: write `30d` or `12h`"))
}

/// A time (RFC 3339): `2026-11-25`, `2026-11-25T12:00:00Z`, `2026-11-25T12:00:00+01:00`.
pub(super) fn instant(text: &str) -> Result<SystemTime, String> {
    let seconds = seconds(text).and_then(|seconds| u64::try_from(seconds).ok());
    let time = seconds.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    time.ok_or_else(|| format!("`{text}` is no time: write `2026-11-25` or `2026-11-25T12:00:00Z`"))
}

fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00:00Z"));
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let offset = offset(zone)?;
    let days = days(year, month, day);
    fits.then(|| days * DAY as i64 + hour * 3600 + minute * 60 + second - offset)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let numbers: Vec<i64> = text
        .split(between)
        .map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None })
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let [hours, minutes, _] = numbers(&format!("{rest}:0"), ':')?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days from 1970-01-01, in the calendar that is in use (Howard Hinnant, `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("2026-11-25", 1_795_564_800),
            ("2026-11-25T01:02:03Z", 1_795_568_523),
            ("2026-11-25t01:02:03.5z", 1_795_568_523),
            ("2026-11-25 02:02:03+01:00", 1_795_568_523),
            ("2026-11-24T23:32:03-01:30", 1_795_568_523),
            ("2000-03-01T00:00:00Z", 951_868_800),
        ] {
            assert_eq!(instant(text), Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-11-25T25:00:00Z",
            "2026-11-25T01:02Z",
            "2026-11-25T01:02:03",
            "1969-12-31",
            "2026-11-25T00:00:00+9",
            "2026-11-25T00:00:00*",
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_are_read() {
        let seconds = |text| duration(text).map(|it| it.as_secs());
        assert_eq!(
            [seconds("30d"), seconds("12h"), seconds("90m"), seconds("5s")],
            [2_592_000, 43_200, 5400, 5].map(Ok)
        );
        for text in ["", "30", "d", "-1d", "99999999999999999999d", "1w"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
