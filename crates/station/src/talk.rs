//! A call with the centre, from the first prompt to the farewell.

use std::collections::HashMap;
use std::sync::Arc;

use carrier::{Call, Received, clock_now, due};
use gateway::{AskError, Bus};
use modbus::master::{Failure, Outcome, Question};
use modbus::pdu::{Exception, Pdu};
use modbus::{UnitId, Wide};
use settings::Secret;
use telemetry::{End, Hello, Outbox, Sample, Stamp, Station, StationAction, Stay};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::changes::{self, Changes};
use crate::config::{Allow, DeviceConfig, StationConfig};
use crate::house::House;
use crate::login::{self, Gate, Login, Proof, Step};
use crate::shelf::ShelfError;
use crate::{describe, limits, renewal};

/// Why a call has not come to a good end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TalkError {
    #[error("the call was lost: {0}")]
    Lost(#[from] std::io::Error),
    #[error("the far end has hung up")]
    HungUp,
    #[error("the far end takes nothing")]
    Stuck,
    #[error(
        "the centre asked for a name and a password again: they are wrong, or the account isn't there"
    )]
    LoginRefused,
    #[error(
        "the login took too long; has the centre said `login:`, `Password:`, and has the account `service = \"collector\"`?"
    )]
    LoginTime,
    #[error("whoever called didn't say the password of [station] `answer`")]
    Stranger,
    #[error(transparent)]
    Store(#[from] ShelfError),
    #[error("{0}")]
    Ended(End),
}

/// A name, and the password once it is fetched.
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: Arc<Secret>,
}

/// Says who is there, and returns what the centre has said since.
pub(crate) async fn log_in(call: &mut Call, who: &Credentials) -> Result<Vec<u8>, TalkError> {
    let password = Secret::new(who.password.expose().to_vec());
    let mut login = Login::new(&who.name, password);
    let dialogue = async {
        let mut buffer = [0; 1024];
        loop {
            let count = match call.receive(&mut buffer).await? {
                Received::Data(count) => count,
                Received::Event(_) => continue,
                Received::End => return Err(TalkError::HungUp),
            };
            let mut bytes = buffer.get(..count).unwrap_or_default();
            loop {
                match login.input(&mut bytes) {
                    Step::More => break,
                    Step::Say(line) => call.send(line.expose()).await?,
                    Step::Refused => return Err(TalkError::LoginRefused),
                    Step::In(mut first) => {
                        first.extend_from_slice(bytes);
                        return Ok(first);
                    }
                }
            }
        }
    };
    timeout(limits::LOGIN, dialogue).await.map_err(|_| TalkError::LoginTime)?
}

/// Asks whoever has called for the password, and returns what he has said since.
pub(crate) async fn let_in(call: &mut Call, password: Arc<Secret>) -> Result<Vec<u8>, TalkError> {
    let mut gate = Gate::new(password);
    let dialogue = async {
        let mut buffer = [0; 1024];
        call.send(login::PROMPT).await?;
        loop {
            let received = match timeout(limits::ASKED_AGAIN, call.receive(&mut buffer)).await {
                Ok(received) => received?,
                Err(_) => {
                    call.send(login::PROMPT).await?;
                    continue;
                }
            };
            let mut bytes = match received {
                Received::Data(count) => buffer.get(..count).unwrap_or_default(),
                Received::Event(_) => continue,
                Received::End => return Err(TalkError::HungUp),
            };
            match gate.input(&mut bytes) {
                Proof::More => {}
                Proof::Right => return Ok(bytes.to_vec()),
                Proof::Wrong => return Err(TalkError::Stranger),
            }
        }
    };
    timeout(limits::LOGIN, dialogue).await.map_err(|_| TalkError::Stranger)?
}

/// What has come of a call for the station itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The centre was not reached.
    Nothing,
    /// It was.
    Welcome,
    /// It has sent a configuration that was taken.
    Configuration,
}

/// What a call needs of its station.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) config: Arc<StationConfig>,
    pub(crate) devices: Arc<Vec<DeviceConfig>>,
    /// By the number that the centre knows.
    pub(crate) units: Arc<HashMap<UnitId, Way>>,
    pub(crate) changes: Changes,
    pub(crate) house: Arc<House>,
}

/// The way to a unit.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) bus: Bus,
    pub(crate) unit: UnitId,
    /// Which of its registers have 32 bits.
    pub(crate) wide: Arc<Wide>,
}

