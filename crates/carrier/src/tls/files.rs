//! PEM files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore};

use crate::{TlsIdentity, TlsSetupError, limits};

/// A certificate with what leads to its authority, and its key.
pub(super) fn identity(
    files: &TlsIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsSetupError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|error| fault(&files.key, "private key", &error))?;
    Ok((chain, key))
}

/// The authorities in a file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

/// What is wrong with an identity that rustls doesn't take.
pub(super) fn misfit(files: &TlsIdentity, error: &Error) -> TlsSetupError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsSetupError::OtherKey {
            key: files.key.clone(),
            certificate: files.certificate.clone(),
        },
        Error::General(_) => unusable(&files.key, error),
        _ => unusable(&files.certificate, error),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let chain = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| fault(path, "certificate", &error))?;
    match chain.is_empty() {
        true => Err(TlsSetupError::Empty { path: path.to_owned(), wanted: "certificate" }),
        false => Ok(chain),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsSetupError> {
    let read = || {
        let mut text = Vec::new();
        File::open(path)?.take(limits::PEM_FILE + 1).read_to_end(&mut text)?;
        match text.len() as u64 > limits::PEM_FILE {
            true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
            false => Ok(text),
        }
    };
    read().map_err(|source| TlsSetupError::Unreadable { path: path.to_owned(), source })
}

fn fault(path: &Path, wanted: &'static str, error: &pem::Error) -> TlsSetupError {
    match error {
        pem::Error::NoItemsFound => TlsSetupError::Empty { path: path.to_owned(), wanted },
        error => unusable(path, error),
    }
}

fn unusable(path: &Path, error: &impl ToString) -> TlsSetupError {
    TlsSetupError::Unusable { path: path.to_owned(), reason: error.to_string() }
}
