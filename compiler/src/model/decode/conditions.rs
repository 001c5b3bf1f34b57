//! Fields that have an effect, or must be there, only when something holds for another field of their block.

use divisor_schema::config::{Condition, Field, Presence};

use super::{Contents, Decoder};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::Checked;
use crate::model::unknown;
use crate::source::Span;

impl Decoder<'_> {
    /// Reports what has no effect here, and what is missing because of what else was written.
    pub(super) fn conditions(&mut self, checked: &Checked, contents: Contents<'_>) {
        for field in checked.block.fields() {
            let Some(condition) = field.condition else { continue };
            match (holds(checked, condition), checked.written_at(field.kdl)) {
                (Some(false), Some(at)) => self.ineffective(checked, contents, field, condition, at),
                (Some(true), None) if field.presence == Presence::Required => {
                    self.required_by(checked, contents, field, condition);
                }
                _ => {}
            }
        }
    }

    fn ineffective(
        &mut self,
        checked: &Checked,
        contents: Contents<'_>,
        field: &Field,
        condition: Condition,
        at: Span,
    ) {
        let name = unknown::name(field, contents.spelling);
        let (other, shown) = other(checked, contents, condition);
        let (message, help) = match condition {
            Condition::Written(_) => (
                format!("`{name}` has no effect without `{other}`"),
                format!("write `{other}`, or delete `{name}`"),
            ),
            Condition::Is(_, due) => (
                format!("`{name}` has no effect where `{other}` is {shown}"),
                format!("write `{due}` for `{other}`, or delete `{name}`"),
            ),
            Condition::IsNot(..) => (
                format!("`{name}` has no effect where `{other}` is {shown}"),
                format!("delete `{name}`, or change `{other}`"),
            ),
        };
        let found = Diagnostic::warning(Rule::INEFFECTIVE_OPTION, message, at, "changes nothing").help(help);
        self.report(match checked.written_at(condition.field()) {
            Some(other) => found.label(other, format!("is {shown}")),
            None => found,
        });
    }

    fn required_by(
        &mut self,
        checked: &Checked,
        contents: Contents<'_>,
        field: &Field,
        condition: Condition,
    ) {
        let name = unknown::name(field, contents.spelling);
        let (_, shown) = other(checked, contents, condition);
        let message = format!("`{}` has no `{name}`", checked.block.name);
        let at = checked.written_at(condition.field()).unwrap_or(checked.at);
        let found = Diagnostic::error(Rule::MISSING_KEY, message, at, format!("{shown} needs `{name}`"));
        self.report(found.help(format!("give it {}", field.kind.takes())));
    }
}

/// The name of the field that a condition is about, and its value.
fn other(checked: &Checked, contents: Contents<'_>, condition: Condition) -> (&'static str, String) {
    let field = checked.block.field(condition.field());
    let name = field.map_or(condition.field(), |field| unknown::name(field, contents.spelling));
    (name, checked.word(condition.field()).map_or_else(|| "not there".to_owned(), |word| format!("`{word}`")))
}

/// Whether a condition holds; `None` when that cannot be said, because the other field could not be read.
fn holds(checked: &Checked, condition: Condition) -> Option<bool> {
    let word = |field| {
        let word = checked.word(field);
        (word.is_some() || checked.written_at(field).is_none()).then_some(word)
    };
    Some(match condition {
        Condition::Written(field) => checked.written_at(field).is_some(),
        Condition::Is(field, due) => word(field)?? == due,
        Condition::IsNot(field, other) => word(field)?.is_none_or(|word| word != other),
    })
}
