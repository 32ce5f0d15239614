//! SMTP: RFC 5321, with PLAIN and LOGIN of RFC 4954 and 8BITMIME of RFC 6152.

mod body;

use std::net::Ipv4Addr;

use clock::Instant;

use self::body::Body;
use crate::dialogue::{self, Begins, Dialogue};
use crate::lines::{Replies, Reply};
use crate::session::Service;
use crate::text::base64;
use crate::{Event, Link, Login, News, Out, Server, Trouble};

/// A session with a server of SMTP.
#[derive(Clone, Debug)]
pub struct Smtp {
    login: Login,
    own: Ipv4Addr,
    replies: Replies,
    dialogue: Dialogue<Stage, Mail>,
    eight_bit: EightBit,
    last: Option<(u16, String)>,
}

/// Who writes the head of a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heading {
    /// This side does: sender, recipients, subject.
    #[default]
    Ours,
    /// The owner does, in front of the text.
    Owners,
}

/// An envelope, and what is to stand in the head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The sender's address.
    pub sender: String,
    /// The sender's name, possibly none.
    pub name: String,
    /// Recipients, with commas between them.
    pub to: String,
    /// Who gets a copy.
    pub cc: String,
    /// Who gets one that others don't know of.
    pub bcc: String,
    /// What it is about.
    pub subject: String,
    /// When it is sent, as RFC 5322 has it; empty if nobody knows.
    pub date: String,
    /// Who writes that down.
    pub heading: Heading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EightBit {
    Unknown,
    Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Greeting,
    Ehlo,
    Helo,
    Plain,
    LoginUser,
    LoginPassword,
    /// The outcome of a login.
    Login,
    Idle,
    Sender,
    /// Of so many recipients the server has heard.
    Recipient(usize),
    Data,
    Body(Body),
    Sent,
    /// A mail was refused, and the server is to forget of it.
    Reset(Trouble),
    Over,
}

impl Mail {
    /// All recipients, and what it means that one is refused.
    fn recipients(&self) -> impl Iterator<Item = (&str, Trouble)> {
        let of = |list, trouble| addresses(list).map(move |address| (address, trouble));
        of(&self.to, Trouble::Recipient)
            .chain(of(&self.cc, Trouble::Cc))
            .chain(of(&self.bcc, Trouble::Bcc))
    }

    /// The head, with the empty line behind it.
    fn head(&self) -> String {
        if self.heading == Heading::Owners {
            return String::new();
        }
        let sender = address(&self.sender);
        let mut head = match self.name.trim() {
            "" => format!("From: <{sender}>\r\n"),
            name => {
                let name = name.replace('\\', "\\\\").replace('"', "\\\"");
                format!("From: \"{name}\" <{sender}>\r\n")
            }
        };
        for (name, list) in [("To", &self.to), ("Cc", &self.cc)] {
            let list: Vec<_> = addresses(list).map(|address| format!("<{address}>")).collect();
            if !list.is_empty() {
                // One a line: no line gets longer than a server takes.
                head.push_str(&format!("{name}: {}\r\n", list.join(",\r\n ")));
            }
        }
        if !self.date.is_empty() {
            head.push_str(&format!("Date: {}\r\n", self.date));
        }
        head.push_str(&format!("Subject: {}\r\n\r\n", self.subject));
        head
    }
}

/// The addresses in a list.
fn addresses(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(address).filter(|address| !address.is_empty())
}

/// Without brackets around it.
fn address(text: &str) -> &str {
    text.trim().trim_start_matches('<').trim_end_matches('>')
}

impl dialogue::Stage for Stage {
    const OPENING: Self = Self::Opening;
    const GREETING: Self = Self::Greeting;
    const IDLE: Self = Self::Idle;
    const OVER: Self = Self::Over;

    fn is_entering(&self) -> bool {
        matches!(
            self,
            Self::Opening
                | Self::Greeting
                | Self::Ehlo
                | Self::Helo
                | Self::Plain
                | Self::LoginUser
                | Self::LoginPassword
                | Self::Login
        )
    }

    fn is_passing(&self) -> bool {
        matches!(self, Self::Body(_))
    }
}

