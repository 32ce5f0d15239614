//! An exchange under load: started with a configuration of its own, called by the thousand.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use exchange::{Pepper, machine_verifier, make_machine_secret};

use crate::caller::{By, Number};
use crate::process::Process;

/// What a caller of this account gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gets<'a> {
    /// His bytes back, from the exchange itself.
    Echo,
    /// The output of a program on a terminal.
    Program(&'a str),
    /// Polls, as one of so many sites.
    Collector {
        /// How many.
        sites: usize,
    },
}

/// A running exchange with one account, `site`.
pub(crate) struct House {
    pub(crate) process: Process,
    pub(crate) number: Arc<Number>,
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
        let accept = by.name();
        let tls = if by == By::Tls { certificate(folder)? } else { "" };
        let site = "[[account]]\nname = \"site\"\npassword = \"file:verifier\"\n";
        let accounts = match gets {
            Gets::Echo => format!("{site}service = \"echo\"\n"),
            Gets::Program(program) => format!("{site}program = [\"{program}\"]\non = \"pty\"\n"),
            Gets::Collector { sites } => crate::stations::tables(sites),
        };
        let configuration = format!(
            "control = \"control\"\n[log]\nlevel = \"error\"\n\
             [exchange]\nstore = \"store.db\"\npepper = \"pepper\"\nroot-programs = \"allow\"\n\
             [exchange.limits]\ncalls = 20000\ncalls-per-source = 20000\nunauthenticated = 20000\n\
             unauthenticated-per-source = 20000\n\
             [[exchange.listen]]\naddress = \"{address}\"\naccept = [\"{accept}\"]\nunauthenticated = 20000\n{tls}\
             {accounts}"
        );
        let file = folder.join("trunkline.toml");
        std::fs::write(&file, configuration)?;
        restrict(&folder.join("verifier"))?;
        let process = Process::start(Command::new(trunkline).arg("run").arg(&file))?;
        crate::subject::connect(address)?;
        let number = Number::of(by, address, Arc::new(secret), folder)?;
        Ok(Self { process, number: Arc::new(number) })
    }
}

/// Makes a certificate, and what the configuration says of it.
fn certificate(folder: &Path) -> io::Result<&'static str> {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    std::fs::write(folder.join("certificate.pem"), made.cert.pem())?;
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    restrict(&folder.join("key.pem"))?;
    Ok("tls = { certificate = \"certificate.pem\", key = \"key.pem\" }\n")
}

/// The exchange refuses secrets that others could read.
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}
