//! `trunkline sites`, `read` and `write`: what is asked of sites.

use std::path::Path;
use std::time::UNIX_EPOCH;

use collector::{Ask, Target};
use modbus::address::{Address, Range, Table};
use modbus::pdu::Dialect;
use modbus::value::{Order, ValueType};
use settings::Span;

use super::progress::Progress;
use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Flag, JSON, Matches, Operand};
use crate::control::{Connection, Request, SiteAsk, SiteRequest};
use crate::json::Json;
use crate::style::Style;
use crate::table::table;
use crate::time::When;

const AS: Flag = Flag {
    name: "as",
    value: Some("TYPE"),
    help: "What stands there: u16 (default), i16, u32, i32, u64, i64, f32, f64, bcd16, bcd32, bit:N, text:N",
};
const ORDER: Flag = Flag {
    name: "order",
    value: Some("ORDER"),
    help: "In which order its bytes stand: ABCD (default), CDAB, BADC, DCBA",
};
const UNIT: Flag =
    Flag { name: "unit", value: Some("N"), help: "Which unit of the site, 1 to 255 (default 1)" };
const ENRON: Flag = Flag {
    name: "enron",
    value: None,
    help: "Its registers have 32 bits, as Enron's and Daniel's flow computers have them (a site's `enron` says so for good)",
};
const AT: Flag = Flag {
    name: "at",
    value: Some("WHEN"),
    help: "now (the default, but for station-config), next-call, in how long (2h, 1d), or from which moment on (2026-11-24T06:00, in UTC). What is to be asked later has a number",
};
const EXPIRES: Flag = Flag {
    name: "expires",
    value: Some("SPAN"),
    help: "How long it may wait for a call after that (default 7d)",
};
const PRIORITY: Flag =
    Flag { name: "priority", value: Some("N"), help: "What has more goes first (default 0)" };
const WISH: Flag = Flag {
    name: "wish",
    value: Some("N"),
    help: "What has become of what was to be asked later, by its number",
};

const POINTS: Flag = Flag {
    name: "points",
    value: Some("SITE"),
    help: "The points of a site, with what was measured last",
};
const ALARMS: Flag =
    Flag { name: "alarms", value: None, help: "The alarms: those that last first" };
const WISHES: Flag = Flag {
    name: "wishes",
    value: None,
    help: "What is to be asked later, the most urgent first, then what was",
};
const WITHDRAW: Flag = Flag {
    name: "withdraw",
    value: Some("N"),
    help: "Take back what was to be asked later, by its number, if it hasn't been sent",
};

pub(super) const SITE: Operand = Operand { name: "SITE", count: Count::One, help: "The site" };

pub(super) const SITES: Command = Command {
    name: "sites",
    about: "show the sites of a running instance",
    text: "Without a flag: which are on the line, when each called last, and how its station is. What was to be asked \
           later (`read --at`, `write --at`) is a wish; who takes one back goes to the audit log.",
    operands: &[Operand {
        name: "SITE",
        count: Count::Optional,
        help: "Only this one, also its alarms and wishes",
    }],
    flags: &[POINTS, ALARMS, WISHES, WISH, WITHDRAW, JSON, CONTROL],
    examples: &[
        ("trunkline sites", "Which are on the line, and when did the others call?"),
        ("trunkline sites --points pump-7", "What did it say last?"),
        ("trunkline sites --wishes pump-7", "What is it to be asked, and what was it?"),
        ("trunkline sites --withdraw 7", "Wish 7 isn't to be carried out after all."),
    ],
    act: Act::Run(|matches| exit(sites(matches))),
};

pub(super) const READ: Command = Command {
    name: "read",
    about: "read registers or points of a site",
    text: "Over the call that the site is on the line with. One that isn't can be asked at its next call.",
    operands: &[
        SITE,
        Operand {
            name: "WHAT",
            count: Count::Many,
            help: "Registers: h:100..110 (100 to 109, from 0 on), i:7, c:0+16, 40101 (from 1 on); or the name of a point",
        },
    ],
    flags: &[AS, ORDER, ENRON, UNIT, AT, EXPIRES, PRIORITY, JSON, CONTROL],
    examples: &[
        ("trunkline read pump-7 h:100..110 --as f32 --order CDAB", "Five numbers, now."),
        ("trunkline read pump-7 level --at next-call", "A point, when the site calls."),
    ],
    act: Act::Run(|matches| exit(read(matches))),
};

