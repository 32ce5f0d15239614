//! A bus that anybody may ask: a task with the master, its queue and the way to the units.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use carrier::clock_now;
use modbus::master::{Failure, Full, Master, Outcome, Output, Question, Settings, Ticket};
use modbus::pdu::{Pdu, PduError};
use modbus::{UnitId, Wide};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tty::Alarm;

use crate::limits;
use crate::place::{OpenError, Place, Way};

/// A bus. Clones ask the same one; with the last of them its task ends.
#[derive(Clone, Debug)]
pub struct Bus {
    letters: mpsc::Sender<Letter>,
}

/// Why a bus gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no way to it.
    #[error("there is no way to the bus: {0}")]
    NoWay(String),
    /// Too many ask at once.
    #[error(transparent)]
    Full(#[from] Full),
    /// Whoever asks may not.
    #[error("that is not allowed")]
    Forbidden,
    /// It was asked, or told, in vain.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Whoever has units that clients may ask.
pub trait Units: Clone + Send + Sync + 'static {
    /// What a client's request asks of a unit.
    ///
    /// # Errors
    /// It is none.
    fn question(&self, _unit: UnitId, pdu: Pdu) -> Result<Question, PduError> {
        Question::of(pdu)
    }

    /// Asks a unit for a client.
    ///
    /// # Errors
    /// Nothing answered, or there is no way to it.
    fn ask(
        &self,
        unit: UnitId,
        question: Question,
        client: SocketAddr,
    ) -> impl Future<Output = Result<Outcome, AskError>> + Send;
}

/// A bus for clients, who know how wide its registers are.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) bus: Bus,
    pub(crate) wide: Arc<Wide>,
}

impl Units for Shared {
    fn question(&self, unit: UnitId, pdu: Pdu) -> Result<Question, PduError> {
        Question::of_wide(pdu, unit, &self.wide)
    }

    async fn ask(
        &self,
        unit: UnitId,
        question: Question,
        _: SocketAddr,
    ) -> Result<Outcome, AskError> {
        self.bus.ask(unit, question).await
    }
}

/// A question for the task.
#[derive(Debug)]
struct Letter {
    unit: UnitId,
    question: Question,
    answer: oneshot::Sender<Result<Outcome, AskError>>,
}

impl Bus {
    /// Opens a bus now, and keeps it open. Must be called inside the runtime that is to carry it.
    ///
    /// # Errors
    /// It can't be opened. Later on, one that is lost is opened again.
    pub async fn open(place: Place, settings: Settings) -> Result<Self, OpenError> {
        let way = place.open().await?;
        Ok(Self::start(place, settings, Some(way)))
    }

    /// A bus that is opened as soon as it can be.
    pub fn lazy(place: Place, settings: Settings) -> Self {
        Self::start(place, settings, None)
    }

    fn start(place: Place, settings: Settings, way: Option<Way>) -> Self {
        let (letters, inbox) = mpsc::channel(limits::LETTERS);
        let task = Task {
            place,
            inbox,
            master: Master::new(settings),
            desk: Desk::default(),
            way,
            trouble: String::new(),
        };
        tokio::spawn(task.run());
        Self { letters }
    }

    /// Asks a unit, after everybody who has asked before.
    ///
    /// # Errors
    /// Nothing answered, or there is no way to the bus.
    pub async fn ask(&self, unit: UnitId, question: Question) -> Result<Outcome, AskError> {
        let (answer, answered) = oneshot::channel();
        let ended = || AskError::NoWay("it has been closed".to_owned());
        let letter = Letter { unit, question, answer };
        self.letters.send(letter).await.map_err(|_| ended())?;
        match answered.await.map_err(|_| ended())?? {
            Outcome::Failed(failure) => Err(failure.into()),
            outcome => Ok(outcome),
        }
    }
}

/// Who waits for what, and what is to be sent.
#[derive(Debug, Default)]
struct Desk {
    waiting: HashMap<Ticket, oneshot::Sender<Result<Outcome, AskError>>>,
    next: u64,
    send: Vec<u8>,
}

impl Output for Desk {
    fn send(&mut self, frame: &[u8]) {
        self.send.extend_from_slice(frame);
    }

    fn done(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(asker) = self.waiting.remove(&ticket) {
            // Who has left doesn't want to know.
            let _ = asker.send(Ok(outcome));
        }
    }
}

struct Task {
    place: Place,
    inbox: mpsc::Receiver<Letter>,
    master: Master,
    desk: Desk,
    way: Option<Way>,
    /// Why there is no way, once that has been said.
    trouble: String,
}

