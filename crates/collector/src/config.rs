//! What a configuration file says of sites: `[[site]]`, `[[facade]]` and `[collector]`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use carrier::AccessList;
use exchange::{CallbackConfig, CallbackLogin};
use gateway::LateAnswers;
use modbus::frame::Framing as FrameKind;
use modbus::master::{Doubts, Repeats, Settings};
use modbus::{Wide, WideRange};
use serde::Deserialize;
use settings::{OneOrMany, Parsed, SecretError, SecretRef, Span};

use crate::gauge::Gauge;
use crate::limits;
use crate::list::{self, ListError};
use crate::point::{Point, PointConfig, PointFault, is_name};
use crate::text::Pattern;

/// One `[[site]]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SiteConfig {
    /// What the owner calls it; unique.
    pub name: String,
    /// The account that its calls log in to. Default: one of the same name.
    #[serde(default)]
    pub account: Option<String>,
    /// What is spoken over its calls: `rtu` (default), `ascii`, `tcp` (Modbus with TCP's header), `text` (it pushes
    /// lines), or `station` (one of ours is there).
    #[serde(default)]
    pub framing: Framing,
    /// Patterns of the lines of a site with framing `text`.
    #[serde(default)]
    pub lines: OneOrMany<Parsed<Pattern>>,
    /// Its devices: names, and which unit each is.
    #[serde(default)]
    pub devices: BTreeMap<String, u8>,
    /// Its points: `[[site.point]]`.
    #[serde(default)]
    pub point: Vec<PointConfig>,
    /// Lists of more points: CSV files.
    #[serde(default)]
    pub points: OneOrMany<PathBuf>,
    /// How often its points are read while it is on the line. Default `1m`. They are always read when a call begins.
    #[serde(default = "a_minute")]
    pub poll: Span,
    /// What becomes of a call once its points are read: `stay` (default) or `hang-up`.
    #[serde(default)]
    pub after_poll: AfterPoll,
    /// How long a device may think before it answers, the way there and back included. Default `3s`.
    #[serde(default = "response")]
    pub response: Span,
    /// How often an unanswered request is repeated that only reads; a write is said once. Default 1.
    #[serde(default = "one")]
    pub retries: u8,
    /// What is done about answers that come too late: `sentinel` (default), or a time to wait for them.
    #[serde(default)]
    pub late_answers: LateAnswers,
    /// How many addresses between two points are read for nothing rather than asked apart. Default 8.
    #[serde(default = "gap")]
    pub gap: u16,
    /// How many registers a request reads at most. Default 125; many meters stop at 60.
    #[serde(default = "most")]
    pub registers: u16,
    /// Registers of 32 bits under one address, as flow computers of Enron and Daniel have them: `h:7001..8000`, or
    /// `h:7001..8000 unit 3`. Default: none.
    #[serde(default)]
    pub enron: OneOrMany<Parsed<WideRange>>,
    /// Whether its devices may be written to: `refuse` (default) or `allow`.
    #[serde(default)]
    pub writes: Writes,
    /// How often it should call. One that hasn't for twice as long is an alarm. Default: it calls when it likes.
    #[serde(default)]
    pub calls_every: Option<Span>,
    /// Calls in an hour beyond which it is an alarm. Default: any number.
    #[serde(default)]
    pub calls_an_hour: Option<NonZeroU32>,
    /// Whom the exchange calls to reach it: an address, or a number of the phonebook.
    #[serde(default)]
    pub call: Option<String>,
    /// What a station there wants to hear before it serves a call of the exchange's.
    #[serde(default)]
    pub call_password: Option<SecretRef>,
    /// Whether the one who answers there logs in: `skip` (default) or `again`, as for a call back.
    #[serde(default)]
    pub call_login: CallLogin,
}

/// What is spoken over a site's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// Modbus RTU.
    #[default]
    Rtu,
    /// Modbus ASCII.
    Ascii,
    /// Modbus with the header that it has on TCP.
    Tcp,
    /// Lines of text that the site pushes.
    Text,
    /// What `trunkline station` speaks.
    Station,
}

impl Framing {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rtu => "rtu",
            Self::Ascii => "ascii",
            Self::Tcp => "tcp",
            Self::Text => "text",
            Self::Station => "station",
        }
    }
}

