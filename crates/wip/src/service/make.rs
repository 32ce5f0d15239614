//! `+WIPCREATE` of sessions.

use std::net::Ipv4Addr;

use clock::Instant;
use services::{Login, Server, Session, Via};

use super::file::{headers, maybe};
use super::{Open, Services, Wire, channel_of};
use crate::command::{Args, Read, ok};
use crate::create::host;
use crate::{Answer, Code, Out, Protocol, Wip};

/// Who logs in at a server of FTP that isn't told more.
const ANONYMOUS: &str = "anonymous";

impl Wip {
    pub(crate) fn create_service(
        &mut self,
        now: Instant,
        args: &Args<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let channel = self.named(args)?;
        let protocol = channel.protocol;
        let port = match args.bounded(3, 1, 65_535, usual_port(protocol))? {
            port @ 1..=65_535 => port as u16,
            _ => return Err(Answer::Cme(Code::BAD_PORT)),
        };
        let mut login = Login::new(&maybe(args, 4)?, &maybe(args, 5)?);
        if protocol == Protocol::Http {
            let server = match args.text(2) {
                Ok(text) if !text.is_empty() => Some((host(args, 2)?, port)),
                _ => None,
            };
            let headers = headers(args, 6)?;
            self.is_free(channel)?;
            self.services
                .open
                .insert(protocol, Open::new(Session::http(Via { server, login, headers })));
            self.session_news(protocol, services::News::Ready, out);
            return Ok(ok());
        }
        let most = if protocol == Protocol::Ftp { 7 } else { 6 };
        if args.len() > most {
            return Err(Answer::Error);
        }
        if protocol == Protocol::Ftp {
            login.account = maybe(args, 6)?;
            if login.user.is_empty() {
                login = Login::new(ANONYMOUS, ANONYMOUS);
            }
        }
        let server = Server { host: host(args, 2)?, port, login };
        self.is_free(channel)?;
        let own = self.bearers.own_address().unwrap_or(Ipv4Addr::LOCALHOST);
        let Services { open, links } = &mut self.services;
        let (news, file) = (Vec::new(), Vec::new());
        let mut wire = Wire { out, protocol, links, news, file };
        let session = match protocol {
            Protocol::Ftp => Session::ftp(now, server, &mut wire),
            Protocol::Smtp => Session::smtp(now, server, own, &mut wire),
            _ => Session::pop3(now, server, &mut wire),
        };
        open.insert(protocol, Open::new(session));
        Ok(self.opening(channel_of(protocol)))
    }
}

const fn usual_port(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Ftp => 21,
        Protocol::Http => 80,
        Protocol::Smtp => 25,
        _ => 110,
    }
}
