//! A call with a station: what it has stored is kept before it is acknowledged, and what is asked of its units goes to
//! it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use carrier::{clock_now, due};
use exchange::{CallEnd, Visit};
use gateway::AskError;
use modbus::master::{Failure, Full, Outcome};
use modbus::value::Value as Read;
use settings::{Secret, SecretRef};
use store::{SampleBatch, SampleRow, SampleValue, StoreError, quality};
use telemetry::{
    AskFailed, Centre, CentreAction, Definition, Description, Hello, Outbox, Quality, Reason,
    Received, Stamp, Ticket, Value,
};
use tokio::sync::oneshot;

use crate::alarms::{NO_LIMIT, NO_POINT};
use crate::collector::{Collector, OrderError};
use crate::keeping::Keeping;
use crate::limits;
use crate::quantity::kept;
use crate::renewal::{Change, Renewal, Renewed, StationNow};
use crate::site::{Answered, Letter, Presence, Site};
use crate::tidings::News;
use crate::told::{Told, clean};
use crate::trace::Passed;

struct Talk<'a> {
    house: &'a Collector,
    site: &'a Arc<Site>,
    centre: Centre,
    out: Outbox<CentreAction>,
    /// The store that speaks, once it has said so.
    source: String,
    letters: HashMap<Ticket, Letter>,
    next: u64,
    waiting: VecDeque<(SampleBatch, Vec<News>)>,
    keeping: Option<(Keeping, Vec<News>)>,
    /// The version of the station's configuration.
    configuration: u64,
    /// The change that it is being told, under its version.
    changing: Option<(u64, oneshot::Sender<Renewed>)>,
    /// A change that came before the station had said who it is.
    early: Option<Renewal>,
    points: Points,
    /// Points that are watched for changes, as far as they have changed.
    changing_points: HashSet<String>,
}

