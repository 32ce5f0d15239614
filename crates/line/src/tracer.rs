//! The hex trace of a line at its DTE end, with passwords and PINs left out.

mod secrets;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use carrier::trace::{self, Tracer, Visibility, Way};
use clock::Instant;
use tokio::runtime::Handle;

use self::secrets::Secrets;

/// Everybody who watches the line: as a rule, nobody.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Option<Box<Watching>>);

#[derive(Debug, Default)]
struct Watching {
    tracers: Vec<Tracer>,
    /// The last characters shown to the equipment, in small letters.
    prompt: Vec<u8>,
    typing: Typing,
    /// What the equipment types, and what it is shown of that.
    typed: Secrets,
    echoed: Secrets,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Typing {
    #[default]
    Anything,
    /// From a password prompt to the end of the line typed at it.
    Password,
}

/// How getty, login, sshd and our own exchange end the question for a password, and how servers of mail do.
const PROMPTS: [&[u8]; 2] = [b"password:", b"334 ugfzc3dvcmq6"];

/// Characters of the longest of them, with blanks behind it.
const PROMPT: usize = 18;

impl Watchers {
    pub(crate) fn add(&mut self, tracer: Tracer) {
        let watching = self.0.get_or_insert_default();
        watching.tracers.retain(Tracer::is_watched);
        watching.tracers.push(tracer);
    }

    /// Whether nobody looks on.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|all| !all.tracers.iter().any(Tracer::is_watched))
    }

    /// Bytes from the equipment.
    pub(crate) fn heard(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(watching) = &mut self.0 {
            watching.heard(now, bytes);
        }
    }

    /// Bytes for the equipment.
    pub(crate) fn said(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(watching) = &mut self.0 {
            watching.said(now, bytes);
        }
    }

    /// A signal or a change of state.
    pub(crate) fn note(&self, now: Instant, words: impl FnOnce() -> String) {
        if let Some(watching) = &self.0 {
            let words = words();
            watching.tracers.iter().for_each(|tracer| tracer.note(now, &words));
        }
    }
}

impl Watching {
    fn heard(&mut self, now: Instant, bytes: &[u8]) {
        match self.typing {
            Typing::Password => self.show(now, Way::In, Visibility::Hidden, bytes),
            Typing::Anything => {
                for (visibility, run) in self.typed.split(bytes) {
                    self.show(now, Way::In, visibility, &run);
                }
            }
        }
        if self.typing == Typing::Password
            && bytes.iter().any(|byte| matches!(byte & 0x7F, b'\r' | b'\n'))
        {
            self.typing = Typing::Anything;
        }
    }

    fn said(&mut self, now: Instant, bytes: &[u8]) {
        for (visibility, run) in self.echoed.split(bytes) {
            self.show(now, Way::Out, visibility, &run);
        }
        let tail = bytes.get(bytes.len().saturating_sub(PROMPT)..).unwrap_or_default();
        self.prompt.extend(tail.iter().map(|byte| (byte & 0x7F).to_ascii_lowercase()));
        let old = self.prompt.len().saturating_sub(PROMPT);
        self.prompt.drain(..old);
        let prompt = self.prompt.trim_ascii_end();
        if PROMPTS.iter().any(|known| prompt.ends_with(known)) {
            self.typing = Typing::Password;
            self.prompt.clear();
        }
    }

    fn show(&mut self, now: Instant, way: Way, visibility: Visibility, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.tracers.retain(Tracer::is_watched);
        for tracer in &self.tracers {
            tracer.set(way, visibility);
            tracer.bytes(now, way, bytes);
        }
    }
}

/// A trace that is appended to a file, by a thread of its own since disks make one wait.
pub(crate) fn into_file(path: &Path) -> io::Result<Tracer> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(named)?;
    let (tracer, mut entries) = trace::begin(carrier::clock_now());
    let runtime = Handle::current();
    std::thread::Builder::new().name("trace".into()).spawn(move || {
        while let Some(entry) = runtime.block_on(entries.next()) {
            if let Err(error) = writeln!(file, "{entry}") {
                return tracing::warn!("the trace ends here: {error}");
            }
        }
    })?;
    Ok(tracer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carrier::trace;

    #[tokio::test]
    async fn a_pin_is_hidden_typed_and_echoed_however_its_command_is_cut() {
        // Letters that are in nothing else that a trace shows.
        let command = b"at+cpin=wxyz\r";
        for cut in 0..=command.len() {
            let now = carrier::clock_now();
            let (tracer, mut entries) = trace::begin(now);
            let mut watchers = Watchers::default();
            watchers.add(tracer);
            for part in [&command[..cut], &command[cut..], b"AT+CSQ\r"] {
                watchers.heard(now, part);
                watchers.said(now, part);
            }
            drop(watchers);
            let mut shown = String::new();
            while let Some(entry) = entries.next().await {
                shown += &entry.to_string();
            }
            assert!(!shown.contains(['w', 'x', 'y', 'z']), "cut at {cut}: {shown}");
            assert!(shown.contains("(hidden)"), "cut at {cut}: {shown}");
            assert_eq!(shown.matches("AT+CSQ").count(), 2, "cut at {cut}: {shown}");
        }
    }

    #[tokio::test]
    async fn a_password_is_hidden_however_its_prompt_is_cut() {
        let prompt = b"\r\nPassword: ";
        for cut in 0..=prompt.len() {
            let now = carrier::clock_now();
            let (tracer, mut entries) = trace::begin(now);
            let mut watchers = Watchers::default();
            watchers.add(tracer);
            for part in [&prompt[..cut], &prompt[cut..]] {
                watchers.said(now, part);
            }
            watchers.heard(now, b"hun");
            watchers.heard(now, b"ter2\r");
            watchers.heard(now, b"ls");
            drop(watchers);
            let mut shown = String::new();
            while let Some(entry) = entries.next().await {
                shown += &entry.to_string();
            }
            assert!(!shown.contains("hun") && !shown.contains("ter2"), "cut at {cut}: {shown}");
            assert!(shown.contains("|ls|"), "cut at {cut}: {shown}");
        }
    }
}
