//! Numbers.

use super::super::tree::Scalar;

/// Whether a word begins like a number, and so can be nothing else.
pub(super) fn begins(word: &str) -> bool {
    let unsigned = unsigned(word);
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// The number that a word is. What is too large for an integer is a float.
pub(super) fn parse(word: &str) -> Option<Scalar> {
    let unsigned = unsigned(word);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = unsigned.strip_prefix(prefix) {
            return is_digits(digits, radix).then(|| in_radix(word.starts_with('-'), digits, radix));
        }
    }
    let (mantissa, exponent) = split(unsigned, &['e', 'E']);
    let (whole, fraction) = split(mantissa, &['.']);
    let is_number = is_digits(whole, 10)
        && fraction.is_none_or(|digits| is_digits(digits, 10))
        && exponent.is_none_or(|digits| is_digits(self::unsigned(digits), 10));
    if !is_number {
        return None;
    }
    let plain = word.replace('_', "");
    let integer = plain.parse().ok().map(Scalar::Integer);
    integer.or_else(|| plain.parse().ok().map(Scalar::Float))
}

fn unsigned(word: &str) -> &str {
    word.strip_prefix(['-', '+']).unwrap_or(word)
}

fn split<'a>(text: &'a str, at: &[char]) -> (&'a str, Option<&'a str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Digits with `_` between and behind them.
fn is_digits(text: &str, radix: u32) -> bool {
    text.starts_with(|c: char| c.is_digit(radix)) && text.chars().all(|c| c == '_' || c.is_digit(radix))
}

fn in_radix(negative: bool, digits: &str, radix: u32) -> Scalar {
    let sign = if negative { "-" } else { "" };
    let plain = format!("{sign}{}", digits.replace('_', ""));
    i128::from_str_radix(&plain, radix).map_or_else(
        |_| {
            let digits = digits.chars().filter_map(|c| c.to_digit(radix));
            let size = digits.fold(0.0, |size, digit| size * f64::from(radix) + f64::from(digit));
            Scalar::Float(if negative { -size } else { size })
        },
        Scalar::Integer,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (word, number) in [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("007", 7),
            ("1_000_", 1000),
            ("-1__0", -10),
            ("0xFf_", 255),
            ("-0x10", -16),
            ("0o17", 15),
            ("+0b1_01", 5),
            ("170141183460469231731687303715884105727", i128::MAX),
            ("-170141183460469231731687303715884105728", i128::MIN),
            ("-0x8000_0000_0000_0000_0000_0000_0000_0000", i128::MIN),
        ] {
            assert_eq!(parse(word), Some(Scalar::Integer(number)), "{word}");
        }
    }

    #[test]
    fn floats() {
        for (word, number) in [
            ("1.5", 1.5),
            ("-1_0.2_5", -10.25),
            ("1e3", 1000.0),
            ("1_.0_E+0_2_", 100.0),
            ("25e-2", 0.25),
            ("1e999", f64::INFINITY),
            ("170141183460469231731687303715884105728", 2f64.powi(127)),
            ("0x1_0000_0000_0000_0000_0000_0000_0000_0000", 2f64.powi(128)),
            ("-0o4000000000000000000000000000000000000000000", -2f64.powi(128)),
        ] {
            assert_eq!(parse(word), Some(Scalar::Float(number)), "{word}");
        }
    }

    #[test]
    fn what_begins_like_a_number_is_one_or_nothing() {
        for word in [
            "1a", "1.", "1.e3", "1._5", "1e", "1e+", "1e1.5", "1.2.3", "0x", "0x_1", "0X1", "0xg", "0b2",
            "0o8", "1e2e3", "+-1", "30s", "10.0.0.1", ".5", "-.5", "٣",
        ] {
            assert_eq!(parse(word), None, "{word}");
        }
        for word in ["1", "-1", "+1a", ".5", "-.5"] {
            assert!(begins(word), "{word}");
        }
        for word in ["a1", "-", "+", ".", "-.", "-a", ".a", "--1", "..5", "_1", "٣"] {
            assert!(!begins(word), "{word}");
        }
    }
}
