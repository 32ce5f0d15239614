//! FTP, HTTP, SMTP and POP3: sessions with servers, and the files that pass by them.

mod file;
mod make;
mod option;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddrV4;

use clock::Instant;
use services::{Event as LinkEvent, Link, Mail, News, Session};

use self::file::File;
use crate::create::quoted;
use crate::machine::Awaited;
use crate::option::settings_of;
use crate::{
    Action, Answer, Channel, Code, ConnectError, Event, Indication, Out, Protocol, SessionClose,
    Wip,
};

/// The sessions, one of a kind, and the connections that they have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    open: BTreeMap<Protocol, Open>,
    links: BTreeSet<Protocol>,
}

/// A session that was created and not closed.
#[derive(Clone, Debug)]
struct Open {
    session: Session,
    standing: Standing,
    local: u16,
    peer: Option<SocketAddrV4>,
    /// The next mail.
    mail: Mail,
    /// HTTP's buffers, as the equipment has set them: to receive and to send.
    buffers: [Option<u32>; 2],
    /// What is asked of the server, or comes from it or goes to it.
    file: Option<File>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Entering,
    In,
    /// The server has ended it.
    Lost,
}

impl Open {
    fn new(session: Session) -> Self {
        Self {
            session,
            standing: Standing::Entering,
            local: 0,
            peer: None,
            mail: Mail::default(),
            buffers: [None; 2],
            file: None,
        }
    }
}

impl Services {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn has(&self, channel: Channel) -> bool {
        self.open.contains_key(&channel.protocol)
    }

    /// As they stand in the list of sockets.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.open.iter().map(|(protocol, open)| {
            let peer = open.peer.map_or(String::from("\"0.0.0.0\",0"), quoted);
            format!("+WIPCREATE: {},{},{peer}", channel_of(*protocol), open.local)
        })
    }
}

/// The channel of a session or link.
const fn channel_of(protocol: Protocol) -> Channel {
    Channel { protocol, index: 1 }
}

/// Which session a link belongs to.
const fn link_of(protocol: Protocol) -> (Protocol, Link) {
    match protocol {
        Protocol::FtpData => (Protocol::Ftp, Link::Data),
        other => (other, Link::Control),
    }
}

/// Where a session puts what it does, for the time of one input.
struct Wire<'a, O> {
    out: &'a mut O,
    protocol: Protocol,
    links: &'a mut BTreeSet<Protocol>,
    news: Vec<News>,
    file: Vec<u8>,
}

impl<O> Wire<'_, O> {
    const fn channel(&self, link: Link) -> Channel {
        channel_of(match link {
            Link::Control => self.protocol,
            Link::Data => Protocol::FtpData,
        })
    }
}

impl<O: Out> services::Out for Wire<'_, O> {
    fn open(&mut self, link: Link, host: &str, port: u16) {
        let channel = self.channel(link);
        if self.links.insert(channel.protocol) {
            self.out.act(Action::Open { channel, local: 0, peer: Some((host, port)) });
        }
    }

    fn listen(&mut self, link: Link) {
        let (channel, beside) = (self.channel(link), self.channel(Link::Control));
        if self.links.insert(channel.protocol) {
            self.out.act(Action::Await { channel, beside });
        }
    }

    fn send(&mut self, link: Link, bytes: &[u8]) {
        let channel = self.channel(link);
        if self.links.contains(&channel.protocol) {
            self.out.act(Action::Send { channel, bytes });
        }
    }

    fn shut(&mut self, link: Link) {
        let channel = self.channel(link);
        if self.links.contains(&channel.protocol) {
            self.out.act(Action::Shut(channel));
        }
    }

    fn close(&mut self, link: Link) {
        let channel = self.channel(link);
        if self.links.remove(&channel.protocol) {
            self.out.act(Action::Close(channel));
        }
    }

    fn file(&mut self, bytes: &[u8]) {
        self.file.extend_from_slice(bytes);
    }

    fn news(&mut self, news: News) {
        self.news.push(news);
    }
}

