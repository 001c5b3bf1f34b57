//! What rules are about.

use super::Lint;

/// A group of families of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The config has one meaning, and it is the one that was meant.
    Correctness,
    /// Who may do what, and who can read along.
    Security,
    /// Whether it holds under load and when something fails.
    Capacity,
    /// What is left over.
    Style,
}

/// Every group with the families in it.
const FAMILIES: [(Group, &[&str]); 4] = [
    (Group::Correctness, &["INV", "REF", "RTE", "SYN"]),
    (Group::Security, &["CRT", "SEC", "TLS"]),
    (Group::Capacity, &["OPS", "RLM", "TMO", "UPS"]),
    (Group::Style, &["DEP"]),
];

impl Group {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Security => "security",
            Self::Capacity => "capacity",
            Self::Style => "style",
        }
    }

    /// The families in it, by the letters that their codes begin with.
    pub fn families(self) -> &'static [&'static str] {
        FAMILIES.iter().find(|(group, _)| *group == self).map_or(&[], |(_, families)| families)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().map(|(group, _)| *group)
    }
}

impl Lint {
    /// The letters that its code begins with: `TLS`.
    pub fn family(&self) -> &'static str {
        self.rule.code.trim_end_matches(|c: char| c.is_ascii_digit())
    }

    /// What it is about.
    pub fn group(&self) -> Group {
        Group::all().find(|group| group.families().contains(&self.family())).unwrap_or(Group::Correctness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::catalogue;

    #[test]
    fn every_family_is_in_one_group() {
        for lint in catalogue() {
            let groups = Group::all().filter(|group| group.families().contains(&lint.family()));
            assert_eq!(groups.count(), 1, "{}", lint.rule.code);
        }
        assert_eq!(catalogue()[0].group(), Group::Security);
    }
}
