//! Certificates for tests.

use std::path::PathBuf;
use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SignatureAlgorithm,
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
    /// What it may be used for; none is anything.
    pub(crate) purposes: &'a [ExtendedKeyUsagePurpose],
    /// Whether it may sign other certificates.
    pub(crate) authority: bool,
}

impl<'a> Issued<'a> {
    /// A certificate that lives from 2026 to 2027, with an ECDSA P-256 key.
    pub(crate) fn new(names: &'a [&'a str]) -> Self {
        Self {
            names,
            days: (20_454, 20_819),
            algorithm: &rcgen::PKCS_ECDSA_P256_SHA256,
            purposes: &[],
            authority: false,
        }
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
        self.chained(name, &Issued::new(names))
    }

    /// Issues a certificate like this and the root that signed it, in one file: `name.pem` and `name.key`.
    pub(crate) fn chained(&self, name: &str, issued: &Issued<'_>) -> (PathBuf, PathBuf) {
        let (root, root_pem) = root();
        let key = KeyPair::generate_for(issued.algorithm).unwrap();
        let leaf = params(issued).signed_by(&key, &root).unwrap();
        (self.write(&format!("{name}.pem"), &(leaf.pem() + &root_pem)), self.key(name, &key))
    }

    /// Issues a certificate that says it is signed with SHA-1: `name.pem` and `name.key`.
    pub(crate) fn sha1(&self, name: &str, names: &[&str]) {
        static PAIR: OnceLock<(Vec<u8>, String)> = OnceLock::new();
        const SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];
        let (der, key) = PAIR.get_or_init(|| {
            let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
            let mut der = params(&Issued::new(names)).self_signed(&key).unwrap().der().to_vec();
            for at in 0..der.len() - SHA256.len() {
                if der[at..].starts_with(SHA256) {
                    der[at + SHA256.len() - 1] = 5;
                }
            }
            (der, key.serialize_pem())
        });
        let base64 = data_encoding::BASE64.encode(der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        self.write(&format!("{name}.pem"), &pem);
        self.write(&format!("{name}.key"), key);
    }

    /// Issues a certificate with so many intermediates above it, and no root: `name.pem`.
    pub(crate) fn long_chain(&self, name: &str, intermediates: usize) -> PathBuf {
        let (mut issuer, _) = root();
        let mut pem = String::new();
        for number in 0..intermediates {
            let key = KeyPair::generate().unwrap();
            let mut params = authority(&format!("intermediate {number}"));
            params.not_after = rcgen::date_time_ymd(2027, 1, 1);
            pem.insert_str(0, &params.signed_by(&key, &issuer).unwrap().pem());
            issuer = Issuer::new(params, key);
        }
        let key = KeyPair::generate().unwrap();
        let leaf = params(&Issued::new(&["shop.example"])).signed_by(&key, &issuer).unwrap();
        self.key(name, &key);
        self.write(&format!("{name}.pem"), &(leaf.pem() + &pem))
    }

    fn key(&self, name: &str, key: &KeyPair) -> PathBuf {
        self.write(&format!("{name}.key"), &key.serialize_pem())
    }
}

fn root() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let root = authority("root");
    let pem = root.self_signed(&key).unwrap().pem();
    (Issuer::new(root, key), pem)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(&Issued { authority: true, ..Issued::new(&[]) });
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn params(issued: &Issued<'_>) -> CertificateParams {
    let names: Vec<String> = issued.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let (from, to) = issued.days;
    let day =
        |days: i64| rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(86_400) * days as u32;
    (params.not_before, params.not_after) = (day(from), day(to));
    params.extended_key_usages = issued.purposes.to_vec();
    if issued.authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = issued.names.first() {
        params.distinguished_name.push(DnType::CommonName, *name);
    }
    params
}
