//! The `tls` table of a line or of a phonebook entry: whom to trust when dialling under TLS.

use std::path::PathBuf;
use std::sync::Arc;

use carrier::{Fingerprint, TlsClient, TlsIdentity, Verify};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use settings::{OneOrMany, Parsed};

/// Whom to trust when dialling under TLS, and what to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings(Arc<TlsClient>);

impl TlsSettings {
    /// These settings.
    pub fn new(settings: TlsClient) -> Self {
        Self(Arc::new(settings))
    }

    /// As carrier wants them.
    pub fn client(&self) -> Arc<TlsClient> {
        Arc::clone(&self.0)
    }

    /// The files that the table names, for who knows what their paths refer to.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let TlsClient { authorities, identity, .. } = Arc::make_mut(&mut self.0);
        let own = identity.iter_mut().flat_map(|own| [&mut own.certificate, &mut own.key]);
        authorities.iter_mut().chain(own)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    ca: Option<PathBuf>,
    fingerprint: Option<OneOrMany<Parsed<Fingerprint>>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    server_name: Option<String>,
    #[serde(default)]
    verify: Check,
}

/// Only the word itself turns verification off, and TOML's `false` is no such word.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Check {
    #[default]
    On,
    Off,
}

impl<'de> Deserialize<'de> for TlsSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(deserializer)?;
        let identity = match (table.certificate, table.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(TlsIdentity { certificate, key }),
            (Some(_), None) => return Err(D::Error::custom("a `certificate` needs its `key`")),
            (None, Some(_)) => return Err(D::Error::custom("a `key` needs its `certificate`")),
        };
        let pins: Vec<_> =
            table.fingerprint.unwrap_or_default().0.into_iter().map(|pin| pin.0).collect();
        let judged = table.ca.is_some() || !pins.is_empty() || table.server_name.is_some();
        if table.verify == Check::Off && judged {
            let why = "with `verify = \"off\"` nobody looks at the certificate; take out `ca`, `fingerprint` and `server-name`, or `verify`";
            return Err(D::Error::custom(why));
        }
        Ok(Self::new(TlsClient {
            authorities: table.ca,
            pins,
            identity,
            server_name: table.server_name,
            verify: if table.verify == Check::Off { Verify::Off } else { Verify::On },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused() {
        let pin = format!("sha256:{}", "0f".repeat(32));
        for (toml, says) in [
            ("certificate = \"a.pem\"".to_owned(), "needs its `key`"),
            ("key = \"a.key\"".to_owned(), "needs its `certificate`"),
            (format!("verify = \"off\"\nfingerprint = \"{pin}\""), "nobody looks"),
            ("verify = false".to_owned(), "wanted string"),
            ("fingerprint = \"sha256:00\"".to_owned(), "is no fingerprint"),
            ("cafile = \"x\"".to_owned(), "unknown field `cafile`"),
        ] {
            let error = toml::from_str::<TlsSettings>(&toml).unwrap_err().to_string();
            assert!(error.contains(says), "{toml}: {error}");
        }
        let settings: TlsSettings =
            toml::from_str(&format!("ca = \"ca.pem\"\nfingerprint = [\"{pin}\", \"{pin}\"]"))
                .unwrap();
        assert_eq!(settings.client().pins.len(), 2);
    }
}
