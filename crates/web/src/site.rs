//! Sites, as whoever collects from them tells of them.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::house::Refusal;
use crate::moment::Moment;

/// Whoever collects from sites, and asks them for operators.
///
/// Asked from threads where waiting for a disk delays nobody's call.
pub trait Sites: Send + Sync {
    /// Every site as it stands.
    fn sites(&self) -> Vec<SiteNow>;

    /// The points of a site, with what was measured last.
    ///
    /// # Errors
    /// There is no such site, or the store can't be read.
    fn points(&self, site: &str) -> Result<Vec<PointNow>, Refusal>;

    /// A point over a time, drawn together into at most so many pieces.
    ///
    /// # Errors
    /// There is no such site, or the store can't be read.
    fn series(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
        pieces: u32,
    ) -> Result<Vec<Piece>, Refusal>;

    /// Every sample of a point over a time, the oldest first.
    ///
    /// # Errors
    /// There is no such site, or the store can't be read.
    fn samples(
        &self,
        point: (&str, &str),
        span: (SystemTime, SystemTime),
    ) -> Result<Samples, Refusal>;

    /// How many samples of a point there are over a time.
    ///
    /// # Errors
    /// There is no such site, or the store can't be read.
    fn count(&self, point: (&str, &str), span: (SystemTime, SystemTime)) -> Result<u64, Refusal>;

    /// What has passed over a site's calls lately, behind their logins, for the operator `by`. What is later than `since`;
    /// all of it where that is nothing.
    ///
    /// # Errors
    /// There is no such site.
    fn trace(
        &self,
        site: &str,
        since: Option<SystemTime>,
        by: &str,
    ) -> Result<Vec<SiteTraced>, Refusal>;

    /// Alarms that last, then those that are over.
    fn alarms(&self) -> Vec<AlarmNow>;

    /// Notes that the operator `by` has seen an alarm; says so.
    ///
    /// # Errors
    /// There is no such alarm, or somebody has seen it.
    fn see_alarm(&self, id: i64, by: &str) -> Result<String, Refusal>;

    /// Has a site asked for the operator `by`, now or later. `what` begins with `read`, `write` or
    /// `configure`.
    fn ask(&self, site: &str, what: &str, wish: SiteWish, by: &str) -> Asking;

    /// What has become of what was to be asked later.
    ///
    /// # Errors
    /// There is no such thing.
    fn wish(&self, id: i64) -> Result<WishNow, Refusal>;

    /// What is to be asked later, the most urgent first, then what was, the latest first.
    fn wishes(&self) -> Vec<WishNow>;

    /// Takes back what was to be asked later, for the operator `by`; says so.
    fn withdraw(&self, id: i64, by: &str) -> Withdrawing;
}

/// Samples, read as fast as they are taken; a text says why there are no more.
pub type Samples = Box<dyn Iterator<Item = Result<SampleNow, String>> + Send>;

/// What comes of a question to a site.
pub type Asking = Pin<Box<dyn Future<Output = Result<SiteAnswer, Refusal>> + Send>>;

/// What comes of taking something back.
pub type Withdrawing = Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send>>;

/// A site as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteNow {
    /// The owner's name for it.
    pub name: String,
    /// Its account.
    pub account: String,
    /// What is spoken over its calls.
    pub framing: Cow<'static, str>,
    /// `on line`, `away` or `overdue`.
    pub state: Cow<'static, str>,
    /// Who calls, while it is on the line.
    pub from: Option<String>,
    /// The number of its call, while it is on the line.
    pub call: Option<String>,
    /// When it called last.
    pub called: Option<Moment>,
    /// When that call was over.
    pub ended: Option<Moment>,
    /// When it should call next, where it should.
    pub next: Option<Moment>,
    /// Whether it may be written to.
    pub writable: bool,
    /// How many of its calls began within the last hour.
    pub calls_in_an_hour: u64,
    /// Whether those are more than it should make.
    pub too_often: bool,
    /// How many points it has.
    pub points: u64,
    /// Questions of its last call.
    pub asked: u64,
    /// How many of them were answered: how good the path is.
    pub answered: u64,
    /// What the station there has last said of itself, if one is there.
    pub station: Option<StationNow>,
}

