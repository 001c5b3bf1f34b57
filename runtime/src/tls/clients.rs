//! Certificates of clients: who is let in, and by which names.

use std::collections::HashMap;
use std::sync::Arc;

use divisor_schema::plan::{ClientAuth, ServerTls};
use http::HeaderName;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::TlsError;
use super::files::Files;

/// What is asked of clients.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Verifies their certificates.
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    /// The header that tells backends the subject.
    pub(crate) subject_header: Option<HeaderName>,
    plan: ClientAuth,
    files: blake3::Hash,
}

impl PartialEq for Asked {
    /// Whether the same clients are let in: by the same words, and by the same files.
    fn eq(&self, other: &Self) -> bool {
        self.plan == other.plan && self.files == other.files
    }
}

/// Places in a list by host pattern.
pub(super) type Places = HashMap<String, usize>;

/// All that is asked of clients of a listener, first of those that ask for none of the names; and the names with the
/// place of what is asked of their clients.
pub(super) fn asked(
    plan: &ServerTls,
    files: &mut Files<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<(Vec<Option<Asked>>, Places), TlsError> {
    let mut kinds = vec![&plan.client_auth];
    let mut names = Places::new();
    for (name, auth) in &plan.exceptions {
        let place = kinds.iter().position(|known| *known == auth).unwrap_or_else(|| {
            kinds.push(auth);
            kinds.len() - 1
        });
        names.insert(name.clone(), place);
    }
    let read =
        |auth: &Option<ClientAuth>| auth.as_ref().map(|auth| Asked::new(auth, files, provider)).transpose();
    let all = kinds.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok((all, names))
}

impl Asked {
    fn new(
        plan: &ClientAuth,
        files: &mut Files<'_>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let roots = files.read(&plan.roots)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(roots.bytes());
        let mut revoked = vec![];
        for path in &plan.revoked {
            let file = files.read(path)?;
            hasher.update(file.bytes());
            revoked.extend(file.revoked()?);
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots.roots()?), Arc::clone(provider));
        let builder = builder.with_crls(revoked);
        let builder = if plan.required { builder } else { builder.allow_unauthenticated() };
        let unusable = |why: &dyn std::fmt::Display| TlsError::ClientAuth {
            file: roots.path().into(),
            why: why.to_string(),
        };
        let verifier = builder.build().map_err(|error| unusable(&error))?;
        let header = plan.subject_header.as_deref().map(HeaderName::try_from).transpose();
        let subject_header = header.map_err(|error| unusable(&error))?;
        Ok(Self { verifier, subject_header, plan: plan.clone(), files: hasher.finalize() })
    }
}
