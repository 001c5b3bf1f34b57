//! The manifest: what is public about the certificates and keys of a machine, for a machine that must not have them.
//!
//! It holds certificates, the public halves of keys and the modes of files, and no secret. Every rule about
//! certificates is decided from it as from the files themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::content::Content;
use super::files::{Access, FileRecord, Origin};
use super::key::Key;
use super::pem::Held;
use super::validity::instant;

/// The version of the form that is written and read.
const VERSION: u32 = 1;

/// What was known of some files at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// When it was made, in seconds since the epoch, and as text.
    captured: i64,
    captured_at: String,
    files: BTreeMap<String, Entry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    certificates: Vec<CertificateEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    keys: Vec<KeyEntry>,
    #[serde(skip_serializing_if = "is_zero", default)]
    revocation_lists: usize,
    holds: Content,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    access: Option<Access>,
}

/// A certificate: itself, and what people want to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateEntry {
    subject: String,
    names: Vec<String>,
    issuer: String,
    not_before: String,
    not_after: String,
    key: String,
    spki_sha256: String,
    der: String,
}

/// A private key: its public half, or why it is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeyEntry {
    Public {
        kind: String,
        spki_sha256: String,
        spki: String,
    },
    /// A key whose public half cannot be told.
    Opaque,
    Unusable(Content),
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidManifest(String);

impl std::fmt::Display for InvalidManifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it is no manifest of this version: {}", self.0)
    }
}

impl std::error::Error for InvalidManifest {}

/// How a file differs from what a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The file, as the manifest calls it.
    pub file: String,
    /// What is different.
    pub what: String,
}

impl Manifest {
    /// Reads what is public of `files`, which it calls as they are called here. Files that are there and are neither
    /// certificates nor keys are left out.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn snapshot(files: &[PathBuf], now: i64) -> Result<Self, String> {
        let mut known = BTreeMap::new();
        for file in files {
            let record = FileRecord::read(file);
            let held = record.held.map_err(|why| format!("cannot read {}: {why}", file.display()))?;
            if !held.certificates.is_empty() || !held.keys.is_empty() || held.revoked > 0 {
                known.insert(name(file), Entry::of(&held, record.access));
            }
        }
        Ok(Self { version: VERSION, captured: now, captured_at: instant(now), files: known })
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`InvalidManifest`] says why it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidManifest> {
        let manifest: Self =
            serde_json::from_str(text).map_err(|error| InvalidManifest(error.to_string()))?;
        if manifest.version != VERSION {
            return Err(InvalidManifest(format!("it is of version {}", manifest.version)));
        }
        let broken = manifest.files.iter().find(|(_, entry)| entry.held().is_none());
        match broken {
            Some((file, _)) => Err(InvalidManifest(format!("the entry of `{file}` is damaged"))),
            None => Ok(manifest),
        }
    }

    /// The manifest as text: the same files at the same time give the same text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n" // its maps have text for keys
    }

    /// How many files it knows.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it knows no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Compares the manifest with the files as they are now; relative names start at `base`.
    pub fn verify(&self, base: &Path) -> Vec<Difference> {
        let mut all = vec![];
        for (file, entry) in &self.files {
            let record = FileRecord::read(&base.join(file));
            let mut differs = |what: String| all.push(Difference { file: file.clone(), what });
            match record.held.as_ref() {
                Err(why) => differs(why.clone()),
                Ok(held) => entry.compare(&Entry::of(held, record.access.clone())).for_each(&mut differs),
            }
        }
        all
    }

    /// What it knows of a file.
    pub(crate) fn record(&self, path: &str) -> Option<FileRecord> {
        let entry = self.files.get(path)?;
        let held = entry.held()?;
        Some(FileRecord {
            held: Ok(held),
            access: entry.access.clone(),
            origin: Origin::Manifest(self.captured),
        })
    }
}

impl Entry {
    fn of(held: &Held, access: Option<Access>) -> Self {
        Self {
            certificates: held.certificates.iter().map(CertificateEntry::of).collect(),
            keys: held.keys.iter().map(KeyEntry::of).collect(),
            revocation_lists: held.revoked,
            holds: held.content.clone(),
            access,
        }
    }

    /// What the file holds; `None` when the entry is damaged.
    fn held(&self) -> Option<Held> {
        let certificates = self.certificates.iter().map(CertificateEntry::read);
        Some(Held {
            certificates: certificates.collect::<Option<_>>()?,
            keys: self.keys.iter().map(KeyEntry::read).collect::<Option<_>>()?,
            revoked: self.revocation_lists,
            content: self.holds.clone(),
        })
    }

    fn compare<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = String> + 'a {
        let ends =
            |entry: &Self| entry.certificates.first().map(|it| it.not_after.clone()).unwrap_or_default();
        let certificates = (self.certificates != now.certificates)
            .then(|| format!("its certificates are others: valid until {}, then {}", ends(self), ends(now)));
        let keys = (self.keys != now.keys).then(|| "its key is another".to_owned());
        let mode = |entry: &Self| entry.access.as_ref().map_or(0, |access| access.mode);
        let access = (self.access != now.access)
            .then(|| format!("its mode or owner has changed: {:04o}, then {:04o}", mode(self), mode(now)));
        certificates.into_iter().chain(keys).chain(access)
    }
}

