//! What the instance tells, asked by a thread of its own: the control socket makes one wait.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::calls::Wanted;
use crate::control::{ClientError, Connection, Request};
use crate::json::Json;
use crate::limits::{TOP_PAUSE, TOP_SHARE};

/// What was heard of the instance.
pub(super) enum News {
    /// Lines and calls as they stand.
    Now { lines: Vec<Json>, calls: Vec<Json>, at: Instant },
    /// An order was carried out, or not.
    Said(String),
    /// Nothing, for this reason.
    Lost(String),
}

/// The asking thread.
pub(super) struct Feed {
    orders: Sender<String>,
}

impl Feed {
    /// Has a call ended. What comes of it is news.
    pub(super) fn hang_up(&self, call: String) {
        // A thread that has ended has said so.
        let _ = self.orders.send(call);
    }
}

/// Starts to ask.
pub(super) fn begin(place: Option<&Path>, news: mpsc::Sender<News>) -> std::io::Result<Feed> {
    let (orders, wanted) = channel();
    let place = place.map(Path::to_owned);
    std::thread::Builder::new()
        .name("feed".to_owned())
        .spawn(move || ask(place, &news, &wanted))?;
    Ok(Feed { orders })
}

fn ask(place: Option<PathBuf>, news: &mpsc::Sender<News>, orders: &Receiver<String>) {
    let mut connection = None;
    loop {
        let began = Instant::now();
        let heard = match now(&mut connection, place.as_deref()) {
            Ok(heard) => heard,
            Err(error) => {
                connection = None;
                News::Lost(error.to_string())
            }
        };
        // A reader on a slow line gets less news, not older news.
        if news.blocking_send(heard).is_err() {
            return;
        }
        // A large house takes long to tell of; asking must not become all that it does.
        let pause = TOP_PAUSE.max(began.elapsed() * TOP_SHARE);
        match orders.recv_timeout(pause) {
            Ok(call) => {
                let said = carry_out(place.as_deref(), call);
                if news.blocking_send(News::Said(said)).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn now(connection: &mut Option<Connection>, place: Option<&Path>) -> Result<News, ClientError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(place)?),
    };
    let lines = connection.all(&Request::Lines)?;
    let calls = connection.all(&Request::Calls(Wanted::default()))?;
    Ok(News::Now { lines, calls, at: Instant::now() })
}

fn carry_out(place: Option<&Path>, call: String) -> String {
    let done =
        Connection::open(place).and_then(|mut connection| connection.done(&Request::HangUp(call)));
    match done {
        Ok(end) => end.text("said").unwrap_or("done").to_owned(),
        Err(error) => error.to_string(),
    }
}

const _: () = assert!(TOP_PAUSE.as_millis() >= Duration::from_millis(500).as_millis());
