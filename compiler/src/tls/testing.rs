//! Certificates for tests.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SignatureAlgorithm,
};

/// A folder that goes with the test.
pub(crate) struct Scratch(tempfile::TempDir);

/// How to issue a certificate.
pub(crate) struct Issued<'a> {
    /// Names and addresses it covers.
    pub(crate) names: &'a [&'a str],
    /// Its life: days since the epoch, the last one not included.
    pub(crate) days: (i64, i64),
    /// Algorithm of its key.
    pub(crate) algorithm: &'static SignatureAlgorithm,
}

impl<'a> Issued<'a> {
    /// A certificate that lives from 2026 to 2027, with an ECDSA P-256 key.
    pub(crate) fn new(names: &'a [&'a str]) -> Self {
        Self { names, days: (20_454, 20_819), algorithm: &rcgen::PKCS_ECDSA_P256_SHA256 }
    }
}

impl Scratch {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        self.set_mode(name, 0o600);
        path
    }

    /// Sets the mode of a file, where there are modes.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        #[cfg(not(unix))]
        let _ = (name, mode);
    }

    /// Issues a certificate that signs itself: `name.pem` and `name.key`.
    pub(crate) fn issue(&self, name: &str, issued: &Issued<'_>) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate_for(issued.algorithm).unwrap();
        let certificate = params(issued).self_signed(&key).unwrap();
        (self.write(&format!("{name}.pem"), &certificate.pem()), self.key(name, &key))
    }

    /// Issues a certificate and the root that signed it, in one file: `name.pem` and `name.key`.
    pub(crate) fn chain(&self, name: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let root_key = KeyPair::generate().unwrap();
        let mut root = params(&Issued::new(&[]));
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "root");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let leaf = params(&Issued::new(names)).signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        (self.write(&format!("{name}.pem"), &(leaf.pem() + &root_pem)), self.key(name, &key))
    }

    fn key(&self, name: &str, key: &KeyPair) -> PathBuf {
        self.write(&format!("{name}.key"), &key.serialize_pem())
    }
}

fn params(issued: &Issued<'_>) -> CertificateParams {
    let names: Vec<String> = issued.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let (from, to) = issued.days;
    let day =
        |days: i64| rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(86_400) * days as u32;
    (params.not_before, params.not_after) = (day(from), day(to));
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = issued.names.first() {
        params.distinguished_name.push(DnType::CommonName, *name);
    }
    params
}
