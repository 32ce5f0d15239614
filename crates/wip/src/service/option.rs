//! `+WIPOPT` of sessions.

use services::{Connecting, Heading, Http, Kind, Session, Version};

use super::Open;
use super::file::plain;
use crate::command::{Args, Read, ok};
use crate::limits::TEXT;
use crate::{Answer, Channel, Code, Wip};

/// What is told of HTTP's buffers as long as nobody sets them. The host knows better than to use as little.
const BUFFER: u32 = 5840;

impl Wip {
    pub(crate) fn service_option(&mut self, channel: Channel, args: &Args<'_>) -> Read<Answer> {
        let (act, option) = (args.number(2)?, args.number(3)?);
        let open = self.services.open.get_mut(&channel.protocol);
        let open = open.ok_or(Answer::Cme(Code::BAD_STATE))?;
        match (act, args.len()) {
            (1, 4 | 5) => {
                let value = read(open, option, args)?;
                let line = format!("+WIPOPT: {},{option},{value}", channel.protocol.number());
                Ok(Answer::Ok(vec![line]))
            }
            (2, 5) => write(open, option, args).map(|()| ok()),
            _ => Err(Answer::Error),
        }
    }
}

fn read(open: &Open, option: u32, args: &Args<'_>) -> Read<String> {
    let status = |(code, text): (u16, &str)| format!("{code},\"{}\"", shown(text));
    // Only a header has a name.
    if (args.len() == 5) != (option == 55) {
        return Err(Answer::Error);
    }
    Ok(match (&open.session, option) {
        (Session::Ftp(ftp), 40) => u32::from(ftp.kind() == Kind::Binary).to_string(),
        (Session::Ftp(ftp), 41) => u32::from(ftp.connecting() == Connecting::Passive).to_string(),
        (Session::Http(_), 50) => open.buffers[0].unwrap_or(BUFFER).to_string(),
        (Session::Http(_), 51) => open.buffers[1].unwrap_or(BUFFER).to_string(),
        (Session::Http(http), 52) => u32::from(http.version() == Version::Http11).to_string(),
        (Session::Http(http), 53) => http.redirects().to_string(),
        (Session::Http(http), 54) => http.status().map_or_else(|| "0,\"\"".into(), status),
        (Session::Http(http), 55) => header(http, args)?,
        (Session::Smtp(smtp), 60) => match smtp.last() {
            // The number stands in the text too, as the server has sent it.
            Some((code, text)) => format!("{code},\"{code} {}\"", shown(text)),
            None => "0,\"\"".into(),
        },
        (Session::Smtp(_), 67) => u32::from(open.mail.heading == Heading::Ours).to_string(),
        (Session::Pop3(pop3), 72) => pop3.mails().to_string(),
        (Session::Pop3(pop3), 73) => pop3.octets().to_string(),
        _ => return Err(unknown(option)),
    })
}

fn header(http: &Http, args: &Args<'_>) -> Read<String> {
    let value = http.header(&plain(args, 4, TEXT)?).unwrap_or_default();
    Ok(format!("\"{}\"", shown(&value)))
}

fn write(open: &mut Open, option: u32, args: &Args<'_>) -> Read<()> {
    let number = |last| match args.number(4)? {
        number if number <= last => Ok(number),
        _ => Err(Answer::Cme(Code::BAD_VALUE)),
    };
    let Open { session, mail, buffers, .. } = open;
    match (session, option) {
        (Session::Ftp(ftp), 40) => {
            ftp.set_kind(if number(1)? == 1 { Kind::Binary } else { Kind::Ascii });
        }
        (Session::Ftp(ftp), 41) => {
            let passive = number(1)? == 1;
            ftp.set_connecting(if passive { Connecting::Passive } else { Connecting::Active });
        }
        (Session::Http(_), 50) => buffers[0] = Some(number(65_535)?),
        (Session::Http(_), 51) => buffers[1] = Some(number(65_535)?),
        (Session::Http(http), 52) => {
            http.set_version(if number(1)? == 1 { Version::Http11 } else { Version::Http10 });
        }
        (Session::Http(http), 53) => http.set_redirects(number(u32::from(u16::MAX))? as u16),
        (Session::Smtp(_), 61..=66) => {
            let text = super::file::maybe(args, 4)?;
            // Addresses stand between brackets.
            if matches!(option, 61 | 63..=65) && text.contains(['<', '>', ' ']) && !listed(&text) {
                return Err(Answer::Cme(Code::BAD_VALUE));
            }
            match option {
                61 => mail.sender = text,
                62 => mail.name = text,
                63 => mail.to = text,
                64 => mail.cc = text,
                65 => mail.bcc = text,
                _ => mail.subject = text,
            }
        }
        (Session::Smtp(_), 67) => {
            mail.heading = if number(1)? == 1 { Heading::Ours } else { Heading::Owners };
        }
        // It is told, and not set.
        (Session::Http(_), 54 | 55) | (Session::Smtp(_), 60) | (Session::Pop3(_), 72 | 73) => {
            return Err(Answer::Cme(Code::BAD_VALUE));
        }
        _ => return Err(unknown(option)),
    }
    Ok(())
}

/// Whether all of a list are addresses, with brackets around them or not.
fn listed(text: &str) -> bool {
    text.split(',').map(str::trim).all(|address| {
        let inside = address.strip_prefix('<').and_then(|inside| inside.strip_suffix('>'));
        !inside.unwrap_or(address).contains(['<', '>', ' '])
    })
}

/// An option of another protocol, or of none.
const fn unknown(option: u32) -> Answer {
    match option {
        0..=9 | 40 | 41 | 50..=55 | 60..=67 | 72 | 73 => Answer::Cme(Code::OPTION_UNSUPPORTED),
        _ => Answer::Cme(Code::BAD_OPTION),
    }
}

/// A server's text as it can stand in quotes on a line.
pub(super) fn shown(text: &str) -> String {
    let fit = |c: char| if c == '"' || c.is_control() { '\'' } else { c };
    text.chars().take(TEXT).map(fit).collect()
}
