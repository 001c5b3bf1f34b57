//! Certificates and keys: PEM files.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use divisor_schema::plan::Identity;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::TlsError;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The files that one configuration is built from, read once, with a hash over all of them.
pub(super) struct Files<'a> {
    base: &'a Path,
    hasher: blake3::Hasher,
}

/// A file and where it was read from.
pub(super) struct File {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A certificate chain and its key, as read.
pub(super) struct IdentityFiles {
    certificate: File,
    key: File,
}

impl<'a> Files<'a> {
    /// Files whose relative paths start at `base`.
    pub(super) fn new(base: &'a Path) -> Self {
        Self { base, hasher: blake3::Hasher::new() }
    }

    pub(super) fn read(&mut self, path: &str) -> Result<File, TlsError> {
        let path = self.base.join(path);
        let mut bytes = std::fs::read(&path).map_err(|error| TlsError::Read { file: path.clone(), error })?;
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len()); // some editors leave one before the first section
        }
        self.hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
        Ok(File { path, bytes })
    }

    pub(super) fn read_identity(&mut self, identity: &Identity) -> Result<IdentityFiles, TlsError> {
        Ok(IdentityFiles { certificate: self.read(&identity.certificate)?, key: self.read(&identity.key)? })
    }

    /// The hash over the contents of all files read.
    pub(super) fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}

impl File {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All certificates in the file; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let all = CertificateDer::pem_slice_iter(&self.bytes).collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|error| self.bad_pem(&error))?;
        if all.is_empty() { Err(TlsError::NoCertificate { file: self.path.clone() }) } else { Ok(all) }
    }

    /// All lists of revoked certificates in the file; at least one.
    pub(super) fn revoked(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
        let all = CertificateRevocationListDer::pem_slice_iter(&self.bytes).collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|error| self.bad_pem(&error))?;
        if all.is_empty() { Err(TlsError::NoRevoked { file: self.path.clone() }) } else { Ok(all) }
    }

    /// The certificates in the file, as roots to trust.
    pub(super) fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in self.certificates()? {
            let unusable = |error: rustls::Error| TlsError::Certificate {
                file: self.path.clone(),
                why: error.to_string(),
            };
            store.add(certificate).map_err(unusable)?;
        }
        Ok(store)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { file: self.path.clone() },
            other => self.bad_pem(&other),
        })
    }

    fn bad_pem(&self, error: &pem::Error) -> TlsError {
        TlsError::Pem { file: self.path.clone(), why: error.to_string() }
    }
}

impl IdentityFiles {
    /// The file of the chain.
    pub(super) fn certificate(&self) -> &Path {
        &self.certificate.path
    }

    /// Chain and key, which belong together. The key is the one whose public half has this hash, if there is one.
    pub(super) fn certified(
        &self,
        provider: &CryptoProvider,
        pin: Option<[u8; 32]>,
    ) -> Result<CertifiedKey, TlsError> {
        let chain = self.certificate.certificates()?;
        let unusable =
            |error: rustls::Error| TlsError::Key { file: self.key.path.clone(), why: error.to_string() };
        let key = provider.key_provider.load_private_key(self.key.key()?).map_err(unusable)?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::Mismatch { certificate: self.certificate.path.clone(), key: self.key.path.clone() }
            }
            other => TlsError::Certificate { file: self.certificate.path.clone(), why: other.to_string() },
        })?;
        let unusable = |why: String| TlsError::Certificate { file: self.certificate.path.clone(), why };
        if let Some(pin) = pin {
            let leaf = certified.end_entity_cert().map_err(|error| unusable(error.to_string()))?;
            let leaf = webpki::EndEntityCert::try_from(leaf).map_err(|error| unusable(error.to_string()))?;
            if digest(&SHA256, &leaf.subject_public_key_info()).as_ref() != pin {
                return Err(TlsError::Pinned { file: self.certificate.path.clone() });
            }
        }
        Ok(certified)
    }
}
