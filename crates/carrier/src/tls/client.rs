//! Calling: the far end must be who we called.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{
    Resumption, UnbufferedClientConnection, verify_server_cert_signed_by_trust_anchor,
    verify_server_name,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::certificate::{describe, fingerprint};
use super::failure::{Verdict, failure};
use super::{Secured, files, provider};
use crate::wire::Wire;
use crate::{
    Certificate, Fingerprint, Host, Standing, TlsClient, TlsFailure, TlsSetupError, Verify, limits,
};

/// Makes a connection secure, and sees that it is `host` who answers.
pub(crate) async fn call(
    wire: Wire,
    host: &Host,
    settings: &Arc<TlsClient>,
) -> Result<(Wire, Option<Certificate>), TlsFailure> {
    let config = config(settings).await?;
    let name = server_name(host, settings)?;
    let place = name.to_str().into_owned();
    if settings.verify == Verify::Off && settings.pins.is_empty() {
        tracing::warn!(host = place, "calling without looking at the certificate: verify is off");
    }
    let machine =
        UnbufferedClientConnection::new(config, name).map_err(|error| failure(&error, &place))?;
    let secured = Secured::new(wire, machine).shake_hands(&place).await?;
    let standing = match settings.verify {
        Verify::On => Standing::Issued,
        Verify::Off => Standing::Unchecked,
    };
    let certificate = secured.certificate().map(|certificate| describe(certificate, standing));
    tracing::debug!(host = place, tls = secured.version(), "secure connection");
    Ok((Wire::wrapped(Box::new(secured)), certificate))
}

fn server_name(host: &Host, settings: &TlsClient) -> Result<ServerName<'static>, TlsFailure> {
    let text = match (&settings.server_name, host) {
        (Some(name), _) | (None, Host::Name(name)) => name.clone(),
        (None, Host::Ip(ip)) => return Ok(ServerName::IpAddress((*ip).into())),
        (None, Host::Zoned(ip, _)) => {
            return Ok(ServerName::IpAddress(std::net::IpAddr::V6(*ip).into()));
        }
    };
    let trimmed = text.strip_suffix('.').unwrap_or(&text).to_owned();
    ServerName::try_from(trimmed)
        .map_err(|_| TlsFailure::Other(format!("`{text}` is no name that a certificate can have")))
}

/// What was made of settings, for as long as the files behind them are taken to be the same.
struct Made {
    settings: Arc<TlsClient>,
    config: Arc<ClientConfig>,
    at: Instant,
}

static MADE: Mutex<Vec<Made>> = Mutex::new(Vec::new());

/// Reading a system's authorities takes milliseconds, so what was made of them serves for a while; not
/// for ever, since certificates are replaced on disk.
async fn config(settings: &Arc<TlsClient>) -> Result<Arc<ClientConfig>, TlsSetupError> {
    if let Some(config) = made_before(settings) {
        return Ok(config);
    }
    let wanted = Arc::clone(settings);
    let made = tokio::task::spawn_blocking(move || make(&wanted)).await;
    let config = Arc::new(made.unwrap_or(Err(TlsSetupError::NoAuthorities))?);
    let mut all = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|made| made.is_fresh() && made.settings != *settings);
    if all.len() >= limits::TLS_CONFIGS {
        all.remove(0);
    }
    let (settings, at) = (Arc::clone(settings), Instant::now());
    all.push(Made { settings, config: Arc::clone(&config), at });
    Ok(config)
}

fn made_before(settings: &TlsClient) -> Option<Arc<ClientConfig>> {
    let all = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all.iter().find(|made| made.is_fresh() && *made.settings == *settings);
    found.map(|made| Arc::clone(&made.config))
}

impl Made {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH
    }
}

/// See [`limits::TLS_FRESH`].
const FRESH: Duration = limits::TLS_FRESH;

pub(super) fn make(settings: &TlsClient) -> Result<ClientConfig, TlsSetupError> {
    let provider = provider();
    let judge =
        Judge { trust: trust(settings)?, algorithms: provider.signature_verification_algorithms };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsSetupError::NotBuiltIn)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge));
    let mut config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = files::identity(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| files::misfit(identity, &error))?
        }
    };
    // A resumed session would not look at the certificate again.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn trust(settings: &TlsClient) -> Result<Trust, TlsSetupError> {
    if !settings.pins.is_empty() {
        return Ok(Trust::Pinned(settings.pins.clone()));
    }
    match (settings.verify, &settings.authorities) {
        (Verify::Off, _) => Ok(Trust::Anybody),
        (Verify::On, Some(path)) => Ok(Trust::Authorities(files::authorities(path)?)),
        (Verify::On, None) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            match roots.is_empty() {
                true => Err(TlsSetupError::NoAuthorities),
                false => Ok(Trust::Authorities(roots)),
            }
        }
    }
}

/// Says whether the far end is who was called.
#[derive(Debug)]
struct Judge {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Trust {
    Authorities(RootCertStore),
    Pinned(Vec<Fingerprint>),
    Anybody,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            Trust::Anybody => {}
            Trust::Pinned(pins) => {
                let found = fingerprint(shown);
                if !pins.contains(&found) {
                    return Err(Verdict::NotPinned(found).into());
                }
            }
            Trust::Authorities(roots) => {
                let parsed = ParsedCertificate::try_from(shown)?;
                let all = self.algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&parsed, roots, chain, now, all)
                    .map_err(|error| with_fingerprint(error, shown))?;
                verify_server_name(&parsed, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Who doesn't know an issuer wants to know what to pin. A self-signed certificate that says it is an
/// authority (what `openssl req -x509` makes) fails as such, and has the same remedy.
fn with_fingerprint(error: Error, shown: &CertificateDer<'_>) -> Error {
    let unknown = match &error {
        // A bad signature: somebody else's authority of the same name.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            format!("{other:?}").contains("CaUsedAsEndEntity")
        }
        _ => false,
    };
    match unknown {
        true => Verdict::UnknownIssuer(fingerprint(shown)).into(),
        false => error,
    }
}