impl CertificateEntry {
    fn of(certificate: &Certificate) -> Self {
        let addresses = certificate.addresses.iter().map(ToString::to_string);
        Self {
            subject: certificate.subject.clone(),
            names: certificate.names.iter().cloned().chain(addresses).collect(),
            issuer: certificate.issuer.clone(),
            not_before: instant(certificate.not_before),
            not_after: instant(certificate.not_after),
            key: certificate.key.to_string(),
            spki_sha256: HEXLOWER.encode(&super::sha256(&certificate.public_key_der)),
            der: BASE64.encode(&certificate.der),
        }
    }

    /// The certificate itself: what is written beside it is for people.
    fn read(&self) -> Option<Certificate> {
        Certificate::parse(BASE64.decode(self.der.as_bytes()).ok()?)
    }
}

impl KeyEntry {
    fn of(key: &Result<Key, Content>) -> Self {
        match key {
            Ok(known @ Key { public: Some(public) }) => Self::Public {
                kind: known.kind().to_string(),
                spki_sha256: HEXLOWER.encode(&super::sha256(public)),
                spki: BASE64.encode(public),
            },
            Ok(Key { public: None }) => Self::Opaque,
            Err(content) => Self::Unusable(content.clone()),
        }
    }

    fn read(&self) -> Option<Result<Key, Content>> {
        Some(match self {
            Self::Public { spki, .. } => Ok(Key { public: Some(BASE64.decode(spki.as_bytes()).ok()?) }),
            Self::Opaque => Ok(Key { public: None }),
            Self::Unusable(content) => Err(content.clone()),
        })
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The name of a file as it would stand in a plan: with `/`, without `.`.
fn name(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    parts.collect::<PathBuf>().to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Issued, Scratch};
    use super::*;

    #[test]
    fn what_is_read_from_a_manifest_is_what_was_in_the_files() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["shop.example", "10.0.0.1"]));
        let locked = scratch.write(
            "locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        let other = scratch.write("README", "not of interest");
        let files = [certificate.clone(), key.clone(), locked.clone(), other];
        let manifest = Manifest::snapshot(&files, 1_795_564_800).unwrap();
        let text = manifest.to_text();
        assert_eq!((Manifest::parse(&text).as_ref(), manifest.len()), (Ok(&manifest), 3));
        assert!(!manifest.is_empty() && text.contains("2026-11-25T00:00:00Z"), "{text}");
        for path in [certificate, key, locked] {
            let known = manifest.record(path.to_str().unwrap()).unwrap();
            let read = FileRecord::read(&path);
            assert_eq!((known.held, known.access), (read.held, read.access));
            assert_eq!(known.origin, Origin::Manifest(1_795_564_800));
        }
        assert_eq!(manifest.record("absent"), None);
    }

    #[test]
    fn no_secret_is_in_it() {
        let scratch = Scratch::new();
        let (_, key) = scratch.issue("shop", &Issued::new(&["shop.example"]));
        let text = Manifest::snapshot(std::slice::from_ref(&key), 0).unwrap().to_text();
        let pem = std::fs::read_to_string(&key).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64.decode(body.as_bytes()).unwrap();
        // PKCS#8 of a P-256 key: its 32 secret bytes follow the only `04 20`.
        let at = der.windows(2).position(|window| window == [4, 32]).unwrap() + 2;
        let secret = &der[at..at + 32];
        assert!(pem.len() > 100 && !text.contains("PRIVATE KEY"));
        for start in 0..3 {
            // Base64 of the secret at any of the three places where it can stand in a group of three bytes.
            let whole = &secret[start..start + 27];
            assert!(!text.contains(&BASE64.encode(whole)), "the secret is there");
        }
        assert!(!text.contains(&HEXLOWER.encode(secret)));
    }

    #[test]
    fn changes_are_named() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["shop.example"]));
        let manifest = Manifest::snapshot(&[certificate.clone(), key], 0).unwrap();
        assert_eq!(manifest.verify(Path::new("")), []);
        scratch.issue("shop", &Issued::new(&["shop.example"]));
        scratch.set_mode("shop.key", 0o640);
        let said: Vec<String> = manifest.verify(Path::new("")).into_iter().map(|it| it.what).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains("its key is another") && said[1].contains("0600, then 0640"), "{said:?}");
        std::fs::remove_file(certificate).unwrap();
        assert_eq!(manifest.verify(Path::new("")).last().unwrap().what, "no such file");
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let refused = |text: &str| Manifest::parse(text).unwrap_err().to_string();
        assert!(refused("{}").contains("no manifest of this version"));
        let empty = r#"{"version":1,"captured":0,"captured_at":"","files":{}}"#;
        assert!(Manifest::parse(empty).is_ok());
        assert!(refused(&empty.replace(":1", ":2")).contains("version 2"));
        let damaged = r#"{"a.pem":{"holds":"certificate","keys":[{"public":{"kind":"","spki_sha256":"","spki":"?"}}]}}"#;
        assert!(refused(&empty.replace("{}", damaged)).contains("`a.pem` is damaged"));
        assert!(Manifest::snapshot(&["absent".into()], 0).unwrap_err().contains("absent"));
    }

    #[test]
    fn names_are_those_of_a_plan() {
        assert_eq!(name(Path::new("./certs/./shop.pem")), "certs/shop.pem");
        assert_eq!(name(Path::new("/etc/tls/shop.pem")), "/etc/tls/shop.pem");
    }
}
