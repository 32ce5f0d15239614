//! The commands that Wavecom's modules had before WIPsoft, `AT#…`: one connection at a time.
//!
//! The machine is the same; what it says is worded as clients of these modules expect. Its one connection is
//! the first socket.

use std::collections::BTreeMap;

use at::body::ExtendedAct;
use clock::Instant;

use crate::command::{Args, Read, ok};
use crate::create::host;
use crate::limits::{APN, HOST, LOGIN};
use crate::machine::Awaited;
use crate::socket::{Phase, Socket, Unread};
use crate::stuffing::ETX;
use crate::{Action, Answer, Channel, Code, Dialect, Out, Wip};

/// What is said when the bearer is started.
const STARTED: &str = "Ok_Info_GprsActivation";
/// What is said in place of `CONNECT`.
const CONNECTED: &str = "Ok_Info_WaitingForData";
/// What is said when the connection has ended.
const CLOSED: &str = "Ok_Info_SocketClosed";
/// What is said when the bearer can't be started.
const NOT_STARTED: &str = "#CME ERROR: 49155";

/// The same where there is no network for it.
const NOT_ATTACHED: &str = "#CME ERROR: 35865";

/// The one connection.
const CHANNEL: Channel = Channel::tcp(1);

/// What the commands have set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edsoft {
    /// As they were given, by name.
    held: BTreeMap<&'static str, String>,
    server: String,
    port: u16,
    stuffing: Stuffing,
}

/// Whether ETX means something in data state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stuffing {
    No,
    /// A client that never says so closes by an ETX.
    #[default]
    Yes,
}

/// What is held and told, and how long it may be.
const TEXTS: [(&str, usize); 4] =
    [("APNSERV", APN), ("APNUN", LOGIN), ("DNSSERV1", HOST), ("DNSSERV2", HOST)];

/// The others.
const OTHERS: [&str; 7] =
    ["CONNECTIONSTART", "CONNECTIONSTOP", "OTCP", "APNPW", "TCPSERV", "TCPPORT", "DLEMODE"];

/// What is held and told, and the greatest value.
const NUMBERS: [(&str, u32); 3] = [("PPPMODE", 2), ("GPRSMODE", 2), ("GPRSCID", 4)];

impl Edsoft {
    /// `GPRSCID`
    pub(crate) fn context(&self) -> Option<u8> {
        self.held.get("GPRSCID")?.parse().ok().filter(|context| *context > 0)
    }

    /// Whether ETX means something in data state.
    pub(crate) fn is_stuffed(&self) -> bool {
        self.stuffing == Stuffing::Yes
    }
}

impl Wip {
    /// Whether there is a command of this name, given in capital letters without its `#`.
    pub fn has_vendor_command(name: &str) -> bool {
        let held = TEXTS.iter().map(|(name, _)| name).chain(NUMBERS.iter().map(|(name, _)| name));
        held.chain(&OTHERS).any(|known| *known == name)
    }

    /// Carries out the command of this name, given in capital letters without its `#`; `None` if there is
    /// none.
    pub fn vendor_command(
        &mut self,
        now: Instant,
        name: &str,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Option<Answer> {
        let answer = match (name, act) {
            ("CONNECTIONSTART" | "CONNECTIONSTOP" | "OTCP" | "APNPW", ExtendedAct::Test) => {
                Ok(ok())
            }
            ("CONNECTIONSTART", ExtendedAct::Execute) => self.connection_start(now, out),
            ("CONNECTIONSTOP", ExtendedAct::Execute) => self.stop_stack(out).map(|_| ok()),
            ("OTCP", ExtendedAct::Execute) => self.open_connection(out),
            ("APNPW", ExtendedAct::Set(values)) => {
                Args::of(values, 1, 1).and_then(|args| text(&args, 0, LOGIN)).map(|_| ok())
            }
            ("TCPSERV" | "TCPPORT" | "DLEMODE", _) => self.peer(name, act),
            _ => self.held(name, act)?,
        };
        Some(answer.unwrap_or_else(|refused| refused))
    }

    fn held(&mut self, name: &str, act: &ExtendedAct<'_>) -> Option<Read<Answer>> {
        let text_of = TEXTS.iter().find(|(known, _)| *known == name);
        let number_of = NUMBERS.iter().find(|(known, _)| *known == name);
        let known = text_of.map(|(name, _)| *name).or(number_of.map(|(name, _)| *name))?;
        Some(match act {
            ExtendedAct::Set(values) => Args::of(values, 1, 1).and_then(|args| {
                let value = match (text_of, number_of) {
                    (Some((_, most)), _) => format!("\"{}\"", text(&args, 0, *most)?),
                    (None, Some((_, last))) => args.bounded(0, 0, *last, 0)?.to_string(),
                    (None, None) => return Err(Answer::Error),
                };
                self.edsoft.held.insert(known, value);
                Ok(ok())
            }),
            ExtendedAct::Read => {
                let value = self.edsoft.held.get(known).map_or("\"\"", String::as_str);
                Ok(Answer::Ok(vec![format!("#{known}: {value}")]))
            }
            ExtendedAct::Test => Ok(ok()),
            ExtendedAct::Execute => Err(Answer::Error),
        })
    }

    /// Whom to call, and how bytes pass. Server and port may have the number of a connection in front: there
    /// is one.
    fn peer(&mut self, name: &str, act: &ExtendedAct<'_>) -> Read<Answer> {
        let edsoft = &mut self.edsoft;
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Read => {
                let value = match name {
                    "TCPSERV" => format!("\"{}\"", edsoft.server),
                    "TCPPORT" => format!("\"{}\"", edsoft.port),
                    _ => u8::from(edsoft.stuffing == Stuffing::Yes).to_string(),
                };
                return Ok(Answer::Ok(vec![format!("#{name}: {value}")]));
            }
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 1, if name == "DLEMODE" { 1 } else { 2 })?;
        let place = args.len() - 1;
        if place == 1 && args.number(0)? != 1 {
            return Err(Answer::Error);
        }
        match name {
            "TCPSERV" => edsoft.server = host(&args, place)?,
            "TCPPORT" => {
                let port = args.text(place)?.trim().parse().ok().filter(|port| *port != 0);
                edsoft.port = port.ok_or(Answer::Error)?;
            }
            _ => {
                edsoft.stuffing = match args.number(0)? {
                    0 => Stuffing::No,
                    1 => Stuffing::Yes,
                    _ => return Err(Answer::Error),
                };
            }
        }
        Ok(ok())
    }

