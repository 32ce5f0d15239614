//! A new configuration for a running instance, without dropping a call that it doesn't end.

use std::collections::HashMap;
use std::sync::Arc;

use line::LineConfig;

use super::{Instance, Plan};

/// What a reload did.
#[derive(Default)]
pub(super) struct Changes {
    started: usize,
    ended: usize,
    unchanged: usize,
    troubles: Vec<String>,
}

impl Instance {
    /// Runs as `plan` says from now on: lines that are the same aren't touched, others end and start, and
    /// the phonebook, accounts and rules are exchanged for the new ones.
    ///
    /// # Errors
    /// The exchange can't run like that. Nothing has changed then.
    pub(super) async fn apply(self: &Arc<Self>, plan: Plan) -> Result<Changes, String> {
        // Before anybody could ask for a program that it doesn't know.
        #[cfg(feature = "exchange")]
        if let Some(launcher) = &self.launcher {
            launcher.reload().await.map_err(|error| crate::failure::chain(&error))?;
        }
        #[cfg(feature = "exchange")]
        self.apply_answering(plan.answering.as_ref())
            .map_err(|error| crate::failure::chain(&error))?;
        #[cfg(feature = "collector")]
        {
            // It waits for the disk.
            let (instance, sites) = (Arc::clone(self), plan.sites);
            let set = tokio::task::spawn_blocking(move || instance.sites.set(sites));
            set.await.map_err(|_| "the instance is ending".to_owned())?;
        }
        #[cfg(feature = "web")]
        self.show_page(plan.page.as_ref()).map_err(|error| crate::failure::chain(&error))?;
        self.board.set_personas(plan.personas);
        self.board.set_phonebook(plan.phonebook);
        #[cfg(feature = "modems")]
        {
            let groups = super::modems::groups(&plan.hunts, &plan.modems);
            self.rack.apply(plan.modems, groups).await;
        }
        #[cfg(feature = "translator")]
        self.modules.apply(plan.modules).await;
        #[cfg(feature = "modbus")]
        self.gateways.set(plan.gateways).await;
        #[cfg(feature = "station")]
        self.station.change(plan.station).await.map_err(|error| crate::failure::chain(&error))?;

        let mut changes = Changes::default();
        let mut wanted: HashMap<String, LineConfig> =
            plan.lines.into_iter().map(|line| (line.name.clone(), line)).collect();
        self.waiting().retain(|waiting| wanted.get(&waiting.config.name) == Some(&waiting.config));

        let mut ending = tokio::task::JoinSet::new();
        for line in self.board.lines() {
            let name = line.name().to_owned();
            match wanted.get(&name) {
                Some(config) if same_but_for_access(config, &line.config()) => {
                    line.set_access(config.dial_access.clone(), config.answer_access.clone());
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
        // Their members may have just come.
        if let Err(error) = self.board.set_hunts(plan.hunts) {
            changes
                .troubles
                .push(format!("a hunt group can't listen: {}", crate::failure::chain(&error)));
        }
        Ok(changes)
    }

    #[cfg(feature = "exchange")]
    fn apply_answering(&self, config: Option<&super::Answering>) -> Result<(), super::StartError> {
        self.records.stays(config)?;
        let mut exchange = super::lock(&self.exchange);
        match (&*exchange, config) {
            (None, None) => {}
            (None, Some(config)) => {
                let launcher = self.launcher.clone();
                let fresh = super::exchange(config, &self.records, &self.board, launcher)?;
                *exchange = Some(fresh);
                drop(exchange);
                #[cfg(feature = "collector")]
                self.sites.attach();
                exchange = super::lock(&self.exchange);
            }
            (Some(running), Some(config)) => {
                running.reload(&config.exchange, super::accounts::all(config)?)?
            }
            (Some(_), None) => {
                if let Some(running) = exchange.take() {
                    tokio::spawn(async move { running.shut_down(crate::limits::SHUT_DOWN).await });
                }
            }
        }
        if let Some(config) = config {
            self.records.change(config);
        }
        *super::lock(&self.answering) = config.cloned();
        if let Some(running) = &*exchange {
            running.audit().note(exchange::Event::new("reload"));
        }
        Ok(())
    }
}

/// Rules are exchanged without disturbing the line.
fn same_but_for_access(new: &LineConfig, old: &LineConfig) -> bool {
    let (dial_access, answer_access) = (old.dial_access.clone(), old.answer_access.clone());
    LineConfig { dial_access, answer_access, ..new.clone() } == *old
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { started, ended, unchanged, troubles } = self;
        write!(f, "lines: {unchanged} unchanged, {started} started, {ended} ended")?;
        troubles.iter().try_for_each(|trouble| write!(f, "\n{trouble}"))
    }
}