impl Wip {
    /// Has a session do something, and tells the equipment what comes of it.
    fn with_session<O: Out>(
        &mut self,
        protocol: Protocol,
        out: &mut O,
        does: impl FnOnce(&mut Session, &mut Wire<'_, O>),
    ) {
        let Services { open, links } = &mut self.services;
        let Some(session) = open.get_mut(&protocol).map(|open| &mut open.session) else { return };
        let (news, file) = (Vec::new(), Vec::new());
        let mut wire = Wire { out, protocol, links, news, file };
        does(session, &mut wire);
        let Wire { news, file, .. } = wire;
        let (before, behind): (Vec<_>, Vec<_>) =
            news.into_iter().partition(|news| matches!(news, News::Ready | News::Begun));
        // A file comes between its begin and its end, of which there is at most one each.
        before.into_iter().for_each(|news| self.session_news(protocol, news, out));
        self.file_comes(protocol, &file, out);
        behind.into_iter().for_each(|news| self.session_news(protocol, news, out));
    }

    /// News of a link; whether it is one.
    pub(crate) fn service_event(
        &mut self,
        now: Instant,
        event: &Event<'_>,
        out: &mut impl Out,
    ) -> bool {
        let (channel, happened) = match *event {
            Event::Opened { channel, peer, .. } => {
                (channel, LinkEvent::Opened { link: link_of(channel.protocol).1, peer })
            }
            Event::Awaiting { channel, at } => {
                (channel, LinkEvent::Listening { link: link_of(channel.protocol).1, at })
            }
            Event::Incoming { server, peer, .. } => {
                let link = link_of(server.protocol).1;
                (server, LinkEvent::Opened { link, peer: Some(peer) })
            }
            Event::Failed { channel, .. } => {
                (channel, LinkEvent::Failed(link_of(channel.protocol).1))
            }
            Event::Data { channel, bytes } => {
                (channel, LinkEvent::Data { link: link_of(channel.protocol).1, bytes })
            }
            Event::PeerClosed(channel) => (channel, LinkEvent::Ended(link_of(channel.protocol).1)),
            Event::Reset(channel) => (channel, LinkEvent::Reset(link_of(channel.protocol).1)),
            _ => return false,
        };
        if !channel.protocol.is_service() {
            return false;
        }
        let (protocol, link) = link_of(channel.protocol);
        match *event {
            // Whoever else finds the port must not give us a file, nor get one.
            Event::Incoming { peer, .. } if !self.awaits(channel.protocol, peer) => {
                out.act(Action::Decline);
                return true;
            }
            _ if !self.services.links.contains(&channel.protocol) => return true,
            Event::Incoming { .. } => {
                out.act(Action::Accept(channel));
                for setting in settings_of(self.options()) {
                    out.act(Action::Set { channel, setting });
                }
            }
            Event::Opened { local, peer, .. } => {
                let mut options = self.options();
                if link == Link::Control
                    && let Some(open) = self.services.open.get_mut(&protocol)
                {
                    (open.local, open.peer) = (local, peer);
                    [options.receive_buffer, options.send_buffer] = open.buffers;
                }
                for setting in settings_of(options) {
                    out.act(Action::Set { channel, setting });
                }
            }
            // It is gone already.
            Event::Failed { .. } => drop(self.services.links.remove(&channel.protocol)),
            _ => {}
        }
        self.with_session(protocol, out, |session, wire| session.event(now, happened, wire));
        true
    }

    /// Whether a link waits for a connection of this peer: it comes from where the dialogue goes to.
    fn awaits(&self, link: Protocol, peer: SocketAddrV4) -> bool {
        let server = self.services.open.get(&link_of(link).0).and_then(|open| open.peer);
        self.services.links.contains(&link) && server.is_some_and(|server| server.ip() == peer.ip())
    }

    fn session_news(&mut self, protocol: Protocol, news: News, out: &mut impl Out) {
        let channel = channel_of(protocol);
        match news {
            News::Ready => {
                if let Some(open) = self.services.open.get_mut(&protocol) {
                    open.standing = Standing::In;
                }
                if self.awaited == Awaited::Connection(channel) {
                    self.awaited = Awaited::Nothing;
                    out.finish(crate::command::ok());
                }
                out.indicate(Indication::Line(format!("+WIPREADY: {channel}")));
            }
            News::Refused(trouble) => {
                self.services.open.remove(&protocol);
                let code = Code::from(trouble);
                let awaits =
                    [Awaited::Connection(channel), Awaited::File(channel)].contains(&self.awaited);
                if awaits {
                    self.awaited = Awaited::Nothing;
                    return out.finish(Answer::Cme(code));
                }
                out.indicate(match self.rules.connect_error {
                    ConnectError::Named => {
                        Indication::Line(format!("+WIPERROR: {channel},{}", code.0))
                    }
                    ConnectError::AfterOk | ConnectError::InPlaceOfOk => Indication::Failure(code),
                });
            }
            News::Begun => self.file_begun(protocol, out),
            News::Done => self.file_ended(protocol, Ok(()), out),
            News::Failed(trouble) => self.file_ended(protocol, Err(trouble.into()), out),
            News::Lost => {
                if let Some(open) = self.services.open.get_mut(&protocol) {
                    open.standing = Standing::Lost;
                }
                out.indicate(Indication::Line(format!("+WIPPEERCLOSE: {channel}")));
            }
        }
    }

    pub(crate) fn services_deadline(&self) -> Option<Instant> {
        self.services.open.values().filter_map(|open| open.session.deadline()).min()
    }

    pub(crate) fn services_due(&mut self, now: Instant, out: &mut impl Out) {
        let all: Vec<_> = self.services.open.keys().copied().collect();
        for protocol in all {
            self.with_session(protocol, out, |session, wire| session.due(now, wire));
        }
    }

    /// Whether more of a link is welcome.
    pub(crate) fn service_wants(&self, channel: Channel) -> bool {
        let (protocol, link) = link_of(channel.protocol);
        self.services.open.get(&protocol).is_some_and(|open| {
            !open.session.carries_file(link) || open.file.as_ref().is_some_and(File::is_connected)
        })
    }

    pub(crate) fn close_service(
        &mut self,
        channel: Channel,
        out: &mut impl Out,
    ) -> Result<Answer, Answer> {
        let protocol = channel.protocol;
        let open = self.services.open.get(&protocol).ok_or(Answer::Cme(Code::BAD_STATE))?;
        let told = open.standing == Standing::Lost;
        self.end_session(protocol, out);
        if !told && self.rules.session_close != SessionClose::Never {
            out.indicate(Indication::Line(format!("+WIPPEERCLOSE: {channel}")));
        }
        Ok(crate::command::ok())
    }

    /// Takes leave of a server, and forgets it.
    fn end_session(&mut self, protocol: Protocol, out: &mut impl Out) {
        let Services { open, links } = &mut self.services;
        let Some(mut open) = open.remove(&protocol) else { return };
        let (news, file) = (Vec::new(), Vec::new());
        let mut wire = Wire { out, protocol, links, news, file };
        open.session.close(&mut wire);
        for link in [Link::Data, Link::Control] {
            if link == Link::Control || protocol == Protocol::Ftp {
                services::Out::close(&mut wire, link);
            }
        }
    }

    /// Closes all sessions, without a word.
    pub(crate) fn close_services(&mut self, out: &mut impl Out) {
        let all: Vec<_> = self.services.open.keys().copied().collect();
        all.into_iter().for_each(|protocol| self.end_session(protocol, out));
    }

    /// The network is gone.
    pub(crate) fn lose_services(&mut self, waited: Awaited, out: &mut impl Out) {
        if self.file_channel().is_some() {
            out.data(&[crate::stuffing::ETX]);
            out.abort(Code::RESET);
        }
        for (protocol, open) in std::mem::take(&mut self.services.open) {
            let channel = channel_of(protocol);
            let told = [Awaited::Connection(channel), Awaited::File(channel)].contains(&waited);
            if open.standing == Standing::Entering && !told {
                out.indicate(Indication::Failure(Code::UNREACHABLE));
            }
        }
        for link in std::mem::take(&mut self.services.links) {
            out.act(Action::Close(channel_of(link)));
        }
    }
}
