//! From the name that a client asks for to the host that answers.

use std::collections::HashMap;

use divisor_schema::plan::{HostId, HostTable};

/// Things by the pattern of a host name; the most specific pattern for a name counts.
#[derive(Debug, Clone)]
pub(crate) struct Names<T> {
    exact: HashMap<String, T>,
    one_label: HashMap<String, T>,
    many_labels: HashMap<String, T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), one_label: HashMap::new(), many_labels: HashMap::new() }
    }
}

impl<T> FromIterator<(String, T)> for Names<T> {
    /// From patterns as they are written: `shop.example`, `*.shop.example`, `**.shop.example`.
    fn from_iter<I: IntoIterator<Item = (String, T)>>(patterns: I) -> Self {
        let mut names = Self::default();
        for (pattern, thing) in patterns {
            let (list, name) = match (pattern.strip_prefix("**."), pattern.strip_prefix("*.")) {
                (Some(parent), _) => (&mut names.many_labels, parent),
                (None, Some(parent)) => (&mut names.one_label, parent),
                (None, None) => (&mut names.exact, pattern.as_str()),
            };
            list.insert(name.to_owned(), thing);
        }
        names
    }
}

impl<T> Names<T> {
    /// Whether there is no pattern.
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.one_label.is_empty() && self.many_labels.is_empty()
    }

    /// What the most specific pattern for `name`, in lower case, stands for.
    pub(crate) fn find(&self, name: &str) -> Option<&T> {
        let exact = self.exact.get(name);
        let one_label = || self.one_label.get(parent(name)?);
        let many_labels = || {
            let mut parents = std::iter::successors(parent(name), |name| parent(name));
            parents.find_map(|parent| self.many_labels.get(parent))
        };
        exact.or_else(one_label).or_else(many_labels)
    }
}

/// Which host answers which name, for one listener.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    names: Names<HostId>,
    default: Option<HostId>,
}

impl Hosts {
    /// The hosts of a listener.
    pub(crate) fn new(table: &HostTable) -> Self {
        let map = |list: &[(String, HostId)]| list.iter().cloned().collect();
        let names = Names {
            exact: map(&table.exact),
            one_label: map(&table.one_label),
            many_labels: map(&table.many_labels),
        };
        Self { names, default: table.default }
    }

    /// The host with the most specific pattern for `name`, which [`host_name`] gave; `None` is nobody's (421).
    ///
    /// [`host_name`]: divisor_schema::plan::host_name
    pub(crate) fn find(&self, name: &str) -> Option<HostId> {
        self.names.find(name).copied().or(self.default)
    }
}

/// The name without its first label.
fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, parent)| parent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn id(number: u32) -> HostId {
        HostId::new(number)
    }

    #[test]
    fn the_most_specific_pattern_wins() {
        let mut table = HostTable {
            exact: vec![("api.shop.example".into(), id(0))],
            one_label: vec![("shop.example".into(), id(1))],
            many_labels: vec![("example".into(), id(2)), ("shop.example".into(), id(3))],
            default: None,
        };
        let find = |table: &HostTable, name| Hosts::new(table).find(name);
        assert_eq!(find(&table, "api.shop.example"), Some(id(0)));
        assert_eq!(find(&table, "www.shop.example"), Some(id(1)));
        assert_eq!(find(&table, "a.b.shop.example"), Some(id(3)));
        assert_eq!(find(&table, "shop.example"), Some(id(2)));
        assert_eq!(find(&table, "example"), None);
        assert_eq!(find(&table, "other"), None);
        assert_eq!(find(&table, ""), None);
        table.default = Some(id(9));
        assert_eq!(find(&table, "example"), Some(id(9)));
    }

    #[test]
    fn patterns_are_read_as_they_are_written() {
        let patterns = [("a.example", 1), ("*.a.example", 2), ("**.a.example", 3)];
        let names: Names<u8> = patterns.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
        let found = ["a.example", "b.a.example", "c.b.a.example", "example"].map(|name| names.find(name));
        assert_eq!(found, [Some(&1), Some(&2), Some(&3), None]);
        assert!(!names.is_empty() && Names::<u8>::default().is_empty());
    }

    proptest! {
        #[test]
        fn hashing_finds_what_the_table_says(
            names in prop::collection::vec((0u8..3, select(&["a", "b.a", "c.b.a", "d"][..])), 0..6),
            default in prop::option::of(9u32..10),
            name in "([a-d]\\.){0,4}[a-d]|",
        ) {
            let mut table = HostTable { default: default.map(id), ..HostTable::default() };
            for (number, (list, name)) in (0..).zip(names) {
                [&mut table.exact, &mut table.one_label, &mut table.many_labels][usize::from(list)]
                    .push((name.to_owned(), id(number)));
            }
            for list in [&mut table.exact, &mut table.one_label, &mut table.many_labels] {
                list.sort();
                list.dedup_by(|a, b| a.0 == b.0);
            }
            prop_assert_eq!(Hosts::new(&table).find(&name), table.find(&name));
        }
    }
}
