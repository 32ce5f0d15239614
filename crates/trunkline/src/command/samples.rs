//! `trunkline samples`: what was measured, for other programs.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use store::Store;

use super::calls::{csv, file};
use super::progress::Progress;
use super::site::SITE;
use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Flag, JSON, Matches, Operand};
use crate::control::{Answer, ClientError, Connection, Request, SiteRequest, Span};
use crate::failure::chain;
use crate::json::Json;
use crate::samples::{COUNT, MEMBERS, Pieces};
use crate::time::When;

const SINCE: Flag = Flag {
    name: "since",
    value: Some("WHEN"),
    help: "Only what was measured then or later: 2026-11-22, 2026-11-22T17:30 (UTC), or 90m, 12h, 7d ago",
};
const UNTIL: Flag =
    Flag { name: "until", value: Some("WHEN"), help: "Only what was measured then or earlier" };
const STORE: Flag = Flag {
    name: "store",
    value: Some("FILE"),
    help: "Read this store, whether an instance runs with it or not",
};

pub(super) const COMMAND: Command = Command {
    name: "samples",
    about: "export what was measured at a site",
    text: "Every sample, point after point, the oldest first, as a table for programs (RFC 4180): \
           point, time (in UTC), value, quality. A value that is no number, and that a spreadsheet would take for a formula, begins \
           with an apostrophe there. Without a running instance the store of the configuration here is read.",
    operands: &[
        SITE,
        Operand { name: "POINT", count: Count::Many, help: "The points; all of them by default" },
    ],
    flags: &[SINCE, UNTIL, JSON, STORE, CONTROL],
    examples: &[
        ("trunkline samples pump-7 > pump-7.csv", "Everything that is known of it."),
        (
            "trunkline samples pump-7 level --since 7d --json",
            "A point's last week, an object per line.",
        ),
    ],
    act: Act::Run(|matches| exit(run(matches))),
};

/// Who knows the samples.
enum Source {
    Instance(Connection),
    Store(Store),
}

/// Where they go, and how far they are.
struct Sink<W> {
    out: W,
    form: Form,
    /// Where somebody sees it.
    progress: Option<Progress>,
    /// Of the point that is on its way.
    count: i64,
    written: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Objects,
}

