//! Telling an alarm by HTTP.

use std::time::UNIX_EPOCH;

use store::TellingRow;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::limits;
use crate::tidings::Untold;

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

/// Posts an alarm as JSON.
pub(crate) async fn post(hook: &str, telling: &TellingRow) -> Result<(), Untold> {
    let Some((address, path)) = place(hook) else { return Ok(()) };
    let body = json(telling);
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
    match status.trim().get(..1) {
        Some("2") => Ok(()),
        // Too early, too often: not for what it says.
        Some("4") if !matches!(status.trim(), "408" | "425" | "429") => {
            Err(Untold::Refused(status.trim().to_owned()))
        }
        _ => Err(std::io::Error::other(format!("it answers `{}`", status.trim())).into()),
    }
}

fn json(telling: &TellingRow) -> String {
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
    let at = telling.made.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let news = &telling.news;
    format!(
        "{{\"site\":{},\"kind\":{},\"subject\":{},\"words\":{},\"lasts\":{},\"at\":{at}}}",
        quoted(&news.site),
        quoted(&news.kind),
        quoted(&news.subject),
        quoted(&news.words),
        news.lasts
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::AlarmNews;

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
        let [site, kind, subject, words] = ["a\"\n", "low", "", "\\"].map(str::to_owned);
        let news = AlarmNews { site, kind, subject, words, lasts: true };
        let telling = TellingRow { id: 1, made: UNIX_EPOCH, news };
        assert_eq!(
            json(&telling),
            "{\"site\":\"a\\\"\\u000a\",\"kind\":\"low\",\"subject\":\"\",\"words\":\"\\\\\",\"lasts\":true,\"at\":0}"
        );
    }
}
