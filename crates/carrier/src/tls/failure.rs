//! What rustls says, in the words of whoever has to mend it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::{
    AlertDescription as Alert, CertificateError, Error, InvalidMessage, OtherError,
};

use crate::{Fingerprint, TlsFailure};

/// What our own judge of certificates says, carried through rustls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    UnknownIssuer(Fingerprint),
    NotPinned(Fingerprint),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer(_) => "unknown issuer",
            Self::NotPinned(_) => "not the pinned certificate",
        })
    }
}

impl StdError for Verdict {}

impl From<Verdict> for Error {
    fn from(verdict: Verdict) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(verdict))))
    }
}

/// Why a handshake failed; `place` is whom we called, if we did.
pub(super) fn failure(error: &Error, place: &str) -> TlsFailure {
    match error {
        Error::InvalidCertificate(error) => certificate(error, place),
        Error::AlertReceived(alert) => alerted(*alert),
        Error::NoCertificatesPresented => TlsFailure::Other("it showed no certificate".to_owned()),
        Error::PeerIncompatible(_) => TlsFailure::NothingInCommon,
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => TlsFailure::NotTls,
        error => TlsFailure::Other(error.to_string()),
    }
}

fn certificate(error: &CertificateError, place: &str) -> TlsFailure {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => TlsFailure::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => TlsFailure::NotYetValid,
        E::NotValidForName => wrong_name(place, &[]),
        E::NotValidForNameContext { presented, .. } => wrong_name(place, presented),
        E::Other(other) => match other.0.downcast_ref() {
            Some(Verdict::UnknownIssuer(found)) => TlsFailure::UnknownIssuer { found: *found },
            Some(Verdict::NotPinned(found)) => TlsFailure::FingerprintChanged { found: *found },
            None => TlsFailure::Other(other.to_string()),
        },
        E::UnknownIssuer | E::BadSignature => TlsFailure::Other(
            "its certificate was issued by none of the authorities of `client-ca`".to_owned(),
        ),
        error => TlsFailure::Other(error.to_string()),
    }
}

/// `DnsName("a.example")` is how rustls shows a name.
fn wrong_name(place: &str, presented: &[String]) -> TlsFailure {
    let inner = |shown: &String| {
        let inner = shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(shown).trim_matches('"').to_owned()
    };
    let theirs = match presented {
        [] => "nobody by name".to_owned(),
        names => names.iter().take(8).map(inner).collect::<Vec<_>>().join(", "),
    };
    TlsFailure::WrongName { ours: place.to_owned(), theirs }
}

fn alerted(alert: Alert) -> TlsFailure {
    match alert {
        Alert::CertificateRequired => TlsFailure::CertificateWanted,
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => TlsFailure::CertificateRefused(format!("{alert:?}")),
        Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::HandshakeFailure => {
            TlsFailure::NothingInCommon
        }
        alert => TlsFailure::Other(format!("the far end says {alert:?}")),
    }
}
