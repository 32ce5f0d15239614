//! `+WIPFILE`, and the equipment's bytes while a file comes or goes.

use at::body::ExtendedAct;
use clock::Instant;
use services::{Login, Method, Request, Session, is_plain};

use super::{Standing, channel_of};
use crate::command::{Args, Read, ok};
use crate::limits::{TEXT, VALUES};
use crate::machine::Awaited;
use crate::stuffing::{ETX, Piece, Unstuffer, stuff};
use crate::{Answer, Channel, Code, Indication, MailDate, Out, Protocol, Wip};

/// What is asked of a server, or comes from it or goes to it.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// The number of what is asked.
    mode: u32,
    way: Way,
    phase: Phase,
    unstuffer: Unstuffer,
}

/// Which way a file passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// To the equipment.
    Comes,
    /// From it.
    Goes,
    /// From it, and an answer to it.
    Both,
}

/// ```text
/// Asked ─► Begun ─► Connected ─► Whole
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// The server hasn't said yet what it makes of it.
    Asked,
    /// It has, and the equipment isn't told yet: what came with that, and how it ended if it has.
    Begun { unread: Vec<u8>, ended: Option<Result<(), Code>> },
    /// The equipment has it.
    Connected,
    /// The equipment has ended it.
    Whole,
}

impl File {
    pub(super) const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected | Phase::Whole)
    }
}

impl Wip {
    pub(crate) fn file_command(
        &mut self,
        now: Instant,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test | ExtendedAct::Read => return Ok(ok()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 3, VALUES)?;
        let channel = self.named(&args)?;
        if !channel.protocol.is_service() {
            return Err(Answer::Cme(Code::BAD_PROTOCOL));
        }
        let mode = args.number(2)?;
        let wanted = self.wanted(channel.protocol, mode, &args)?;
        let open = self.services.open.get_mut(&channel.protocol);
        let open = open.filter(|open| open.standing != Standing::Lost && open.file.is_none());
        let open = open.ok_or(Answer::Cme(Code::BAD_STATE))?;
        let mut mail = open.mail.clone();
        if self.rules.mail_date == MailDate::Written {
            mail.date = out.date().unwrap_or_default();
        }
        if matches!(wanted, Wanted::Mail) && mail.sender.is_empty() {
            return Err(Answer::Cme(Code::SENDER));
        }
        let (way, unstuffer) = (wanted.way(), Unstuffer::default());
        open.file = Some(File { mode, way, phase: Phase::Asked, unstuffer });
        self.awaited = Awaited::File(channel);
        self.with_session(channel.protocol, out, |session, wire| match (session, wanted) {
            (Session::Ftp(ftp), Wanted::Fetch(name)) => ftp.fetch(now, &name, wire),
            (Session::Ftp(ftp), Wanted::Store(name)) => ftp.store(now, &name, wire),
            (Session::Ftp(ftp), Wanted::Delete(name)) => ftp.delete(now, &name, wire),
            (Session::Ftp(ftp), Wanted::List(name)) => ftp.list(now, &name, wire),
            (Session::Http(http), Wanted::Page(request)) => http.request(now, *request, wire),
            (Session::Smtp(smtp), Wanted::Mail) => smtp.send(now, mail, wire),
            (Session::Pop3(pop3), Wanted::Retrieve(number)) => pop3.retrieve(now, number, wire),
            (Session::Pop3(pop3), Wanted::Forget(number)) => pop3.delete(now, number, wire),
            // The kinds were matched when it was read.
            _ => {}
        });
        Ok(Answer::Waits)
    }