    fn connection_start(&mut self, now: Instant, out: &mut impl Out) -> Read<Answer> {
        if self.bearers.is_started() {
            return Ok(Answer::Words(vec![STARTED.into()]));
        }
        if self.radio_serves().is_err() {
            return Ok(Answer::Words(vec![NOT_ATTACHED.into()]));
        }
        let _ = self.start_stack(out);
        self.begin_gprs(now, out);
        Ok(Answer::Waits)
    }

    fn open_connection(&mut self, out: &mut impl Out) -> Read<Answer> {
        if let Some(socket) = self.sockets.get(&CHANNEL) {
            // The equipment has left it by an escape, and goes on.
            return match socket.is_usable() {
                true => {
                    self.map_first();
                    Ok(Answer::Data)
                }
                false => Err(Answer::Error),
            };
        }
        let (server, port) = (self.edsoft.server.clone(), self.edsoft.port);
        if !self.bearers.is_started() || server.is_empty() || port == 0 {
            return Err(Answer::Error);
        }
        let socket = Socket::new(Phase::Opening, Unread::stream(), self.options());
        self.sockets.insert(CHANNEL, socket);
        self.awaited = Awaited::Connection(CHANNEL);
        out.act(Action::Open { channel: CHANNEL, local: 0, peer: Some((&server, port)) });
        Ok(Answer::Waits)
    }

    /// What is said in place of `CONNECT`, where it is something else.
    pub fn greeting(&self) -> Option<&'static str> {
        self.is_edsoft().then_some(CONNECTED)
    }

    pub(crate) fn is_edsoft(&self) -> bool {
        self.rules.dialect == Dialect::Edsoft
    }

    /// The end of a command that waited, in the words of the dialect.
    pub(crate) fn ends(&mut self, answer: Answer, out: &mut impl Out) {
        if !self.is_edsoft() {
            return out.finish(answer);
        }
        let opened = self.sockets.get(&CHANNEL).is_some_and(Socket::is_usable);
        out.finish(match answer {
            Answer::Ok(_) if opened => {
                self.map_first();
                Answer::Data
            }
            Answer::Ok(_) => {
                let local = self.bearers.own_address().map(|address| address.to_string());
                Answer::Words(local.into_iter().chain([STARTED.into()]).collect())
            }
            Answer::Cme(Code::UNREACHABLE | Code::BAD_PORT | Code::NO_SOCKET) => Answer::Error,
            _ => Answer::Words(vec![NOT_STARTED.into()]),
        });
    }

    /// The connection has ended: by the equipment's ETX, or at its far end.
    pub(crate) fn connection_ended(&mut self, by: EndedBy, out: &mut impl Out) {
        self.sockets.remove(&CHANNEL);
        out.act(Action::Close(CHANNEL));
        if self.mapped.take().is_some() {
            if by == EndedBy::Peer && self.edsoft.stuffing == Stuffing::Yes {
                out.data(&[ETX]);
            }
            out.ended(CLOSED);
        }
    }
}

/// Who has ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    Equipment,
    Peer,
}

fn text(args: &Args<'_>, place: usize, most: usize) -> Read<String> {
    let text = args.text(place)?;
    if text.len() > most { Err(Answer::Error) } else { Ok(text.into_owned()) }
}
