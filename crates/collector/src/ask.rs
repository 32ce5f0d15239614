//! What is asked of a site on demand: `read h:100..110 as f32`, `write pump.setpoint = 12.5`.

use std::fmt;
use std::str::FromStr;

use gateway::AskError;
use modbus::UnitId;
use modbus::address::{Address, Range, Table};
use modbus::master::{Failure, Outcome, Question};
use modbus::pdu::{AnswerError, Dialect, Exception, Request, Response};
use modbus::value::{Order, Point as Meaning, ValueType, decode};

use telemetry::Mark;

use crate::collector::{Answer, Doubt, OrderError, Told};
use crate::config::{Framing, Writes};
use crate::limits;
use crate::point::is_bits;
use crate::quantity::{registers, written};
use crate::renewal::{self, Change};
use crate::site::Site;
use crate::told::is_told_name;

/// Something that a site is asked; as text it is what the parser reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What of it.
    pub target: Target,
    /// Which unit; a point has its own. Default 1.
    pub unit: Option<u8>,
    /// What stands there. Default: `u16`, or what the point is.
    pub kind: Option<ValueType>,
    /// In which order its bytes stand.
    pub order: Option<Order>,
    /// How wide its registers are. Default: as the site's table says.
    pub dialect: Option<Dialect>,
    /// What is written to it; nothing to read it.
    pub write: Option<String>,
}

/// What of a site is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// These addresses.
    Range(Range),
    /// This point.
    Point(String),
    /// The configuration of the station there.
    Configuration,
}

/// The text asks nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAsk(String);

impl FromStr for Target {
    type Err = BadAsk;

    fn from_str(text: &str) -> Result<Self, BadAsk> {
        match text.parse() {
            Ok(range) => Ok(Self::Range(range)),
            Err(_) if is_told_name(text) && !text.is_empty() && !text.contains("..") => {
                Ok(Self::Point(text.to_owned()))
            }
            Err(error) => Err(BadAsk(format!("{error}; or the name of a point"))),
        }
    }
}

impl FromStr for Ask {
    type Err = BadAsk;

    fn from_str(text: &str) -> Result<Self, BadAsk> {
        let (head, write) = match text.split_once(" = ") {
            Some((head, value)) => (head, Some(value.to_owned())),
            None => (text, None),
        };
        let mut words = head.split_ascii_whitespace();
        let verb = words.next().unwrap_or_default();
        if verb == "configure" {
            let target = Target::Configuration;
            let text = write.ok_or_else(|| BadAsk("a configuration is missing".into()))?;
            Change::of(&text).map_err(BadAsk)?;
            return match words.next() {
                None => Ok(Self { write: Some(text), ..Self::of(target) }),
                Some(word) => Err(BadAsk(format!("`{word}` has no meaning here"))),
            };
        }
        let target = words.next().ok_or_else(|| BadAsk("what is to be read?".into()))?.parse()?;
        let mut ask = Self { write, ..Self::of(target) };
        while let Some(word) = words.next() {
            if word == "enron" {
                ask.dialect = Some(Dialect::Enron);
                continue;
            }
            let value = words.next().ok_or_else(|| BadAsk(format!("`{word}` needs a value")))?;
            let bad = |error: String| BadAsk(format!("`{word}`: {error}"));
            match word {
                "unit" => {
                    ask.unit =
                        Some(value.parse().map_err(|_| bad(format!("`{value}` is no unit")))?)
                }
                "as" => {
                    ask.kind = Some(
                        value
                            .parse()
                            .map_err(|error: modbus::value::UnknownType| bad(error.to_string()))?,
                    )
                }
                "order" => ask.order = Some(value.parse().map_err(bad)?),
                _ => {
                    let words = format!("`{word}` is none of `unit`, `as`, `order` and `enron`");
                    return Err(BadAsk(words));
                }
            }
        }
        match (verb, &ask.write) {
            ("read", None) | ("write", Some(_)) => Ok(ask),
            ("write", None) => Err(BadAsk("a value is missing: write TARGET = VALUE".into())),
            _ => Err(BadAsk(format!("`{verb}` is neither `read` nor `write`"))),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.target, &self.write) {
            (Target::Configuration, _) => "configure",
            (_, Some(_)) => "write ",
            (_, None) => "read ",
        })?;
        match &self.target {
            Target::Configuration => {}
            Target::Point(name) => f.write_str(name)?,
            Target::Range(Range { first, count }) => {
                write!(f, "{}:{}+{count}", first.table.letter(), first.number)?;
            }
        }
        if let Some(kind) = self.kind {
            write!(f, " as {kind}")?;
        }
        if let Some(order) = self.order {
            write!(f, " order {order}")?;
        }
        if self.dialect == Some(Dialect::Enron) {
            f.write_str(" enron")?;
        }
        if let Some(unit) = self.unit {
            write!(f, " unit {unit}")?;
        }
        if let Some(value) = &self.write {
            write!(f, " = {value}")?;
        }
        Ok(())
    }
}

