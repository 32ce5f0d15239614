//! The listeners of an exchange, and their change while it runs.

use std::net::SocketAddr;
use std::sync::Arc;

use carrier::{ListenOptions, Listener, Peer};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::config::ListenConfig;
use crate::exchange::StartError;
use crate::listen::{Reception, receive_callers};
use crate::shared::Shared;

/// The listeners, each with its task.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    /// The address that the configuration gives.
    place: SocketAddr,
    local: Peer,
    reception: watch::Sender<Arc<Reception>>,
    task: AbortHandle,
}

/// Doors as a new configuration wants them, opened but not yet in use.
pub(crate) struct Prepared(Vec<Wanted>);

struct Wanted {
    config: ListenConfig,
    reception: Reception,
    /// Nothing where one is open already.
    listener: Option<Listener>,
}

impl Doors {
    /// Opens what neither is open nor is `given`. An error leaves the doors as they are.
    pub(crate) fn prepare(
        &self,
        configs: &[ListenConfig],
        mut given: Vec<Listener>,
    ) -> Result<Prepared, StartError> {
        let mut open: Vec<SocketAddr> = self.doors.iter().map(|door| door.place).collect();
        let prepare = |config: &ListenConfig| {
            let place = config.address;
            let reception = Reception::new(config)?;
            let listener = if let Some(index) = open.iter().position(|open| *open == place) {
                open.swap_remove(index);
                None
            } else if let Some(index) =
                given.iter().position(|given| given.local().socket_addr() == Some(place))
            {
                Some(given.swap_remove(index))
            } else {
                Some(Listener::tcp(place, &ListenOptions::default())?)
            };
            Ok(Wanted { config: config.clone(), reception, listener })
        };
        let prepared = configs.iter().map(prepare).collect::<Result<_, StartError>>()?;
        for unwanted in given {
            tracing::warn!(
                address = %unwanted.local(),
                "was given a socket at an address that no [[exchange.listen]] has; nobody answers there"
            );
        }
        Ok(Prepared(prepared))
    }

    /// Takes prepared doors into use and closes those that aren't wanted any more.
    pub(crate) fn replace(&mut self, prepared: Prepared, shared: &Arc<Shared>) {
        let mut before = std::mem::take(&mut self.doors);
        for wanted in prepared.0 {
            let Wanted { config, reception, listener } = wanted;
            let place = config.address;
            let door = match listener {
                Some(listener) => Some(Door::open(place, listener, reception, shared)),
                None => {
                    let same = before.iter().position(|door| door.place == place);
                    let door = same.map(|index| before.swap_remove(index));
                    door.inspect(|door| door.change(reception, &config))
                }
            };
            self.doors.extend(door);
        }
    }

    pub(crate) fn addresses(&self) -> Vec<Peer> {
        self.doors.iter().map(|door| door.local.clone()).collect()
    }

    pub(crate) fn close(&mut self) {
        self.doors.clear();
    }
}

impl Door {
    fn open(
        place: SocketAddr,
        listener: Listener,
        reception: Reception,
        shared: &Arc<Shared>,
    ) -> Self {
        let local = listener.local();
        let (reception, receptions) = watch::channel(Arc::new(reception));
        let task = tokio::spawn(receive_callers(listener, receptions, Arc::clone(shared)));
        Self { place, local, reception, task: task.abort_handle() }
    }

    fn change(&self, new: Reception, config: &ListenConfig) {
        self.reception
            .send_modify(|reception| *reception = Arc::new(reception.changed(new, config)));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}
