//! A cable with the test at its far end, and a rack at this one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use carrier::{Address, Call, DialError, Received, Trunks as _};
use rack::{Answered, Group, ModemConfig, Rack, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use settings::{Parsed, Span};
use tokio::sync::mpsc;

/// A bound on failure: nothing here takes so long unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A modem in the test's own hands.
pub(crate) struct Modem {
    far: File,
    heard: Vec<u8>,
    link: PathBuf,
}

impl Modem {
    /// Plugged in under the name `link`.
    pub(crate) fn plug_in(link: &Path) -> Self {
        let far = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&far).unwrap();
        unlockpt(&far).unwrap();
        let path = ptsname(&far, Vec::new()).unwrap();
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(OsStr::from_bytes(path.as_bytes()), link).unwrap();
        Self { far: File::from(far), heard: Vec::new(), link: link.to_owned() }
    }

    /// Pulls the plug.
    pub(crate) fn unplug(self) {
        std::fs::remove_file(&self.link).unwrap();
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.far.write_all(bytes.as_ref()).unwrap();
    }

    /// Waits for these bytes; what came before them is returned.
    pub(crate) fn expect(&mut self, what: impl AsRef<[u8]>) -> Vec<u8> {
        let what = what.as_ref();
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.heard.windows(what.len()).position(|window| window == what) {
                let mut before: Vec<u8> = self.heard.drain(..at + what.len()).collect();
                before.truncate(at);
                return before;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited for \"{}\", heard \"{}\"",
                what.escape_ascii(),
                self.heard.escape_ascii()
            );
            self.hear(left.min(Duration::from_millis(100)));
        }
    }

    fn hear(&mut self, within: Duration) {
        let within = Timespec::try_from(within).unwrap();
        let mut fds = [PollFd::new(&self.far, PollFlags::IN)];
        poll(&mut fds, Some(&within)).unwrap();
        if fds[0].revents().contains(PollFlags::IN) {
            let mut chunk = [0; 4096];
            let count = self.far.read(&mut chunk).unwrap_or(0);
            self.heard.extend_from_slice(&chunk[..count]);
        }
    }

    /// Answers the commands that have come so far.
    fn obey(&mut self) {
        self.hear(Duration::ZERO);
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\r') {
            let command: Vec<u8> = self.heard.drain(..=end).collect();
            if command.windows(2).any(|two| two == b"AT") {
                self.say("\r\nOK\r\n");
            }
        }
    }

    /// Lets itself be initialised.
    pub(crate) fn obey_init(&mut self) {
        self.expect("ATZ\r");
        self.say("\r\nOK\r\n");
    }
}

/// A rack and the calls that it answers.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) rack: Rack,
    pub(crate) answered: mpsc::UnboundedReceiver<(Call, Answered)>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (taken, answered) = mpsc::unbounded_channel();
        let rack = Rack::new(Arc::new(move |call, answer| {
            let taken = taken.clone();
            Box::pin(async move { taken.send((call, answer)).unwrap() })
        }));
        Self { folder: tempfile::tempdir().unwrap(), rack, answered }
    }

    /// The name of a port.
    pub(crate) fn link(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A modem that hurries, with one init string.
    pub(crate) fn config(&self, name: &str) -> ModemConfig {
        ModemConfig {
            init: vec!["ATZ".into()],
            // Whoever tests silence says how long it is: all others may be slow.
            reply_within: Span(PATIENCE),
            guard: Span(Duration::from_millis(20)),
            dtr_off: Span(Duration::from_millis(1)),
            lock_folder: self.folder.path().to_owned(),
            format: Parsed::default(),
            ..ModemConfig::new(name, self.link(name))
        }
    }

    /// A rack with one modem, `a`, which has been initialised.
    pub(crate) async fn with_one(change: impl FnOnce(&mut ModemConfig)) -> (Self, Modem) {
        let stage = Self::new();
        let mut modem = Modem::plug_in(&stage.link("a"));
        let mut config = stage.config("a");
        change(&mut config);
        stage.rack.apply(vec![config], Vec::new()).await;
        modem.obey_init();
        stage.until("a", "idle").await;
        (stage, modem)
    }

    /// A rack with several modems, initialised, and a group of them.
    pub(crate) async fn with_group(names: &[&str], group: Group) -> (Self, Vec<Modem>) {
        let stage = Self::new();
        let mut modems: Vec<Modem> =
            names.iter().map(|name| Modem::plug_in(&stage.link(name))).collect();
        let configs = names.iter().map(|name| stage.config(name)).collect();
        stage.rack.apply(configs, vec![group]).await;
        modems.iter_mut().for_each(Modem::obey_init);
        for name in names {
            stage.until(name, "idle").await;
        }
        (stage, modems)
    }

    /// Waits until the modem is idle, which obeys whatever it is told until then.
    pub(crate) async fn until_obeyed(&self, modem: &mut Modem) -> Status {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.status("a");
            if status.state == "idle" {
                return status;
            }
            assert!(Instant::now() < end, "it is {} and never idle", status.state);
            modem.obey();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn status(&self, name: &str) -> Status {
        self.rack.status().into_iter().find(|status| status.name == name).unwrap()
    }

    /// Waits until the modem stands like this.
    pub(crate) async fn until(&self, name: &str, state: &str) -> Status {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.status(name);
            if status.state == state {
                return status;
            }
            assert!(Instant::now() < end, "{name} is {} and never {state}", status.state);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Begins to dial.
    pub(crate) fn dial(&self, address: &str) -> tokio::task::JoinHandle<Result<Call, DialError>> {
        let address: Address = address.parse().unwrap();
        let dialling = self.rack.call(&address, Some(PATIENCE)).expect("an address of the rack's");
        tokio::spawn(dialling)
    }

    pub(crate) async fn next_call(&mut self) -> (Call, Answered) {
        tokio::time::timeout(PATIENCE, self.answered.recv()).await.unwrap().unwrap()
    }
}

/// What comes next of a call.
pub(crate) async fn received(call: &mut Call, buf: &mut [u8]) -> Received {
    tokio::time::timeout(PATIENCE, call.receive(buf)).await.unwrap().unwrap()
}

/// So many bytes of a call.
pub(crate) async fn read(call: &mut Call, count: usize) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0; 4096]);
    while all.len() < count {
        match received(call, &mut buf).await {
            Received::Data(count) => all.extend_from_slice(&buf[..count]),
            other => panic!("{other:?} after {}", all.escape_ascii()),
        }
    }
    all
}

/// Every byte value, pairs with CR, and the modem's own words in the middle.
pub(crate) fn payload() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend(b"\r\r\n\r\nNO CARRIER\r\n+++ATH\r\x11\x13\xff\xff\0 end");
    bytes
}
