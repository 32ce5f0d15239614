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
    place: Place,
    local: Peer,
    reception: watch::Sender<Arc<Reception>>,
    task: AbortHandle,
}

/// Who decides whether a door stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The configuration, by the address that it gives.
    Configured(SocketAddr),
    /// Whoever opened it.
    Given,
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
    /// Opens what isn't open. An error leaves the doors as they are.
    pub(crate) fn prepare(&self, configs: &[ListenConfig]) -> Result<Prepared, StartError> {
        let mut open: Vec<Place> = self.doors.iter().map(|door| door.place).collect();
        let prepare = |config: &ListenConfig| {
            let place = Place::Configured(config.address);
            let reception = Reception::new(config)?;
            let listener = match open.iter().position(|open| *open == place) {
                Some(index) => {
                    open.swap_remove(index);
                    None
                }
                None => Some(Listener::tcp(config.address, &ListenOptions::default())?),
            };
            Ok(Wanted { config: config.clone(), reception, listener })
        };
        configs.iter().map(prepare).collect::<Result<_, _>>().map(Prepared)
    }

    /// Takes prepared doors into use and closes those that aren't wanted any more.
    pub(crate) fn replace(&mut self, prepared: Prepared, shared: &Arc<Shared>) {
        let mut before = std::mem::take(&mut self.doors);
        for wanted in prepared.0 {
            let Wanted { config, reception, listener } = wanted;
            let place = Place::Configured(config.address);
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
        self.doors.extend(before.into_iter().filter(|door| door.place == Place::Given));
    }

    /// Takes a listener that was opened elsewhere.
    pub(crate) fn add(&mut self, listener: Listener, reception: Reception, shared: &Arc<Shared>) {
        self.doors.push(Door::open(Place::Given, listener, reception, shared));
    }

    pub(crate) fn addresses(&self) -> Vec<Peer> {
        self.doors.iter().map(|door| door.local.clone()).collect()
    }

    pub(crate) fn close(&mut self) {
        self.doors.clear();
    }
}

impl Door {
    fn open(place: Place, listener: Listener, reception: Reception, shared: &Arc<Shared>) -> Self {
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
