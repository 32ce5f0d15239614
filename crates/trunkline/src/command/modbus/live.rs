//! Reading a device from the command line.

use gateway::{Bus, Place, SerialConfig};
use modbus::UnitId;
use modbus::address::{Address, Range, Table};
use modbus::frame::Framing;
use modbus::master::{Outcome, Question, Settings};
use modbus::pdu::{Dialect, Response};

use crate::cli::{Flag, Matches};
use crate::command::Failure;
use crate::runtime::{self, Threads};

pub(super) const FROM: Flag = Flag {
    name: "from",
    value: Some("PLACE"),
    help: "Read a device: tcp://HOST:PORT (Modbus TCP by default), or a serial port such as /dev/ttyUSB0 (RTU by default)",
};
pub(super) const READ: Flag = Flag {
    name: "read",
    value: Some("RANGE"),
    help: "Which registers: h:100..110 (100 to 109, from 0 on), i:7, 40101..40111 (from 1 on), h:100+10",
};
pub(super) const UNIT: Flag =
    Flag { name: "unit", value: Some("N"), help: "Which unit, 1 to 255 (default 1)" };
pub(super) const FRAMING: Flag =
    Flag { name: "framing", value: Some("NAME"), help: "rtu, ascii or tcp" };
pub(super) const SPEED: Flag = Flag {
    name: "speed",
    value: Some("BITS"),
    help: "Bits per second of the serial port (default 19200)",
};
pub(super) const FORMAT: Flag = Flag {
    name: "format",
    value: Some("FORMAT"),
    help: "Data bits, parity and stop bits of the serial port (default 8E1)",
};
pub(super) const ENRON: Flag = Flag {
    name: "enron",
    value: None,
    help: "Its registers have 32 bits, as Enron's and Daniel's flow computers have them",
};

/// The registers asked for, and the address of the first, if a device is to be read at all.
pub(super) fn read(matches: &Matches) -> Result<Option<(Address, Vec<u16>)>, Failure> {
    let Some(from) = matches.value(&FROM) else {
        return match [&READ, &UNIT, &FRAMING, &SPEED, &FORMAT, &ENRON]
            .iter()
            .find(|flag| matches.has(flag))
        {
            Some(flag) => Err(matches.wrong(format!("--{} needs --from", flag.name)).into()),
            None => Ok(None),
        };
    };
    let range: Range = matches.parse(&READ)?.ok_or_else(|| matches.wrong("--from needs --read"))?;
    let unit: u8 = matches.parse(&UNIT)?.unwrap_or(1);
    if !matches!(range.first.table, Table::HoldingRegisters | Table::InputRegisters) {
        return Err(matches
            .wrong("bits mean what they mean: only registers (h: and i:) are guessed at")
            .into());
    }
    let dialect = if matches.has(&ENRON) { Dialect::Enron } else { Dialect::Standard };
    let request =
        range.read_as(dialect).map_err(|error| matches.wrong(format!("--read: {error}")))?;
    let (place, settings) = place(matches, from)?;
    if unit == 0 && settings.framing.is_serial() {
        return Err(matches.wrong("--unit 0 is everybody, and nobody answers that").into());
    }
    let asking = async {
        let bus =
            Bus::open(place, settings).await.map_err(|error| crate::failure::chain(&error))?;
        let question = Question::Known(request.clone(), dialect);
        bus.ask(UnitId(unit), question).await.map_err(|error| error.to_string())
    };
    let asked = runtime::run(Threads::One, asking)
        .map_err(|error| Failure::Other(format!("can't start: {error}")))?;
    let failed = |words: String| Failure::Other(format!("unit {unit} at {from}: {words}"));
    let Outcome::Answer(pdu) = asked.map_err(failed)? else {
        return Err(failed("it doesn't answer".to_owned()));
    };
    match request.accept(&pdu, dialect).map_err(|error| failed(error.to_string()))? {
        Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
            Ok(Some((range.first, words.into_vec())))
        }
        _ => Err(failed("it answers something else".to_owned())),
    }
}

/// Where a device is, and how it is spoken to.
fn place(matches: &Matches, from: &str) -> Result<(Place, Settings), Failure> {
    let framing = matches.value(&FRAMING);
    let unknown =
        |other: &str| matches.wrong(format!("--framing {other}: there are rtu, ascii and tcp"));
    if let Some(address) = from.strip_prefix("tcp://") {
        let settings = match framing {
            None | Some("tcp") => Settings::tcp(),
            Some("rtu") => Settings::rtu_over_a_call(),
            Some("ascii") => Settings { framing: Framing::Ascii, ..Settings::rtu_over_a_call() },
            Some(other) => return Err(unknown(other).into()),
        };
        let port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if port { address.to_owned() } else { format!("{address}:502") };
        return Ok((Place::Tcp(address), settings));
    }
    let mut serial = SerialConfig::new(from.into());
    if let Some(speed) = matches.parse(&SPEED)? {
        serial.speed = speed;
    }
    if let Some(format) = matches.parse(&FORMAT)? {
        serial.format = settings::Parsed(format);
    }
    let settings = match framing {
        None | Some("rtu") => Settings::rtu(serial.timing()),
        Some("ascii") => Settings::ascii(serial.timing()),
        Some(other) => return Err(unknown(other).into()),
    };
    Ok((serial.place(), settings))
}
