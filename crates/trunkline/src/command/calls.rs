//! `trunkline calls`: who is on the line, and who was.

pub(super) mod csv;
pub(super) mod file;
mod rows;

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use self::rows::Rows;
use super::progress::Progress;
use super::{Failure, exit};
use crate::calls::Wanted;
use crate::cli::{Act, CONTROL, Command, Exit, Flag, JSON, Matches, Usage};
use crate::control::{Answer, ClientError, Connection, Request};
use crate::json::Json;
use crate::time::When;

const ACCOUNT: Flag = Flag { name: "account", value: Some("NAME"), help: "Only this account's" };
const LINE: Flag = Flag {
    name: "line",
    value: Some("NAME"),
    help: "Only those on this line, or at this address of the exchange",
};
const FROM: Flag = Flag {
    name: "from",
    value: Some("TEXT"),
    help: "Only those with this text in who called or was called, such as 192.0.2.",
};
const SINCE: Flag = Flag {
    name: "since",
    value: Some("WHEN"),
    help: "Only those that rang then or later: 2026-11-22, 2026-11-22T17:30 (UTC), or 90m, 12h, 7d ago",
};
const UNTIL: Flag =
    Flag { name: "until", value: Some("WHEN"), help: "Only those that rang then or earlier" };
const CAUSE: Flag = Flag {
    name: "cause",
    value: Some("CODE"),
    help: "Only those that ended for this reason, such as line-lost",
};
const FAILED: Flag = Flag {
    name: "failed",
    value: None,
    help: "Only those that ended before they were connected to anything",
};
const LIMIT: Flag = Flag {
    name: "limit",
    value: Some("N"),
    help: "At most so many of those that are over, or `all`; 100 by default",
};
const CSV: Flag =
    Flag { name: "csv", value: None, help: "Print a table for programs, as RFC 4180 has it" };
const STORE: Flag = Flag {
    name: "store",
    value: Some("FILE"),
    help: "Read this store, whether an instance runs with it or not",
};

pub(super) const COMMAND: Command = Command {
    name: "calls",
    about: "show the calls in progress, and those that are over",
    text: "Calls in progress come first; then those that have ended, the latest first, each with the cause of its end. \
           Without a running instance the store of the configuration here is read.",
    operands: &[],
    flags: &[ACCOUNT, LINE, FROM, SINCE, UNTIL, CAUSE, FAILED, LIMIT, JSON, CSV, STORE, CONTROL],
    examples: &[
        ("trunkline calls", "Who is on the line, and who was."),
        ("trunkline calls --failed --since 1d", "What went wrong since yesterday."),
        ("trunkline calls --csv --limit all > calls.csv", "Everything, for a spreadsheet."),
    ],
    act: Act::Run(|matches| exit(run(matches))),
};

/// What shows one call after the other.
trait Show {
    /// One more.
    fn call(&mut self, call: &Json) -> io::Result<()>;

    /// That was all.
    fn end(&mut self) -> io::Result<()>;
}

/// One object per line.
struct Objects<W>(W);

impl<W: Write> Show for Objects<W> {
    fn call(&mut self, call: &Json) -> io::Result<()> {
        writeln!(self.0, "{call}")
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Shows calls elsewhere, and how many they are so far.
struct Counted {
    show: Box<dyn Show>,
    progress: Progress,
    calls: u64,
}

impl Show for Counted {
    fn call(&mut self, call: &Json) -> io::Result<()> {
        self.calls += 1;
        self.progress.is(format_args!("{} calls", self.calls));
        self.show.call(call)
    }

    fn end(&mut self) -> io::Result<()> {
        self.progress.make_room();
        self.show.end()
    }
}

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let wanted = wanted(matches)?;
    let stdout = io::stdout();
    let style = crate::style::Style::of(&stdout);
    let out = BufWriter::new(stdout.lock());
    // Whoever reads the list itself sees how far it is.
    let progress = (!io::stdout().is_terminal()).then(Progress::new);
    let show: Box<dyn Show> = match (matches.has(&JSON), matches.has(&CSV)) {
        (false, false) => Box::new(Rows::new(out, style)),
        (true, false) => Box::new(Objects(out)),
        (false, true) => Box::new(csv::Csv::new(out)),
        (true, true) => return Err(matches.wrong("--json and --csv exclude each other").into()),
    };
    let mut show: Box<dyn Show> = match progress {
        Some(progress) => Box::new(Counted { show, progress, calls: 0 }),
        None => show,
    };
    let shown = match matches.value(&STORE) {
        Some(store) => file::show(Path::new(store), &wanted, &mut *show)?,
        None => match Connection::open(matches.value(&CONTROL).map(Path::new)) {
            Ok(connection) => ask(connection, wanted, &mut *show)?,
            Err(error @ ClientError::Nobody(_)) if !matches.has(&CONTROL) => {
                match file::usual_store() {
                    Some(store) => file::show(&store, &wanted, &mut *show)?,
                    None => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        },
    };
    match shown.and_then(|()| show.end()) {
        Ok(()) => Ok(Exit::Done),
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::Other(format!("can't write: {error}"))),
    }
}

fn wanted(matches: &Matches) -> Result<Wanted, Usage> {
    let text = |flag| matches.value(flag).map(str::to_owned);
    Ok(Wanted {
        account: text(&ACCOUNT),
        line: text(&LINE),
        party: text(&FROM),
        since: matches.parse(&SINCE)?.map(|When(time)| time),
        until: matches.parse(&UNTIL)?.map(|When(time)| time),
        cause: text(&CAUSE),
        failed: matches.has(&FAILED),
        limit: matches.parse(&LIMIT)?.unwrap_or_default(),
    })
}

/// Shows what a running instance tells. The inner error is one of showing it.
fn ask(
    mut connection: Connection,
    wanted: Wanted,
    show: &mut dyn Show,
) -> Result<io::Result<()>, Failure> {
    connection.ask(&Request::Calls(wanted))?;
    while let Answer::Item(call) = connection.next()? {
        if let Err(error) = show.call(&call) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
