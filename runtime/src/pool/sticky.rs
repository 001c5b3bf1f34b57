//! Sticky cookies: which backend a client is at, sealed so that nobody else can read or forge it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use divisor_schema::plan::{self, SameSite, Secret};
use http::HeaderValue;

/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a nonce, which is what a cookie begins with.
const NONCE: usize = 12;
/// Characters of a cookie: nonce, the number of a backend, and the tag, in hexadecimal digits.
const LENGTH: usize = 2 * (NONCE + 8 + 16);

/// The sticky cookie of a pool.
#[derive(Debug)]
pub(crate) struct Sticky {
    settings: plan::Sticky,
    /// The first seals, all open.
    keys: Vec<RandomizedNonceKey>,
    /// What a cookie is for: one of another pool or name does not open.
    context: String,
}

/// Why the keys of a cookie cannot be used.
#[derive(Debug)]
pub(crate) enum InvalidKey {
    /// The file cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// The environment does not have the variable.
    Unset(String),
    /// It is no key; where it came from.
    Malformed(String),
}

impl std::fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Unset(name) => write!(f, "the environment has no {name}: set it for this process"),
            Self::Malformed(source) => write!(
                f,
                "{source} is not one or more lines of 64 hexadecimal digits: write what `openssl rand -hex 32` says"
            ),
        }
    }
}

impl std::error::Error for InvalidKey {}

impl Sticky {
    /// The cookie of the pool with this name. Reads its keys; a relative path starts at `files`.
    ///
    /// # Errors
    /// [`InvalidKey`] says where there is no key.
    pub(crate) fn new(plan: &plan::Sticky, pool: &str, files: &Path) -> Result<Self, InvalidKey> {
        let (text, source) = match &plan.key {
            Secret::File(file) => {
                let path = files.join(file);
                match std::fs::read_to_string(&path) {
                    Ok(text) => (text, path.display().to_string()),
                    Err(error) => return Err(InvalidKey::Unreadable(path, error)),
                }
            }
            Secret::Env(name) => {
                let text = std::env::var(name).map_err(|_| InvalidKey::Unset(name.clone()))?;
                (text, format!("the environment variable {name}"))
            }
        };
        let keys = keys(&text).ok_or(InvalidKey::Malformed(source))?;
        Ok(Self { settings: plan.clone(), keys, context: format!("{} {pool}", plan.cookie) })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.settings.cookie
    }

    /// The number of the backend that a value names, if we have sealed it.
    pub(super) fn open(&self, value: &[u8]) -> Option<u64> {
        let sealed = (value.len() == LENGTH).then(|| unhex(value))??;
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        self.keys.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = sealed.to_vec();
            let opened = key.open_in_place(nonce, Aad::from(&self.context), &mut sealed).ok()?;
            Some(u64::from_be_bytes((&*opened).try_into().ok()?))
        })
    }

    /// The `Set-Cookie` that names a backend by its number, on a listener with TLS or without. `None` when the system
    /// has no randomness to give.
    pub(super) fn set(&self, backend: u64, tls: bool) -> Option<HeaderValue> {
        let mut sealed = backend.to_be_bytes().to_vec();
        let key = self.keys.first()?;
        let nonce = key.seal_in_place_append_tag(Aad::from(&self.context), &mut sealed).ok()?;
        let plan::Sticky { cookie, path, max_age, secure, same_site, .. } = &self.settings;
        let mut text = format!("{cookie}=");
        // Writing to a string cannot fail.
        nonce.as_ref().iter().chain(&sealed).for_each(|byte| _ = write!(text, "{byte:02x}"));
        _ = write!(text, "; Path={path}; HttpOnly; SameSite={same_site}");
        if secure.unwrap_or(tls) || *same_site == SameSite::None {
            text.push_str("; Secure");
        }
        if let Some(max_age) = max_age {
            _ = write!(text, "; Max-Age={}", max_age.0 / 1000);
        }
        HeaderValue::try_from(text).ok()
    }
}

/// The keys in a text: at least one, each on a line.
fn keys(text: &str) -> Option<Vec<RandomizedNonceKey>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // SIV: its nonces may be random for as many cookies as there will ever be (RFC 8452, section 9).
    let key = |line: &str| {
        let bytes = unhex(line.as_bytes()).filter(|bytes| bytes.len() == KEY)?;
        RandomizedNonceKey::new(&AES_256_GCM_SIV, &bytes).ok()
    };
    lines.map(key).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}

