//! Who the far end of a secured connection must be, and who it has turned out to be: plain facts, which
//! every build knows. What makes connections secure is `tls`.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

/// The SHA-256 digest of a certificate, written `sha256:` and 64 hexadecimal digits, with colons between
/// them or not.
///
/// ```
/// let shown = "AB:".repeat(31) + "AB";
/// let pin: carrier::Fingerprint = format!("sha256:{shown}").parse()?;
/// assert_eq!(pin.to_string(), format!("sha256:{}", "ab".repeat(32)));
/// # Ok::<(), carrier::NoFingerprint>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// The text is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fingerprint; expected `sha256:` and 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256 -in FILE` shows them"
)]
pub struct NoFingerprint(String);

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let bad = || NoFingerprint(text.to_owned());
        let (kind, rest) = text.trim().split_once([':', '=']).ok_or_else(bad)?;
        // openssl writes `sha256 Fingerprint=AB:CD…`, and `SHA256` in older releases.
        let kind = kind.trim().to_ascii_lowercase();
        if !matches!(kind.as_str(), "sha256" | "sha256 fingerprint") {
            return Err(bad());
        }
        let mut digits = rest.chars().filter(|c| *c != ':');
        let mut digest = [0; 32];
        for byte in &mut digest {
            let mut digit = || digits.next().and_then(|c| c.to_digit(16)).ok_or_else(bad);
            *byte = u8::try_from(digit()? * 16 + digit()?).map_err(|_| bad())?;
        }
        match digits.next() {
            None => Ok(Self(digest)),
            Some(_) => Err(bad()),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a carrier knows of the far end before a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// It has shown this certificate, and that it has the key to it.
    Certificate(Certificate),
}

/// A certificate that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// Its subject's common name, cut to printable ASCII.
    pub subject: Option<String>,
    /// Whether somebody vouches for it.
    pub standing: Standing,
}

/// Whether somebody vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An authority that we trust has issued it.
    Issued,
    /// Nobody does: only its fingerprint says whose it is.
    Unchecked,
}

/// How we call under TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsClient {
    /// A PEM file of authorities to trust, in place of the system's.
    pub authorities: Option<PathBuf>,
    /// The only certificates to accept, whoever has issued them and whatever they say.
    pub pins: Vec<Fingerprint>,
    /// The certificate that we show if asked.
    pub identity: Option<TlsIdentity>,
    /// The name that the far end's certificate must have, where that isn't the host's.
    pub server_name: Option<String>,
    /// Whether the far end's certificate matters.
    pub verify: Verify,
}

/// Whether the far end's certificate matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// It decides.
    #[default]
    On,
    /// Whoever answers is taken for who was called.
    Off,
}

/// A certificate with its chain, and its key: PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsIdentity {
    /// The certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// How we are called under TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsServer {
    /// The certificate that callers see.
    pub identity: TlsIdentity,
    /// A PEM file of the authorities for callers' certificates.
    pub client_authorities: Option<PathBuf>,
    /// Whether callers show certificates.
    pub client_certificates: ClientCertificates,
}

/// Whether callers show certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientCertificates {
    /// They aren't asked to.
    #[default]
    Unasked,
    /// They may.
    Optional,
    /// Who shows none is turned away.
    Required,
}

/// Why certificates can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A file can't be read.
    #[error("can't read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        source: io::Error,
    },
    /// A file has nothing of what it should.
    #[error("{} has no {wanted} in PEM form (-----BEGIN …)", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should have.
        wanted: &'static str,
    },
    /// Something in a file is damaged, or of a kind that can't be used.
    #[error("{} can't be used: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key isn't the certificate's.
    #[error("the key {} doesn't belong to the certificate {}", key.display(), certificate.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The system has no authorities.
    #[error(
        "this machine trusts no authority (install ca-certificates), and neither `ca` nor `fingerprint` is given"
    )]
    NoAuthorities,
    /// The program can't do it at all.
    #[error("TLS is not built into this program")]
    NotBuiltIn,
}

/// Why no secure connection came about.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// Our own files.
    #[error(transparent)]
    Setup(#[from] TlsSetupError),
    /// The certificate's time is over.
    #[error(
        "its certificate has expired; it must be renewed there, unless this machine's clock is wrong"
    )]
    Expired,
    /// The certificate's time has not come.
    #[error("its certificate is not valid yet; is this machine's clock right?")]
    NotYetValid,
    /// The certificate is somebody else's.
    #[error(
        "its certificate is for {theirs}, not for {ours}; dial it by its own name, or give that as `server-name`"
    )]
    WrongName {
        /// Whom we called.
        ours: String,
        /// Who it says it is.
        theirs: String,
    },
    /// Nobody we trust vouches for the certificate.
    #[error(
        "nobody who is trusted here has issued its certificate; give its authority as `ca`, or, if you know it to be the right one, `fingerprint = \"{found}\"`"
    )]
    UnknownIssuer {
        /// The certificate.
        found: Fingerprint,
    },
    /// The certificate isn't the pinned one.
    #[error(
        "its certificate is not the pinned one but {found}; if it was replaced on purpose, pin that, and if not, somebody is in between"
    )]
    FingerprintChanged {
        /// The certificate.
        found: Fingerprint,
    },
    /// The far end wants to see a certificate.
    #[error("it wants a certificate from us; give `certificate` and `key`")]
    CertificateWanted,
    /// The far end doesn't like our certificate.
    #[error("it does not accept our certificate ({0})")]
    CertificateRefused(String),
    /// The two have no version or cipher in common.
    #[error("it speaks no TLS that is spoken here (1.2 or 1.3, with today's ciphers)")]
    NothingInCommon,
    /// What came is no TLS.
    #[error("what it speaks is not TLS")]
    NotTls,
    /// It left.
    #[error("it hung up in the middle of the TLS handshake")]
    HungUp,
    /// It took too long.
    #[error("the TLS handshake was not done in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke in the TLS handshake: {0}")]
    Lost(#[source] io::Error),
    /// Something else.
    #[error("the TLS handshake failed: {0}")]
    Other(String),
}

/// What became of a connection that was secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsBroken {
    /// It ended without TLS's own farewell: anybody on the way could have cut it.
    #[error("the connection was cut without TLS's farewell; its last data may be missing")]
    CutOff,
    /// What came was not what TLS allows.
    #[error("the far end broke the TLS protocol")]
    Protocol,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_in_every_form_that_tools_write() {
        let digits = "0f".repeat(32);
        let colons = vec!["0F"; 32].join(":");
        let meant = Fingerprint([0x0F; 32]);
        for text in [
            format!("sha256:{digits}"),
            format!("SHA256:{colons}"),
            format!("sha256 Fingerprint={colons}\n"),
            meant.to_string(),
        ] {
            assert_eq!(text.parse(), Ok(meant), "{text}");
        }
        for text in [
            "".to_owned(),
            digits.clone(),
            format!("md5:{digits}"),
            format!("sha256:{digits}0"),
            "sha256:0f".to_owned(),
            format!("sha256:{}", "zz".repeat(32)),
        ] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
