//! Telling an alarm by mail, as RFC 5321 has it, to a server that takes it from here.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::Civil;
use store::TellingRow;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::config::MailConfig;
use crate::limits;
use crate::tidings::Untold;

/// Sends it to all who get it. Whom the server doesn't know gets nothing, as long as it knows one of them.
pub(crate) async fn send(mail: &MailConfig, telling: &TellingRow) -> Result<(), Untold> {
    let stream = TcpStream::connect(&mail.server).await?;
    let own = stream.local_addr()?.ip();
    let mut server = BufReader::new(stream);
    expect(&mut server, '2').await?;
    // Who has no name of his own says his address; servers refuse others.
    let literal = if own.is_ipv6() { format!("[IPv6:{own}]") } else { format!("[{own}]") };
    say(&mut server, &format!("EHLO {literal}"), '2').await?;
    say(&mut server, &format!("MAIL FROM:<{}>", mail.from), '2').await?;
    let mut refused = None;
    let mut taken = 0;
    for to in &mail.to.0 {
        match say(&mut server, &format!("RCPT TO:<{to}>"), '2').await {
            Ok(()) => taken += 1,
            Err(Untold::Refused(why)) => {
                tracing::warn!(to, "the mail server doesn't take mail for this address: {why}");
                refused = Some(why);
            }
            Err(error) => return Err(error),
        }
    }
    if let (0, Some(why)) = (taken, refused) {
        return Err(Untold::Refused(why));
    }
    say(&mut server, "DATA", '3').await?;
    say(&mut server, &format!("{}\r\n.", text(mail, telling)), '2').await?;
    // It has the mail, whatever it says now.
    let _ = say(&mut server, "QUIT", '2').await;
    Ok(())
}

/// Head and body. No line begins with a dot: the body is base64, and so is what isn't ASCII in the head.
fn text(mail: &MailConfig, telling: &TellingRow) -> String {
    let news = &telling.news;
    let state = if news.lasts { "Alarm" } else { "Over" };
    let body = format!(
        "{}\r\n\r\nSite: {}\r\nKind: {}\r\nPoint: {}\r\n",
        news.words,
        news.site,
        news.kind,
        if news.subject.is_empty() { "-" } else { &news.subject }
    );
    let subject = format!("{state}: {} {}: {}", news.site, news.kind, news.words);
    let since = telling.made.duration_since(UNIX_EPOCH).unwrap_or_default();
    let domain = mail.from.rsplit_once('@').map_or("trunkline", |(_, domain)| domain);
    let encoded = STANDARD.encode(&body);
    let lines = encoded.as_bytes().chunks(76);
    let body: String = lines.map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    format!(
        "From: <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <alarm-{}-{}@{domain}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        mail.from,
        mail.to.0.iter().map(|to| format!("<{to}>")).collect::<Vec<_>>().join(",\r\n "),
        header(&subject),
        date(telling.made),
        telling.id,
        since.as_millis(),
        body.trim_end()
    )
}

/// A text in a header: as it is, or in encoded words of RFC 2047.
fn header(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.is_ascii() && text.len() <= 200 && !text.contains("=?") {
        return text;
    }
    // An encoded word has 75 characters at most, and no character is torn apart.
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().take(200) {
        if word.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words: Vec<_> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

/// A moment as RFC 5322 writes it, in UTC.
fn date(at: SystemTime) -> String {
    let at = Civil::from(at);
    let [hour, minute, second, _] = at.time();
    format!("{} {hour:02}:{minute:02}:{second:02} +0000", at.date().in_mail())
}

async fn say(server: &mut BufReader<TcpStream>, text: &str, wanted: char) -> Result<(), Untold> {
    server.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
    expect(server, wanted).await
}

/// Reads an answer of one line or several.
async fn expect(server: &mut BufReader<TcpStream>, wanted: char) -> Result<(), Untold> {
    let mut server = server.take(limits::REPLY as u64);
    loop {
        let mut line = Vec::new();
        if server.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let line = String::from_utf8_lossy(&line);
        if line.chars().nth(3) == Some('-') {
            continue;
        }
        let line = line.trim();
        return match line.chars().next() {
            Some(code) if code == wanted => Ok(()),
            Some('5') => Err(Untold::Refused(line.to_owned())),
            _ => Err(io::Error::other(format!("it answers `{line}`")).into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use store::AlarmNews;

    #[test]
    fn a_mail_has_the_date_of_its_alarm() {
        let at = UNIX_EPOCH + Duration::from_secs(1_709_251_199);
        assert_eq!(date(at), "Thu, 29 Feb 2024 23:59:59 +0000");
    }

    #[test]
    fn whatever_an_alarm_says_it_stays_in_its_place_in_the_mail() {
        let mail = MailConfig {
            server: "h:25".into(),
            from: "a@b".into(),
            to: settings::OneOrMany(vec!["c@d".into()]),
        };
        let words = "x\r\nBcc: everybody@example.org\r\n.\r\nQUIT ü".repeat(5);
        let [site, kind, subject] = ["pump", "high", "level"].map(str::to_owned);
        let news = AlarmNews { site, kind, subject, words, lasts: true };
        let made = UNIX_EPOCH + Duration::from_secs(1);
        let text = text(&mail, &TellingRow { id: 1, made, news });
        let lines: Vec<_> = text.split("\r\n").collect();
        assert!(lines.iter().all(|line| !line.starts_with('.') && !line.starts_with("Bcc")));
        assert!(lines.iter().all(|line| line.len() <= 78 && line.is_ascii()), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }
}
