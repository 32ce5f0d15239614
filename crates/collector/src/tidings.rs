//! Alarms on their way: to the store, then by HTTP and by mail to whoever wants to know.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::Store;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::collector::Leash;
use crate::config::MailConfig;
use crate::limits;

/// An alarm that has begun, or is over.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) site: String,
    pub(crate) kind: &'static str,
    pub(crate) subject: String,
    pub(crate) words: String,
    pub(crate) lasts: bool,
}

/// Tells until the collector is gone. One after the other: what is told keeps its order.
pub(crate) async fn tell(mut news: mpsc::Receiver<News>, store: Store, collector: Leash) {
    while let Some(news) = news.recv().await {
        let (store, of) = (store.clone(), news.clone());
        let put_down = tokio::task::spawn_blocking(move || match of.lasts {
            true => store.raise_alarm(&of.site, of.kind, &of.subject, &of.words),
            false => store.clear_alarm(&of.site, of.kind, &of.subject),
        });
        match put_down.await {
            // Known already: it lasts since before a restart.
            Ok(Ok(false)) => continue,
            Ok(Ok(true)) => {}
            Ok(Err(error)) => tracing::error!("an alarm can't be put on record: {error}"),
            Err(_) => return,
        }
        let state = if news.lasts { "alarm" } else { "alarm is over" };
        tracing::warn!(site = news.site, kind = news.kind, "{state}: {}", news.words);
        let Some(shared) = collector.upgrade() else { return };
        let config = shared.config();
        drop(shared);
        // Who is slow to listen holds up nobody else's alarms for long: each telling is bounded.
        if let Some(hook) = &config.hook {
            often("the hook", || post(hook, &news)).await;
        }
        if let Some(mail) = &config.mail {
            often("the mail server", || send(mail, &news)).await;
        }
    }
}

async fn often<F: Future<Output = io::Result<()>>>(whom: &str, telling: impl Fn() -> F) {
    let mut pause = Duration::from_secs(1);
    for left in (0..limits::TELLINGS).rev() {
        let told = tokio::time::timeout(limits::TELLING, telling()).await;
        let error = match told.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(()) => return,
            Err(error) => error,
        };
        if left == 0 {
            tracing::error!("an alarm can't be told to {whom}: {error}");
            return;
        }
        tracing::debug!("{whom}: {error}; trying again");
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Host with port, and path, of a hook.
pub(crate) fn place(hook: &str) -> Option<(String, &str)> {
    let rest = hook.strip_prefix("http://")?;
    if !rest.chars().all(|c| c.is_ascii_graphic()) {
        return None;
    }
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { host.to_owned() } else { format!("{host}:80") };
    (!host.is_empty() && !host.contains('@'))
        .then_some((address, if path.is_empty() { "/" } else { path }))
}

async fn post(hook: &str, news: &News) -> io::Result<()> {
    let Some((address, path)) = place(hook) else { return Ok(()) };
    let body = json(news);
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    let mut reader = BufReader::new(stream).take(limits::REPLY as u64);
    reader.read_until(b'\n', &mut reply).await?;
    let status = String::from_utf8_lossy(&reply).split(' ').nth(1).unwrap_or_default().to_owned();
    match status.starts_with('2') {
        true => Ok(()),
        false => Err(io::Error::other(format!("it answers `{}`", status.trim()))),
    }
}

fn json(news: &News) -> String {
    let quoted = |text: &str| {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    };
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!(
        "{{\"site\":{},\"kind\":{},\"subject\":{},\"words\":{},\"lasts\":{},\"at\":{at}}}",
        quoted(&news.site),
        quoted(news.kind),
        quoted(&news.subject),
        quoted(&news.words),
        news.lasts
    )
}

/// Sends a mail as RFC 5321 has it, to a server that takes it from here.
async fn send(mail: &MailConfig, news: &News) -> io::Result<()> {
    let stream = TcpStream::connect(&mail.server).await?;
    let mut server = BufReader::new(stream);
    expect(&mut server, '2').await?;
    say(&mut server, "EHLO trunkline", '2').await?;
    say(&mut server, &format!("MAIL FROM:<{}>", mail.from), '2').await?;
    for to in &mail.to.0 {
        say(&mut server, &format!("RCPT TO:<{to}>"), '2').await?;
    }
    say(&mut server, "DATA", '3').await?;
    // Site and words hold no line ends, and begin no line.
    let plain = |text: &str| text.replace(|c: char| c.is_control(), " ");
    let state = if news.lasts { "Alarm" } else { "Over" };
    let text = format!(
        "From: <{}>\r\nTo: {}\r\nSubject: {state}: {} {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSite: {}\r\nKind: {}\r\nPoint: {}\r\n\r\n: {}\r\n.",
        mail.from,
        mail.to.0.join(", "),
        plain(&news.site),
        news.kind,
        plain(&news.site),
        news.kind,
        plain(&news.subject),
        plain(&news.words)
    );
    say(&mut server, &text, '2').await?;
    say(&mut server, "QUIT", '2').await
}

async fn say(server: &mut BufReader<TcpStream>, text: &str, wanted: char) -> io::Result<()> {
    server.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
    expect(server, wanted).await
}

/// Reads an answer of one line or several.
async fn expect(server: &mut BufReader<TcpStream>, wanted: char) -> io::Result<()> {
    let mut server = server.take(limits::REPLY as u64);
    loop {
        let mut line = Vec::new();
        if server.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line);
        if line.chars().nth(3) == Some('-') {
            continue;
        }
        return match line.starts_with(wanted) {
            true => Ok(()),
            false => Err(io::Error::other(format!("it answers `{}`", line.trim()))),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_a_place() {
        assert_eq!(place("http://h:8080/a?b"), Some(("h:8080".into(), "/a?b")));
        assert_eq!(place("http://h"), Some(("h:80".into(), "/")));
        for wrong in ["https://h/", "http://", "http://h/a b", "http://u@h/", "h"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_told_stays_within_its_quotes() {
        let news = News {
            site: "a\"\n".into(),
            kind: "low",
            subject: String::new(),
            words: "\\".into(),
            lasts: true,
        };
        assert!(json(&news).starts_with("{\"site\":\"a\\\"\\u000a\",\"kind\":\"low\",\"subject\":\"\",\"words\":\"\\\\\",\"lasts\":true"));
    }
}