/// What becomes of a call once the site's points are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterPoll {
    /// It stays, and they are read again.
    #[default]
    Stay,
    /// It is hung up, unless somebody waits for an answer.
    HangUp,
}

/// Whether devices may be written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writes {
    /// Nobody writes.
    #[default]
    Refuse,
    /// Whoever has the right may.
    Allow,
}

/// Whether the one who answers a call of ours logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallLogin {
    /// Equipment that answers is just there.
    #[default]
    Skip,
    /// He logs in, to this account and no other.
    Again,
}

/// One `[[facade]]` table: Modbus TCP for clients, sites behind it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FacadeConfig {
    /// What the owner calls it; unique.
    pub name: String,
    /// Where clients connect.
    pub listen: OneOrMany<SocketAddr>,
    /// The one site behind it; units are its own.
    #[serde(default)]
    pub site: Option<String>,
    /// Which unit of the facade is which site: a site's name, or its name, a blank and which of its units.
    #[serde(default)]
    pub units: BTreeMap<String, String>,
    /// Whether clients may write, where the site's `writes` lets anybody: `refuse` (default) or `allow`.
    #[serde(default)]
    pub writes: Writes,
    /// How long a client waits while the exchange calls a site that isn't on the line. Default: it isn't called, and
    /// the client is told so at once.
    #[serde(default)]
    pub call: Option<Span>,
    /// How many clients it takes. Default 32.
    #[serde(default = "clients")]
    pub clients: usize,
    /// Who may connect. Default: everybody that the addresses of `listen` let in.
    #[serde(default, deserialize_with = "settings::lines")]
    pub access: AccessList,
}

/// The `[collector]` table: what is told of alarms, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CollectorConfig {
    /// Where each alarm is told by HTTP: `http://host:port/path`, a POST of JSON; one place or several.
    pub hook: OneOrMany<String>,
    /// Who is told of each alarm by mail.
    pub mail: Option<MailConfig>,
}

/// The `mail` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MailConfig {
    /// The mail server, `host:port`, which takes mail from here without a login.
    pub server: String,
    /// Whose mail it is.
    pub from: String,
    /// Who gets it.
    pub to: OneOrMany<String>,
}

const fn a_minute() -> Span {
    Span::secs(60)
}

const fn response() -> Span {
    Span::secs(3)
}

const fn one() -> u8 {
    1
}

const fn gap() -> u16 {
    limits::GAP
}

const fn most() -> u16 {
    modbus::limits::READ_REGISTERS
}

const fn clients() -> usize {
    gateway::limits::CLIENTS
}

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// A name that can't be.
    #[error(
        "a name has 1 to {} letters, digits and `._-/#`, and doesn't look like an address",
        limits::NAME
    )]
    Name,
    /// A point can't be.
    #[error("point `{0}`: {1}")]
    Point(String, #[source] PointFault),
    /// Two points can't be told apart.
    #[error("there are two points `{0}`")]
    Twice(String),
    /// Too many points.
    #[error("a site has at most {} points", limits::POINTS)]
    Many,
    /// A list of points is wrong.
    #[error(transparent)]
    List(#[from] ListError),
    /// A device that nobody can be.
    #[error("device `{0}`: units are 1 to 247")]
    Device(String),
    /// The range of `registers`.
    #[error("a request reads 1 to 125 registers")]
    Registers,
    /// A site of text is only listened to.
    #[error(
        "`lines` are for a site with framing `text`, whose points are their fields: it has no lists of others"
    )]
    Text,
    /// A site of text says nothing that is understood.
    #[error(
        "a site with framing `text` needs `lines`: patterns such as lines = [\"T={{temperature}}\"]"
    )]
    NoLines,
    /// Nobody would hear the password.
    #[error(
        "`call-password` is for a site with framing `station` that is called: it needs `call`, and `call-login = \"skip\"`"
    )]
    NotCalled,
    /// The password can't be had.
    #[error("{}", chain(.0))]
    Password(SecretError),
    /// Nobody is behind a facade.
    #[error("a facade needs either `site` or `units`")]
    NoSite,
    /// A unit that can't be.
    #[error("`{0}` is no unit: expected 0 to 255")]
    Unit(String),
    /// No such site.
    #[error("there is no site `{0}`")]
    NoSuchSite(String),
    /// How many clients.
    #[error("a facade takes 1 to {} clients", gateway::limits::MOST_CLIENTS)]
    Clients,
    /// Where to tell alarms.
    #[error("a hook is `http://host:port/path`; for others, run a program that passes it on")]
    Hook,
    /// Too many are told.
    #[error("at most {} hooks are called; let one of them pass it on", limits::HOOKS)]
    Hooks,
    /// Whom to tell.
    #[error(
        "mail needs a `server` as host:port, and addresses without blanks or brackets in `from` and `to`"
    )]
    Mail,
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

