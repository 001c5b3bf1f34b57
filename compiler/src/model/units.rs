//! Numbers with units.

use divisor_schema::config::Kind;
use divisor_schema::plan::Millis;

use super::fault::Fault;

/// Requests in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) requests: u32,
    pub(crate) period: Millis,
}

/// A number and what follows it.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit))
}

const MILLIS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration: `500ms`, `30s`, `5m`, `1h`, `7d`. In milliseconds.
pub(super) fn duration(text: &str) -> Result<u64, Fault> {
    match split(text) {
        Some((number, "")) => Err(bare("duration", text, &format!("write `{number}s` or `{number}ms`"))
            .meaning(format!("{number}s"))),
        Some((number, unit)) => match MILLIS.iter().find(|(known, _)| *known == unit) {
            Some((_, factor)) => {
                number.checked_mul(*factor).ok_or_else(|| not(text, "a duration", "write a smaller one"))
            }
            None => {
                Err(unknown_unit(text, number, unit, "a duration", meant_duration(unit), "ms, s, m, h, d"))
            }
        },
        None => {
            Err(not(text, "a duration", "write a whole number with a unit: `500ms`, `30s`, `5m`, `1h`, `7d`"))
        }
    }
}

fn meant_duration(unit: &str) -> Option<&'static str> {
    Some(match unit.trim().to_ascii_lowercase().as_str() {
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "ms" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

const GO: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A duration as Go writes it: `1m30s`. In milliseconds; what is shorter than one is one.
pub(super) fn go_duration(text: &str) -> Result<u64, Fault> {
    if let Some((number, "")) = split(text).filter(|(number, _)| *number != 0) {
        let help = format!("write `{number}s` or `{number}ms`: without unit it was read as nanoseconds");
        return Err(bare("duration", text, &help).meaning(format!("{number}s")));
    }
    let wrong = || not(text, "a duration", "write numbers with units: `500ms`, `30s`, `1m30s`");
    let mut rest = text;
    let mut nanos: u64 = 0;
    while !rest.is_empty() && rest != "0" {
        let (number, after) = split(rest).ok_or_else(wrong)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let (_, factor) = GO.iter().find(|(known, _)| *known == unit).ok_or_else(wrong)?;
        nanos = number.checked_mul(*factor).and_then(|part| nanos.checked_add(part)).ok_or_else(wrong)?;
        rest = next;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(nanos.div_ceil(1_000_000)) }
}

const BYTES: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A size: `512B`, `64KiB`, `4MiB`, `1GiB`. In bytes.
pub(super) fn size(text: &str) -> Result<u64, Fault> {
    match split(text) {
        Some((number, "")) => {
            Err(bare("size", text, &format!("write `{}`", in_bytes(number))).meaning(in_bytes(number)))
        }
        Some((number, unit)) => match BYTES.iter().find(|(known, _)| *known == unit) {
            Some((_, factor)) => {
                number.checked_mul(*factor).ok_or_else(|| not(text, "a size", "write a smaller one"))
            }
            None => Err(unknown_unit(text, number, unit, "a size", meant_size(unit), "B, KiB, MiB, GiB")),
        },
        None => Err(not(text, "a size", "write a whole number with a unit: `512B`, `64KiB`, `4MiB`, `1GiB`")),
    }
}

/// A number of bytes in the largest unit that it is a multiple of.
pub(crate) fn in_bytes(bytes: u64) -> String {
    let fits = BYTES.iter().rev().find(|(_, factor)| bytes != 0 && bytes.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{bytes}B"), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

/// Milliseconds in the largest unit that they are a multiple of.
pub(crate) fn in_time(millis: u64) -> String {
    let fits = MILLIS.iter().rev().find(|(_, factor)| millis != 0 && millis.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{millis}ms"), |(unit, factor)| format!("{}{unit}", millis / factor))
}

/// The units of a kind, the smallest first.
pub(super) fn of(kind: &Kind) -> Vec<&'static str> {
    let names = |units: &[(&'static str, u64)]| units.iter().map(|(name, _)| *name).collect();
    match kind {
        Kind::Duration { .. } => names(MILLIS),
        Kind::Size { .. } => names(BYTES),
        Kind::Rate => names(PERIODS),
        Kind::Percent { .. } => vec!["%"],
        _ => vec![],
    }
}

/// A duration of Go in the largest unit of ours; nothing inside for 0, nothing at all for what is no duration.
pub(crate) fn full_duration(text: &str) -> Option<Option<String>> {
    let millis = go_duration(text).ok()?;
    Some((millis > 0).then(|| in_time(millis)))
}

/// A duration in its largest unit. Nothing for what is no duration.
pub(crate) fn same_duration(text: &str) -> Option<String> {
    duration(text).ok().filter(|millis| *millis > 0).map(in_time)
}

/// A size in its largest unit. Nothing for what is no size.
pub(crate) fn same_size(text: &str) -> Option<String> {
    size(text).ok().filter(|bytes| *bytes > 0).map(in_bytes)
}

fn meant_size(unit: &str) -> Option<&'static str> {
    Some(match unit.trim().to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "ki" | "kib" => "KiB",
        "m" | "mb" | "mi" | "mib" => "MiB",
        "g" | "gb" | "gi" | "gib" => "GiB",
        _ => return None,
    })
}

const PERIODS: &[(&str, u64)] = &[("/s", 1000), ("/m", 60_000), ("/h", 3_600_000)];

/// A rate: `100/s`, `6000/m`, `10/h`.
pub(super) fn rate(text: &str) -> Result<Rate, Fault> {
    match split(text) {
        Some((number, "")) => {
            Err(bare("rate", text, &format!("write `{number}/s` or `{number}/m`"))
                .meaning(format!("{number}/s")))
        }
        Some((number, unit)) => match PERIODS.iter().find(|(known, _)| *known == unit) {
            Some((_, period)) => match u32::try_from(number).ok().filter(|requests| *requests > 0) {
                Some(requests) => Ok(Rate { requests, period: Millis(*period) }),
                None => Err(not(text, "a rate", "write a number from 1 to 4294967295 before the `/`")),
            },
            None => Err(unknown_unit(text, number, unit, "a rate", meant_rate(unit), "/s, /m, /h")),
        },
        None => Err(not(text, "a rate", "write requests in a period: `100/s`, `6000/m`, `10/h`")),
    }
}

fn meant_rate(unit: &str) -> Option<&'static str> {
    let lower = unit.to_ascii_lowercase();
    Some(match lower.trim_start_matches(['/', ' ']).trim_start_matches("per ") {
        "s" | "sec" | "second" | "rps" | "r/s" => "/s",
        "m" | "min" | "minute" | "rpm" | "r/m" => "/m",
        "h" | "hr" | "hour" | "r/h" => "/h",
        _ => return None,
    })
}

/// A share: `20%`. In hundredths.
pub(super) fn percent(text: &str, min: u8, max: u8) -> Result<u8, Fault> {
    let (number, unit) =
        split(text).ok_or_else(|| not(text, "a share", "write a whole number with `%`: `20%`"))?;
    if unit.is_empty() {
        let meant = format!("{number}%");
        return Err(bare("share", text, &format!("write `{meant}`")).meaning(meant));
    }
    if unit != "%" {
        return Err(unknown_unit(text, number, unit, "a share", None, "%"));
    }
    let share = u8::try_from(number).ok().filter(|share| (min..=max).contains(share));
    share.ok_or_else(|| {
        let help = format!("write a share from `{min}%` to `{max}%`");
        Fault::value(format!("`{text}` is out of range"), format!("from {min}% to {max}%"), help)
    })
}

fn bare(what: &str, text: &str, help: &str) -> Fault {
    Fault::bare_number(format!("{what} `{text}` has no unit"), format!("{text} what?"), help)
}

fn not(text: &str, what: &str, help: &str) -> Fault {
    Fault::value(format!("`{text}` is not {what}"), format!("not {what}"), help)
}

fn unknown_unit(text: &str, number: u64, unit: &str, what: &str, meant: Option<&str>, known: &str) -> Fault {
    let fault = |help: String| {
        Fault::value(format!("`{text}` is not {what}"), format!("`{}` is no unit", unit.trim()), help)
    };
    match meant {
        Some(meant) => {
            let meant = format!("{number}{meant}");
            fault(format!("write `{meant}`; the units are {known}")).meaning(meant)
        }
        None => fault(format!("the units are {known}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
        result.unwrap_err().help
    }

    #[test]
    fn units_are_exact() {
        assert_eq!(duration("500ms"), Ok(500));
        assert_eq!(duration("7d"), Ok(604_800_000));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("0B"), Ok(0));
        assert_eq!(rate("6000/m"), Ok(Rate { requests: 6000, period: Millis(60_000) }));
    }

    #[test]
    fn the_unit_meant_is_named() {
        assert_eq!(help(duration("30")), "write `30s` or `30ms`");
        assert!(help(duration("5min")).starts_with("write `5m`;"));
        assert!(help(duration("5 Seconds")).starts_with("write `5s`;"));
        assert!(help(duration("5y")).starts_with("the units are"));
        assert_eq!(help(size("4194304")), "write `4MiB`");
        assert_eq!(help(size("1500")), "write `1500B`");
        assert!(help(size("32m")).starts_with("write `32MiB`;"));
        assert!(help(size("1MB")).starts_with("write `1MiB`;"));
        assert!(help(size("8k")).starts_with("write `8KiB`;"));
        assert_eq!(help(rate("100")), "write `100/s` or `100/m`");
        assert!(help(rate("100rps")).starts_with("write `100/s`;"));
        assert!(help(rate("100/min")).starts_with("write `100/m`;"));
    }

    #[test]
    fn shares_have_a_sign_and_bounds() {
        assert_eq!(percent("20%", 0, 100), Ok(20));
        assert_eq!(help(percent("20", 0, 100)), "write `20%`");
        assert_eq!(help(percent("101%", 1, 100)), "write a share from `1%` to `100%`");
        assert_eq!(help(percent("5 percent", 0, 100)), "the units are %");
        assert!(percent("x", 0, 100).is_err());
    }

    #[test]
    fn nonsense_and_overflow_are_errors() {
        for text in ["", "s", "-1s", "1.5s", "99999999999999999999s", "18446744073709551615d", "1s "] {
            assert!(duration(text).is_err(), "{text}");
            assert!(size(text).is_err(), "{text}");
            assert!(rate(text).is_err(), "{text}");
        }
        assert!(size("99999999999999GiB").is_err());
        assert!(rate("0/s").is_err());
        assert!(rate("4294967296/s").is_err());
    }

    #[test]
    fn go_durations_may_be_sums() {
        assert_eq!(go_duration("1m30s"), Ok(90_000));
        assert_eq!(go_duration("250us"), Ok(1));
        assert_eq!(go_duration("0"), Ok(0));
        assert_eq!(go_duration("0s"), Ok(0));
        for text in ["", "30", "1x", "1.5h", "-1s", "9999999999h", "s"] {
            assert!(go_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_back_in_round_units() {
        assert_eq!(in_time(90_000), "90s");
        assert_eq!(in_time(0), "0ms");
        assert_eq!(in_time(86_400_000), "1d");
        assert_eq!(in_bytes(3 << 20), "3MiB");
    }
}
