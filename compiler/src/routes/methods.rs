//! Sets of methods.

/// A set of methods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Methods<'a> {
    /// These; sorted, at least one.
    Only(Vec<&'a str>),
    /// Every method.
    Any,
}

impl<'a> Methods<'a> {
    /// The set of these methods; every method if there are none.
    pub(crate) fn new(methods: impl IntoIterator<Item = &'a str>) -> Self {
        let mut methods: Vec<&str> = methods.into_iter().collect();
        methods.sort_unstable();
        methods.dedup();
        if methods.is_empty() { Self::Any } else { Self::Only(methods) }
    }

    /// Whether `method` is in the set.
    pub(crate) fn contains(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(methods) => methods.binary_search(&method).is_ok(),
        }
    }

    /// Whether every method of `self` is one of `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Any, Self::Only(_)) => false,
            (Self::Only(mine), Self::Only(_)) => mine.iter().all(|method| other.contains(method)),
        }
    }

    /// How many there are.
    pub(super) fn breadth(&self) -> usize {
        match self {
            Self::Any => usize::MAX,
            Self::Only(methods) => methods.len(),
        }
    }
}

/// Methods that the routes of a state cannot tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class<'a> {
    /// A method that some route names.
    Named(&'a str),
    /// All methods that no route names.
    Others,
}

impl<'a> Class<'a> {
    /// The classes that `sets` make, those of most use in examples first.
    pub(super) fn of<'s>(sets: impl Iterator<Item = &'s Methods<'a>>) -> Vec<Self>
    where
        'a: 's,
    {
        let mut named: Vec<&str> = vec![];
        for set in sets {
            if let Methods::Only(methods) = set {
                named.extend(methods);
            }
        }
        named.sort_unstable_by_key(|method| (*method != "GET", *method));
        named.dedup();
        let others = std::iter::once(Class::Others);
        if named.first() == Some(&"GET") {
            named.into_iter().map(Class::Named).chain(others).collect()
        } else {
            others.chain(named.into_iter().map(Class::Named)).collect()
        }
    }

    /// A method of this class, where `classes` are all there are.
    pub(super) fn example(self, classes: &[Self]) -> String {
        const USUAL: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        match self {
            Self::Named(method) => method.to_owned(),
            Self::Others => {
                let named = |method: &str| {
                    classes.iter().any(|class| matches!(class, Class::Named(it) if *it == method))
                };
                let usual = USUAL.iter().find(|method| !named(method)).map(|method| (*method).to_owned());
                let longest =
                    classes.iter().map(|class| if let Self::Named(name) = class { name.len() } else { 0 });
                usual.unwrap_or_else(|| "X".repeat(longest.max().unwrap_or(0) + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_their_inclusion() {
        let get = Methods::new(["GET"]);
        let both = Methods::new(["POST", "GET", "GET"]);
        assert_eq!(both, Methods::Only(vec!["GET", "POST"]));
        assert_eq!(Methods::new([]), Methods::Any);
        assert!(get.is_within(&both) && both.is_within(&Methods::Any));
        assert!(!both.is_within(&get) && !Methods::Any.is_within(&both));
        assert!(Methods::Any.contains("PURGE") && !get.contains("get"));
        assert!(get.breadth() < both.breadth() && both.breadth() < Methods::Any.breadth());
    }

    #[test]
    fn an_example_is_in_its_class_only() {
        let usual = Methods::new(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
        for set in [Methods::new(["GET"]), Methods::new(["POST"]), usual, Methods::Any] {
            let classes = Class::of([&set].into_iter());
            for class in &classes {
                let example = class.example(&classes);
                assert_eq!(*class == Class::Others, !classes.contains(&Class::Named(&example)), "{example}");
            }
        }
    }
}