pub(super) const WRITE: Command = Command {
    name: "write",
    about: "write a register, a coil or a point of a site",
    text: "The site's table must say writes = \"allow\". Who wrote, and the old and the new value, go to the audit log.",
    operands: &[
        SITE,
        Operand {
            name: "WHERE",
            count: Count::One,
            help: "A register (h:100), a coil (c:7), or the name of a point",
        },
        Operand { name: "VALUE", count: Count::One, help: "A number, on or off, a text" },
    ],
    flags: &[AS, ORDER, ENRON, UNIT, AT, EXPIRES, PRIORITY, JSON, CONTROL],
    examples: &[("trunkline write pump-7 setpoint 12.5", "In the point's own measure.")],
    act: Act::Run(|matches| exit(write(matches))),
};

pub(super) const CONFIGURE: Command = Command {
    name: "station-config",
    about: "send the station of a site another configuration",
    text: "WHAT is a file with a [station] and its [[bus]] and [[device]] tables, or KEY=VALUE for some of its values: \
           call-every, DEVICE.every, DEVICE.poll, DEVICE.POINT.low, DEVICE.POINT.high.\n\n\
           It goes over the call that the site is on the line with, or over its next one. The station checks all of it \
           first and says where it is wrong; its own file must allow it (allow = [\"configuration\"]). If its next calls \
           don't reach the centre, it goes back to the configuration that it had. Who sent it goes to the audit log.",
    operands: &[
        SITE,
        Operand { name: "WHAT", count: Count::Many, help: "A file, or values: call-every=1h" },
    ],
    flags: &[AT, EXPIRES, PRIORITY, JSON, CONTROL],
    examples: &[
        ("trunkline station-config pump-7 pump-7.toml", "A new one, when the site calls."),
        ("trunkline station-config pump-7 call-every=1h --at now", "One value, now."),
    ],
    act: Act::Run(|matches| exit(configure(matches))),
};

fn open(matches: &Matches) -> Result<Connection, Failure> {
    Ok(Connection::open(matches.value(&CONTROL).map(Path::new))?)
}

/// What of the sites is shown.
enum View {
    Sites,
    Points,
    Alarms,
    Wishes,
}

fn sites(matches: &Matches) -> Result<Exit, Failure> {
    let (wish, withdrawn) = (matches.parse(&WISH)?, matches.parse(&WITHDRAW)?);
    let (points, site) = (matches.value(&POINTS), matches.operand(0));
    let (request, view) =
        match (wish, withdrawn, points, matches.has(&ALARMS), matches.has(&WISHES)) {
            (None, None, None, false, false) => (SiteRequest::Sites, View::Sites),
            (None, None, None, true, false) => (SiteRequest::Alarms, View::Alarms),
            (None, None, None, false, true) => {
                (SiteRequest::Wishes(site.map(str::to_owned)), View::Wishes)
            }
            (None, None, Some(site), false, false) => {
                (SiteRequest::Points(site.to_owned()), View::Points)
            }
            (Some(id), None, None, false, false) => (SiteRequest::Wish(id), View::Wishes),
            (None, Some(id), None, false, false) => return withdraw(matches, id),
            _ => {
                let words =
                    "--points, --alarms, --wishes, --wish and --withdraw exclude each other";
                return Err(matches.wrong(words).into());
            }
        };
    if site.is_some() && (wish.is_some() || points.is_some()) {
        return Err(matches.wrong("that is of one site already").into());
    }
    let mut items = open(matches)?.all(&Request::Site(request))?;
    items.retain(|item| site.is_none() || item.text("site") == site);
    if let (Some(site), View::Sites, true) = (site, &view, items.is_empty()) {
        return Err(Failure::Other(format!("there is no site `{site}`")));
    }
    if matches.has(&JSON) {
        return Ok(show_json(&items));
    }
    Ok(match view {
        View::Sites => show_sites(&items),
        View::Points => show_points(&items),
        View::Alarms => show_alarms(&items),
        View::Wishes => show_wishes(&items),
    })
}

fn withdraw(matches: &Matches, id: i64) -> Result<Exit, Failure> {
    let end = open(matches)?.done(&Request::Site(SiteRequest::Withdraw(id, who())))?;
    Ok(crate::show(&format!("{}\n", end.text("said").unwrap_or_default())))
}

