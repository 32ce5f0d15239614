//! FTP: RFC 959, and RFC 2428 where a server knows nothing else.
//!
//! ```text
//! Opening ─► Greeting ─► User ─► Password ─► Account ─► Idle ─► (Type) ─┬► Passive ─► Connecting ─┬► Asked ─► Moving
//!                                                        ▲ └► Deleting  └► Listening ─► Port ─────┘   │      ▲  │
//!                                                        │                                            └► Called │
//!                                                        └────────────────────── Aborting ◄─────────────────────┘
//! ```

mod address;

use std::net::{Ipv4Addr, SocketAddrV4};

use clock::Instant;

use crate::limits::{ANSWER, STALL};
use crate::lines::{Replies, Reply};
use crate::session::Service;
use crate::{Event, Link, Login, News, Out, Server, Trouble};

/// How files are represented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `TYPE A`: what a server makes of its line ends is its affair.
    #[default]
    Ascii,
    /// `TYPE I`: as they are.
    Binary,
}

/// Who connects to whom for a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connecting {
    /// We do.
    #[default]
    Passive,
    /// The server does.
    Active,
}

/// A session with a server of FTP.
#[derive(Clone, Debug)]
pub struct Ftp {
    login: Login,
    peer: Option<Ipv4Addr>,
    replies: Replies,
    stage: Stage,
    /// How the server has been told to represent files.
    told: Kind,
    /// How it is to.
    kind: Kind,
    connecting: Connecting,
    /// What is to be done, or is being done.
    wanted: Option<Wanted>,
    /// Of a file that goes.
    given: Given,
    until: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Wanted {
    Fetch(String),
    Store(String),
    List(String),
    Delete(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Greeting,
    User,
    Password,
    Account,
    Idle,
    Type,
    Passive,
    Connecting,
    /// For the server, which isn't told yet where.
    Listening,
    /// It is being told so.
    Port(SocketAddrV4, Told),
    /// Whether the connection is there already.
    Asked(Connection),
    /// The server has answered, and perhaps said how it went; its connection is still to come.
    Called {
        said: Option<u16>,
    },
    /// A file comes or goes: whether its connection has ended, and what the server says of it.
    Moving {
        ended: Ended,
        said: Option<u16>,
    },
    Deleting,
    /// The owner wants no more of a file; the server hasn't said so yet.
    Aborting,
    Over,
}

/// By which command a server is told where to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// `PORT`, which all know that speak IPv4 alone.
    Port,
    /// `EPRT`, once `PORT` is refused.
    Extended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    There,
    Awaited,
}

/// How much of a file the owner has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    InPart,
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    No,
    Yes,
    Broken,
}

impl Ftp {
    pub(crate) fn new(now: Instant, server: Server, out: &mut dyn Out) -> Self {
        out.open(Link::Control, &server.host, server.port);
        Self {
            login: server.login,
            peer: None,
            replies: Replies::default(),
            stage: Stage::Opening,
            told: Kind::default(),
            kind: Kind::default(),
            connecting: Connecting::default(),
            wanted: None,
            given: Given::InPart,
            // Whoever connects has a patience of his own.
            until: Some(now + STALL),
        }
    }

