//! The real GSM modules of an instance, as operators see them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};

use carrier::{Address, Call, Host, Peer, Until, pump};
use line::Switchboard;
use tracing::info;
use translator::gsm::Target;
use translator::{GsmConfig, Modules, Sleeper, Visitor};

use super::Instance;
use crate::json::Json;
use crate::limits::{CALL_BACK, LAST_WORDS};

/// Has the station call its centre.
type CallCentre = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

impl Instance {
    /// Has the modules run.
    pub(super) fn begin_modules(&self, configs: Vec<GsmConfig>) {
        #[cfg(feature = "station")]
        let centre: CallCentre = Arc::new(self.station.caller());
        #[cfg(not(feature = "station"))]
        let centre: CallCentre = Arc::new(|| Err("no station runs here".to_owned()));
        wake_by(&self.modules, &self.board, centre);
        ring_lines(&self.modules, &self.board);
        let modules = self.modules.clone();
        tokio::spawn(async move { modules.apply(configs).await });
    }
}

/// Has messages to modules wake the lines of this board, or the station.
fn wake_by(modules: &Modules, board: &Arc<Switchboard>, centre: CallCentre) {
    let board = Arc::downgrade(board);
    modules.wake_by(Arc::new(move |woken| {
        let (board, centre) = (Weak::clone(&board), Arc::clone(&centre));
        tokio::spawn(async move {
            let done = match &woken.whom {
                Sleeper::Station => centre().map(drop),
                Sleeper::Line(line, target) => wake(&board, &woken.module, line, target).await,
            };
            if let Err(why) = done {
                info!(module = woken.module, whom = ?woken.whom, "nothing came of the message: {why}");
            }
        });
    }));
}

/// Has those who call modules ring on the lines of this board.
fn ring_lines(modules: &Modules, board: &Arc<Switchboard>) {
    let board = Arc::downgrade(board);
    modules.ring_by(Arc::new(move |visitor| {
        let board = Weak::clone(&board);
        tokio::spawn(async move {
            let (module, line) = (visitor.module.clone(), visitor.line.clone());
            if let Err(why) = ring(&board, visitor).await {
                info!(module, line, "nothing came of the call: {why}");
            }
        });
    }));
}

/// Has the line ring, takes the call once it answers, and joins the two.
async fn ring(board: &Weak<Switchboard>, mut visitor: Visitor) -> Result<(), String> {
    let board = board.upgrade().ok_or("the lines have ended")?;
    // Somebody without an address is judged as one of whom no rule tells.
    let nobody = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let from = Peer::from(visitor.from.unwrap_or(nobody));
    let line = visitor.line.clone();
    let rung = tokio::select! {
        rung = board.ring(&line, from) => rung.map_err(|cause| cause.words().to_owned())?,
        () = visitor.gone() => return Err("the caller has left".to_owned()),
    };
    drop(board);
    let call = visitor.answer().await.map_err(|cause| cause.words().to_owned())?;
    join(call, rung).await;
    Ok(())
}

/// Calls whom the module is to call, has the line ring, and joins the two.
async fn wake(
    board: &Weak<Switchboard>,
    module: &str,
    line: &str,
    target: &Target,
) -> Result<(), String> {
    let board = board.upgrade().ok_or("the lines have ended")?;
    let host: Host = target.host.parse().map_err(|error| format!("{error}"))?;
    let address = Address::Gsm { name: module.to_owned(), host, port: target.port };
    let trunks = board.trunks().ok_or("there is no module")?;
    let dialling = trunks.call(&address, Some(CALL_BACK)).ok_or("there is no module")?;
    let call = dialling.await.map_err(|error| error.to_string())?;
    let from = Peer::Modem(address.to_string());
    let ringing = tokio::time::timeout(CALL_BACK, board.ring(line, from)).await;
    let rung = ringing.map_err(|_| "the line did not answer")?;
    let answered = rung.map_err(|cause| cause.words().to_owned())?;
    drop(board);
    join(call, answered).await;
    Ok(())
}

/// Passes the data of a module's call to a line that has answered, and back.
async fn join(mut call: Call, mut line: Call) {
    // A line whose far end has finished hangs up by itself.
    let (mut out, mut home) = (call.hearing(|_| {}), line.hearing(|_| {}));
    pump(&mut out, &mut home, Until::SecondEnds, None).await;
    tokio::join!(call.hang_up(LAST_WORDS), line.hang_up(LAST_WORDS));
}

/// A module as it stands.
pub(super) fn shown(status: &translator::Status) -> Json {
    let module = &status.module;
    let trouble = status.trouble.as_deref();
    Json::object([
        ("modem", status.name.as_str().into()),
        ("state", status.state.into()),
        ("service", line::Service::In.words().into()),
        ("device", status.device.as_str().into()),
        ("party", status.party.as_deref().into()),
        ("trouble", trouble.into()),
        ("dialect", module.dialect.into()),
        ("network", network(module).into()),
        ("dbm", module.signal.map(|dbm| Json::Number(dbm.into())).into()),
    ])
}

/// Which network takes a module, or why none does.
fn network(module: &translator::gsm::Status) -> String {
    let word = module.registration.word();
    match module.operator.as_str() {
        "" => word.to_owned(),
        operator => format!("{operator} ({word})"),
    }
}

/// The same for the page.
#[cfg(feature = "web")]
pub(super) fn now(status: &translator::Status) -> web::ModemNow {
    let last = status.last.as_ref();
    let lasting = last.filter(|call| call.outcome == translator::Outcome::Lasts);
    let last_call = last.map(|call| web::GsmCall {
        party: call.party.clone(),
        at: call.at.into(),
        connected: call.outcome.was_connected(),
        cause: call.outcome.reason().map(|reason| reason.cause().code().into()),
        words: call.outcome.reason().map(ToString::to_string),
    });
    web::ModemNow {
        name: status.name.clone(),
        state: status.state.into(),
        device: status.device.clone(),
        busy: false,
        error: status.trouble.clone(),
        party: status.party.clone(),
        since: lasting.map(|call| call.at.into()),
        groups: Vec::new(),
        gsm: Some(web::GsmNow {
            dialect: status.module.dialect.map(Into::into),
            network: network(&status.module),
            dbm: status.module.signal,
            last_call,
        }),
    }
}
