//! What is wrong with a value, before it is known where the value stands.

use crate::diagnostic::{Diagnostic, Rule};
use crate::source::Span;

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) rule: &'static Rule,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
    /// The text that was most likely meant: later stages go on with it, so that one mistake stays one.
    pub(super) meant: Option<String>,
}

impl Fault {
    /// A value of the wrong type, form or range.
    pub(super) fn value(
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::of(&Rule::INVALID_VALUE, message, label, help)
    }

    /// A number where a unit is needed.
    pub(super) fn bare_number(
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::of(&Rule::BARE_NUMBER, message, label, help)
    }

    /// A fault of another rule.
    pub(super) fn of(
        rule: &'static Rule,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { rule, message: message.into(), label: label.into(), help: help.into(), meant: None }
    }

    /// With the text that was most likely meant.
    pub(super) fn meaning(mut self, meant: impl Into<String>) -> Self {
        self.meant = Some(meant.into());
        self
    }

    /// The fault of the value at `span`.
    pub(super) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(*self.rule, self.message, span, self.label).help(self.help)
    }
}
