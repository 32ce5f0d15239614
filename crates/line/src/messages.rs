//! Messages between modules: to the line that has the number, or to a program.

use std::ffi::OsString;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use modem::ShortMessage;
use tracing::{info, warn};
use tty::{Grace, On, Program, Running, User};

use crate::circuit::Circuit;
use crate::limits;
use crate::module::ModuleConfig;
use crate::shared::{Letter, Shared};

/// 3GPP TS 24.011: nobody has this number.
const UNASSIGNED: u16 = 1;
/// The receiver has too much to do.
const TEMPORARY: u16 = 41;
/// Whoever would have it does not take it.
const REJECTED: u16 = 21;

/// A message on its way from one line to another.
pub(crate) struct Delivery {
    pub(crate) message: ShortMessage,
    /// Who waits to hear what came of it.
    from: Arc<Shared>,
}

impl Delivery {
    /// Tells the sender what came of it.
    pub(crate) fn settle(self, outcome: Result<(), u16>) {
        tell(&self.from, outcome);
    }
}

/// A line with a full box hears nothing, and its module gives up by itself.
fn tell(line: &Shared, outcome: Result<(), u16>) {
    let _ = line.letters.post(Letter::MessageSent(outcome));
}

impl Circuit {
    /// The module hands a message to its network.
    pub(crate) fn message(&self, message: &ShortMessage) {
        let line = self.name();
        if let Some(to) = self.board.line_of_number(&message.to) {
            info!(line, "a message to {}, which is {}", message.to, to.name());
            let from = Arc::clone(&self.shared);
            let delivery = Box::new(Delivery { message: message.clone(), from });
            if to.post(Letter::Message(delivery)).is_err() {
                tell(&self.shared, Err(TEMPORARY));
            }
            return;
        }
        match &self.shared.config.gsm {
            Some(module) if !module.program.is_empty() => {
                info!(line, "a message to {}, for the program", message.to);
                self.hand_to_program(module, message);
            }
            _ => {
                info!(line, "a message to {}, which nobody has", message.to);
                tell(&self.shared, Err(UNASSIGNED));
            }
        }
    }

    fn hand_to_program(&self, module: &ModuleConfig, message: &ShortMessage) {
        let line = self.name().to_owned();
        let running = match start(&line, module, message) {
            Ok(running) => running,
            Err(reason) => {
                warn!(line, "{reason}");
                return tell(&self.shared, Err(REJECTED));
            }
        };
        let text = message.content.text();
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let outcome = match tell_program(running, &text).await {
                Ok(()) => Ok(()),
                Err(reason) => {
                    warn!(line, "the program for messages {reason}");
                    Err(REJECTED)
                }
            };
            tell(&shared, outcome);
        });
    }
}

fn start(line: &str, module: &ModuleConfig, message: &ShortMessage) -> Result<Running, String> {
    let file = module.program.first().cloned().unwrap_or_default();
    let user = match &module.user {
        Some(name) => {
            Some(User::find(name).map_err(|error| format!("can't run {file} as {name}: {error}"))?)
        }
        None if rustix::process::geteuid().is_root() => {
            return Err(format!("{file} is not run as root; give the line's `gsm` a `user`"));
        }
        None => None,
    };
    // The numbers are digits, `+`, `*`, `#` and `a` to `c`, or they would be no numbers.
    let mut env: Vec<(OsString, OsString)> = vec![
        ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
        ("TRUNKLINE_LINE".into(), line.into()),
        ("TRUNKLINE_FROM".into(), message.from.to_string().into()),
        ("TRUNKLINE_TO".into(), message.to.to_string().into()),
    ];
    if let Some(user) = &user {
        env.push(("HOME".into(), user.home.clone().into()));
        env.push(("USER".into(), user.name.clone().into()));
        env.push(("LOGNAME".into(), user.name.clone().into()));
    }
    let program = Program {
        argv: module.program.iter().map(Into::into).collect(),
        env,
        dir: user.filter(|user| user.home.is_dir()).map_or("/".into(), |user| user.home),
        user: module.user.clone(),
        on: On::Pipes,
        ..Program::new(&file)
    };
    program.spawn().map_err(|error| error.to_string())
}

/// Writes the text to the program's input, and waits until it has ended.
async fn tell_program(running: Running, text: &str) -> Result<(), String> {
    let Running { mut io, mut child } = running;
    let mut errors = io.take_errors();
    let talk = async {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match poll_fn(|cx| io.poll_write(cx, rest)).await {
                Ok(taken @ 1..) => rest = rest.get(taken..).unwrap_or_default(),
                // It may have heard enough.
                Ok(_) | Err(_) => break,
            }
        }
        let _ = poll_fn(|cx| io.poll_shutdown(cx)).await;
        // What it says is for nobody, and must not keep it from ending.
        let mut heard = [0; limits::COMPLAINT];
        poll_fn(|cx| {
            while let Some(stream) = &mut errors {
                match stream.poll_read(cx, &mut heard) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => errors = None,
                    Poll::Pending => break,
                }
            }
            while let Poll::Ready(read) = io.poll_read(cx, &mut heard) {
                if !matches!(read, Ok(1..)) {
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
        .await;
        child.wait().await
    };
    let ended = tokio::time::timeout(limits::MESSAGE_PROGRAM, talk).await;
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("ended: {status}")),
        Ok(Err(error)) => Err(format!("can't be waited for: {error}")),
        Err(_) => {
            let _ = Running { io, child }.hang_up(Grace::default()).await;
            Err("took too long".to_owned())
        }
    }
}
