//! Stands for `tls` in a build without it.

use std::convert::Infallible;
use std::sync::Arc;

use crate::wire::Wire;
use crate::{Certificate, Host, TlsClient, TlsFailure, TlsServer, TlsSetupError};

/// What callers under TLS would be shown.
#[derive(Clone, Debug)]
pub struct Door(Infallible);

impl Door {
    /// Says that it can't be.
    ///
    /// # Errors
    /// Always.
    pub fn open(_: &TlsServer) -> Result<Self, TlsSetupError> {
        Err(TlsSetupError::NotBuiltIn)
    }

    /// Says that it can't be.
    ///
    /// # Errors
    /// Always.
    pub fn check_client(_: &TlsClient) -> Result<(), TlsSetupError> {
        Err(TlsSetupError::NotBuiltIn)
    }

    /// Says that it can't be.
    ///
    /// # Errors
    /// Always.
    pub async fn secure(&self, _: tokio::net::TcpStream) -> std::io::Result<tokio::net::TcpStream> {
        match self.0 {}
    }

    pub(crate) async fn admit(&self, _: Wire) -> Result<(Wire, Option<Certificate>), TlsFailure> {
        match self.0 {}
    }
}

pub(crate) async fn call(
    _: Wire,
    _: &Host,
    _: &Arc<TlsClient>,
) -> Result<(Wire, Option<Certificate>), TlsFailure> {
    Err(TlsSetupError::NotBuiltIn.into())
}
