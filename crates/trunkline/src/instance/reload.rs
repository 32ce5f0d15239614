//! A new configuration for a running instance, without dropping a call that it doesn't end.

use std::collections::HashMap;
use std::sync::Arc;

use line::LineConfig;

use super::Instance;
use crate::config::Config;

/// What a reload did.
#[derive(Default)]
pub(super) struct Changes {
    started: usize,
    ended: usize,
    unchanged: usize,
    troubles: Vec<String>,
}

impl Instance {
    /// Runs as `config` says from now on: lines that are the same aren't touched, others end and start, and
    /// the phonebook, accounts and rules are exchanged for the new ones.
    ///
    /// # Errors
    /// The exchange can't run like that. Nothing has changed then.
    pub(super) async fn apply(&self, config: Config) -> Result<Changes, String> {
        #[cfg(feature = "exchange")]
        self.apply_answering(config.answering.as_ref())
            .map_err(|error| crate::failure::chain(&error))?;
        if let Some(filter) = config.log {
            crate::log::change(filter);
        }
        self.board.set_personas(config.personas);
        self.board.set_phonebook(config.phonebook);

        let mut changes = Changes::default();
        let mut wanted: HashMap<String, LineConfig> =
            config.lines.into_iter().map(|line| (line.name.clone(), line)).collect();
        self.waiting().retain(|waiting| wanted.get(&waiting.config.name) == Some(&waiting.config));

        let mut ending = tokio::task::JoinSet::new();
        for line in self.board.lines() {
            let name = line.name().to_owned();
            match wanted.get(&name) {
                Some(config) if config == line.config() => {
                    wanted.remove(&name);
                    changes.unchanged += 1;
                }
                _ => {
                    changes.ended += 1;
                    let board = Arc::clone(&self.board);
                    ending.spawn(async move { board.stop(&name).await });
                }
            }
        }
        // The new lines may want the old ones' ports.
        while ending.join_next().await.is_some() {}
        let mut fresh: Vec<_> = wanted.into_values().collect();
        fresh.sort_by(|a, b| a.name.cmp(&b.name));
        for config in fresh {
            match self.open(config) {
                Ok(()) => changes.started += 1,
                Err(reason) => changes.troubles.push(reason),
            }
        }
        Ok(changes)
    }

    #[cfg(feature = "exchange")]
    fn apply_answering(
        &self,
        config: Option<&crate::config::Answering>,
    ) -> Result<(), super::StartError> {
        let mut exchange = super::lock(&self.exchange);
        match (&*exchange, config) {
            (None, None) => {}
            (None, Some(config)) => *exchange = Some(super::exchange(config)?),
            (Some(running), Some(config)) => {
                running.reload(&config.exchange, super::accounts(config)?)?
            }
            (Some(_), None) => {
                if let Some(running) = exchange.take() {
                    tokio::spawn(async move { running.shut_down(crate::limits::SHUT_DOWN).await });
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { started, ended, unchanged, troubles } = self;
        write!(f, "lines: {unchanged} unchanged, {started} started, {ended} ended")?;
        troubles.iter().try_for_each(|trouble| write!(f, "\n{trouble}"))
    }
}
