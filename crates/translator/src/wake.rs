//! Messages that wake a line or a station: a site with a private or changing address can't be called, but told to call.

use std::path::Path;
use std::sync::Arc;

use gsm::{Message, Target};
use serde::Deserialize;
use settings::{OneOrMany, Parsed, Secret, SecretRef};

/// Which messages wake whom: the `wake` table of `[[gsm]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WakeConfig {
    /// Where the text is kept that wakes: a message must be nothing else.
    pub secret: SecretRef,
    /// The line that rings, and is connected. Default: none, the station of this process calls its centre.
    #[serde(default)]
    pub line: Option<String>,
    /// Whom the module calls for the line: `HOST:PORT`.
    #[serde(default)]
    pub call: Option<Parsed<Place>>,
    /// From which numbers, as the network tells them. Default: from all.
    #[serde(default)]
    pub from: OneOrMany<String>,
}

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub(crate) Target);

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no host with its port, such as 10.0.0.7:8023");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        match host.parse::<carrier::Host>() {
            Ok(_) => Ok(Self(Target { host: host.to_owned(), port })),
            Err(_) => Err(wrong()),
        }
    }
}

/// Who is woken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sleeper {
    /// A line: it rings, and is connected with whom the module calls.
    Line(String, Target),
    /// The station of this process: it calls its centre.
    Station,
}

/// Somebody who is to be woken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// The module that was told so.
    pub module: String,
    /// Who told it.
    pub from: String,
    /// Who.
    pub whom: Sleeper,
}

/// Whoever wakes lines and stations.
pub type Alarm = Arc<dyn Fn(Woken) + Send + Sync>;

impl WakeConfig {
    /// Who is woken; nothing where a line and whom the module calls for it don't stand together.
    pub fn whom(&self) -> Option<Sleeper> {
        match (&self.line, &self.call) {
            (Some(line), Some(call)) => Some(Sleeper::Line(line.clone(), call.0.0.clone())),
            (None, None) => Some(Sleeper::Station),
            _ => None,
        }
    }

    /// What a message asks for, if it is one that wakes. The secret is compared in a time that tells nothing of it.
    ///
    /// # Errors
    /// The secret can't be had.
    pub(crate) fn read(
        &self,
        module: &str,
        message: &Message,
    ) -> Result<Option<Woken>, settings::SecretError> {
        let secret = self.secret.resolve(Path::new("/"))?;
        let said = Secret::new(message.text.trim().as_bytes().to_vec());
        let known = self.from.0.is_empty() || self.from.0.contains(&message.from);
        let wakes = !secret.is_empty() && secret.same_as(&said) && known;
        let whom = self.whom().filter(|_| wakes);
        Ok(whom.map(|whom| Woken { module: module.to_owned(), from: message.from.clone(), whom }))
    }
}
