//! Fields that are several ways to say one thing: exactly one of them is written.

use std::collections::BTreeMap;

use divisor_schema::config::{Field, Status};

use super::{Contents, Decoder};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::Checked;
use crate::model::unknown;
use crate::source::Span;

impl Decoder<'_> {
    /// Reports what was said in no way, unless something `stray` may have been meant, and what was said in two.
    pub(super) fn alternatives(&mut self, checked: &Checked, contents: Contents<'_>, stray: bool) {
        let mut all: BTreeMap<&'static str, Vec<&'static Field>> = BTreeMap::new();
        for field in checked.block.fields() {
            if let Some(what) = field.alternative {
                all.entry(what).or_default().push(field);
            }
        }
        for (what, fields) in all {
            let mut written: Vec<(Span, &Field)> =
                fields.iter().filter_map(|field| Some((checked.written_at(field.kdl)?, *field))).collect();
            written.sort_by_key(|(at, _)| *at);
            match written.as_slice() {
                [] if !stray => self.none_of(checked, contents, what, &fields),
                [first, others @ ..] => {
                    others.iter().for_each(|other| self.both(contents, what, *first, *other))
                }
                [] => {}
            }
        }
    }

    fn none_of(&mut self, checked: &Checked, contents: Contents<'_>, what: &str, fields: &[&Field]) {
        let works = fields.iter().filter(|field| field.status == Status::Works);
        let names: Vec<_> = works.map(|field| unknown::name(field, contents.spelling)).collect();
        let message = format!("`{}` has no {what}", checked.block.name);
        let found = Diagnostic::error(Rule::MISSING_KEY, message, checked.at, format!("{what} missing here"));
        let help = match (names.as_slice(), fields) {
            ([only], [field, ..]) => format!("give it `{only}`: {}", field.kind.takes()),
            _ => format!("write one of {}", names.join(", ")),
        };
        self.report(found.help(help));
    }

    fn both(&mut self, contents: Contents<'_>, what: &str, first: (Span, &Field), second: (Span, &Field)) {
        let name = |field| unknown::name(field, contents.spelling);
        let message = format!("`{}` and `{}` cannot be combined", name(first.1), name(second.1));
        let found = Diagnostic::error(Rule::CONFLICTING_KEYS, message, second.0, format!("second {what}"));
        self.report(found.label(first.0, format!("first {what}")).help("keep one"));
    }
}
