//! Questions of the equipment that the real module behind the line answers.

use std::sync::Arc;

use at::question::{Question, Told};

use crate::circuit::Circuit;
use crate::shared::Letter;

impl Circuit {
    /// Asks the module that makes the line's calls.
    pub(crate) fn ask(&self, question: Question) {
        let module = self.shared.config.carrier.as_ref();
        let asking = module.and_then(|via| self.board.trunks()?.ask(via.0.module(), question));
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let told = match asking {
                Some(asking) => asking.await,
                None => Told::Nothing,
            };
            // A line with a full box hears nothing, and its modem gives up by itself.
            let _ = shared.letters.post(Letter::Told(question, Box::new(told)));
        });
    }
}
