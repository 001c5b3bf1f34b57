//! From the name that a client asks for to the host that answers.

use std::collections::HashMap;

use divisor_schema::plan::{HostId, HostTable};

/// Which host answers which name, for one listener.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    exact: HashMap<String, HostId>,
    one_label: HashMap<String, HostId>,
    many_labels: HashMap<String, HostId>,
    default: Option<HostId>,
}

impl Hosts {
    /// The hosts of a listener.
    pub(crate) fn new(table: &HostTable) -> Self {
        let map = |list: &[(String, HostId)]| list.iter().cloned().collect();
        Self {
            exact: map(&table.exact),
            one_label: map(&table.one_label),
            many_labels: map(&table.many_labels),
            default: table.default,
        }
    }

    /// The host with the most specific pattern for `name`, which [`host_name`] gave; `None` is nobody's (421).
    pub(crate) fn find(&self, name: &str) -> Option<HostId> {
        let exact = self.exact.get(name);
        let one_label = || self.one_label.get(parent(name)?);
        let many_labels = || {
            let mut parents = std::iter::successors(parent(name), |name| parent(name));
            parents.find_map(|parent| self.many_labels.get(parent))
        };
        exact.or_else(one_label).or_else(many_labels).copied().or(self.default)
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