/// What an ask means at a site.
struct Meant {
    unit: UnitId,
    range: Range,
    kind: ValueType,
    order: Order,
    /// How wide its registers are.
    dialect: Dialect,
    /// How its number becomes a quantity, and its name, where it is a point.
    point: Option<(String, Meaning, String)>,
}

impl Ask {
    /// A read of this.
    const fn of(target: Target) -> Self {
        Self { target, unit: None, kind: None, order: None, dialect: None, write: None }
    }

    /// Carries it out over the site's call, unless it writes: that is done [step by step](Writing).
    pub(crate) async fn perform(&self, site: &Site, priority: i64) -> Result<Answer, OrderError> {
        if let Some(change) = self.change()? {
            return renewal::renew(site, change).await;
        }
        Ok(Answer::Told(self.meant(site)?.read(site, priority).await?))
    }

    /// The write that it is, if it is one.
    pub(crate) fn writing(&self, site: &Site) -> Result<Option<Writing>, OrderError> {
        let (Some(value), None) = (&self.write, self.change()?) else { return Ok(None) };
        let meant = self.meant(site)?;
        Ok(Some(Writing { request: meant.request(site, value)?, meant }))
    }

    /// Whether it can be asked at all.
    pub(crate) fn check(&self, site: &Site) -> Result<(), OrderError> {
        if self.change()?.is_some() {
            return renewal::check(site);
        }
        if self.writing(site)?.is_none() {
            self.meant(site)?;
        }
        Ok(())
    }

    /// What is to become of a station's configuration, if that is what is wanted.
    fn change(&self) -> Result<Option<Change>, OrderError> {
        match (&self.target, &self.write) {
            (Target::Configuration, Some(text)) => {
                Change::of(text).map(Some).map_err(OrderError::Bad)
            }
            _ => Ok(None),
        }
    }

    /// The same for people and records: a whole configuration is too long for them.
    pub fn summary(&self) -> String {
        match (&self.target, &self.write) {
            (Target::Configuration, Some(text)) if Change::is_whole(text) => {
                format!("configure ({} bytes)", text.len())
            }
            _ => self.to_string().replace('\n', " "),
        }
    }

