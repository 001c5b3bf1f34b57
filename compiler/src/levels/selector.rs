//! Names of rules, families and groups.

use crate::check::{Group, Lint, catalogue, find};

/// Some rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selector {
    /// All of them.
    All,
    /// Those of a group.
    Group(Group),
    /// Those of a family, by the letters of their codes.
    Family(&'static str),
    /// One, by its code.
    Rule(&'static str),
}

/// A name that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    /// What is wrong with it: one clause.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl std::fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl Selector {
    /// What bears a name.
    pub(super) fn named(name: &str) -> Result<Self, UnknownRule> {
        if let Some(group) = Group::all().find(|group| group.word() == name) {
            return Ok(Self::Group(group));
        }
        let families = || Group::all().flat_map(Group::families).copied();
        if let Some(family) = families().find(|family| family.eq_ignore_ascii_case(name)) {
            return Ok(Self::Family(family));
        }
        find(name).map(|lint| Self::Rule(lint.rule.code)).map_err(|near| {
            let message = format!("`{name}` is no rule, family or group");
            let help = near.map_or_else(
                || "`divisor rules` lists all rules".to_owned(),
                |near| format!("write `{}`", near.name),
            );
            UnknownRule { message, help }
        })
    }

    /// What bears a name, if its level can be changed.
    pub(super) fn changeable(name: &str) -> Result<Self, UnknownRule> {
        let selector = Self::named(name)?;
        let hard =
            catalogue().into_iter().find(|lint| selector == Self::Rule(lint.rule.code) && lint.is_hard());
        match hard {
            None => Ok(selector),
            Some(lint) => Err(UnknownRule {
                message: format!("the level of `{}` cannot be changed", lint.rule.name),
                help: "mend what it finds: without it there is no plan that could run".to_owned(),
            }),
        }
    }

    pub(super) fn holds(self, lint: &Lint) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => lint.group() == group,
            Self::Family(family) => lint.family() == family,
            Self::Rule(code) => lint.rule.code == code,
        }
    }

    /// How near it is to a rule.
    pub(super) fn nearness(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Group(_) => 1,
            Self::Family(_) => 2,
            Self::Rule(_) => 3,
        }
    }
}
