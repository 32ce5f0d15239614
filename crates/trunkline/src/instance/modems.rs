//! The real modems of an instance: their calls go to the exchange, their numbers to lines that dial.

use std::sync::{Arc, Mutex};

use carrier::Call;
use exchange::{Exchange, Origin};
use line::{HuntConfig, WhenBusy};
use rack::{Answered, Group, ModemConfig, OnRing, Rack};

use super::{Instance, lock};
use crate::json::Json;

/// A rack whose calls are taken by whichever exchange there is when they come, or by `station` where they are for it.
pub(super) fn rack(
    exchange: &Arc<Mutex<Option<Exchange>>>,
    station: impl Fn(Call) + Send + Sync + 'static,
) -> Rack {
    let exchange = Arc::clone(exchange);
    Rack::new(Arc::new(move |call, answered| {
        if answered.on_ring == OnRing::Station {
            station(call);
            return Box::pin(std::future::ready(()));
        }
        let exchange = lock(&exchange).clone();
        Box::pin(async move {
            match exchange {
                Some(exchange) => drop(exchange.take_call(call, origin(&answered)).await),
                // It has just been taken out of the configuration.
                None => call.reset(),
            }
        })
    }))
}

fn origin(answered: &Answered) -> Origin {
    let Answered { modem, device, caller, connect, .. } = answered;
    let called = if caller.called.is_empty() { &caller.ring } else { &caller.called };
    let name = Some(caller.name.as_str()).filter(|name| !name.is_empty());
    Origin::modem(modem, device, called)
        .with_caller(&caller.number, name)
        .with_connect(&connect.text)
}

/// The operator's wish, as the rack has it.
pub(super) fn service(service: line::Service) -> rack::Service {
    match service {
        line::Service::In => rack::Service::In,
        line::Service::BusiedOut => rack::Service::BusiedOut,
    }
}

/// A modem as it stands.
pub(super) fn shown(status: &rack::Status) -> Json {
    let service = match status.service {
        rack::Service::In => line::Service::In,
        rack::Service::BusiedOut => line::Service::BusiedOut,
    };
    Json::object([
        ("modem", status.name.as_str().into()),
        ("state", status.state.into()),
        ("service", service.words().into()),
        ("device", status.device.as_str().into()),
        ("party", status.party.as_deref().into()),
        ("trouble", status.trouble.as_deref().into()),
    ])
}

impl Instance {
    /// Has the modems run.
    pub(super) fn begin_modems(&self, modems: Vec<ModemConfig>, hunts: &[HuntConfig]) {
        #[cfg(feature = "station")]
        call_back(&self.rack, self.station.caller());
        let (rack, groups) = (self.rack.clone(), groups(hunts, &modems));
        tokio::spawn(async move { rack.apply(modems, groups).await });
    }
}

/// Has the station call its centre when somebody rings a modem that is for that.
#[cfg(feature = "station")]
fn call_back(rack: &Rack, centre: impl Fn() -> Result<String, String> + Send + Sync + 'static) {
    rack.tell_of_rings(Arc::new(move |modem, number| {
        if let Err(why) = centre() {
            tracing::info!(modem, number, "nothing comes of the ring: {why}");
        }
    }));
}

/// The modems of each group that has any, for those who dial.
pub(super) fn groups(hunts: &[HuntConfig], modems: &[ModemConfig]) -> Vec<Group> {
    let is_modem = |name: &&String| modems.iter().any(|modem| modem.name == **name);
    let group = |hunt: &HuntConfig| Group {
        name: hunt.name.clone(),
        members: hunt.members.iter().filter(is_modem).cloned().collect(),
        order: hunt.order,
        when_busy: match hunt.busy {
            WhenBusy::Queue => rack::WhenBusy::Wait(hunt.queue_for.0),
            // There is nobody yet to whom a text could be told.
            WhenBusy::Busy | WhenBusy::Message => rack::WhenBusy::Refuse,
        },
    };
    hunts.iter().map(group).filter(|group| !group.members.is_empty()).collect()
}
