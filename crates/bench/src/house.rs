//! An exchange under load: started with a configuration of its own, called by the thousand.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use exchange::{Pepper, machine_verifier, make_machine_secret};
use settings::Secret;

use crate::caller::By;
use crate::process::Process;

/// What a caller of this account gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gets<'a> {
    /// His bytes back, from the exchange itself.
    Echo,
    /// The output of a program on a terminal.
    Program(&'a str),
}

/// A running exchange with one account, `site`.
pub(crate) struct House {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) secret: Arc<Secret>,
}

impl House {
    /// Starts it in `folder`, for as many calls as there are descriptors.
    /// A listener for one kind of caller alone need not wait to see which kind it is.
    pub(crate) fn start(
        trunkline: &Path,
        folder: &Path,
        by: By,
        gets: Gets<'_>,
    ) -> io::Result<Self> {
        let pepper = Pepper::load_or_make(&folder.join("pepper")).map_err(io::Error::other)?;
        let secret = make_machine_secret().map_err(io::Error::other)?;
        let verifier = machine_verifier(&secret, Some(&pepper)).map_err(io::Error::other)?;
        std::fs::write(folder.join("verifier"), verifier)?;
        let address = crate::subject::free_address()?;
        let accept = match by {
            By::Raw => "raw",
            By::Telnet => "telnet",
        };
        let service = match gets {
            Gets::Echo => "service = \"echo\"".to_owned(),
            Gets::Program(program) => format!("program = [\"{program}\"]\non = \"pty\""),
        };
        let configuration = format!(
            "control = \"control\"\n[log]\nlevel = \"error\"\n\
             [exchange]\nstore = \"store.db\"\npepper = \"pepper\"\nroot-programs = \"allow\"\n\
             [exchange.limits]\ncalls = 20000\ncalls-per-source = 20000\nunauthenticated = 20000\n\
             unauthenticated-per-source = 20000\n\
             [[exchange.listen]]\naddress = \"{address}\"\naccept = [\"{accept}\"]\nunauthenticated = 20000\n\
             [[account]]\nname = \"site\"\npassword = \"file:verifier\"\n{service}\n"
        );
        let file = folder.join("trunkline.toml");
        std::fs::write(&file, configuration)?;
        restrict(&folder.join("verifier"))?;
        let process = Process::start(Command::new(trunkline).arg("run").arg(&file))?;
        crate::subject::connect(address)?;
        Ok(Self { process, address, secret: Arc::new(secret) })
    }
}

/// The exchange refuses secrets that others could read.
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}
