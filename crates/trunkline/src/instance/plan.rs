//! What an instance is to run.

use std::path::PathBuf;

use line::{LineConfig, Personas, Phonebook};

/// What an instance is to run, from a file or from the command line.
pub(crate) struct Plan {
    /// Where lines keep what outlives a power cut; `None` for the usual place.
    pub(crate) state: Option<PathBuf>,
    /// Which modems lines can be.
    pub(crate) personas: Personas,
    /// Whom lines can call by name or number.
    pub(crate) phonebook: Phonebook,
    /// The lines.
    pub(crate) lines: Vec<LineConfig>,
    /// Lines and modems under one name.
    #[cfg(feature = "configuration")]
    pub(crate) hunts: Vec<line::HuntConfig>,
    /// Real modems.
    #[cfg(feature = "modems")]
    pub(crate) modems: Vec<rack::ModemConfig>,
    /// Real GSM modules.
    #[cfg(feature = "translator")]
    pub(crate) modules: Vec<translator::GsmConfig>,
    /// From Modbus TCP to buses.
    #[cfg(feature = "modbus")]
    pub(crate) gateways: Vec<gateway::GatewayConfig>,
    /// The field agent.
    #[cfg(feature = "station")]
    pub(crate) station: Option<station::Plan>,
    /// Sites, and who may ask them.
    #[cfg(feature = "collector")]
    pub(crate) sites: super::Sites,
    /// The answering side.
    #[cfg(feature = "exchange")]
    pub(crate) answering: Option<Answering>,
    /// The operators' page.
    #[cfg(feature = "web")]
    pub(crate) page: Option<super::Page>,
}

/// The answering side.
#[cfg(feature = "exchange")]
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    /// Listeners, login, limits.
    pub(crate) exchange: exchange::ExchangeConfig,
    /// Who may log in, with whole paths.
    pub(crate) accounts: Vec<exchange::AccountConfig>,
}

impl Plan {
    /// These lines, and nothing that answers.
    pub(crate) fn of(personas: Personas, phonebook: Phonebook, lines: Vec<LineConfig>) -> Self {
        Self {
            state: None,
            personas,
            phonebook,
            lines,
            #[cfg(feature = "configuration")]
            hunts: Vec::new(),
            #[cfg(feature = "modems")]
            modems: Vec::new(),
            #[cfg(feature = "translator")]
            modules: Vec::new(),
            #[cfg(feature = "modbus")]
            gateways: Vec::new(),
            #[cfg(feature = "station")]
            station: None,
            #[cfg(feature = "collector")]
            sites: super::Sites::default(),
            #[cfg(feature = "exchange")]
            answering: None,
            #[cfg(feature = "web")]
            page: None,
        }
    }
}
