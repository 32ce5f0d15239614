//! A program as the far end.

use std::io;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{Call, DialError, Dialling, Duplex, Peer, Until, clock_now, pump};
use clock::Instant;
use tokio::net::UnixStream;
use tracing::{info, warn};
use tty::{ErrorOutput, Grace, On, Program, ProgramIo, Running, User};

use super::Inside;
use crate::limits;

impl Inside {
    /// Starts a program of the owner's. What was dialled is no part of it.
    pub(super) fn program(&self, argv: &[String]) -> Dialling {
        let started = self.start(argv);
        Box::pin(std::future::ready(started))
    }

    fn start(&self, argv: &[String]) -> Result<Call, DialError> {
        let file = argv.first().cloned().unwrap_or_default();
        let failed = |cause| DialError::NoTrunk { place: format!("exec:{file}"), cause };
        let user = match &self.user {
            Some(name) => Some(User::find(name).map_err(|error| {
                warn!(line = self.line, "can't run {file} as {name}: {error}");
                failed(Cause::ProgramFailed)
            })?),
            None if rustix::process::geteuid().is_root() => {
                warn!(line = self.line, "{file} is not run as root; give the entry a `user`");
                return Err(failed(Cause::ProgramFailed));
            }
            None => None,
        };
        let program = Program {
            argv: argv.iter().map(Into::into).collect(),
            env: self.environment(user.as_ref()),
            dir: user.filter(|user| user.home.is_dir()).map_or("/".into(), |user| user.home),
            user: self.user.clone(),
            on: On::Pipes,
            ..Program::new(&file)
        };
        let running = program.spawn().map_err(|error| {
            warn!(line = self.line, "{error}");
            failed(Cause::ProgramFailed)
        })?;
        let (here, there) =
            UnixStream::pair().map_err(|error| failed(carrier::cause_of(&error)))?;
        info!(line = self.line, pid = running.child.pid(), "{file} started");
        tokio::spawn(join(self.line.clone(), file, there, running));
        Ok(Call::inside(here, Peer::Internal("program")))
    }

    /// Nothing in it was dialled: the number is the phonebook's.
    fn environment(&self, user: Option<&User>) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
        let mut variables = vec![
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("TRUNKLINE_LINE".into(), self.line.clone().into()),
            ("TRUNKLINE_CALLED".into(), self.party.clone().into()),
        ];
        if let Some(user) = user {
            variables.push(("HOME".into(), user.home.clone().into()));
            variables.push(("USER".into(), user.name.clone().into()));
            variables.push(("LOGNAME".into(), user.name.clone().into()));
        }
        variables
    }
}

/// Carries bytes between a call and its program until the program has said its last word, then sees
/// that it ends.
async fn join(line: String, file: String, mut call: UnixStream, running: Running) {
    let Running { io, child } = running;
    let mut far = FarEnd::new(line.clone(), file.clone(), io);
    let pumped = pump(&mut call, &mut far, Until::SecondEnds, None).await;
    drop(call);
    let ended = Running { io: far.io, child }.hang_up(Grace::default()).await;
    let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
    let (sent, received) = (pumped.forward, pumped.backward);
    info!(line, sent, received, "{file} ended: {status}");
}

/// A program's input and output, with an ear for its complaints.
struct FarEnd {
    line: String,
    file: String,
    io: ProgramIo,
    errors: Option<ErrorOutput>,
    complaints_left: u32,
    input: Input,
}

/// What the program still gets.
#[derive(Clone, Copy)]
enum Input {
    Open,
    /// Nothing; it has until then to end.
    Closed(Instant),
    /// It didn't.
    Overdue,
}

impl FarEnd {
    fn new(line: String, file: String, mut io: ProgramIo) -> Self {
        let errors = io.take_errors();
        let complaints_left = limits::COMPLAINTS;
        Self { line, file, io, errors, complaints_left, input: Input::Open }
    }

    /// A program whose complaints nobody reads would stand still.
    fn hear_complaints(&mut self, cx: &mut Context<'_>) {
        let mut text = [0; limits::COMPLAINT];
        while let Some(errors) = &mut self.errors {
            match errors.poll_read(cx, &mut text) {
                Poll::Pending => return,
                Poll::Ready(Ok(0) | Err(_)) => self.errors = None,
                Poll::Ready(Ok(count)) if self.complaints_left > 0 => {
                    self.complaints_left -= 1;
                    let said = String::from_utf8_lossy(text.get(..count).unwrap_or_default());
                    let said = said.trim_end().escape_debug().to_string();
                    info!(line = self.line, "{} says: {said}", self.file);
                }
                Poll::Ready(Ok(_)) => {}
            }
        }
    }
}

impl Duplex for FarEnd {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.hear_complaints(cx);
        match self.input {
            Input::Overdue => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Input::Open | Input::Closed(_) => self.io.poll_read(cx, buf),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_write(cx, data)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input = Input::Closed(clock_now() + limits::AFTER_HANG_UP);
        self.io.poll_shutdown(cx)
    }

    fn deadline(&self) -> Option<Instant> {
        match self.input {
            Input::Closed(at) => Some(at),
            Input::Open | Input::Overdue => None,
        }
    }

    fn timeout(&mut self, now: Instant) {
        if let Input::Closed(at) = self.input
            && at <= now
        {
            self.input = Input::Overdue;
        }
    }
}