/// What a site's table comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    pub(crate) config: SiteConfig,
    pub(crate) points: Vec<Point>,
}

impl SiteConfig {
    /// Checks a table and reads its lists of points, whose paths start at `folder`.
    ///
    /// # Errors
    /// What is wrong with it, and at which key.
    pub fn check(&self, folder: &Path) -> Result<Shelf, (&'static str, ConfigFault)> {
        if !is_name(&self.name) {
            return Err(("name", ConfigFault::Name));
        }
        if let Some((name, _)) = self.devices.iter().find(|(_, unit)| **unit == 0) {
            return Err(("devices", ConfigFault::Device(name.clone())));
        }
        if !(1..=modbus::limits::READ_REGISTERS).contains(&self.registers) {
            return Err(("registers", ConfigFault::Registers));
        }
        match (self.framing, self.points.0.is_empty(), self.lines.0.is_empty()) {
            (Framing::Text, false, _) => return Err(("points", ConfigFault::Text)),
            (Framing::Text, _, true) => return Err(("framing", ConfigFault::NoLines)),
            (Framing::Text, ..) => return self.check_fields(),
            (_, _, true) => {}
            _ => return Err(("lines", ConfigFault::Text)),
        }
        let mut points = Vec::new();
        let mut names = std::collections::HashSet::new();
        let unit = |device: &str| self.devices.get(device).copied();
        let wide = self.wide();
        let widths = |unit, range| wide.dialect(unit, range);
        for config in &self.point {
            let wrong = |fault| ("point", ConfigFault::Point(config.name.clone(), fault));
            points.push(Point::new(config, unit, &widths).map_err(wrong)?);
            if !names.insert(config.name.clone()) {
                return Err(("point", ConfigFault::Twice(config.name.clone())));
            }
        }
        for path in &self.points.0 {
            let path = folder.join(path);
            let wrong = |error: ListError| ("points", error.into());
            for row in list::read(&path).map_err(wrong)? {
                let point = Point::new(&row.point, unit, &widths)
                    .map_err(|fault| wrong(row.fault(&path, fault.column(), &fault.to_string())))?;
                if !names.insert(point.name.clone()) {
                    let words = format!("the site has a point `{}` already", point.name);
                    return Err(wrong(row.fault(&path, "name", &words)));
                }
                points.push(point);
            }
        }
        if points.len() > limits::POINTS {
            let key = if self.points.0.is_empty() { "point" } else { "points" };
            return Err((key, ConfigFault::Many));
        }
        let mut config = self.clone();
        if let Some(password) = &mut config.call_password {
            let skips = self.call_login == CallLogin::Skip;
            if self.framing != Framing::Station || self.call.is_none() || !skips {
                return Err(("call-password", ConfigFault::NotCalled));
            }
            let wrong = |error| ("call-password", ConfigFault::Password(error));
            password.resolve(folder).map_err(wrong)?;
            if let SecretRef::File(path) = password {
                let whole = folder.join(&*path);
                *path = std::path::absolute(&whole).unwrap_or(whole);
            }
        }
        Ok(Shelf { config, points })
    }

    /// Which registers of its units have 32 bits.
    pub(crate) fn wide(&self) -> Wide {
        self.enron.0.iter().map(|range| range.0).collect()
    }

    /// Checks the points of a site that pushes lines.
    fn check_fields(&self) -> Result<Shelf, (&'static str, ConfigFault)> {
        let mut names = std::collections::HashSet::new();
        for field in &self.point {
            let wrong = |fault| ("point", ConfigFault::Point(field.name.clone(), fault));
            field.check_field(&self.lines.0).map_err(wrong)?;
            if !names.insert(&field.name) {
                return Err(("point", ConfigFault::Twice(field.name.clone())));
            }
        }
        Ok(Shelf { config: self.clone(), points: Vec::new() })
    }

