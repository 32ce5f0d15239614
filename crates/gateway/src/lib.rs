//! Modbus buses, asked over serial ports and TCP, and served to clients of Modbus TCP.
//!
//! A [`Bus`] is a task with one [`modbus::master::Master`]: whoever has a clone of it may ask, and everybody waits
//! for his turn. A [`Gateway`] is what one `[[gateway]]` table describes: clients of Modbus TCP on one side, a bus
//! of RTU or ASCII on the other. Start with [`Gateway::start`].
#![forbid(unsafe_code)]

mod bus;
mod config;
pub mod limits;
mod own;
mod place;
mod serial;
mod server;
mod turn;

pub use bus::{AskError, Bus, Units};
pub use config::{ConfigError, EchoConfig, FramingConfig, GatewayConfig, LateAnswers};
pub use own::BusConfig;
pub use place::{OpenError, Place};
pub use serial::{Level, Rs485Config, SerialConfig, Switch, SwitchError};
pub use server::{Broadcasts, Manners, serve};
pub use turn::{Direction, Turn, With};

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A running gateway. Dropped, it ends: its clients are disconnected and its port is given back.
#[derive(Debug)]
pub struct Gateway {
    config: GatewayConfig,
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
}

/// Why a gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or isn't ours.
    #[error("gateway `{0}` can't listen at {1}")]
    Listen(String, SocketAddr, #[source] std::io::Error),
    /// Its table makes no sense.
    #[error("gateway `{0}`: {1}")]
    Config(String, ConfigError),
}

impl Gateway {
    /// Listens for clients, and opens the bus as soon as it is there: until then they are told that there is no
    /// way to it. Must be called inside the runtime that is to carry it.
    ///
    /// # Errors
    /// It can't listen.
    pub async fn start(config: GatewayConfig) -> Result<Self, StartError> {
        let wrong = |error| StartError::Config(config.name.clone(), error);
        config.check().map_err(|(_, error)| wrong(error))?;
        let place = config.place().ok_or_else(|| wrong(ConfigError::NoBus))?;
        let mut listeners = Vec::new();
        for address in &config.listen.0 {
            let listener = TcpListener::bind(address)
                .await
                .map_err(|error| StartError::Listen(config.name.clone(), *address, error))?;
            listeners.push(listener);
        }
        let bus = Bus::lazy(place, config.settings());
        let units = bus::Shared { bus, wide: Arc::new(config.wide()) };
        let mut gateway = Self { addresses: Vec::new(), tasks: JoinSet::new(), config };
        for listener in listeners {
            gateway.addresses.extend(listener.local_addr());
            let (name, manners) = (gateway.config.name.clone(), gateway.config.manners());
            let serving = server::serve(name, listener, units.clone(), manners);
            gateway.tasks.spawn(serving);
        }
        Ok(gateway)
    }

    /// What it runs by.
    pub const fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// Where clients connect.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends it; where it listened is free when this returns, and the bus soon after.
    pub async fn shut_down(mut self) {
        self.tasks.shutdown().await;
    }
}
