//! Whether git keeps a file: read from its index and its ignore files, without running it.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What git does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is in the index: the next commit has it, and probably earlier ones too.
    Tracked,
    /// Nothing tells git to leave it out.
    NotIgnored,
    /// It lies in no work tree, or git ignores it.
    No,
}

/// What git does with the file at `path`.
pub(crate) fn kept(path: &Path) -> Kept {
    let Ok(path) = path.canonicalize() else { return Kept::No };
    let Some((root, folder)) = work_tree(&path) else { return Kept::No };
    let Ok(within) = path.strip_prefix(root) else { return Kept::No };
    let index = std::fs::read(folder.join("index")).unwrap_or_default();
    if names(&index).is_some_and(|names| names.iter().any(|name| within.as_os_str() == name.as_str())) {
        return Kept::Tracked;
    }
    if is_ignored(root, &folder, &path) { Kept::No } else { Kept::NotIgnored }
}

/// The work tree that a file lies in, and its git folder.
fn work_tree(path: &Path) -> Option<(&Path, PathBuf)> {
    path.ancestors().skip(1).find_map(|root| {
        let dot = root.join(".git");
        if dot.is_dir() {
            return dot.join("HEAD").is_file().then_some((root, dot));
        }
        // Of a second work tree there is only a file that says where its folder is.
        let text = std::fs::read_to_string(&dot).ok()?;
        Some((root, root.join(text.strip_prefix("gitdir:")?.trim())))
    })
}

/// The names in an index (gitformat-index, versions 2 to 4), as far as they are text; `None` when it is none.
fn names(index: &[u8]) -> Option<Vec<String>> {
    const FIXED: usize = 62;
    const EXTENDED: u16 = 0x4000;
    let version = number(index.strip_prefix(b"DIRC")?)?;
    let count = number(index.get(8..)?)?;
    let mut rest = index.get(12..)?;
    let mut previous: Vec<u8> = vec![];
    let mut names = vec![];
    for _ in 0..count {
        let flags = u16::from_be_bytes(rest.get(FIXED - 2..FIXED)?.try_into().ok()?);
        let head = if flags & EXTENDED == 0 { FIXED } else { FIXED + 2 };
        let mut tail = rest.get(head..)?;
        let mut name = vec![];
        if version == 4 {
            let (cut, used) = offset(tail)?;
            tail = tail.get(used..)?;
            name.extend_from_slice(previous.get(..previous.len().checked_sub(cut)?)?);
        }
        let end = tail.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(tail.get(..end)?);
        rest = if version == 4 {
            tail.get(end + 1..)?
        } else {
            rest.get((head + end) / 8 * 8 + 8..)? // one to eight zeros, up to a multiple of eight
        };
        names.extend(String::from_utf8(name.clone()).ok());
        previous = name;
    }
    Some(names)
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// A number of variable length, and how many bytes it takes.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().take(8).enumerate() {
        if at > 0 {
            value += 1;
        }
        value = value << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// Whether the ignore files of the work tree leave a file out: the one nearest to it has the last word.
fn is_ignored(root: &Path, folder: &Path, path: &Path) -> bool {
    let nearest = path.ancestors().skip(1).take_while(|above| above.starts_with(root));
    let own = nearest.map(|above| (above, above.join(".gitignore")));
    let all = own.chain([(root, folder.join("info/exclude"))]);
    for (above, file) in all {
        match rules(above, &file).matched_path_or_any_parents(path, false) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => {}
        }
    }
    false
}

fn rules(above: &Path, file: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(above);
    let _ = builder.add(file); // a file that is not there ignores nothing
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scratch;
    use super::*;

    /// An index of version 2 or 3 with these names.
    fn index(version: u8, names: &[&str]) -> Vec<u8> {
        let mut bytes = [&b"DIRC"[..], &[0, 0, 0, version], &(names.len() as u32).to_be_bytes()].concat();
        let mut previous = "";
        for name in names {
            let start = bytes.len();
            bytes.extend([0; 60]);
            match version {
                4 => {
                    bytes.extend([0, 0, previous.len() as u8]);
                    bytes.extend_from_slice(name.as_bytes());
                    bytes.push(0);
                }
                3 => {
                    bytes.extend([0x40, 0, 0, 0]);
                    bytes.extend_from_slice(name.as_bytes());
                }
                _ => {
                    bytes.extend([0, 0]);
                    bytes.extend_from_slice(name.as_bytes());
                }
            }
            if version < 4 {
                bytes.extend(vec![0; 8 - (bytes.len() - start) % 8]);
            }
            previous = name;
        }
        bytes
    }

    #[test]
    fn indexes_of_all_versions_are_read() {
        let wanted = ["certs/a.key", "certs/shop.key", "site.kdl"];
        for version in [2, 3, 4] {
            assert_eq!(names(&index(version, &wanted)).unwrap(), wanted, "version {version}");
        }
        assert_eq!(names(b""), None);
        let whole = index(4, &wanted);
        for length in 0..whole.len() {
            assert_eq!(names(&whole[..length]), None);
        }
        assert_eq!(offset(&[0x80, 0x00]), Some((128, 2)));
        assert_eq!(offset(&[0xff; 9]), None);
    }

    #[test]
    fn tracked_ignored_and_other_files() {
        let scratch = Scratch::new();
        let at = |name: &str| kept(&scratch.write(name, "x"));
        assert_eq!(at("outside.key"), Kept::No);
        scratch.write("site/.git/HEAD", "ref: refs/heads/main\n");
        std::fs::write(scratch.path("site/.git/index"), index(2, &["certs/shop.key"])).unwrap();
        assert_eq!(at("site/certs/shop.key"), Kept::Tracked);
        assert_eq!(at("site/certs/new.key"), Kept::NotIgnored);
        scratch.write("site/.gitignore", "*.key\n!public.key\n/build/\n");
        assert_eq!(at("site/certs/new.key"), Kept::No);
        assert_eq!(at("site/certs/shop.key"), Kept::Tracked, "ignoring is too late");
        assert_eq!(at("site/certs/public.key"), Kept::NotIgnored);
        assert_eq!(at("site/build/new.pem"), Kept::No);
        scratch.write("site/certs/.gitignore", "!deep.key\n");
        assert_eq!(at("site/certs/deep.key"), Kept::NotIgnored);
        scratch.write("site/.git/info/exclude", "secret/\n");
        assert_eq!(at("site/secret/a.pem"), Kept::No);
        scratch.write("second/.git", "gitdir: ../site/.git\n");
        assert_eq!(at("second/certs/shop.key"), Kept::Tracked);
        assert_eq!(kept(&scratch.path("absent")), Kept::No);
    }
}
