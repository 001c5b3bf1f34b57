//! Values that can be read and are hardly meant: `30ms` where others write `30s`.

use divisor_schema::config::Field;

use super::Decoder;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::units;
use crate::model::value::{Typed, parse};
use crate::source::Spanned;
use crate::syntax::{Spelling, Value};

impl Decoder<'_> {
    /// Warns of a value outside of what the vocabulary calls usual.
    pub(super) fn magnitude(&mut self, field: &Field, typed: &Typed, value: &Spanned<Value>) {
        let Some((least, most)) = field.usual else { return };
        let amount = |text: &str| {
            parse(&field.kind, &Value::filled(text.to_owned()), Spelling::Yaml)
                .ok()
                .and_then(|it| number(&it))
        };
        let (Some(is), Some(low), Some(high)) = (number(typed), amount(least), amount(most)) else { return };
        if (low..=high).contains(&is) {
            return;
        }
        let too_little = is < low;
        let text = &value.value.text;
        let label = if too_little { "very little" } else { "very much" };
        let message = format!("`{text}` is unusual for `{}`", field.kdl);
        let found = Diagnostic::warning(Rule::SUSPICIOUS_MAGNITUDE, message, value.span, label);
        // The same number with the next unit that makes it usual.
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let others = units::of(&field.kind).into_iter().map(|unit| format!("{digits}{unit}"));
        let mut usual =
            others.filter(|text| amount(text).is_some_and(|amount| (low..=high).contains(&amount)));
        let meant = if too_little { usual.next() } else { usual.next_back() };
        let help = match meant {
            Some(meant) => format!("usual is from {least} to {most}; was `{meant}` meant?"),
            None => format!("usual is from {least} to {most}"),
        };
        self.report(found.help(help));
    }
}

fn number(typed: &Typed) -> Option<u64> {
    match typed {
        Typed::Millis(millis) => Some(millis.0),
        Typed::Bytes(bytes) => Some(*bytes),
        _ => None,
    }
}