    /// What a command wants.
    fn wanted(&self, protocol: Protocol, mode: u32, args: &Args<'_>) -> Read<Wanted> {
        let exactly = |count| if args.len() == count { Ok(()) } else { Err(Answer::Error) };
        match (protocol, mode) {
            (Protocol::Ftp, 4) if args.len() == 3 => Ok(Wanted::List(String::new())),
            (Protocol::Ftp, 1..=4) => {
                exactly(4)?;
                let name = plain(args, 3, TEXT)?;
                Ok(match mode {
                    1 => Wanted::Fetch(name),
                    2 => Wanted::Store(name),
                    3 => Wanted::Delete(name),
                    _ => Wanted::List(name),
                })
            }
            (Protocol::Http, 1..) => {
                let place = (mode - 1) as usize;
                let method = self.rules.http_methods.get(place).copied();
                let method = method.ok_or(Answer::Cme(Code::NOT_IMPLEMENTED))?;
                let url = plain(args, 3, TEXT)?;
                let login = Login::new(&maybe(args, 4)?, &maybe(args, 5)?);
                let headers = headers(args, 6)?;
                Ok(Wanted::Page(Box::new(Request { method, url, login, headers })))
            }
            (Protocol::Smtp, 2) => exactly(3).map(|()| Wanted::Mail),
            (Protocol::Pop3, 1 | 3) => {
                exactly(4)?;
                let number = args.text(3)?.trim().parse().ok().filter(|number| *number > 0);
                let number = number.ok_or(Answer::Cme(Code::BAD_VALUE))?;
                Ok(if mode == 1 { Wanted::Retrieve(number) } else { Wanted::Forget(number) })
            }
            _ => Err(Answer::Cme(Code::NOT_IMPLEMENTED)),
        }
    }

    /// The link that the equipment's file passes by.
    pub(crate) fn file_channel(&self) -> Option<Channel> {
        let connected = |file: &File| file.is_connected();
        let mut all = self.services.open.iter();
        let (protocol, _) = all.find(|(_, open)| open.file.as_ref().is_some_and(connected))?;
        Some(channel_of(if *protocol == Protocol::Ftp { Protocol::FtpData } else { *protocol }))
    }

    fn file_protocol(&self) -> Option<Protocol> {
        self.file_channel().map(|channel| super::link_of(channel.protocol).0)
    }

    fn file_of(&mut self, protocol: Protocol) -> Option<&mut File> {
        self.services.open.get_mut(&protocol)?.file.as_mut()
    }

    pub(super) fn file_begun(&mut self, protocol: Protocol, out: &mut impl Out) {
        let Some(file) = self.file_of(protocol) else { return };
        file.phase = Phase::Begun { unread: Vec::new(), ended: None };
        self.awaited = Awaited::Nothing;
        out.finish(Answer::Data);
    }

    pub(super) fn file_comes(&mut self, protocol: Protocol, bytes: &[u8], out: &mut impl Out) {
        match self.file_of(protocol).map(|file| &mut file.phase) {
            Some(Phase::Begun { unread, .. }) => unread.extend_from_slice(bytes),
            Some(Phase::Connected | Phase::Whole) if !bytes.is_empty() => pass(bytes, out),
            _ => {}
        }
    }

    pub(super) fn file_ended(
        &mut self,
        protocol: Protocol,
        how: Result<(), Code>,
        out: &mut impl Out,
    ) {
        let Some(file) = self.file_of(protocol) else { return };
        match &mut file.phase {
            Phase::Begun { ended, .. } => *ended = Some(how),
            Phase::Connected | Phase::Whole => self.end_file(protocol, how, out),
            Phase::Asked => {
                let mode = file.mode;
                if let Some(open) = self.services.open.get_mut(&protocol) {
                    open.file = None;
                }
                self.awaited = Awaited::Nothing;
                out.finish(how.map_or_else(Answer::Cme, |()| ok()));
                if how.is_ok() {
                    self.tell_status(protocol, mode, out);
                }
            }
        }
    }

    /// `CONNECT` was said.
    pub(crate) fn file_connected(&mut self, out: &mut impl Out) {
        let begun = |file: &File| matches!(file.phase, Phase::Begun { .. });
        let mut all = self.services.open.iter_mut();
        let found = all.find(|(_, open)| open.file.as_ref().is_some_and(begun));
        let Some((&protocol, open)) = found else { return };
        let Some(file) = &mut open.file else { return };
        let phase = std::mem::replace(&mut file.phase, Phase::Connected);
        let Phase::Begun { unread, ended } = phase else { return };
        pass(&unread, out);
        if let Some(how) = ended {
            self.end_file(protocol, how, out);
        }
    }

