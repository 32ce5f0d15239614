//! Being called.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, UnbufferedServerConnection, WebPkiClientVerifier,
};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

use super::certificate::describe;
use super::failure::failure;
use super::{Secured, files, provider};
use crate::wire::Wire;
use crate::{
    Certificate, ClientCertificates, Standing, TlsClient, TlsFailure, TlsServer, TlsSetupError,
};

/// What callers under TLS are shown, and asked for. Its files have been read.
#[derive(Clone)]
pub struct Door {
    config: Arc<ServerConfig>,
    standing: Standing,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn open(settings: &TlsServer) -> Result<Self, TlsSetupError> {
        let provider = provider();
        let algorithms = provider.signature_verification_algorithms;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsSetupError::NotBuiltIn)?;
        let (asked, authorities) = (settings.client_certificates, &settings.client_authorities);
        let builder = match (asked, authorities) {
            (ClientCertificates::Unasked, _) => builder.with_no_client_auth(),
            (asked, None) => {
                builder.with_client_cert_verifier(Arc::new(Acquainted { asked, algorithms }))
            }
            (asked, Some(path)) => {
                let roots = Arc::new(files::authorities(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier = match asked {
                    ClientCertificates::Required => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| {
                    TlsSetupError::Unusable { path: path.clone(), reason: error.to_string() }
                })?)
            }
        };
        let (chain, key) = files::identity(&settings.identity)?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| files::misfit(&settings.identity, &error))?;
        // A caller comes back after hours, and a resumed session would carry a certificate that may
        // have been revoked meanwhile; what a ticket saves is a third of a millisecond.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let standing = match authorities {
            Some(_) => Standing::Issued,
            None => Standing::Unchecked,
        };
        Ok(Self { config: Arc::new(config), standing })
    }

    /// Reads what is needed for calls in the other direction, to see whether it can be used.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_client(settings: &TlsClient) -> Result<(), TlsSetupError> {
        super::client::make(settings).map(drop)
    }

    /// Makes a connection secure that is no call: that of an operators' page, say.
    ///
    /// # Errors
    /// The other side speaks no TLS, or none that we do.
    pub async fn secure(
        &self,
        stream: TcpStream,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>> {
        TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await
    }

    /// Makes a caller's connection secure.
    pub(crate) async fn admit(
        &self,
        wire: Wire,
    ) -> Result<(Wire, Option<Certificate>), TlsFailure> {
        let machine = UnbufferedServerConnection::new(Arc::clone(&self.config))
            .map_err(|error| failure(&error, ""))?;
        let secured = Secured::new(wire, machine).shake_hands("").await?;
        let certificate =
            secured.certificate().map(|certificate| describe(certificate, self.standing));
        tracing::debug!(from = %secured.from(), tls = secured.version(), "secure connection");
        Ok((Wire::wrapped(Box::new(secured)), certificate))
    }
}

/// Takes every certificate whose owner has its key: who he is, the fingerprint says.
#[derive(Debug)]
struct Acquainted {
    asked: ClientCertificates,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Acquainted {
    fn client_auth_mandatory(&self) -> bool {
        self.asked == ClientCertificates::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _shown: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
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
