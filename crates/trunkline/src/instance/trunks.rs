//! Whoever makes calls that go neither to the network nor to another part of the process.

use std::time::Duration;

use carrier::{Address, Dialling, Trunks};
#[cfg(feature = "translator")]
use {at::question::Question, carrier::Asking};

/// Real modems, and real GSM modules.
#[derive(Debug)]
pub(super) struct Both {
    #[cfg(feature = "modems")]
    pub(super) rack: rack::Rack,
    #[cfg(feature = "translator")]
    pub(super) modules: translator::Modules,
}

impl Trunks for Both {
    fn call(&self, address: &Address, within: Option<Duration>) -> Option<Dialling> {
        #[cfg(feature = "translator")]
        if let Some(dialling) = self.modules.call(address, within) {
            return Some(dialling);
        }
        #[cfg(feature = "modems")]
        if let Some(dialling) = self.rack.call(address, within) {
            return Some(dialling);
        }
        None
    }

    #[cfg(feature = "translator")]
    fn ask(&self, module: &str, question: Question) -> Option<Asking> {
        self.modules.ask(module, question)
    }
}