impl Smtp {
    pub(crate) fn new(now: Instant, server: Server, own: Ipv4Addr, out: &mut dyn Out) -> Self {
        Self {
            dialogue: Dialogue::open(now, &server, out),
            login: server.login,
            own,
            replies: Replies::default(),
            eight_bit: EightBit::Unknown,
            last: None,
        }
    }

    /// The server's last answer: its number and first line.
    pub fn last(&self) -> Option<(u16, &str)> {
        self.last.as_ref().map(|(code, text)| (*code, text.as_str()))
    }

    /// Sends a mail, whose text follows.
    pub fn send(&mut self, now: Instant, mail: Mail, out: &mut dyn Out) {
        if self.dialogue.want(mail, out) == Begins::Now {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Instant, out: &mut dyn Out) {
        let Some(mail) = &self.dialogue.wanted else { return };
        let eight_bit = match self.eight_bit {
            EightBit::Known => " BODY=8BITMIME",
            EightBit::Unknown => "",
        };
        let line = format!("MAIL FROM:<{}>{eight_bit}\r\n", address(&mail.sender));
        self.say(now, &line, Stage::Sender, out);
    }

    fn say(&mut self, now: Instant, line: &str, next: Stage, out: &mut dyn Out) {
        self.dialogue.say(now, line, next, out);
    }

    fn over(&mut self, trouble: Trouble, out: &mut dyn Out) {
        self.dialogue.over(trouble, out);
    }

    fn ready(&mut self, now: Instant, out: &mut dyn Out) {
        self.dialogue.ready(out);
        self.begin(now, out);
    }

    fn reply(&mut self, now: Instant, reply: &Reply, out: &mut dyn Out) {
        self.last = reply.text.first().map(|text| (reply.code, text.clone()));
        if reply.code == 421 {
            let entering = self.dialogue.stage == Stage::Greeting;
            return self.over(if entering { Trouble::NotReady } else { Trouble::Closed }, out);
        }
        let well = (200..300).contains(&reply.code);
        match self.dialogue.stage {
            // An address literal is what a client without a name says: RFC 5321, 4.1.3.
            Stage::Greeting if well => {
                let line = format!("EHLO [{}]\r\n", self.own);
                self.say(now, &line, Stage::Ehlo, out);
            }
            Stage::Greeting => self.over(Trouble::NotReady, out),
            Stage::Ehlo if well => self.known(now, &reply.text, out),
            Stage::Ehlo => {
                let line = format!("HELO [{}]\r\n", self.own);
                self.say(now, &line, Stage::Helo, out);
            }
            Stage::Helo if well => self.known(now, &[], out),
            Stage::Helo => self.over(Trouble::NotReady, out),
            Stage::LoginUser if reply.code == 334 => {
                let line = format!("{}\r\n", base64(self.login.user.as_bytes()));
                self.say(now, &line, Stage::LoginPassword, out);
            }
            Stage::LoginPassword if reply.code == 334 => {
                let line = format!("{}\r\n", base64(self.login.password.as_bytes()));
                self.say(now, &line, Stage::Login, out);
            }
            Stage::Plain | Stage::Login if well => self.ready(now, out),
            Stage::Plain | Stage::Login | Stage::LoginUser | Stage::LoginPassword => {
                self.over(Trouble::Authentication, out);
            }
            Stage::Sender if well => self.next_recipient(now, 0, out),
            Stage::Sender => self.refuse(now, Trouble::Sender, out),
            Stage::Recipient(heard) if well => self.next_recipient(now, heard, out),
            Stage::Recipient(heard) => {
                let mail = self.dialogue.wanted.as_ref();
                let trouble = mail.and_then(|mail| mail.recipients().nth(heard.checked_sub(1)?));
                self.refuse(now, trouble.map_or(Trouble::Recipient, |(_, trouble)| trouble), out);
            }
            Stage::Data if reply.code == 354 => self.begun(now, out),
            Stage::Data => self.refuse(now, Trouble::Body, out),
            Stage::Sent if well => self.dialogue.ends(News::Done, out),
            // It says no before it has heard all: what follows it would take for commands.
            Stage::Body(_) => self.over(Trouble::Body, out),
            Stage::Sent => self.dialogue.ends(News::Failed(Trouble::Body), out),
            Stage::Reset(trouble) => self.dialogue.ends(News::Failed(trouble), out),
            Stage::Opening | Stage::Idle | Stage::Over => {}
        }
    }

    /// What the server can do is known.
    fn known(&mut self, now: Instant, capabilities: &[String], out: &mut dyn Out) {
        let can = |name: &str| {
            capabilities.iter().skip(1).find_map(|line| {
                let mut words = line.split([' ', '=']);
                words.next().filter(|word| word.eq_ignore_ascii_case(name)).map(|_| line.clone())
            })
        };
        if can("8BITMIME").is_some() {
            self.eight_bit = EightBit::Known;
        }
        if self.login.user.is_empty() {
            return self.ready(now, out);
        }
        let ways = can("AUTH").unwrap_or_default().to_ascii_uppercase();
        let has = |way: &str| ways.split([' ', '=']).any(|word| word == way);
        if has("PLAIN") {
            let secret = format!("\0{}\0{}", self.login.user, self.login.password);
            let line = format!("AUTH PLAIN {}\r\n", base64(secret.as_bytes()));
            self.say(now, &line, Stage::Plain, out);
        } else if has("LOGIN") {
            self.say(now, "AUTH LOGIN\r\n", Stage::LoginUser, out);
        } else {
            self.over(Trouble::Authentication, out);
        }
    }

    fn next_recipient(&mut self, now: Instant, heard: usize, out: &mut dyn Out) {
        let Some(mail) = &self.dialogue.wanted else { return };
        let next = mail.recipients().nth(heard);
        match next.map(|(address, _)| format!("RCPT TO:<{address}>\r\n")) {
            Some(line) => self.say(now, &line, Stage::Recipient(heard + 1), out),
            None if heard == 0 => self.refuse(now, Trouble::Recipient, out),
            None => self.say(now, "DATA\r\n", Stage::Data, out),
        }
    }

    fn refuse(&mut self, now: Instant, trouble: Trouble, out: &mut dyn Out) {
        self.say(now, "RSET\r\n", Stage::Reset(trouble), out);
    }

    fn begun(&mut self, now: Instant, out: &mut dyn Out) {
        self.dialogue.passes(now, Stage::Body(Body::default()));
        out.news(News::Begun);
        let head = self.dialogue.wanted.as_ref().map(Mail::head).unwrap_or_default();
        self.put(now, head.as_bytes(), out);
    }
}

impl Service for Smtp {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        let Some(mut bytes) = self.dialogue.event(now, event, out) else { return };
        while let Some(reply) = self.replies.next(&mut bytes) {
            match reply {
                Ok(reply) => self.reply(now, &reply, out),
                Err(_) => self.over(Trouble::Protocol, out),
            }
        }
    }