    /// How files are represented from the next one on.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets what [`Ftp::kind`] tells.
    pub const fn set_kind(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// Who connects to whom for files.
    pub const fn connecting(&self) -> Connecting {
        self.connecting
    }

    /// Sets what [`Ftp::connecting`] tells, from the next file on.
    pub const fn set_connecting(&mut self, connecting: Connecting) {
        self.connecting = connecting;
    }

    /// Asks for a file.
    pub fn fetch(&mut self, now: Instant, name: &str, out: &mut dyn Out) {
        self.want(now, Wanted::Fetch(name.into()), out);
    }

    /// Sends a file.
    pub fn store(&mut self, now: Instant, name: &str, out: &mut dyn Out) {
        self.want(now, Wanted::Store(name.into()), out);
    }

    /// Asks for a list; of the current folder without a name.
    pub fn list(&mut self, now: Instant, name: &str, out: &mut dyn Out) {
        self.want(now, Wanted::List(name.into()), out);
    }

    /// Deletes a file.
    pub fn delete(&mut self, now: Instant, name: &str, out: &mut dyn Out) {
        self.want(now, Wanted::Delete(name.into()), out);
    }

    fn want(&mut self, now: Instant, wanted: Wanted, out: &mut dyn Out) {
        if self.wanted.is_some() || self.stage == Stage::Over {
            return out.news(News::Failed(Trouble::Closed));
        }
        self.wanted = Some(wanted);
        // Else it begins once the server has let us in, or has come to an end with the last one.
        if self.stage == Stage::Idle {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Instant, out: &mut dyn Out) {
        match &self.wanted {
            None => {}
            Some(Wanted::Delete(name)) => {
                let line = format!("DELE {name}\r\n");
                self.say(now, &line, Stage::Deleting, out);
            }
            Some(_) if self.told != self.kind => {
                let line = match self.kind {
                    Kind::Ascii => "TYPE A\r\n",
                    Kind::Binary => "TYPE I\r\n",
                };
                self.say(now, line, Stage::Type, out);
            }
            Some(_) => self.connect(now, out),
        }
    }

    fn connect(&mut self, now: Instant, out: &mut dyn Out) {
        match self.connecting {
            Connecting::Passive => self.say(now, "PASV\r\n", Stage::Passive, out),
            Connecting::Active => {
                (self.stage, self.until) = (Stage::Listening, Some(now + ANSWER));
                out.listen(Link::Data);
            }
        }
    }

    fn say(&mut self, now: Instant, line: &str, next: Stage, out: &mut dyn Out) {
        (self.stage, self.until) = (next, Some(now + ANSWER));
        out.send(Link::Control, line.as_bytes());
    }

    fn idle(&mut self) {
        (self.stage, self.until) = (Stage::Idle, None);
    }

    fn ready(&mut self, now: Instant, out: &mut dyn Out) {
        self.idle();
        out.news(News::Ready);
        self.begin(now, out);
    }

    fn fail(&mut self, trouble: Trouble, out: &mut dyn Out) {
        self.wanted = None;
        self.idle();
        out.news(News::Failed(trouble));
    }

    /// The dialogue has ended, or goes nowhere.
    fn over(&mut self, trouble: Trouble, out: &mut dyn Out) {
        if self.stage == Stage::Over {
            return;
        }
        let entered = !self.is_entering();
        if self.has_data_link() {
            out.close(Link::Data);
        }
        (self.stage, self.until) = (Stage::Over, None);
        out.close(Link::Control);
        if !entered {
            self.wanted = None;
            return out.news(News::Refused(trouble));
        }
        if self.wanted.take().is_some() {
            out.news(News::Failed(trouble));
        }
        out.news(News::Lost);
    }

    const fn has_data_link(&self) -> bool {
        matches!(
            self.stage,
            Stage::Connecting
                | Stage::Listening
                | Stage::Port(..)
                | Stage::Asked(_)
                | Stage::Called { .. }
                | Stage::Moving { .. }
        )
    }

    const fn is_entering(&self) -> bool {
        matches!(
            self.stage,
            Stage::Opening | Stage::Greeting | Stage::User | Stage::Password | Stage::Account
        )
    }

    fn reply(&mut self, now: Instant, reply: &Reply, out: &mut dyn Out) {
        // It closes now, whatever was asked.
        if reply.code == 421 {
            let entering = self.stage == Stage::Greeting;
            let trouble = if entering { Trouble::NotReady } else { Trouble::Closed };
            return self.over(trouble, out);
        }
        match (self.stage, reply.code) {
            // It will be ready soon.
            (Stage::Greeting, 100..200) => {}
            (Stage::Greeting, 200..300) => {
                let line = format!("USER {}\r\n", self.login.user);
                self.say(now, &line, Stage::User, out);
            }
            (Stage::Greeting, _) => self.over(Trouble::NotReady, out),
            (Stage::User | Stage::Password | Stage::Account, 200..300) => self.ready(now, out),
            (Stage::User, 331) => {
                let line = format!("PASS {}\r\n", self.login.password);
                self.say(now, &line, Stage::Password, out);
            }
            (Stage::User | Stage::Password, 332) if !self.login.account.is_empty() => {
                let line = format!("ACCT {}\r\n", self.login.account);
                self.say(now, &line, Stage::Account, out);
            }
            (Stage::User, _) => self.over(Trouble::User, out),
            (Stage::Password, _) => self.over(Trouble::Password, out),
            (Stage::Account, _) => self.over(Trouble::Authentication, out),
            (Stage::Type, 200..300) => {
                self.told = self.kind;
                self.connect(now, out);
            }
            (Stage::Passive, 227) => match (self.peer, address::passive_port(&reply.text)) {
                // The address that it names is not looked at: it is wrong behind a translator, and may be
                // somebody else's.
                (Some(peer), Some(port)) => {
                    (self.stage, self.until) = (Stage::Connecting, Some(now + STALL));
                    out.open(Link::Data, &peer.to_string(), port);
                }
                _ => self.fail(Trouble::Protocol, out),
            },
            (Stage::Type | Stage::Passive, _) => self.fail(Trouble::Closed, out),
            (Stage::Port(..), 200..300) => self.ask(now, Connection::Awaited, out),
            // It doesn't know the command, or not these arguments.
            (Stage::Port(at, Told::Port), 500..=504) => {
                let line = address::extended_port(at);
                self.say(now, &line, Stage::Port(at, Told::Extended), out);
            }
            (Stage::Port(..), _) => {
                out.close(Link::Data);
                self.fail(Trouble::Closed, out);
            }
            (Stage::Asked(Connection::There), 100..300) => {
                let said = Some(reply.code).filter(|code| *code >= 200);
                self.begun(now, said, out);
            }
            (Stage::Asked(Connection::Awaited), 100..300) => {
                let said = Some(reply.code).filter(|code| *code >= 200);
                (self.stage, self.until) = (Stage::Called { said }, Some(now + ANSWER));
            }
            (Stage::Called { .. }, 100..200) => {}
            (Stage::Called { .. }, 200..300) => {
                self.stage = Stage::Called { said: Some(reply.code) };
            }
            (Stage::Asked(_) | Stage::Called { .. }, _) => {
                out.close(Link::Data);
                let list = matches!(self.wanted, Some(Wanted::List(_)));
                self.fail(if list { Trouble::List } else { Trouble::Closed }, out);
            }
            (Stage::Moving { .. }, 100..200) => {}
            (Stage::Moving { .. }, code) => self.said(code, out),
            (Stage::Deleting, 200..300) => {
                self.wanted = None;
                self.idle();
                out.news(News::Done);
            }
            (Stage::Deleting, _) => self.fail(Trouble::Delete, out),
            (Stage::Aborting, 100..200) => {}
            (Stage::Aborting, _) => {
                self.idle();
                self.begin(now, out);
            }
            (
                Stage::Opening | Stage::Connecting | Stage::Listening | Stage::Idle | Stage::Over,
                _,
            ) => {}
        }
    }

    /// Both the server's answer and the connection are there.
    fn begun(&mut self, now: Instant, said: Option<u16>, out: &mut dyn Out) {
        self.stage = Stage::Moving { ended: Ended::No, said };
        self.given = Given::InPart;
        self.until = Some(now + STALL);
        out.news(News::Begun);
        self.settle(out);
    }

    fn said(&mut self, code: u16, out: &mut dyn Out) {
        if let Stage::Moving { said, .. } = &mut self.stage {
            *said = Some(code);
        }
        self.settle(out);
    }

    fn data_ended(&mut self, how: Ended, out: &mut dyn Out) {
        if let Stage::Moving { ended, .. } = &mut self.stage
            && *ended == Ended::No
        {
            *ended = how;
        }
        self.settle(out);
    }

    /// A file has come or gone once the server says so, and has ended its connection if it came.
    fn settle(&mut self, out: &mut dyn Out) {
        let Stage::Moving { ended, said: Some(code) } = self.stage else { return };
        let goes = matches!(self.wanted, Some(Wanted::Store(_)));
        let well = (200..300).contains(&code);
        if well && ended == Ended::No && !goes {
            return;
        }
        out.close(Link::Data);
        // It can't have a file of which the owner has more.
        let cut = if goes { self.given == Given::InPart } else { ended == Ended::Broken };
        if !well || cut {
            return self.fail(Trouble::Closed, out);
        }
        self.wanted = None;
        self.idle();
        out.news(News::Done);
    }

    fn ask(&mut self, now: Instant, connection: Connection, out: &mut dyn Out) {
        let line = match &self.wanted {
            Some(Wanted::Fetch(name)) => format!("RETR {name}\r\n"),
            Some(Wanted::Store(name)) => format!("STOR {name}\r\n"),
            Some(Wanted::List(name)) if name.is_empty() => "LIST\r\n".into(),
            Some(Wanted::List(name)) => format!("LIST {name}\r\n"),
            Some(Wanted::Delete(_)) | None => return,
        };
        self.say(now, &line, Stage::Asked(connection), out);
    }
}

impl Service for Ftp {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        match event {
            Event::Opened { link: Link::Control, peer } => {
                self.peer = peer.map(|peer| *peer.ip());
                (self.stage, self.until) = (Stage::Greeting, Some(now + ANSWER));
            }
            Event::Opened { link: Link::Data, .. } => match self.stage {
                Stage::Connecting => self.ask(now, Connection::There, out),
                Stage::Asked(Connection::Awaited) => {
                    self.stage = Stage::Asked(Connection::There);
                }
                Stage::Called { said } => self.begun(now, said, out),
                _ => {}
            },
            Event::Listening { at, .. } if self.stage == Stage::Listening => {
                self.say(now, &address::port(at), Stage::Port(at, Told::Port), out);
            }
            Event::Listening { .. } => {}
            Event::Failed(Link::Control) => self.over(Trouble::Unreachable, out),
            Event::Failed(Link::Data)
                if matches!(self.stage, Stage::Connecting | Stage::Listening) =>
            {
                self.fail(Trouble::Unreachable, out);
            }
            Event::Failed(Link::Data) => {}
            Event::Data { link: Link::Control, mut bytes } => {
                while let Some(reply) = self.replies.next(&mut bytes) {
                    match reply {
                        Ok(reply) => self.reply(now, &reply, out),
                        Err(_) => self.over(Trouble::Protocol, out),
                    }
                }
            }
            Event::Data { link: Link::Data, bytes } => {
                let comes = matches!(self.wanted, Some(Wanted::Fetch(_) | Wanted::List(_)));
                if comes && matches!(self.stage, Stage::Moving { .. }) {
                    self.until = Some(now + STALL);
                    out.file(bytes);
                }
            }
            Event::Ended(Link::Control) => self.over(Trouble::Closed, out),
            Event::Reset(Link::Control) => self.over(Trouble::Reset, out),
            Event::Ended(Link::Data) => self.data_ended(Ended::Yes, out),
            Event::Reset(Link::Data) => self.data_ended(Ended::Broken, out),
        }
    }

    fn put(&mut self, now: Instant, bytes: &[u8], out: &mut dyn Out) {
        let goes = matches!(self.wanted, Some(Wanted::Store(_)));
        if goes && matches!(self.stage, Stage::Moving { ended: Ended::No, .. }) {
            self.until = Some(now + STALL);
            out.send(Link::Data, bytes);
        }
    }

    fn finish(&mut self, now: Instant, out: &mut dyn Out) {
        let goes = matches!(self.wanted, Some(Wanted::Store(_)));
        if goes && let Stage::Moving { ended: Ended::No, .. } = self.stage {
            self.until = Some(now + STALL);
            self.given = Given::Whole;
            out.shut(Link::Data);
        }
    }

    fn abort(&mut self, now: Instant, out: &mut dyn Out) {
        if let Stage::Moving { said, .. } = self.stage {
            out.close(Link::Data);
            self.wanted = None;
            match said {
                Some(_) => self.idle(),
                None => (self.stage, self.until) = (Stage::Aborting, Some(now + ANSWER)),
            }
        }
    }

    fn close(&mut self, out: &mut dyn Out) {
        if self.has_data_link() {
            out.close(Link::Data);
        }
        if self.stage == Stage::Over {
            return;
        }
        if !matches!(self.stage, Stage::Opening | Stage::Greeting) {
            out.send(Link::Control, b"QUIT\r\n");
        }
        self.stage = Stage::Over;
        out.close(Link::Control);
    }

    fn deadline(&self) -> Option<Instant> {
        self.until
    }

    fn due(&mut self, _: Instant, out: &mut dyn Out) {
        self.over(Trouble::Protocol, out);
    }

    fn carries_file(&self, link: Link) -> bool {
        link == Link::Data
    }
}
