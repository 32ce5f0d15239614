//! Whom to trust when dialling under TLS, by flags.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use carrier::{TlsClient, TlsIdentity, Verify};

use crate::cli::{Flag, Matches, Usage};
use crate::place::absolute;

pub(super) const CA: Flag = Flag {
    name: "ca",
    value: Some("FILE"),
    help: "Under TLS, trust the authorities in this PEM file instead of the system's",
};
pub(super) const FINGERPRINT: Flag = Flag {
    name: "fingerprint",
    value: Some("sha256:…"),
    help: "Under TLS, accept this certificate alone; may be repeated",
};
pub(super) const CERTIFICATE: Flag = Flag {
    name: "certificate",
    value: Some("FILE"),
    help: "Under TLS, show the certificate in this PEM file if asked",
};
pub(super) const KEY: Flag =
    Flag { name: "key", value: Some("FILE"), help: "The certificate's private key" };
pub(super) const INSECURE: Flag = Flag {
    name: "insecure",
    value: None,
    help: "Under TLS, accept whatever certificate is shown: anybody may answer",
};

/// What the flags say; otherwise `usual`.
pub(super) fn settings(
    matches: &Matches,
    usual: Option<Arc<TlsClient>>,
) -> Result<Option<Arc<TlsClient>>, Usage> {
    let file = |flag| matches.value(flag).map(|path| absolute(Path::new(path)));
    let pins = matches.parse_all(&FINGERPRINT)?;
    let (authorities, identity) = (file(&CA), identity(matches, file(&CERTIFICATE), file(&KEY))?);
    let insecure = matches.has(&INSECURE);
    if insecure && (authorities.is_some() || !pins.is_empty()) {
        return Err(matches.wrong("--insecure looks at no certificate; --ca and --fingerprint do"));
    }
    if !insecure && authorities.is_none() && pins.is_empty() && identity.is_none() {
        return Ok(usual);
    }
    let verify = if insecure { Verify::Off } else { Verify::On };
    Ok(Some(Arc::new(TlsClient { authorities, pins, identity, server_name: None, verify })))
}

fn identity(
    matches: &Matches,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<TlsIdentity>, Usage> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsIdentity { certificate, key })),
        _ => Err(matches.wrong("--certificate and --key belong together")),
    }
}
