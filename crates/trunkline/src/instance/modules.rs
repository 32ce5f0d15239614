//! The real GSM modules of an instance, as operators see them.

use std::sync::{Arc, Weak};

use carrier::{Address, Host, Peer, Until, pump};
use line::Switchboard;
use tracing::info;
use translator::{Modules, Woken};

use crate::json::Json;
use crate::limits::{CALL_BACK, LAST_WORDS};

/// Has messages to modules wake the lines of this board.
pub(super) fn wake_lines(modules: &Modules, board: &Arc<Switchboard>) {
    let board = Arc::downgrade(board);
    modules.wake_by(Arc::new(move |woken| {
        let board = Weak::clone(&board);
        tokio::spawn(async move {
            if let Err(why) = wake(&board, &woken).await {
                info!(
                    module = woken.module,
                    line = woken.line,
                    "nothing came of the message: {why}"
                );
            }
        });
    }));
}

/// Calls whom the module is to call, has the line ring, and joins the two.
async fn wake(board: &Weak<Switchboard>, woken: &Woken) -> Result<(), String> {
    let Woken { module, line, target, .. } = woken;
    let board = board.upgrade().ok_or("the lines have ended")?;
    let host: Host = target.host.parse().map_err(|error| format!("{error}"))?;
    let address = Address::Gsm { name: module.clone(), host, port: target.port };
    let trunks = board.trunks().ok_or("there is no module")?;
    let dialling = trunks.call(&address, Some(CALL_BACK)).ok_or("there is no module")?;
    let mut call = dialling.await.map_err(|error| error.to_string())?;
    let from = Peer::Modem(address.to_string());
    let ringing = tokio::time::timeout(CALL_BACK, board.ring(line, from)).await;
    let rung = ringing.map_err(|_| "the line did not answer")?;
    let mut answered = rung.map_err(|cause| cause.words().to_owned())?;
    drop(board);
    // A line whose far end has finished hangs up by itself.
    let (mut out, mut home) = (call.hearing(|_| {}), answered.hearing(|_| {}));
    pump(&mut out, &mut home, Until::SecondEnds, None).await;
    tokio::join!(call.hang_up(LAST_WORDS), answered.hang_up(LAST_WORDS));
    Ok(())
}

/// A module as it stands.
pub(super) fn shown(status: &translator::Status) -> Json {
    let module = &status.module;
    let trouble = status.trouble.as_deref();
    let network = match module.operator.as_str() {
        "" => module.registration.word().to_owned(),
        operator => format!("{operator} ({})", module.registration.word()),
    };
    Json::object([
        ("modem", status.name.as_str().into()),
        ("state", status.state.into()),
        ("service", line::Service::In.words().into()),
        ("device", status.device.as_str().into()),
        ("party", status.party.as_deref().into()),
        ("trouble", trouble.into()),
        ("dialect", module.dialect.into()),
        ("network", network.into()),
        ("dbm", module.signal.map(|dbm| Json::Number(dbm.into())).into()),
    ])
}