    fn put(&mut self, now: Instant, bytes: &[u8], out: &mut dyn Out) {
        if let Stage::Body(body) = &mut self.dialogue.stage {
            let mut encoded = Vec::with_capacity(bytes.len() + bytes.len() / 16 + 8);
            body.encode(bytes, &mut encoded);
            self.dialogue.goes_on(now);
            if !encoded.is_empty() {
                out.send(Link::Control, &encoded);
            }
        }
    }

    fn finish(&mut self, now: Instant, out: &mut dyn Out) {
        if let Stage::Body(body) = self.dialogue.stage {
            self.dialogue.passes(now, Stage::Sent);
            out.send(Link::Control, body.end());
        }
    }

    /// A mail that is cut off must not be taken for a whole one.
    fn abort(&mut self, _: Instant, out: &mut dyn Out) {
        if matches!(self.dialogue.stage, Stage::Body(_) | Stage::Sent) {
            self.dialogue.give_up(out);
        }
    }

    fn close(&mut self, out: &mut dyn Out) {
        self.dialogue.close(out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.dialogue.deadline()
    }

    fn due(&mut self, _: Instant, out: &mut dyn Out) {
        self.over(Trouble::Protocol, out);
    }

    fn carries_file(&self, _: Link) -> bool {
        false
    }
}
