//! `trunkline top`: lines and calls of a running instance, live, on a terminal.

mod draw;
mod feed;
mod keys;
mod model;
mod screen;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tty::{RawTerminal, Resizes, terminal_size};

use self::feed::News;
use self::keys::Keys;
use self::model::{Model, Wish};
use self::screen::Screen;
use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, Matches};
use crate::control::Connection;
use crate::runtime::{self, Threads};
use crate::style::Style;

pub(super) const COMMAND: Command = Command {
    name: "top",
    about: "watch lines and calls of a running instance, live",
    text: "1, 2 and 3 choose lines, calls, and calls that are over; / filters, s sorts, r turns the order round, h \
           hangs up on the selected row, q leaves. Only what has changed is sent to the terminal.",
    operands: &[],
    flags: &[CONTROL],
    examples: &[("trunkline top", "What goes on now, over an SSH session, say.")],
    act: Act::Run(|matches| exit(top(matches))),
};

fn top(matches: &Matches) -> Result<Exit, Failure> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() || dumb {
        return Err(Failure::Other(
            "this is no terminal to draw on; for a program, or a look in passing: trunkline lines --json".to_owned(),
        ));
    }
    let place = matches.value(&CONTROL).map(PathBuf::from);
    // Whoever can't be reached is told in plain words, on a terminal as it was.
    drop(Connection::open(place.as_deref())?);
    let failed = |error| Failure::Other(format!("can't use the terminal: {error}"));
    runtime::run(Threads::One, watch(place.as_deref())).map_err(failed)?.map_err(failed)
}

async fn watch(place: Option<&Path>) -> std::io::Result<Exit> {
    let mut resizes = Resizes::new()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut gone = signal(SignalKind::hangup())?;
    let (sender, mut news) = mpsc::channel(4);
    let feed = feed::begin(place, sender)?;
    let mut keys = Keys::begin()?;
    let mut model = Model::default();
    // In this order, so that they are undone in the other one.
    let _raw = RawTerminal::enter()?;
    let mut screen = Screen::enter(Style::of(&std::io::stdout()))?;
    let mut size = terminal_size();
    loop {
        if let Some(size) = size {
            let lines =
                draw::draw(&mut model, size.columns.into(), size.rows.into(), screen.style());
            screen.show(lines)?;
        }
        tokio::select! {
            heard = news.recv() => match heard {
                Some(heard) => model.hear(heard),
                None => model.hear(News::Lost("the feed has ended".to_owned())),
            },
            key = keys.next() => match key.map(|key| model.key(key)) {
                None | Some(Wish::Leave) => return Ok(Exit::Done),
                Some(Wish::HangUp(call)) => feed.hang_up(call),
                Some(Wish::Nothing) => {}
            },
            changed = resizes.next() => {
                size = Some(changed);
                screen.forget();
            }
            _ = terminate.recv() => return Ok(Exit::Done),
            _ = interrupt.recv() => return Ok(Exit::Done),
            _ = gone.recv() => return Ok(Exit::Done),
        }
    }
}
