//! Paths of files that a config names. They are relative to the file that names them; in a plan, to the folder of the
//! root file.

use std::path::{Component, Path, PathBuf};

use crate::source::{SourceMap, Spanned};

/// The path in a plan: relative to the folder of the root config, with `/`, without `.` and without `..` inside.
pub(crate) fn plan_path(sources: &SourceMap, written: &Spanned<String>) -> String {
    let folder = sources.file(written.span.start).map_or("", |file| folder_of(&file.name));
    normal(&Path::new(folder).join(&written.value))
}

/// The path to read now.
pub(crate) fn read_path(sources: &SourceMap, written: &Spanned<String>) -> PathBuf {
    let root = sources.files().first().and_then(|file| file.path.parent());
    root.unwrap_or(Path::new("")).join(plan_path(sources, written))
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn normal(path: &Path) -> String {
    let mut kept: Vec<&str> = vec![];
    let absolute = path.has_root();
    for component in path.components() {
        match component {
            Component::Normal(name) => kept.extend(name.to_str()),
            Component::ParentDir if kept.last().is_some_and(|last| *last != "..") => drop(kept.pop()),
            Component::ParentDir if !absolute => kept.push(".."),
            _ => {}
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn paths_are_relative_to_the_root_folder() {
        let mut sources = SourceMap::default();
        sources.add("shop.kdl".into(), "/etc/divisor/shop.kdl".into(), "x".into()).unwrap();
        let base = sources
            .add("conf.d/tls.kdl".into(), "/etc/divisor/conf.d/tls.kdl".into(), "x".into())
            .unwrap()
            .base;
        let at = |start: u32, path: &str| Spanned::new(path.to_owned(), Span::new(start, start + 1));
        let plan = |start, path| plan_path(&sources, &at(start, path));
        assert_eq!(plan(0, "certs/./shop.pem"), "certs/shop.pem");
        assert_eq!(plan(base, "shop.pem"), "conf.d/shop.pem");
        assert_eq!(plan(base, "../certs/shop.pem"), "certs/shop.pem");
        assert_eq!(plan(0, "../../shop.pem"), "../../shop.pem");
        assert_eq!(plan(base, "/etc/../tls/shop.pem"), "/tls/shop.pem");
        assert_eq!(read_path(&sources, &at(base, "shop.pem")), Path::new("/etc/divisor/conf.d/shop.pem"));
        assert_eq!(read_path(&sources, &at(0, "/tls/shop.pem")), Path::new("/tls/shop.pem"));
    }
}
