//! The operators' page of an instance: opening it, changing it, and the first operator's password.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carrier::{ClientCertificates, TlsDoor, TlsIdentity, TlsServer, TlsSetupError};
use settings::SecretRef;
use tokio::net::TcpStream;
use web::{
    OperatorConfig, Role, Secure, Securing, Server, Setup, Staff, StaffError, Stream, TlsConfig,
    WebConfig,
};

use super::{Instance, lock};

/// The page that an instance is to have.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Its table.
    pub(crate) config: WebConfig,
    /// Who may log in, with whole paths.
    pub(crate) operators: Vec<OperatorConfig>,
}

/// Who may log in before an operator is configured.
pub(crate) const FIRST_OPERATOR: &str = "operator";

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// It can't be opened.
    #[error(transparent)]
    Start(#[from] web::StartError),
    /// Somebody on the staff is wrong.
    #[error(transparent)]
    Staff(#[from] StaffError),
    /// It can't be under TLS.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// There is no operator, and no place for a first one's password.
    #[error("the page has no [[operator]], and a password for a first one can't be kept in {}", path.display())]
    FirstPassword {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Instance {
    /// Has the page that `wanted` describes from now on, or none.
    pub(super) fn show_page(self: &Arc<Self>, wanted: Option<&Page>) -> Result<(), PageError> {
        let mut page = lock(&self.page);
        let Some(wanted) = wanted else {
            *page = None;
            return Ok(());
        };
        let setup = self.setup(wanted)?;
        match &*page {
            Some(running) => running.reload(setup)?,
            None => {
                let house: Arc<dyn web::House> = Arc::clone(self) as _;
                let server = Server::start(setup, house)?;
                for address in server.addresses() {
                    let scheme = if wanted.config.tls.is_some() { "https" } else { "http" };
                    tracing::info!("the page is at {scheme}://{address}");
                }
                *page = Some(server);
            }
        }
        Ok(())
    }

    fn setup(&self, wanted: &Page) -> Result<Setup, PageError> {
        let mut operators = wanted.operators.clone();
        if operators.is_empty() {
            operators.push(self.first_operator()?);
        }
        // Paths are absolute since they were read.
        let staff = Staff::new(&operators, &wanted.config.token, Path::new("/"))?;
        let tls = wanted.config.tls.as_ref().map(tls).transpose()?;
        let tls = tls.map(|door| Arc::new(Secured(door)) as Arc<dyn Secure>);
        Ok(Setup { config: wanted.config.clone(), staff, tls })
    }

    /// Somebody who may log in while nobody else is configured. His password stays the same over restarts.
    fn first_operator(&self) -> Result<OperatorConfig, PageError> {
        let folder = self.state.clone().unwrap_or_else(|| PathBuf::from("."));
        let path = crate::place::absolute(&folder.join("operator-password"));
        let kept = keep_password(&path);
        kept.map_err(|source| PageError::FirstPassword { path: path.clone(), source })?;
        tracing::info!(
            "nobody is an [[operator]] yet; log in to the page as `{FIRST_OPERATOR}` with the password in {}",
            path.display()
        );
        Ok(OperatorConfig {
            name: FIRST_OPERATOR.to_owned(),
            password: SecretRef::File(path),
            role: Role::Operator,
        })
    }
}

/// Reads the page's certificate.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn tls(config: &TlsConfig) -> Result<TlsDoor, TlsSetupError> {
    let TlsConfig { certificate, key } = config.clone();
    TlsDoor::open(&TlsServer {
        identity: TlsIdentity { certificate, key },
        client_authorities: None,
        client_certificates: ClientCertificates::Unasked,
    })
}

/// The page's connections under TLS.
#[derive(Debug)]
struct Secured(TlsDoor);

impl Secure for Secured {
    fn secure(&self, stream: TcpStream) -> Securing {
        let door = self.0.clone();
        Box::pin(async move { Ok(Box::new(door.secure(stream).await?) as Box<dyn Stream>) })
    }
}

/// Makes a password and keeps it in a file of its owner's alone, unless there is one.
fn keep_password(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(mut file) => writeln!(file, "{}", crate::password::make()?),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