    /// Whose calls are its.
    pub fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(&self.name)
    }

    /// How its devices are spoken to.
    pub(crate) fn settings(&self) -> Settings {
        let framing = match self.framing {
            Framing::Ascii => FrameKind::Ascii,
            Framing::Tcp => FrameKind::Tcp,
            Framing::Rtu | Framing::Text | Framing::Station => Settings::rtu_over_a_call().framing,
        };
        Settings {
            framing,
            response: self.response.0,
            retries: self.retries,
            repeats: Repeats::Reads,
            busy_retries: 5,
            doubts: match self.late_answers {
                LateAnswers::Sentinel => Doubts::Sentinel,
                LateAnswers::Wait(span) => Doubts::Wait(span.0),
            },
            ..Settings::rtu_over_a_call()
        }
    }

    /// How the exchange calls it, if it can.
    pub(crate) fn calling(&self) -> Option<CallbackConfig> {
        Some(CallbackConfig {
            call: self.call.clone()?,
            delay: Span::secs(0),
            tries: NonZeroU32::MIN,
            login: match self.call_login {
                CallLogin::Skip => CallbackLogin::Skip,
                CallLogin::Again => CallbackLogin::Again,
            },
        })
    }
}

impl Shelf {
    /// The table.
    pub fn config(&self) -> &SiteConfig {
        &self.config
    }

    /// What is known of fields of lines that it pushes.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &PointConfig> {
        let lines = self.config.framing == Framing::Text;
        self.config.point.iter().filter(move |_| lines)
    }

    /// What a point's number is measured against.
    pub(crate) fn gauge(&self, name: &str) -> Option<Gauge<'_>> {
        let field = || self.fields().find(|field| field.name == name).map(Gauge::from);
        let point = self.points.iter().find(|point| point.name == name);
        point.map(Gauge::from).or_else(field)
    }

    /// How many points it has.
    pub fn points(&self) -> usize {
        self.points.len()
    }
}

impl FacadeConfig {
    /// Checks a table.
    ///
    /// # Errors
    /// What is wrong with it, and at which key.
    pub fn check(&self, is_site: impl Fn(&str) -> bool) -> Result<(), (&'static str, ConfigFault)> {
        if self.site.is_some() != self.units.is_empty() {
            return Err(("", ConfigFault::NoSite));
        }
        if !(1..=gateway::limits::MOST_CLIENTS).contains(&self.clients) {
            return Err(("clients", ConfigFault::Clients));
        }
        let known = |key, site: &str| match is_site(site) {
            true => Ok(()),
            false => Err((key, ConfigFault::NoSuchSite(site.to_owned()))),
        };
        self.site.iter().try_for_each(|site| known("site", site))?;
        for (unit, target) in &self.units {
            if unit.parse::<u8>().is_err() {
                return Err(("units", ConfigFault::Unit(unit.clone())));
            }
            let (site, own) = target
                .split_once(' ')
                .map_or((target.as_str(), None), |(site, own)| (site, Some(own)));
            known("units", site)?;
            if let Some(own) = own.filter(|own| own.parse::<u8>().is_err()) {
                return Err(("units", ConfigFault::Unit(own.to_owned())));
            }
        }
        Ok(())
    }
}

impl CollectorConfig {
    /// Checks the table.
    ///
    /// # Errors
    /// What is wrong with it, and at which key.
    pub fn check(&self) -> Result<(), (&'static str, ConfigFault)> {
        if self.hook.0.iter().any(|hook| crate::hook::place(hook).is_none()) {
            return Err(("hook", ConfigFault::Hook));
        }
        if self.hook.0.len() > limits::HOOKS {
            return Err(("hook", ConfigFault::Hooks));
        }
        let address = |text: &str| {
            !text.is_empty()
                && text.contains('@')
                && text.chars().all(|c| c.is_ascii_graphic() && !"<>,;".contains(c))
        };
        if let Some(mail) = &self.mail {
            let server = mail
                .server
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if !server
                || !address(&mail.from)
                || mail.to.0.is_empty()
                || !mail.to.0.iter().all(|to| address(to))
            {
                return Err(("mail", ConfigFault::Mail));
            }
        }
        Ok(())
    }
}