/// Something that has passed over a site's call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteTraced {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// `begin` and `end` of a call, `in` from the site, `out` to it.
    pub way: Cow<'static, str>,
    /// What has passed.
    pub hex: Option<String>,
    /// The call's number at its begin; why it ended.
    pub words: Option<String>,
}

/// What a station has last said of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StationNow {
    /// When.
    pub said: Moment,
    /// For how many seconds it had run.
    pub uptime_s: u64,
    /// Samples that waited to be uploaded.
    pub waiting: u64,
    /// How many may wait.
    pub room: u64,
    /// Samples that were ever dropped for want of room.
    pub dropped: u64,
    /// The version of its configuration; 0 for its own file's.
    pub configuration: u64,
    /// The version of the configuration that it has given up again.
    pub given_up: Option<u64>,
    /// Why.
    pub given_up_why: Option<String>,
    /// What it has done about the centre's time: `untold`, `right`, `set`, `refused`.
    pub clock: Cow<'static, str>,
    /// What had to be added to its clock, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// How well its modem hears the network.
    pub signal_dbm: Option<i16>,
    /// How many of its devices give no answer.
    pub silent: u64,
    /// Names of the first of them.
    pub silent_names: Vec<String>,
}

/// A point as it was measured last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointNow {
    /// The owner's name for it.
    pub name: String,
    /// What was measured, as text.
    pub value: Option<String>,
    /// Its unit of measure.
    pub measure: String,
    /// Which unit of the site has it; nothing where that isn't known.
    pub unit: Option<u8>,
    /// Where it stands: `h:100`; empty where that isn't known.
    pub address: String,
    /// What stands there: `f32 CDAB`; empty for a bit, and where it isn't known.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is worth: `good`, `uncertain`, `refused`, `silent`, `bad`; nothing where nothing was measured yet.
    pub quality: Option<Cow<'static, str>>,
    /// When it was measured.
    pub at: Option<Moment>,
}

/// What a stretch of time holds of a point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Piece {
    /// Its first sample's moment, in milliseconds since 1970.
    pub at: u64,
    /// How many numbers it has.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The least of them.
    pub least: f64,
    /// The greatest of them.
    pub most: f64,
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleNow {
    /// When it was measured.
    pub at: SystemTime,
    /// What was measured, as text; empty where nothing was.
    pub value: String,
    /// What it is worth.
    pub quality: &'static str,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmNow {
    /// Its number.
    pub id: i64,
    /// Of which site.
    pub site: String,
    /// What sort of alarm it is.
    pub kind: String,
    /// Which point it is about; empty for the site itself.
    pub subject: String,
    /// For people.
    pub words: String,
    /// Since when.
    pub began: Moment,
    /// Until when; nothing while it lasts.
    pub ended: Option<Moment>,
    /// Why it is over, for people.
    pub end_words: Option<String>,
    /// When somebody has seen it.
    pub seen: Option<Moment>,
    /// Who has.
    pub seen_by: Option<String>,
}

/// What else is wished of a question to a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteWish {
    /// `now` (also where it is empty), `next-call`, or seconds since 1970.
    pub at: String,
    /// The greater, the sooner.
    pub priority: i64,
    /// How many seconds it may wait for a call.
    pub expires: Option<u64>,
}

/// What has come of a question to a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SiteAnswer {
    /// The values.
    pub values: Vec<SiteValue>,
    /// The number under which it waits, if it does.
    pub wish: Option<i64>,
}

/// A value of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteValue {
    /// Where it stands, or which point it is.
    pub what: String,
    /// The value.
    pub value: String,
    /// What stood there before it was written.
    pub old: Option<String>,
    /// Its unit of measure.
    pub measure: String,
}

/// Something that a site is, or was, to be asked later.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WishNow {
    /// Its number.
    pub id: i64,
    /// Which site.
    pub site: String,
    /// What.
    pub ask: String,
    /// Whose wish it is.
    pub who: String,
    /// The greater, the sooner.
    pub priority: i64,
    /// When it was made.
    pub made: Moment,
    /// When it is to be asked at the earliest; nothing for the site's next call.
    pub due: Option<Moment>,
    /// When it expires.
    pub until: Moment,
    /// `waiting`, `sending`, `done`, `failed`, `unknown`, `expired` or `withdrawn`.
    pub state: String,
    /// When something came of it.
    pub ended: Option<Moment>,
    /// What has come of it.
    pub answer: Option<String>,
}