/// The bytes that hexadecimal digits stand for.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::*;

    fn settings(key: Secret) -> plan::Sticky {
        plan::Sticky {
            cookie: "at".into(),
            key,
            max_age: None,
            secure: None,
            same_site: SameSite::Lax,
            path: "/".into(),
        }
    }

    /// A cookie of pool `pool` whose key file holds `text`.
    fn sticky(text: &str, pool: &str) -> Result<Sticky, InvalidKey> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), text).unwrap();
        Sticky::new(&settings(Secret::File("key".into())), pool, folder.path())
    }

    fn key(digit: &str) -> String {
        digit.repeat(64)
    }

    /// The value in a `Set-Cookie`.
    fn value(cookie: &HeaderValue) -> String {
        let text = cookie.to_str().unwrap();
        text.strip_prefix("at=").unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn only_what_was_sealed_here_opens() {
        let ours = sticky(&key("a"), "app").unwrap();
        let sealed = value(&ours.set(7, false).unwrap());
        assert_eq!(ours.open(sealed.as_bytes()), Some(7));
        assert_ne!(value(&ours.set(7, false).unwrap()), sealed, "the same backend looks different each time");
        assert_eq!(sticky(&key("b"), "app").unwrap().open(sealed.as_bytes()), None, "another key");
        assert_eq!(sticky(&key("a"), "other").unwrap().open(sealed.as_bytes()), None, "another pool");
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(ours.open(&forged), None, "digit {at}");
        }
        for forged in
            ["", "7", &sealed[1..], &format!("{sealed}00"), &"x".repeat(LENGTH), &"é".repeat(LENGTH / 2)]
        {
            assert_eq!(ours.open(forged.as_bytes()), None, "{forged}");
        }
    }

    #[test]
    fn keys_rotate() {
        let old = sticky(&key("a"), "app").unwrap();
        let new = sticky(&format!("{}\n\n {} \n", key("B"), key("a")), "app").unwrap();
        let (sealed, anew) = (value(&old.set(7, false).unwrap()), value(&new.set(7, false).unwrap()));
        assert_eq!((new.open(sealed.as_bytes()), new.open(anew.as_bytes())), (Some(7), Some(7)));
        assert_eq!(old.open(anew.as_bytes()), None);
    }

    #[test]
    fn attributes_are_those_of_the_plan() {
        let attributes = |sticky: &Sticky, tls| {
            let text = sticky.set(7, tls).unwrap();
            text.to_str().unwrap().split_once("; ").unwrap().1.to_owned()
        };
        let mut it = sticky(&key("a"), "app").unwrap();
        assert_eq!(attributes(&it, false), "Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(attributes(&it, true), "Path=/; HttpOnly; SameSite=Lax; Secure");
        it.settings = plan::Sticky { secure: Some(false), max_age: Some(Millis(90_500)), ..it.settings };
        assert_eq!(attributes(&it, true), "Path=/; HttpOnly; SameSite=Lax; Max-Age=90");
        it.settings = plan::Sticky { same_site: SameSite::None, path: "/shop".into(), ..it.settings };
        assert_eq!(attributes(&it, false), "Path=/shop; HttpOnly; SameSite=None; Secure; Max-Age=90");
        it.settings = plan::Sticky { same_site: SameSite::Strict, ..it.settings };
        assert!(attributes(&it, false).contains("SameSite=Strict"));
        assert_eq!(it.name(), "at");
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for text in ["", "\n", "abc", &key("g"), &format!("{}a", key("a")), &format!("{}\nabc", key("a"))] {
            let error = sticky(text, "app").unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
            assert!(text.trim().is_empty() || !error.contains(text.trim()), "{error}");
        }
        let absent = Sticky::new(&settings(Secret::File("absent".into())), "app", Path::new("/nowhere"));
        assert!(absent.unwrap_err().to_string().starts_with("cannot read /nowhere/absent: "));
        let unset = Sticky::new(&settings(Secret::Env("DIVISOR_NO_SUCH".into())), "app", Path::new(""));
        assert!(unset.unwrap_err().to_string().contains("no DIVISOR_NO_SUCH"));
        let path = Sticky::new(&settings(Secret::Env("PATH".into())), "app", Path::new(""));
        assert!(path.unwrap_err().to_string().starts_with("the environment variable PATH is not"));
    }
}