    fn meant(&self, site: &Site) -> Result<Meant, OrderError> {
        let bad = |words: &str| Err(OrderError::Bad(words.to_owned()));
        let shelf = site.shelf();
        let range = match &self.target {
            Target::Range(range) => *range,
            Target::Configuration => return bad("a configuration stands in no registers"),
            Target::Point(name) => {
                let point = site.point(name);
                let point = point
                    .ok_or_else(|| OrderError::Bad(no_point(name, site, shelf.config.framing)))?;
                let told = self.unit.is_some() || self.kind.is_some() || self.order.is_some();
                if told || self.dialect.is_some() {
                    return bad("a point knows its unit, type, order and width");
                }
                return Ok(Meant {
                    unit: point.unit,
                    range: Range { first: point.address, count: point.width() },
                    kind: point.kind,
                    order: point.order,
                    dialect: point.dialect,
                    point: Some((name.clone(), point.meaning, point.measure)),
                });
            }
        };
        let unit = UnitId(self.unit.unwrap_or(1));
        if unit.is_broadcast() {
            return bad("unit 0 is everybody, and nobody answers that");
        }
        let kind = match (is_bits(range.first.table), self.kind) {
            (true, None) => ValueType::Bit(0),
            (true, Some(_)) => return bad("coils and discrete inputs are bits"),
            (false, kind) => kind.unwrap_or(ValueType::U16),
        };
        let dialect = match self.dialect {
            Some(_) if is_bits(range.first.table) => return bad("bits have no width"),
            Some(dialect) => dialect,
            None => {
                let known = shelf.config.wide().dialect(unit, range);
                known.map_err(|error| OrderError::Bad(error.to_string()))?
            }
        };
        let words = u16::try_from(kind.registers()).unwrap_or(u16::MAX);
        if words % dialect.words() != 0 {
            let words = format!(
                "these registers have 32 bits, which {kind} doesn't fill: such as --as f32, or --as u32"
            );
            return Err(OrderError::Bad(words));
        }
        let width = words / dialect.words();
        // `write h:100 --as f32` means as many as the type takes.
        let count = if range.count == 1 { width } else { range.count };
        if !is_bits(range.first.table) && count % width != 0 {
            let words =
                format!("{kind} takes {width} registers there, and {count} are no multiple");
            return Err(OrderError::Bad(words));
        }
        if u32::from(range.first.number) + u32::from(count) > 0x1_0000 {
            return bad("that is beyond the last address, 65535");
        }
        if count > limits::ORDER {
            let most = limits::ORDER;
            let words = format!(
                "these are {count} addresses, and at most {most} are read at once: ask for them in pieces"
            );
            return Err(OrderError::Bad(words));
        }
        let range = Range { count, ..range };
        if self.dialect.is_none() {
            // The value's last register is as wide as its first one.
            let whole = shelf.config.wide().dialect(unit, range);
            whole.map_err(|error| OrderError::Bad(error.to_string()))?;
        }
        let order = self.order.unwrap_or_default();
        Ok(Meant { unit, range, kind, order, dialect, point: None })
    }
}

impl Meant {
    /// The values there, asked in as many requests as that takes.
    async fn read(&self, site: &Site, priority: i64) -> Result<Vec<Told>, OrderError> {
        let bits = is_bits(self.range.first.table);
        let words = u16::try_from(self.kind.registers()).unwrap_or(1);
        let width = words / self.dialect.words();
        let most = if bits {
            modbus::limits::READ_BITS
        } else {
            // No value is torn apart.
            let most = site.shelf().config.registers / self.dialect.words();
            (most.max(width) / width) * width
        };
        let (mut told, mut most) = (Vec::new(), most);
        let mut done = 0;
        while done < self.range.count {
            let number = self.range.first.number + done;
            let first = Address { number, ..self.range.first };
            let count = (self.range.count - done).min(most);
            let request = Range { first, count }
                .read_as(self.dialect)
                .map_err(|error| OrderError::Bad(error.to_string()))?;
            let answer = match ask(site, self.unit, (request, self.dialect), priority).await {
                // Too much at once for this device, or something within isn't there: that shows in halves.
                Err(OrderError::Refused(
                    Exception::IllegalDataAddress | Exception::IllegalDataValue,
                )) if count > width => {
                    most = (count / width).div_ceil(2) * width;
                    continue;
                }
                Err(OrderError::Refused(exception)) if self.range.count > width => {
                    return Err(OrderError::RefusedAt(first, exception));
                }
                answer => answer?,
            };
            match answer {
                Response::ReadCoils(found) | Response::ReadDiscreteInputs(found) => {
                    let values = (number..=u16::MAX).zip(found.iter().take(count.into()));
                    told.extend(
                        values.map(|(number, on)| self.told(number, u8::from(on).to_string())),
                    );
                }
                Response::ReadHoldingRegisters(found) | Response::ReadInputRegisters(found) => {
                    let places = (number..=u16::MAX).step_by(width.into());
                    let values = places.zip(found.chunks(words.into()));
                    told.extend(values.map(|(number, words)| self.told(number, self.value(words))));
                }
                _ => return Err(OrderError::Silent),
            }
            done += count;
        }
        Ok(told)
    }