fn show_sites(items: &[Json]) -> Exit {
    let text = |item: &Json, key: &str| item.text(key).unwrap_or_default().to_owned();
    let row = |item: &Json| {
        let points = item.number("points").unwrap_or_default().to_string();
        let often =
            if item.get("too-often") == Some(&Json::Bool(true)) { ", calls too often" } else { "" };
        let last = item.text("ended").or(item.text("called")).unwrap_or("never").to_owned();
        [
            text(item, "site"),
            text(item, "state") + often,
            text(item, "framing"),
            points,
            text(item, "from"),
            last,
            text(item, "next"),
            item.get("station").map(|station| text(station, "words")).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    let head =
        ["SITE", "STATE", "FRAMING", "POINTS", "FROM", "LAST CALL", "NEXT CALL", "ITS STATION"];
    crate::show(&table(head, &rows, Style::of(&std::io::stdout())))
}

fn show_wishes(items: &[Json]) -> Exit {
    let row = |item: &Json| {
        let text = |key| item.text(key).unwrap_or_default().replace('\n', "; ");
        let number = |key| item.number(key).map(|number| number.to_string()).unwrap_or_default();
        [
            number("wish"),
            text("site"),
            text("ask"),
            text("who"),
            text("state"),
            number("priority"),
            text("due"),
            text("until"),
            text("ended"),
            text("answer"),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    let head = [
        "WISH",
        "SITE",
        "ASK",
        "WHO",
        "STATE",
        "PRIORITY",
        "NOT BEFORE",
        "EXPIRES",
        "ENDED",
        "ANSWER",
    ];
    crate::show(&table(head, &rows, Style::of(&std::io::stdout())))
}

fn show_points(items: &[Json]) -> Exit {
    let row = |item: &Json| {
        let text = |key| item.text(key).unwrap_or_default().to_owned();
        let unit = item.number("unit").map(|unit| unit.to_string()).unwrap_or_default();
        let value = format!("{} {}", text("value"), text("measure")).trim().to_owned();
        [text("point"), value, text("quality"), text("at"), unit, text("address"), text("type")]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    let head = ["POINT", "VALUE", "QUALITY", "MEASURED", "UNIT", "ADDRESS", "TYPE"];
    crate::show(&table(head, &rows, Style::of(&std::io::stdout())))
}

fn show_alarms(items: &[Json]) -> Exit {
    let keys = ["site", "kind", "words", "began", "ended", "end-words", "seen-by"];
    let row = |item: &Json| keys.map(|key| item.text(key).unwrap_or_default().to_owned());
    let rows: Vec<_> = items.iter().map(row).collect();
    let head = ["SITE", "ALARM", "WORDS", "SINCE", "UNTIL", "OVER BECAUSE", "SEEN BY"];
    crate::show(&table(head, &rows, Style::of(&std::io::stdout())))
}

fn read(matches: &Matches) -> Result<Exit, Failure> {
    let [_, targets @ ..] = matches.operands() else { return Err(no_target(matches)) };
    if targets.is_empty() {
        return Err(no_target(matches));
    }
    let mut connection = open(matches)?;
    for target in targets {
        let ask = ask(matches, target, None)?;
        match ask.target {
            Target::Range(range) if matches.value(&AT).is_none_or(|at| at == "now") => {
                read_range(matches, &mut connection, &ask, range)?;
            }
            _ => send(matches, &mut connection, &ask, "now")?,
        }
    }
    Ok(Exit::Done)
}

/// Registers that are read before some are shown: a second of a slow line, and a multiple of every number's width.
const PIECE: u16 = 96;

/// The same of coils and discrete inputs.
const BITS: u16 = 1_000;

/// Reads addresses piece by piece, however many they are: over a slow call a thousand take a minute.
fn read_range(
    matches: &Matches,
    connection: &mut Connection,
    ask: &Ask,
    range: Range,
) -> Result<(), Failure> {
    let width = ask.kind.map_or(1, ValueType::registers);
    let width = u16::try_from(width).unwrap_or(u16::MAX).max(1);
    let most = match range.first.table {
        Table::Coils | Table::DiscreteInputs => BITS,
        Table::HoldingRegisters | Table::InputRegisters => PIECE,
    };
    // What is torn apart, or is no multiple of its width, is refused in its own words.
    let piece = (most / width).max(1).saturating_mul(width);
    let mut progress = Progress::new();
    let mut done = 0;
    while done < range.count {
        if range.count > piece {
            progress.is(format_args!("{done} of {}", range.count));
        }
        let number = range.first.number.saturating_add(done);
        let first = Address { number, ..range.first };
        let count = (range.count - done).min(piece);
        let part = Ask { target: Target::Range(Range { first, count }), ..ask.clone() };
        let items = connection.all(&request(matches, &part, "now")?)?;
        progress.make_room();
        show_items(matches, &items);
        done += count;
    }
    Ok(())
}

fn no_target(matches: &Matches) -> Failure {
    matches.wrong("what is to be read? Registers such as h:100..110, or the name of a point").into()
}

fn write(matches: &Matches) -> Result<Exit, Failure> {
    let value = matches.operand(2).unwrap_or_default().to_owned();
    let target = matches.operand(1).unwrap_or_default();
    let ask = ask(matches, target, Some(value))?;
    send(matches, &mut open(matches)?, &ask, "now")?;
    Ok(Exit::Done)
}

fn configure(matches: &Matches) -> Result<Exit, Failure> {
    let what = matches.operands().get(1..).unwrap_or_default();
    let text = match what {
        [] => {
            return Err(matches
                .wrong("what is to be sent? A file, or values: call-every=1h")
                .into());
        }
        [file] if !file.contains('=') || Path::new(file).exists() => {
            let file = Path::new(file);
            let unread = |error| Failure::Other(format!("can't read {}: {error}", file.display()));
            std::fs::read_to_string(file).map_err(unread)?
        }
        values => values.join("\n"),
    };
    let ask: Ask = format!("configure = {text}")
        .parse()
        .map_err(|error: collector::BadAsk| Failure::Other(error.to_string()))?;
    send(matches, &mut open(matches)?, &ask, "next-call")?;
    Ok(Exit::Done)
}

fn ask(matches: &Matches, target: &str, write: Option<String>) -> Result<Ask, Failure> {
    let target: Target =
        target.parse().map_err(|error: collector::BadAsk| matches.wrong(error.to_string()))?;
    Ok(Ask {
        target,
        unit: matches.parse(&UNIT)?,
        kind: matches.parse::<ValueType>(&AS)?,
        order: matches.parse::<Order>(&ORDER)?,
        dialect: matches.has(&ENRON).then_some(Dialect::Enron),
        write,
    })
}

fn send(
    matches: &Matches,
    connection: &mut Connection,
    ask: &Ask,
    usually: &str,
) -> Result<(), Failure> {
    let items = connection.all(&request(matches, ask, usually)?)?;
    show_items(matches, &items);
    Ok(())
}

fn show_items(matches: &Matches, items: &[Json]) {
    if matches.has(&JSON) {
        show_json(items);
        return;
    }
    let words: String = items.iter().map(words).collect();
    crate::show(&words);
}

fn request(matches: &Matches, ask: &Ask, usually: &str) -> Result<Request, Failure> {
    let when = match matches.value(&AT) {
        None => usually.to_owned(),
        Some("now") => "now".to_owned(),
        Some("next-call") => "next-call".to_owned(),
        Some(text) => later(text).ok_or_else(|| {
            matches.wrong(format!(
                "--at {text}: expected now, next-call, in how long, such as 2h, or a moment such as 2026-11-24T06:00 (in UTC)"
            ))
        })?,
    };
    let expires: Option<Span> = matches.parse(&EXPIRES)?;
    Ok(Request::Site(SiteRequest::Ask(SiteAsk {
        site: matches.operand(0).unwrap_or_default().to_owned(),
        ask: ask.to_string(),
        when,
        priority: matches.parse(&PRIORITY)?.unwrap_or(0),
        expires: expires.map(|span| i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX)),
        who: who(),
    })))
}

/// Who gives the order, as the audit log has it.
fn who() -> String {
    let user = std::env::var("USER");
    user.unwrap_or_else(|_| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The moment at which something is to be asked, in seconds since 1970.
fn later(text: &str) -> Option<String> {
    let at = When::ahead(text)?;
    Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs().to_string())
}

fn words(item: &Json) -> String {
    let text = |key| item.text(key).unwrap_or_default();
    if let Some(id) = item.number("wish") {
        return format!(
            "waits as wish {id}; `trunkline sites --wish {id}` tells what becomes of it\n"
        );
    }
    match (item.text("old"), item.text("new")) {
        (Some(old), Some(new)) => format!("{}: {old} → {new}\n", text("what")),
        _ => {
            format!("{} = {} {}", text("what"), text("value"), text("measure"))
                .trim_end()
                .to_owned()
                + "\n"
        }
    }
}

fn show_json(items: &[Json]) -> Exit {
    crate::show(&items.iter().map(|item| format!("{item}\n")).collect::<String>())
}