/// What is known of the station's points.
#[derive(Debug)]
enum Points {
    /// Not yet whether they are those that it told of in an earlier call; of these alarms have begun meanwhile.
    AsTheyWere(HashSet<(&'static str, String)>),
    /// They are those that it has told of.
    AsTold,
}

/// Serves a station's call until it ends.
pub(crate) async fn serve(
    house: &Collector,
    site: &Arc<Site>,
    visit: &mut Visit<'_>,
    presence: &mut Presence,
) -> CallEnd {
    let mut early = Vec::new();
    if visit.was_called()
        && let Some(password) = &site.shelf().config.call_password
    {
        let proven = tokio::select! {
            proven = prove(site, visit, password) => proven,
            () = replaced(presence, &mut early) => Err(site.why_over()),
        };
        if let Err(end) = proven {
            early.into_iter().for_each(Letter::give_back);
            return end;
        }
    }
    let mut out = Outbox::default();
    let centre = Centre::start(clock_now(), unix_ms(), &mut out);
    let mut talk = Talk {
        house,
        site,
        centre,
        out,
        source: String::new(),
        letters: HashMap::new(),
        next: 0,
        waiting: VecDeque::new(),
        keeping: None,
        configuration: 0,
        changing: None,
        early: None,
        points: Points::AsTheyWere(HashSet::new()),
        changing_points: HashSet::new(),
    };
    early.into_iter().for_each(|letter| talk.ask(letter));
    match talk.run(visit, presence).await {
        Ok(end) | Err(end) => end,
    }
}

/// Ready when a newer call of the site has come, or nobody has the site any more. What is asked meanwhile waits.
async fn replaced(presence: &mut Presence, early: &mut Vec<Letter>) {
    while let Some(letter) = presence.inbox.recv().await {
        early.retain(|letter| !letter.answer.is_closed());
        if early.len() < limits::LETTERS {
            early.push(letter);
        } else {
            // Who has left doesn't want to know.
            let _ = letter.answer.send(Err(AskError::Full(Full)));
        }
    }
}

/// Says the password to a station that was called, which wants to hear it before anything else.
async fn prove(site: &Site, visit: &mut Visit<'_>, password: &SecretRef) -> Result<(), CallEnd> {
    let password = password.resolve("/".as_ref()).map_err(|error| {
        tracing::error!(site = site.name(), "the station isn't told the password: {error}");
        CallEnd::Denied
    })?;
    let asked = async {
        let (mut buffer, mut heard) = ([0; limits::READ], Vec::new());
        loop {
            let count = visit.receive(&mut buffer).await?;
            if count == 0 {
                return Err(CallEnd::CallerHungUp);
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            // Whatever its parity.
            heard.extend(bytes.iter().map(|byte| (byte & 0x7f).to_ascii_lowercase()));
            if heard.windows(PROMPT.len()).any(|window| window == PROMPT) {
                return Ok(());
            }
            heard.drain(..heard.len().saturating_sub(PROMPT.len()));
        }
    };
    match tokio::time::timeout(limits::PROMPT, asked).await {
        Ok(asked) => asked?,
        Err(_) => {
            tracing::info!(site = site.name(), "the station asks for no password: is it one?");
            return Err(CallEnd::Idle);
        }
    }
    let mut line = Secret::with_room(password.len() + 1);
    for byte in password.expose().iter().chain(b"\r") {
        // There is room for it.
        let _ = line.push(*byte);
    }
    visit.send(line.expose()).await
}

/// How a station asks for it.
const PROMPT: &[u8] = b"password:";

impl Talk<'_> {
    async fn run(
        &mut self,
        visit: &mut Visit<'_>,
        presence: &mut Presence,
    ) -> Result<CallEnd, CallEnd> {
        let mut buffer = [0; limits::READ];
        loop {
            if let Some(end) = self.settle(visit).await? {
                return Ok(end);
            }
            let timeout = due(self.centre.deadline());
            let (house, keeping) = (self.house, &mut self.keeping);
            let kept = async {
                match keeping {
                    Some((keeping, _)) => keeping.kept(house).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                letter = presence.inbox.recv() => match letter {
                    Some(letter) => self.ask(letter),
                    // A newer call of the site has come, or nobody has the site any more.
                    None => return Ok(self.site.why_over()),
                },
                Some(renewal) = presence.renewals.recv(),
                    if self.changing.is_none() && self.early.is_none() =>
                 {
                    self.renew(renewal);
                }
                heard = visit.receive(&mut buffer) => {
                    let count = heard?;
                    if count == 0 {
                        return Ok(CallEnd::CallerHungUp);
                    }
                    // The system's clock may have been set since.
                    self.centre.set_time(clock_now(), unix_ms());
                    let bytes = buffer.get(..count).unwrap_or_default();
                    self.site.trace(Passed::Heard(bytes.to_vec()));
                    self.centre.input(clock_now(), bytes, &mut self.out);
                }
                () = timeout => self.centre.timeout(clock_now(), &mut self.out),
                () = kept => self.are_kept().await,
            }
        }
    }

    /// Says and does everything that can be done at once; the reason if the call is over.
    async fn settle(&mut self, visit: &mut Visit<'_>) -> Result<Option<CallEnd>, CallEnd> {
        loop {
            if !self.out.bytes.is_empty() {
                let bytes = std::mem::take(&mut self.out.bytes);
                visit.send(&bytes).await?;
                self.site.trace(Passed::Said(bytes));
            }
            if let Some(action) = self.out.actions.pop_front() {
                if let Some(end) = self.act(action).await {
                    return Ok(Some(end));
                }
            } else if self.out.bytes.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn act(&mut self, action: CentreAction) -> Option<CallEnd> {
        match action {
            CentreAction::Arrived(hello) => return self.arrived(&hello).await,
            CentreAction::Store(samples) => return self.store(&samples),
            CentreAction::Described(mark, points) => {
                self.described(mark, &points).await;
                self.end_alarms_of_no_point().await;
            }
            CentreAction::AsDescribed => self.end_alarms_of_no_point().await,
            CentreAction::Answered(ticket, outcome) => {
                if let Some(letter) = self.letters.remove(&ticket) {
                    self.site.count(if outcome.is_ok() { Answered::Yes } else { Answered::No });
                    // Who has left doesn't want to know.
                    let _ = letter.answer.send(match outcome {
                        Ok(pdu) => Ok(Outcome::Answer(pdu)),
                        Err(AskFailed::Silent) => Err(Failure::Silent.into()),
                        Err(AskFailed::Closed) => Err(Failure::Closed.into()),
                    });
                }
            }
            CentreAction::Configured { version, outcome } => {
                tracing::info!(site = self.site.name(), version, ?outcome, "configuration");
                if let Some((_, answer)) = self.changing.take_if(|(known, _)| *known == version) {
                    let old = self.configuration;
                    if outcome.is_ok() {
                        self.configuration = version;
                    }
                    // Who has left doesn't want to know.
                    let _ = answer.send(match outcome {
                        Ok(()) => Ok((old, version)),
                        Err(words) => Err(OrderError::NotTaken(clean(&words))),
                    });
                }
            }
            CentreAction::Status(status) => {
                self.house.put_down_station(self.site, StationNow::now(status)).await;
            }
            CentreAction::HangUp(telemetry::End::Done) => return Some(CallEnd::ProgramEnded),
            CentreAction::HangUp(end) => {
                tracing::info!(site = self.site.name(), "the station is hung up on: {end}");
                return Some(match end {
                    telemetry::End::Silent | telemetry::End::NoProbe => CallEnd::Idle,
                    _ => CallEnd::NotGiven,
                });
            }
        }
        None
    }

    async fn arrived(&mut self, hello: &Hello) -> Option<CallEnd> {
        self.configuration = hello.configuration;
        self.source = hello.store.to_string();
        let name = self.site.name();
        tracing::info!(
            site = name,
            station = clean(&hello.name),
            cause = hello.cause.word(),
            "{} speaks",
            clean(&hello.software)
        );
        let next = Some(hello.next_call_s).filter(|seconds| *seconds > 0);
        self.site.means_to_call(next.map(|seconds| Duration::from_secs(seconds.into())));
        let (store, name, source) =
            (self.house.store().clone(), name.to_owned(), self.source.clone());
        let known = tokio::task::spawn_blocking(move || {
            Ok::<_, StoreError>((store.upto(&name, &source)?, store.latest(&name)?))
        });
        let Ok(Ok((upto, latest))) = known.await else {
            self.centre.refuse("the store can't be read now", &mut self.out);
            return None;
        };
        if !self.site.knows(latest.iter().map(|sample| sample.point.as_str())) {
            return self.too_many_points();
        }
        self.centre.welcome(clock_now(), upto, &mut self.out);
        self.centre.describe(clock_now(), self.site.told().mark, &mut self.out);
        self.early.take().into_iter().for_each(|renewal| self.renew(renewal));
        None
    }

    fn store(&mut self, samples: &[Received]) -> Option<CallEnd> {
        let (site, source) = (self.site.name().to_owned(), self.source.clone());
        let news = samples.iter().flat_map(|received| news(&site, received)).collect();
        let now = SystemTime::now();
        let samples: Vec<_> = samples.iter().map(|received| row(received, now)).collect();
        if !self.site.knows(samples.iter().map(|sample| sample.point.as_str())) {
            return self.too_many_points();
        }
        self.waiting.push_back((SampleBatch { site, source, samples }, news));
        self.keep_next();
        None
    }

    /// A station that makes up names without end would fill the store with them.
    fn too_many_points(&mut self) -> Option<CallEnd> {
        let (site, most) = (self.site.name(), limits::NAMES);
        tracing::error!(
            site,
            "the station has used more than {most} names of points; it is hung up on"
        );
        self.centre.refuse("too many names of points", &mut self.out);
        None
    }

    async fn described(&mut self, mark: u32, points: &[Description]) {
        let (told, left_out) = Told::new(mark, points);
        let site = self.site.name().to_owned();
        tracing::info!(
            site,
            points = told.points.len(),
            left_out,
            "the station has told its points"
        );
        self.site.set_told(told);
        let (store, text) = (self.house.store().clone(), Told::encode(points));
        let kept = tokio::task::spawn_blocking(move || store.put_told(&site, mark, text)).await;
        if let Ok(Err(error)) = kept {
            // It tells them again after a restart.
            tracing::warn!("what the station has told can't be kept: {error}");
        }
    }

    /// What a point that it has no more was about is over; samples of it may still come.
    async fn end_alarms_of_no_point(&mut self) {
        let known = std::mem::replace(&mut self.points, Points::AsTold);
        let Points::AsTheyWere(mut alarms) = known else { return };
        let (store, name) = (self.house.store().clone(), self.site.name().to_owned());
        let lasting = tokio::task::spawn_blocking(move || store.lasting_alarms(&name)).await;
        match lasting {
            Ok(Ok(lasting)) => alarms.extend(lasting.into_iter().filter_map(|alarm| {
                let kind = ["low", "high"].into_iter().find(|kind| *kind == alarm.kind)?;
                Some((kind, alarm.subject))
            })),
            Ok(Err(error)) => tracing::warn!("alarms that last can't be read: {error}"),
            Err(_) => {}
        }
        let told = self.site.told();
        for (kind, subject) in alarms.into_iter().filter(|(_, subject)| !told.has(subject)) {
            self.house.tell(over(self.site, kind, subject, NO_POINT)).await;
        }
    }

    async fn tell(&mut self, news: News) {
        let (kind, subject, lasts) = (news.kind, news.subject.clone(), news.lasts);
        self.house.tell(news).await;
        match &mut self.points {
            _ if !lasts => {}
            // Whatever limits it had, they have gone.
            _ if kind == "change" => {
                if self.changing_points.insert(subject.clone()) {
                    for kind in ["low", "high"] {
                        let over = over(self.site, kind, subject.clone(), NO_LIMIT);
                        self.house.tell(over).await;
                    }
                }
            }
            Points::AsTheyWere(alarms) => drop(alarms.insert((kind, subject))),
            Points::AsTold if self.site.told().has(&subject) => {}
            Points::AsTold => {
                let over = over(self.site, kind, subject, NO_POINT);
                self.house.tell(over).await;
            }
        }
    }

    /// One batch after the other: acknowledgements keep their order.
    fn keep_next(&mut self) {
        if self.keeping.is_none() {
            let next = self.waiting.pop_front();
            self.keeping = next.map(|(batch, news)| (Keeping::new(self.house, batch), news));
        }
    }

    /// A batch is on disk.
    async fn are_kept(&mut self) {
        if let Some((keeping, news)) = self.keeping.take() {
            for news in news {
                self.tell(news).await;
            }
            let samples = keeping.samples();
            self.site.set_latest(samples);
            let through = samples.last().map_or(0, |last| last.seq);
            self.centre.stored(through, &mut self.out);
        }
        self.keep_next();
    }

    fn renew(&mut self, renewal: Renewal) {
        if self.source.is_empty() {
            self.early = Some(renewal);
            return;
        }
        let Renewal { change, answer } = renewal;
        // Greater than any before, even where the clock was put back.
        let now = u64::try_from(unix_ms()).unwrap_or(0);
        let version = now.max(self.configuration.saturating_add(1));
        self.changing = Some((version, answer));
        match change {
            Change::Whole(text) => {
                self.centre.renew(clock_now(), version, &text, &mut self.out);
            }
            Change::Values(values) => {
                self.centre.configure(clock_now(), version, values, &mut self.out);
            }
        }
    }

    fn ask(&mut self, letter: Letter) {
        self.next += 1;
        let ticket = Ticket(self.next);
        let (unit, pdu) = (letter.unit, letter.question.pdu());
        let (now, out) = (clock_now(), &mut self.out);
        let asked = match letter.mark {
            None => self.centre.ask(now, ticket, unit, pdu, out),
            Some(mark) => self.centre.ask_once(now, mark, (ticket, unit), pdu, out),
        };
        match asked {
            Ok(()) => drop(self.letters.insert(ticket, letter)),
            Err(_) => drop(letter.answer.send(Err(AskError::Full(Full)))),
        }
    }
}

/// An alarm whose reason is gone.
fn over(site: &Site, kind: &'static str, subject: String, words: &str) -> News {
    let (site, words) = (site.name().to_owned(), words.to_owned());
    News { site, kind, subject, words, lasts: false }
}

/// What a sample means for alarms: those that begin, and those that are over.
fn news(site: &str, received: &Received) -> Vec<News> {
    let Received { definition, sample } = received;
    let subject = name(definition);
    let value =
        read(&sample.value).map_or_else(|| sample.value.to_string(), |value| value.to_string());
    let words = format!("{subject} is {value} {}", definition.measure);
    let tell = |&(kind, lasts): &(&'static str, bool)| News {
        site: site.to_owned(),
        kind,
        subject: subject.clone(),
        words: clean(words.trim_end()),
        lasts,
    };
    let told: &[_] = match sample.reason {
        Reason::Schedule => &[],
        Reason::Low => &[("high", false), ("low", true)],
        Reason::High => &[("low", false), ("high", true)],
        Reason::Normal => &[("low", false), ("high", false)],
        // It has happened, and doesn't last.
        Reason::Change => &[("change", true), ("change", false)],
    };
    told.iter().map(tell).collect()
}

/// What the store calls a point of a station.
fn name(definition: &Definition) -> String {
    clean(&format!("{}.{}", definition.device, definition.point))
}

/// A station's value as it was read; nothing where it isn't a number.
const fn read(value: &Value) -> Option<Read> {
    match value {
        Value::None | Value::Text(_) => None,
        Value::Unsigned(value) => Some(Read::Unsigned(*value)),
        Value::Signed(value) => Some(Read::Signed(*value)),
        Value::Single(value) => Some(Read::Single(*value)),
        Value::Double(value) => Some(Read::Double(*value)),
        Value::Bit(value) => Some(Read::Bit(*value)),
    }
}

/// A station's sample as the store keeps it.
fn row(received: &Received, now: SystemTime) -> SampleRow {
    let Received { definition, sample } = received;
    let value = match &sample.value {
        Value::Text(text) => SampleValue::Text(text.clone()),
        value => read(value).map_or(SampleValue::None, |value| kept(&value)),
    };
    let at = moment(sample.at_ms);
    // Nothing is measured tomorrow, and what claims to be would stand before everything that is.
    let early = at.duration_since(now).is_ok_and(|early| early > limits::FUTURE);
    let quality = match (sample.quality, sample.stamp) {
        // A good value is one.
        (Quality::Good, _) if value == SampleValue::None => quality::BAD,
        (Quality::Good, Stamp::Sure) if !early => quality::GOOD,
        (Quality::Good, _) => quality::UNCERTAIN,
        (Quality::Refused(_), _) => quality::REFUSED,
        (Quality::Silent, _) => quality::SILENT,
        (Quality::Unreadable, _) => quality::BAD,
    };
    // And a bad one is none, whatever stands there.
    let value = if quality <= quality::UNCERTAIN { value } else { SampleValue::None };
    SampleRow {
        point: name(definition),
        seq: sample.seq,
        at: if early { now } else { at },
        value,
        quality,
    }
}

fn moment(unix_ms: i64) -> SystemTime {
    let span = Duration::from_millis(unix_ms.unsigned_abs());
    let moment =
        if unix_ms < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
    moment.unwrap_or(UNIX_EPOCH)
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::{PointId, Sample};

    fn received(value: Value, quality: Quality, at_ms: i64) -> Received {
        let [device, point, measure] = ["tank", "le\u{1b}[2Jvel", "m"].map(str::to_owned);
        let definition = Arc::new(Definition { device, unit: 1, point, measure });
        let (stamp, reason) = (Stamp::Sure, Reason::High);
        let sample = Sample { seq: 1, point: PointId(0), at_ms, stamp, reason, quality, value };
        Received { definition, sample }
    }

    #[test]
    fn a_station_that_lies_is_believed_as_far_as_it_can_be_true() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let then = 1_799_999_000_000;
        for (value, said, at_ms, quality, kept) in [
            (Value::Double(1.5), Quality::Good, then, quality::GOOD, SampleValue::Number(1.5)),
            (Value::Double(f64::NAN), Quality::Good, then, quality::BAD, SampleValue::None),
            (Value::Single(f32::INFINITY), Quality::Good, then, quality::BAD, SampleValue::None),
            (Value::None, Quality::Good, then, quality::BAD, SampleValue::None),
            (Value::Double(7.0), Quality::Silent, then, quality::SILENT, SampleValue::None),
            (Value::Bit(true), Quality::Refused(2), then, quality::REFUSED, SampleValue::None),
            (
                Value::Bit(true),
                Quality::Good,
                i64::MAX,
                quality::UNCERTAIN,
                SampleValue::Number(1.0),
            ),
            (Value::Bit(true), Quality::Good, i64::MIN, quality::GOOD, SampleValue::Number(1.0)),
        ] {
            let row = row(&received(value.clone(), said, at_ms), now);
            assert_eq!((row.quality, row.value), (quality, kept), "{value:?} {said:?} {at_ms}");
            assert!(row.at <= now);
            assert_eq!(row.point, "tank.le\u{fffd}[2Jvel");
        }
    }

    #[test]
    fn an_alarm_of_a_station_says_what_it_says_and_controls_nothing() {
        let text = Value::Text("\r\nBcc: x\u{202e}".into());
        let news = news("pump", &received(text, Quality::Good, 0));
        let told: Vec<_> = news.iter().map(|news| (news.kind, news.lasts)).collect();
        assert_eq!(told, [("low", false), ("high", true)]);
        assert!(news.iter().all(|news| !news.words.contains(['\r', '\n', '\u{202e}'])));
    }
}