    fn value(&self, words: &[u16]) -> String {
        let value = match &self.point {
            Some((_, meaning, _)) => meaning.read(words).map(|reading| reading.value),
            None => decode(words, self.kind, self.order),
        };
        value.map_or_else(|error| format!("({error})"), |value| value.to_string())
    }

    fn told(&self, number: u16, value: String) -> Told {
        let (what, measure) = match &self.point {
            Some((name, _, measure)) => (name.clone(), measure.clone()),
            None => (Address { number, ..self.range.first }.to_string(), String::new()),
        };
        Told { what, value, measure }
    }

    /// What writes a value there.
    fn request(&self, site: &Site, text: &str) -> Result<Request, OrderError> {
        if site.shelf().config.writes == Writes::Refuse {
            return Err(OrderError::Forbidden);
        }
        let address = self.range.first.number;
        let bad = OrderError::Bad;
        let value = written(text, self.kind).map_err(bad)?;
        let wrong = |error: modbus::pdu::PduError| OrderError::Bad(error.to_string());
        match self.range.first.table {
            Table::DiscreteInputs | Table::InputRegisters => {
                Err(OrderError::Bad("nobody can write there: these are inputs".to_owned()))
            }
            Table::Coils if self.range.count != 1 => {
                Err(OrderError::Bad("one coil at a time".to_owned()))
            }
            Table::Coils => {
                Ok(Request::WriteCoil { address, on: value == modbus::value::Value::Bit(true) })
            }
            Table::HoldingRegisters if matches!(self.kind, ValueType::Bit(_)) => Err(
                OrderError::Bad("a bit can't be written without the register's others".to_owned()),
            ),
            Table::HoldingRegisters => {
                let words = match &self.point {
                    Some((_, meaning, _)) => {
                        meaning.write(&value).map_err(|error| bad(error.to_string()))?
                    }
                    None => registers(&value, self.kind, self.order).map_err(bad)?,
                };
                if words.len() != usize::from(self.range.count * self.dialect.words()) {
                    return Err(OrderError::Bad("one value at a time".to_owned()));
                }
                match words[..] {
                    [value] => Ok(Request::WriteRegister { address, value }),
                    _ => Request::write(address, words, self.dialect).map_err(wrong),
                }
            }
        }
    }
}

/// A write, step by step: what must be noted is noted between them.
pub(crate) struct Writing {
    meant: Meant,
    request: Request,
}

impl Writing {
    /// What stands there. Where that can't be read it isn't known, which is no reason not to write.
    pub(crate) async fn old(&self, site: &Site, priority: i64) -> String {
        let told = self.meant.read(site, priority).await.ok();
        let first = told.and_then(|told| told.into_iter().next());
        first.map_or_else(|| UNKNOWN.to_owned(), |told| told.value)
    }

    /// Has it written.
    ///
    /// # Errors
    /// It wasn't; or, as [`OrderError::Unknown`], nobody knows.
    pub(crate) async fn send(
        &self,
        site: &Site,
        priority: i64,
        mark: Option<Mark>,
    ) -> Result<(), OrderError> {
        let unknown = |doubt| Err(OrderError::Unknown(doubt));
        let dialect = self.meant.dialect;
        let question = Question::Known(self.request.clone(), dialect);
        match site.ask_marked(self.meant.unit, question, priority, mark).await {
            Ok(Outcome::Answer(pdu)) => match self.request.accept(&pdu, dialect) {
                Ok(_) => Ok(()),
                // Whoever stands between has sent it on, and heard nothing.
                Err(AnswerError::Exception(Exception::GatewayTargetFailed)) => {
                    unknown(Doubt::Silent)
                }
                Err(AnswerError::Exception(Exception::GatewayPathUnavailable)) => {
                    Err(OrderError::NoUnit(self.meant.unit))
                }
                Err(AnswerError::Exception(Exception::IllegalFunction))
                    if site.shelf().config.framing == Framing::Station =>
                {
                    Err(OrderError::NotAllowed)
                }
                Err(AnswerError::Exception(exception)) => Err(OrderError::Refused(exception)),
                Err(_) => unknown(Doubt::Silent),
            },
            Ok(_) | Err(AskError::Failed(Failure::Silent)) => unknown(Doubt::Silent),
            Err(AskError::Failed(Failure::Closed)) => unknown(Doubt::CallEnded),
            Err(error) => Err(unasked(error)),
        }
    }

