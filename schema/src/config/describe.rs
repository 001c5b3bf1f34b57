//! The table as a list, for the reference page and for tools.

use super::{Block, Field, Kind, Presence, ROOT, Status};

/// One line of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands, in KDL names: `pool.backend.weight`.
    pub path: String,
    /// Where it stands, in YAML names: `pools.backends.weight`.
    pub yaml_path: String,
    /// What it takes, in words.
    pub takes: String,
    /// The value that holds when it is not there.
    pub default: Option<&'static str>,
    /// Whether it must be there.
    pub required: bool,
    /// Whether this version has it.
    pub planned: bool,
    /// What it is.
    pub doc: &'static str,
}

/// Every field of the language, parents before children, in the order of the table.
pub fn entries() -> Vec<Entry> {
    let mut all = Vec::new();
    walk(&ROOT, "", "", &mut all);
    all
}

fn walk(block: &Block, path: &str, yaml_path: &str, all: &mut Vec<Entry>) {
    for field in block.fields() {
        let entry = entry(field, join(path, field.kdl), join(yaml_path, field.yaml));
        let (path, yaml_path) = (entry.path.clone(), entry.yaml_path.clone());
        all.push(entry);
        if let Some(inner) = field.kind.block() {
            walk(inner, &path, &yaml_path, all);
        }
    }
}

fn entry(field: &Field, path: String, yaml_path: String) -> Entry {
    let default = match field.presence {
        Presence::Default(value) => Some(value),
        Presence::Optional | Presence::Required => None,
    };
    Entry {
        path,
        yaml_path,
        takes: field.kind.takes(),
        default,
        required: field.presence == Presence::Required,
        planned: field.status == Status::Planned,
        doc: field.doc,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Kind {
    /// What it takes, in words: `a duration such as 30s`.
    pub fn takes(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::File => "a file name".into(),
            Self::Flag => "true or false".into(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Duration { .. } | Self::GoDuration => "a duration such as `30s`".into(),
            Self::Size { .. } => "a size such as `64KiB`".into(),
            Self::Rate => "a rate such as `100/s`".into(),
            Self::Percent { .. } => "a share such as `20%`".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Port => "a port from 1 to 65535".into(),
            Self::Code(codes) => {
                format!("one of {}", codes.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
            }
            Self::Statuses => "a status such as `200`, or a range such as `200-299`".into(),
            Self::Address | Self::Bind => "an address with port such as `0.0.0.0:8080`".into(),
            Self::Network => "a network such as `10.0.0.0/8`".into(),
            Self::Backend => "a URL such as `http://10.0.0.11:8080`".into(),
            Self::Request => "a request such as `GET https://shop.example/cart`".into(),
            Self::Reference(what) => format!("the name of a {what}"),
            Self::List(kind) => format!("{}, or several", kind.takes()),
            Self::Pairs => "names, each with a text".into(),
            Self::Block(_) => "a block".into(),
            Self::Blocks(_) => "blocks".into(),
            Self::Named(_) => "blocks with a name each".into(),
            Self::Secret => "`file` or `env`, which says where a secret is read".into(),
            Self::Any => "anything".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_both_spellings_and_the_default() {
        let all = entries();
        let weight = all.iter().find(|entry| entry.path == "pool.backend.weight").unwrap();
        assert_eq!(weight.yaml_path, "pools.backends.weight");
        assert_eq!(weight.takes, "a whole number from 0 to 65535");
        assert_eq!(weight.default, Some("1"));
        assert!(all.iter().any(|entry| entry.path == "host.route.timeout.first-byte"));
        assert!(all.iter().any(|entry| !entry.planned && entry.path == "route.mirror.percent"));
    }
}