/// Speaks with the centre until everything is said. `heard` came before this began.
pub(crate) async fn talk(
    site: &Site,
    call: &mut Call,
    hello: Hello,
    heard: &[u8],
    mut stored: watch::Receiver<u64>,
    came: &mut Came,
) -> Result<(), TalkError> {
    let mut stop = site.house.stop.clone();
    let mut out = Outbox::default();
    let stay = site.config.stay.0;
    let mut station = Station::start(clock_now(), hello, stay, &mut out)
        .with_keep_alive(site.config.keep_alive.0);
    if site.house.clock.now().1 == Stamp::Unsure {
        station = station.with_time_first();
    }
    station.describe(site.devices.iter().flat_map(describe::points).collect());
    let (answers, mut answered) = mpsc::channel::<(u32, Pdu)>(telemetry::limits::ANSWERS);
    station.input(clock_now(), heard, &mut out);
    let mut buffer = vec![0; 4096];
    let mut supply = Supply::default();
    loop {
        settle(site, &mut station, call, &mut out, &mut supply, &answers, came).await?;
        tokio::select! {
            received = call.receive(&mut buffer) => match received? {
                Received::Data(count) => {
                    station.input(clock_now(), buffer.get(..count).unwrap_or_default(), &mut out);
                }
                Received::Event(_) => {}
                Received::End => return Err(TalkError::HungUp),
            },
            Some((id, pdu)) = answered.recv() => station.answer(clock_now(), id, pdu, &mut out),
            changed = stored.changed() => {
                if changed.is_ok() {
                    station.fresh(clock_now());
                }
            }
            () = due(station.deadline()) => station.timeout(clock_now(), &mut out),
            () = stopped(&mut stop) => return Err(TalkError::Ended(End::Done)),
        }
    }
}

/// What is read from the store for the upload.
#[derive(Default)]
struct Supply {
    /// Up to this sample the machine knows what all points are.
    defined: u64,
}

impl Supply {
    /// The samples behind this number. The machine is told what their points are: one may have been stored just now that
    /// is the first of its point.
    async fn after(
        &mut self,
        seq: u64,
        site: &Site,
        station: &mut Station,
    ) -> Result<Vec<Sample>, ShelfError> {
        let defined = self.defined;
        let read = site.house.shelf.with(move |shelf| {
            let samples = shelf.after(seq, limits::READ_AHEAD)?;
            Ok((samples, shelf.points(defined)?))
        });
        let (samples, (points, last)) = read.await?;
        self.defined = last;
        points.into_iter().for_each(|(id, definition)| station.define(id, definition));
        Ok(samples)
    }
}

/// Does what there is to do, until the machine waits for something. `Ended`: it is over.
async fn settle(
    site: &Site,
    station: &mut Station,
    call: &mut Call,
    out: &mut Outbox<StationAction>,
    supply: &mut Supply,
    answers: &mpsc::Sender<(u32, Pdu)>,
    came: &mut Came,
) -> Result<(), TalkError> {
    loop {
        if !out.bytes.is_empty() {
            let bytes = std::mem::take(&mut out.bytes);
            timeout(limits::STUCK, call.send(&bytes)).await.map_err(|_| TalkError::Stuck)??;
        }
        if let Some(action) = out.actions.pop_front() {
            act(site, station, action, out, answers, came).await?;
            continue;
        }
        if !out.bytes.is_empty() {
            continue;
        }
        let Some(after) = station.wants() else { return Ok(()) };
        let samples = supply.after(after, site, station).await?;
        station.upload(clock_now(), &samples, out);
    }
}

async fn act(
    site: &Site,
    station: &mut Station,
    action: StationAction,
    out: &mut Outbox<StationAction>,
    answers: &mpsc::Sender<(u32, Pdu)>,
    came: &mut Came,
) -> Result<(), TalkError> {
    match action {
        StationAction::Acknowledged(through) => {
            site.house.shelf.with(move |shelf| shelf.acknowledged(through)).await?;
        }
        StationAction::Ask { id, unit, pdu } => {
            let way = site.units.get(&unit).cloned();
            let (rights, answers) = (rights(site), answers.clone());
            tokio::spawn(async move {
                let answer = ask(way, pdu, rights).await;
                // The call may be over meanwhile.
                let _ = answers.send((id, answer)).await;
            });
        }
        StationAction::Once { id, mark, unit, pdu } => {
            let way = site.units.get(&unit).cloned();
            let (rights, answers) = (rights(site), answers.clone());
            let house = Arc::clone(&site.house);
            tokio::spawn(async move {
                let known_by = (mark, pdu.function());
                let answer = house.once.pass(&house.shelf, known_by, ask(way, pdu, rights)).await;
                let _ = answers.send((id, answer)).await;
            });
        }
        StationAction::Time { unix_ms, give_or_take } => {
            let house = &site.house;
            house.set_time(unix_ms, give_or_take).await?;
            station.tell(house.status().await?, out);
        }
        StationAction::Tell => {
            if *came == Came::Nothing {
                *came = Came::Welcome;
                site.house.shelf.with(|shelf| shelf.prove()).await?;
            }
            station.tell(site.house.status().await?, out);
        }
        StationAction::Configure { version, changes } => {
            let outcome = configure(site, version, changes).await;
            if let Err(why) = &outcome {
                tracing::info!("a change of the centre's is refused: {why}");
            }
            station.configured(clock_now(), version, outcome, out);
        }
        StationAction::Renew { version, text } => {
            let outcome = renew(site, version, text).await;
            match &outcome {
                Ok(Renewed::Taken) => {
                    *came = Came::Configuration;
                    station.hang_up_soon(clock_now());
                }
                Ok(Renewed::Known) => {}
                Err(why) => tracing::info!(version, "the centre's configuration is refused: {why}"),
            }
            station.configured(clock_now(), version, outcome.map(drop), out);
        }
        StationAction::HangUp(End::Outgrown) => {
            tracing::warn!(
                "the centre knows later samples of this store: the store begins a new life"
            );
            site.house.shelf.with(|shelf| shelf.be_reborn()).await?;
            return Err(TalkError::Ended(End::Outgrown));
        }
        StationAction::HangUp(end) => return Err(TalkError::Ended(end)),
    }
    Ok(())
}