impl Task {
    async fn run(mut self) {
        loop {
            let ended = match self.way.take() {
                Some(way) => match self.serve(way).await {
                    // Who hangs up without a word, as serial servers that are taken do, would only do so again.
                    Ended::Mute => self.pause().await,
                    ended => ended,
                },
                None => self.reopen().await,
            };
            if ended == Ended::Wanted {
                return;
            }
        }
    }

    /// Opens the place again; who asks meanwhile learns that there is no way.
    async fn reopen(&mut self) -> Ended {
        let place = self.place.clone();
        let mut opening = std::pin::pin!(place.open());
        let opened = loop {
            tokio::select! {
                opened = &mut opening => break opened,
                // Who asks before the first try is over may wait for it; it seldom takes long.
                letter = self.inbox.recv(), if !self.trouble.is_empty() => match letter {
                    Some(letter) => self.refuse(letter),
                    None => return Ended::Wanted,
                },
            }
        };
        match opened {
            Ok(way) => {
                if !self.trouble.is_empty() {
                    tracing::info!("the bus is there again");
                }
                self.trouble.clear();
                self.way = Some(way);
                return Ended::Lost;
            }
            Err(error) => {
                let words = chain(&error);
                if self.trouble != words {
                    tracing::error!("{words}; trying again every {:?}", limits::REOPEN);
                    self.trouble = words;
                }
            }
        }
        self.pause().await
    }

    /// Leaves the place alone for a while; who asks meanwhile learns that there is no way.
    async fn pause(&mut self) -> Ended {
        let again = Instant::now() + limits::REOPEN;
        loop {
            tokio::select! {
                letter = self.inbox.recv() => match letter {
                    Some(letter) => self.refuse(letter),
                    None => return Ended::Wanted,
                },
                () = tokio::time::sleep_until(again) => return Ended::Lost,
            }
        }
    }

    fn refuse(&self, letter: Letter) {
        // Who has left doesn't want to know.
        let _ = letter.answer.send(Err(AskError::NoWay(self.trouble.clone())));
    }

    /// Asks and listens until the way is lost.
    async fn serve(&mut self, mut way: Way) -> Ended {
        let mut buffer = [0; limits::READ];
        let alarm = Alarm::new();
        let mut heard = false;
        let ended = loop {
            if !self.desk.send.is_empty() {
                let frame = std::mem::take(&mut self.desk.send);
                if let Err(error) = way.write(&frame).await {
                    break self.lost(&error);
                }
            }
            let deadline = self.master.deadline().map(|at| at.since(clock_now()));
            tokio::select! {
                letter = self.inbox.recv() => match letter {
                    Some(letter) => self.take(letter),
                    None => break Ended::Wanted,
                },
                read = way.read(&mut buffer) => match read {
                    Ok(0) => break self.lost(&io::ErrorKind::UnexpectedEof.into()),
                    Ok(length) => {
                        heard = true;
                        let bytes = buffer.get(..length).unwrap_or_default();
                        if let Err(error) = self.master.input(clock_now(), bytes, &mut self.desk) {
                            break self.lost(&io::Error::other(error));
                        }
                    }
                    Err(error) => break self.lost(&error),
                },
                () = alarm.ring(deadline) => self.master.timeout(clock_now(), &mut self.desk),
            }
        };
        self.master.closed(clock_now(), &mut self.desk);
        self.master.fail_waiting(&mut self.desk);
        self.desk.send.clear();
        if ended == Ended::Lost && !heard { Ended::Mute } else { ended }
    }

    fn take(&mut self, letter: Letter) {
        let ticket = Ticket(self.desk.next);
        self.desk.next += 1;
        self.desk.waiting.insert(ticket, letter.answer);
        let now = clock_now();
        if let Err(full) =
            self.master.order(now, ticket, letter.unit, letter.question, &mut self.desk)
            && let Some(asker) = self.desk.waiting.remove(&ticket)
        {
            let _ = asker.send(Err(full.into()));
        }
    }

    fn lost(&mut self, error: &io::Error) -> Ended {
        self.trouble = error.to_string();
        tracing::error!("the way to the bus is lost: {error}");
        Ended::Lost
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It is to be opened again.
    Lost,
    /// The same, but nothing was ever heard there.
    Mute,
    /// Nobody will ask any more.
    Wanted,
}

/// An error and its cause in one line.
fn chain(error: &OpenError) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(cause) if !error.to_string().contains(&cause.to_string()) => {
            format!("{error}: {cause}")
        }
        _ => error.to_string(),
    }
}
