//! The settings of the set: plain numbers that `&W` stores and that the table's own rules set, read and test.

pub(crate) use crate::table::Cell;
use crate::table::{Allowed::Span, Command, acts, shown};

/// `+CREG`: whether changes of the registration are told.
pub(super) const REGISTRATION: Cell = Cell::of("+CREG", Span(0, 2), 0);
/// `+CGREG`: the same of packet data.
pub(super) const PACKET_REGISTRATION: Cell = Cell::of("+CGREG", Span(0, 2), 0);
/// `+CEREG`: the same of LTE.
pub(super) const EVOLVED_REGISTRATION: Cell = Cell::of("+CEREG", Span(0, 2), 0);
/// `+CRC`: whether `RING` says what kind of call it is.
pub(super) const CALL_KIND: Cell = Cell::of("+CRC", Span(0, 1), 0);
/// `+CR`: whether the bearer of a call is told.
pub(super) const BEARER_REPORT: Cell = Cell::of("+CR", Span(0, 1), 0);
/// `+CBST`: speed and name of the bearer of data calls,
pub(super) const BEARER: [Cell; 2] =
    [Cell::of("+CBST", Span(0, 134), 0), Cell::field("+CBST", 1, Span(0, 1), 0)];
/// `+CBST`: whether a call is transparent.
pub(super) const TRANSPARENCY: Cell = Cell::field("+CBST", 2, Span(0, 3), 1);
/// `+CMGF`: PDU mode or text mode.
pub(super) const FORMAT: Cell = Cell::of("+CMGF", Span(0, 1), 0);
/// `+CSDH`: whether text mode shows all there is.
pub(super) const HEADERS: Cell = Cell::of("+CSDH", Span(0, 1), 0);
/// `+CNMI`: what becomes of news while data passes.
pub(super) const TELL_MODE: Cell = Cell::of("+CNMI", Span(0, 3), 0);
/// `+CNMI`: how messages that arrive are told.
pub(super) const TELL: Cell = Cell::field("+CNMI", 1, Span(0, 3), 0);
/// `+CNMI`: how reports are told.
pub(super) const REPORTS: Cell = Cell::field("+CNMI", 3, Span(0, 2), 0);
/// `+CSMP`: the first octet of a message that is sent,
pub(super) const FIRST_OCTET: Cell = Cell::of("+CSMP", Span(0, 255), 17);
/// how long it stays good,
pub(super) const VALIDITY: Cell = Cell::field("+CSMP", 1, Span(0, 255), 167);
/// its protocol
pub(super) const PROTOCOL: Cell = Cell::field("+CSMP", 2, Span(0, 255), 0);
/// and its alphabet.
pub(super) const CODING: Cell = Cell::field("+CSMP", 3, Span(0, 255), 0);

/// `+CTZU`: whether the clock follows the network's.
pub(super) const CLOCK_FOLLOWS: Cell = Cell::of("+CTZU", Span(0, 1), 0);
/// `+CTZR`: whether the network's time zone is told.
pub(super) const ZONE_TOLD: Cell = Cell::of("+CTZR", Span(0, 1), 0);
/// `+CMER`: how events are told,
pub(super) const EVENTS: Cell = Cell::of("+CMER", Span(0, 3), 0);
/// and whether indicators are among them.
pub(super) const INDICATED: Cell = Cell::field("+CMER", 3, Span(0, 2), 0);
/// `+CGEREP`: whether news of packet data are told.
pub(super) const PACKET_EVENTS: Cell = Cell::of("+CGEREP", Span(0, 2), 0);

/// Asked before the commands of all personas.
pub(crate) const SETTINGS: &[Command] = &[
    acts(
        "+CREG",
        &[REGISTRATION],
        "1: changes of the registration are told; 2: with area and cell",
    ),
    acts("+CGREG", &[PACKET_REGISTRATION], "the same for packet data"),
    acts("+CEREG", &[EVOLVED_REGISTRATION], "the same for LTE, where the persona knows it"),
    acts("+CRC", &[CALL_KIND], "1: +CRING and the kind of the call in place of RING"),
    acts("+CMGF", &[FORMAT], "messages as 0: PDUs in hexadecimal, 1: text"),
    acts("+CSDH", &[HEADERS], "1: text mode shows all parameters of a message"),
    acts(
        "+CNMI",
        &[
            TELL_MODE,
            TELL,
            Cell::field("+CNMI", 2, Span(0, 3), 0),
            REPORTS,
            Cell::field("+CNMI", 4, Span(0, 1), 0),
        ],
        "1 as first value: news are dropped while data passes; second: a message that arrives 0 is stored, 1 +CMTI tells of it, 2 +CMT shows it; fourth: 1 +CDS reports",
    ),
    acts(
        "+CSMP",
        &[FIRST_OCTET, VALIDITY, PROTOCOL, CODING],
        "text mode: first octet, validity, protocol and coding of messages that are sent",
    ),
    shown(
        "+CBST",
        &[Cell::of("+CBST", Span(0, 134), 0), Cell::field("+CBST", 1, Span(0, 1), 0), TRANSPARENCY],
        "bearer of data calls",
    ),
    shown("+CR", &[BEARER_REPORT], "report of the bearer"),
    acts(
        "+CTZU",
        &[CLOCK_FOLLOWS],
        "1: the clock is set by the network each time that one is found",
    ),
    acts(
        "+CTZR",
        &[ZONE_TOLD],
        "1: +CTZV tells the network's time zone each time that one is found",
    ),
    acts(
        "+CMER",
        &[
            EVENTS,
            Cell::field("+CMER", 1, Span(0, 0), 0),
            Cell::field("+CMER", 2, Span(0, 0), 0),
            INDICATED,
            Cell::field("+CMER", 4, Span(0, 1), 0),
        ],
        "first value 1 to 3 and fourth 1 or 2: +CIEV tells the indicators of +CIND that change; 1 drops what changes \
         while data passes",
    ),
    acts(
        "+CGEREP",
        &[PACKET_EVENTS, Cell::field("+CGEREP", 1, Span(0, 1), 0)],
        "1 or 2: +CGEV tells of packet data that ends; 1 drops it while data passes",
    ),
    shown("+CVHU", &[Cell::of("+CVHU", Span(0, 1), 0)], "hang-up of voice calls"),
];