    /// The equipment is in command state again.
    fn end_file(&mut self, protocol: Protocol, how: Result<(), Code>, out: &mut impl Out) {
        let Some(open) = self.services.open.get_mut(&protocol) else { return };
        let Some(File { mode, way, .. }) = open.file.take() else { return };
        if how.is_err() || way != Way::Goes {
            out.data(&[ETX]);
        }
        match how {
            Ok(()) => {
                out.done();
                self.tell_status(protocol, mode, out);
            }
            Err(code) => out.abort(code),
        }
    }

    /// What a server of HTTP has said.
    fn tell_status(&self, protocol: Protocol, mode: u32, out: &mut impl Out) {
        let session = self.services.open.get(&protocol).map(|open| &open.session);
        if let Some(Session::Http(http)) = session
            && let Some((code, reason)) = http.status()
        {
            let (channel, reason) = (channel_of(protocol), super::option::shown(reason));
            let line = format!("+WIPFILE: {channel},{mode},{code},\"{reason}\"");
            out.indicate(Indication::Line(line));
        }
    }

    /// Bytes of the equipment while it has a file.
    pub(crate) fn file_bytes(&mut self, now: Instant, bytes: &[u8], out: &mut impl Out) {
        let Some(protocol) = self.file_protocol() else { return };
        let mut rest = bytes;
        while let Some(file) = self.file_of(protocol) {
            let goes = file.way != Way::Comes && file.phase == Phase::Connected;
            let Some(piece) = file.unstuffer.next(&mut rest) else { return };
            match piece {
                Piece::Data(data) if goes => {
                    self.with_session(protocol, out, |session, wire| session.put(now, data, wire));
                }
                Piece::End if goes => {
                    file.phase = Phase::Whole;
                    self.with_session(protocol, out, |session, wire| session.finish(now, wire));
                }
                Piece::Data(_) | Piece::End => {}
            }
        }
    }

    /// The equipment wants no more of its file.
    pub(crate) fn leave_file(&mut self, now: Instant, out: &mut impl Out) {
        let unfinished = |file: &File| file.phase != Phase::Asked;
        let mut all = self.services.open.iter_mut();
        let found = all.find(|(_, open)| open.file.as_ref().is_some_and(unfinished));
        let Some((&protocol, open)) = found else { return };
        open.file = None;
        self.with_session(protocol, out, |session, wire| session.abort(now, wire));
    }
}

/// What a command wants.
enum Wanted {
    Fetch(String),
    Store(String),
    Delete(String),
    List(String),
    Page(Box<Request>),
    Mail,
    Retrieve(u32),
    Forget(u32),
}

impl Wanted {
    fn way(&self) -> Way {
        match self {
            Self::Store(_) | Self::Mail => Way::Goes,
            Self::Page(request) => match request.method {
                Method::Put => Way::Goes,
                Method::Post => Way::Both,
                Method::Get | Method::Head | Method::Delete | Method::Trace => Way::Comes,
            },
            Self::Fetch(_)
            | Self::Delete(_)
            | Self::List(_)
            | Self::Retrieve(_)
            | Self::Forget(_) => Way::Comes,
        }
    }
}

fn pass(bytes: &[u8], out: &mut impl Out) {
    if bytes.is_empty() {
        return;
    }
    let mut stuffed = Vec::with_capacity(bytes.len() + bytes.len() / 16 + 8);
    stuff(bytes, &mut stuffed);
    out.data(&stuffed);
}

/// A text that can stand in a line of a dialogue.
pub(super) fn plain(args: &Args<'_>, place: usize, most: usize) -> Read<String> {
    let text = args.text(place)?;
    if text.is_empty() || text.len() > most || !is_plain(&text) {
        return Err(Answer::Cme(Code::BAD_VALUE));
    }
    Ok(text.into_owned())
}

/// The same where it may be left out, or be empty.
pub(super) fn maybe(args: &Args<'_>, place: usize) -> Read<String> {
    match args.text(place) {
        Ok(text) if text.is_empty() => Ok(String::new()),
        Ok(_) => plain(args, place, TEXT),
        Err(_) => Ok(String::new()),
    }
}

/// Names and values to the end of a command.
pub(super) fn headers(args: &Args<'_>, first: usize) -> Read<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for place in (first..args.len()).step_by(2) {
        headers.push((plain(args, place, TEXT)?, args.text(place + 1)?.into_owned()));
    }
    Ok(headers)
}
