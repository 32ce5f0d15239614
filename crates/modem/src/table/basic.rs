//! Commands of one letter.

use super::cell::Allowed::{List, Span};
use super::{Cell, Command, Control, Does, acts, does, shown};
use crate::information;

/// Echo of commands.
pub(crate) const ECHO: Cell = Cell::of("E", Span(0, 1), 1);
/// Echo of data, for the personas that have it.
pub(crate) const DATA_ECHO: Cell = Cell::of("F", Span(0, 10), 1);
/// Which result codes are sent at all.
pub(crate) const QUIET: Cell = Cell::of("Q", Span(0, 3), 0);
/// Result codes as words or numbers.
pub(crate) const VERBOSE: Cell = Cell::of("V", Span(0, 1), 1);
/// What the number in CONNECT means.
pub(crate) const CONNECT_RATE: Cell = Cell::of("W", Span(0, 2), 0);
/// Which result codes a call may have.
pub(crate) const RESULT_SET: Cell = Cell::of("X", Span(0, 7), 4);
/// BREAK hangs up.
pub(crate) const LONG_SPACE: Cell = Cell::of("Y", Span(0, 1), 0);

pub(crate) const BASIC: &[Command] = &[
    does("A", &[], Does::Controls(Control::Answer), "answer the ringing call; any byte aborts"),
    shown("B", &[Cell::of("B", Span(0, 99), 0)], "modulation of the handshake"),
    shown("C", &[Cell::of("C", Span(0, 1), 1)], "transmit carrier"),
    does(
        "D",
        &[],
        Does::Controls(Control::Dial),
        "dial; DL again, DS=n stored number n, ; at the end stays in command state",
    ),
    acts("E", &[ECHO], "echo of commands: 0 off, 1 on"),
    acts("F", &[DATA_ECHO], "echo of data while online, where the persona has it"),
    does(
        "H",
        &[Cell::of("H", Span(0, 1), 0)],
        Does::Controls(Control::Hook),
        "0 hangs up or sends the ringing caller away, 1 goes off hook: callers find the line busy",
    ),
    does(
        "I",
        &[Cell::of("I", List(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]), 0)],
        Does::Tells(information::identity),
        "0 product code, 3 name and version, 6 last call, 7 settings, 8 commands, 9 far end",
    ),
    shown("L", &[Cell::of("L", Span(0, 3), 2)], "loudness of the speaker"),
    shown("M", &[Cell::of("M", Span(0, 3), 1)], "when the speaker is on"),
    shown("N", &[Cell::of("N", Span(0, 1), 1)], "negotiation of the modulation"),
    does(
        "O",
        &[Cell::of("O", List(&[0, 1, 3]), 0)],
        Does::Controls(Control::Online),
        "back to the data of the call",
    ),
    shown("P", &[Cell::of("P", Span(0, 1), 0)], "pulse dialling"),
    acts(
        "Q",
        &[QUIET],
        "result codes: 0 sent, 1 none at all, 2 none for answered calls, 3 none for incoming calls",
    ),
    shown("T", &[Cell::of("T", Span(0, 1), 0)], "tone dialling"),
    acts("V", &[VERBOSE], "result codes: 0 numbers, 1 words"),
    acts(
        "W",
        &[CONNECT_RATE],
        "CONNECT tells: 0 the port's speed, 1 the same after CARRIER and PROTOCOL lines, 2 the line's speed",
    ),
    acts(
        "X",
        &[RESULT_SET],
        "0 bare CONNECT, 1 with the speed, 2 and NO DIALTONE, 3 and BUSY, 4 to 7 all",
    ),
    acts("Y", &[LONG_SPACE], "1: a BREAK hangs up"),
    does(
        "Z",
        &[Cell::of("Z", Span(0, 9), 0)],
        Does::Controls(Control::Reset),
        "hang up and load stored profile n",
    ),
];