    /// What stands there now.
    pub(crate) async fn written(&self, site: &Site, priority: i64, old: String) -> Answer {
        let new = self.old(site, priority).await;
        Answer::Written { what: self.what(), old, new }
    }

    /// Where it writes, or which point.
    pub(crate) fn what(&self) -> String {
        self.meant.told(self.meant.range.first.number, String::new()).what
    }
}

/// A value that nobody knows.
pub(crate) const UNKNOWN: &str = "unknown";

async fn ask(
    site: &Site,
    unit: UnitId,
    (request, dialect): (Request, Dialect),
    priority: i64,
) -> Result<Response, OrderError> {
    let question = Question::Known(request.clone(), dialect);
    match site.ask(unit, question, priority).await {
        Ok(Outcome::Answer(pdu)) => request.accept(&pdu, dialect).map_err(|error| match error {
            AnswerError::Exception(Exception::GatewayPathUnavailable) => OrderError::NoUnit(unit),
            AnswerError::Exception(Exception::GatewayTargetFailed) => OrderError::Silent,
            AnswerError::Exception(exception) => OrderError::Refused(exception),
            _ => OrderError::Silent,
        }),
        Ok(_) => Err(OrderError::Silent),
        Err(error) => Err(unasked(error)),
    }
}

fn unasked(error: AskError) -> OrderError {
    match error {
        AskError::Failed(Failure::Silent | Failure::Broadcast) => OrderError::Silent,
        AskError::Failed(Failure::Closed) => OrderError::Away("the call has ended".to_owned()),
        AskError::Full(_) => OrderError::Busy,
        AskError::NoWay(why) => OrderError::Away(why),
        AskError::Forbidden => OrderError::Forbidden,
    }
}

/// What to do instead, where a name means nothing.
fn no_point(name: &str, site: &Site, framing: Framing) -> String {
    if framing == Framing::Station && site.told().points.is_empty() {
        return format!(
            "the station hasn't told of its points yet, which it does when it is on the line; by address, such as h:100, they can be asked for all the same (`{name}`)"
        );
    }
    if framing == Framing::Text {
        return format!(
            "the site only sends lines of text, so it can't be asked for `{name}`; what it has sent stands on the page"
        );
    }
    let points = site.points();
    let mut words = format!("the site has no point `{name}`");
    for (n, point) in points.iter().take(limits::NAMED).enumerate() {
        words += if n == 0 { "; its points are " } else { ", " };
        words += &point.name;
    }
    if points.len() > limits::NAMED {
        words += " …";
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_back() {
        for text in [
            "read h:100+10 as f32 order CDAB unit 3",
            "read level",
            "write h:7+1 = -5",
            "write pump.name = a = b",
            "read c:0+16",
            "read h:7001+4 as f32 enron unit 3",
            "write h:7001+1 as f32 enron = 12.5",
        ] {
            let ask: Ask = text.parse().expect(text);
            assert_eq!(ask.to_string(), text);
        }
        assert_eq!("read h:100..110".parse::<Ask>().expect("one").to_string(), "read h:100+10");
    }

    #[test]
    fn nonsense_is_told_what_is_wrong() {
        for text in [
            "",
            "read",
            "dance h:1",
            "write h:1",
            "read h:1 = 5",
            "read h:1 as x",
            "read h:1 unit",
            "read h:99999",
        ] {
            assert!(text.parse::<Ask>().is_err(), "{text}");
        }
    }
}