async fn configure(site: &Site, version: u64, wanted: Vec<(String, String)>) -> Result<(), String> {
    for (key, value) in &wanted {
        changes::check(key, value, &site.config, &site.devices)?;
    }
    let kept = wanted.clone();
    let done = site.house.shelf.with(move |shelf| shelf.change(version, &kept)).await;
    done.map_err(|error| error.to_string())?;
    site.changes.take(&wanted, &site.config, &site.devices);
    tracing::info!(version, "the centre has changed {} values", wanted.len());
    Ok(())
}

/// Takes a whole configuration, if it is right; it counts when the call is over.
async fn renew(site: &Site, version: u64, text: String) -> Result<Renewed, String> {
    renewal::read(&*site.house.reader, &site.house.file, &text)?;
    let kept = site.house.shelf.with(move |shelf| {
        // Its answer was lost, and the centre has sent it again.
        if shelf.taken()?.is_some_and(|taken| taken.text == text) {
            return shelf.change(version, &[]).map(|()| Renewed::Known);
        }
        shelf.take_plan(version, &text).map(|()| Renewed::Taken)
    });
    let renewed = kept.await.map_err(|error| error.to_string())?;
    tracing::info!(version, ?renewed, "the centre has sent a configuration");
    Ok(renewed)
}

/// What has come of a configuration that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewed {
    /// It is tried next.
    Taken,
    /// It counts already.
    Known,
}

/// What may be asked of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Reads,
    All,
}

fn rights(site: &Site) -> Rights {
    if site.config.allows(Allow::Writes) { Rights::All } else { Rights::Reads }
}

/// Asks a unit; whoever stands between answers with an exception.
async fn ask(way: Option<Way>, pdu: Pdu, rights: Rights) -> Pdu {
    let function = pdu.function();
    let refused = |exception| Pdu::exception(function, exception);
    let Some(Way { bus, unit, wide }) = way else {
        return refused(Exception::GatewayPathUnavailable);
    };
    let question = match Question::of_wide(pdu, unit, &wide) {
        Ok(question) => question,
        Err(error) => return refused(error.exception()),
    };
    let reads = question.only_reads();
    if rights == Rights::Reads && !reads {
        return refused(Exception::IllegalFunction);
    }
    match bus.ask(unit, question).await {
        Ok(Outcome::Answer(answer)) => answer,
        Ok(_) => refused(Exception::GatewayTargetFailed),
        Err(AskError::NoWay(_)) => refused(Exception::GatewayPathUnavailable),
        Err(AskError::Full(_)) => refused(Exception::Busy),
        Err(AskError::Forbidden) => refused(Exception::IllegalFunction),
        Err(AskError::Failed(Failure::Closed)) if reads => {
            refused(Exception::GatewayPathUnavailable)
        }
        // Nobody knows whether a unit has done what it was told.
        Err(_) => refused(Exception::GatewayTargetFailed),
    }
}

/// Ready when the station is to end.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could have said so and is gone wants it, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether a line that is held was lost.
pub(crate) fn holds(config: &StationConfig) -> bool {
    config.stay.0 == Stay::Hold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_centre_that_may_only_read_writes_nothing_and_unknown_units_have_no_path() {
        let write = Pdu::new(&[6, 0, 1, 0, 7]).unwrap();
        let none = ask(None, write.clone(), Rights::All).await;
        assert_eq!(none.bytes(), [0x86, 0x0a]);
        let config: gateway::BusConfig =
            toml::from_str("name = 'a'\ntcp = '127.0.0.1:1'\nframing = 'tcp'").unwrap();
        let bus = config.open().unwrap();
        let way = Some(Way { bus, unit: UnitId(1), wide: Arc::default() });
        assert_eq!(ask(way.clone(), write, Rights::Reads).await.bytes(), [0x86, 0x01]);
        for writes in [&[5, 0, 0, 0xff, 0][..], &[8, 0, 1, 0, 0], &[0x2b, 0x0d, 1], &[0x65, 1]] {
            let refused = ask(way.clone(), Pdu::new(writes).unwrap(), Rights::Reads).await;
            assert_eq!(refused.bytes(), [writes[0] | 0x80, 0x01], "{writes:?}");
        }
        let read = Pdu::new(&[3, 0, 0, 0, 1]).unwrap();
        assert_eq!(ask(way, read, Rights::Reads).await.bytes(), [0x83, 0x0a]);
    }
}