/// Why an export ends early.
enum Broken {
    /// Nobody reads it any more, or it can't be written.
    Out(io::Error),
    /// There is no more to be had.
    In(Failure),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let [site, wanted @ ..] = matches.operands() else {
        return Err(matches.wrong("whose samples?").into());
    };
    let since = matches.parse(&SINCE)?.map(|When(time)| time);
    let until = matches.parse(&UNTIL)?.map(|When(time)| time);
    let mut source = Source::of(matches)?;
    let known = source.points(site)?;
    let points = if wanted.is_empty() { &known } else { wanted };
    if let Some(unknown) = points.iter().find(|point| !known.contains(point)) {
        return Err(Failure::Other(no_point(unknown, &known)));
    }
    let stdout = io::stdout();
    let mut sink = Sink {
        // Whoever reads it himself sees how far it is.
        progress: (!stdout.is_terminal()).then(Progress::new),
        out: BufWriter::new(stdout.lock()),
        form: if matches.has(&JSON) { Form::Objects } else { Form::Table },
        count: 0,
        written: 0,
    };
    let span = |point: &String| Span { site: site.clone(), point: point.clone(), since, until };
    let exported = sink.begin().map_err(Broken::Out).and_then(|()| {
        points.iter().try_for_each(|point| source.samples(span(point), &mut sink))?;
        sink.end().map_err(Broken::Out)
    });
    match exported {
        Ok(()) => Ok(Exit::Done),
        // The reader has seen enough.
        Err(Broken::Out(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(Broken::Out(error)) => Err(Failure::Other(format!("can't write: {error}"))),
        Err(Broken::In(failure)) => Err(failure),
    }
}

impl Source {
    fn of(matches: &Matches) -> Result<Self, Failure> {
        let store = |path: &Path| {
            let store = Store::visit(path).map_err(|error| Failure::Other(chain(&error)))?;
            Ok(Self::Store(store))
        };
        if let Some(path) = matches.value(&STORE) {
            return store(Path::new(path));
        }
        match Connection::open(matches.value(&CONTROL).map(Path::new)) {
            Ok(connection) => Ok(Self::Instance(connection)),
            Err(error @ ClientError::Nobody(_)) if !matches.has(&CONTROL) => {
                match file::usual_store() {
                    Some(path) => store(&path),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The names of a site's points.
    fn points(&mut self, site: &str) -> Result<Vec<String>, Failure> {
        match self {
            Self::Instance(connection) => {
                let points =
                    connection.all(&Request::Site(SiteRequest::Points(site.to_owned())))?;
                let names = points.iter().filter_map(|point| point.text("point"));
                Ok(names.map(str::to_owned).collect())
            }
            Self::Store(store) => {
                let latest = store.latest(site).map_err(|error| Failure::Other(chain(&error)))?;
                if latest.is_empty() {
                    let words = format!("the store has no samples of a site `{site}`");
                    return Err(Failure::Other(words));
                }
                Ok(latest.into_iter().map(|sample| sample.point).collect())
            }
        }
    }

    fn samples(&mut self, span: Span, sink: &mut Sink<impl Write>) -> Result<(), Broken> {
        match self {
            Self::Instance(connection) => {
                let failed = |error: ClientError| Broken::In(error.into());
                connection.ask(&Request::Site(SiteRequest::Samples(span))).map_err(failed)?;
                while let Answer::Item(item) = connection.next().map_err(failed)? {
                    sink.take(&item)?;
                }
            }
            Self::Store(store) => {
                let failed = |words: String| Broken::In(Failure::Other(words));
                for piece in Pieces::of(store, &span) {
                    for line in piece.map_err(failed)?.lines() {
                        let item = Json::parse(line).map_err(|error| failed(error.to_string()))?;
                        sink.take(&item)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl<W: Write> Sink<W> {
    fn begin(&mut self) -> io::Result<()> {
        match self.form {
            Form::Table => write!(self.out, "{}\r\n", MEMBERS.join(",")),
            Form::Objects => Ok(()),
        }
    }

    /// How many there are of a point, or one of them.
    fn take(&mut self, item: &Json) -> Result<(), Broken> {
        if let Some(count) = item.number(COUNT) {
            (self.count, self.written) = (count, 0);
            return Ok(());
        }
        self.written += 1;
        if let Some(progress) = &mut self.progress {
            let point = item.text("point").unwrap_or_default();
            progress.is(format_args!("{point}: {} of {} samples", self.written, self.count));
        }
        match self.form {
            Form::Table => {
                let values = MEMBERS.map(|member| cell(item.text(member).unwrap_or_default()));
                write!(self.out, "{}\r\n", values.join(","))?;
            }
            Form::Objects => writeln!(self.out, "{item}")?,
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A text that no spreadsheet takes for a formula, whatever a site has said.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '@', '+', '\t'])
        || text.starts_with('-') && text.parse::<f64>().is_err();
    csv::field(&format!("{}{text}", if formula { "'" } else { "" }))
}

fn no_point(name: &str, known: &[String]) -> String {
    let few: Vec<_> = known.iter().take(collector::limits::NAMED).map(String::as_str).collect();
    let more = if known.len() > few.len() { " …" } else { "" };
    format!("the site has no point `{name}`; its points are {}{more}", few.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_has_said_is_no_formula_and_stays_in_its_cell() {
        for (text, written) in
            [("-1.5", "-1.5"), ("=1+1", "'=1+1"), ("-x", "'-x"), ("@a,b", "\"'@a,b\""), ("", "")]
        {
            assert_eq!(cell(text), written);
        }
    }
}
