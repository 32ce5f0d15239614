//! S registers.

use super::cell::Allowed::Span;
use super::{Allowed, Cell, Command, Control, Does, acts, does, shown};

/// Rings before the modem answers by itself.
pub(crate) const S0: Cell = Cell::of("S0", Span(0, 255), 0);
/// The escape character.
pub(crate) const S2: Cell = Cell::of("S2", Span(0, 255), 43);
/// Ends a command line.
pub(crate) const S3: Cell = Cell::of("S3", Span(0, 127), 13);
/// The other half of a line end.
pub(crate) const S4: Cell = Cell::of("S4", Span(0, 127), 10);
/// Erases a character.
pub(crate) const S5: Cell = Cell::of("S5", Span(0, 127), 8);
/// Wait before dialling.
pub(crate) const S6: Cell = Cell::of("S6", Span(0, 255), 2);
/// Time a call may take to be established.
pub(crate) const S7: Cell = Cell::of("S7", Span(1, 255), 60);
/// What a comma waits.
pub(crate) const S8: Cell = Cell::of("S8", Span(0, 255), 2);
/// How long a broken path may stay broken.
pub(crate) const S10: Cell = Cell::of("S10", Span(0, 255), 14);
/// Pace of tone dialling.
pub(crate) const S11: Cell = Cell::of("S11", Span(0, 255), 95);
/// The escape guard time.
pub(crate) const S12: Cell = Cell::of("S12", Span(0, 255), 50);
/// Inactivity time in minutes (USR).
pub(crate) const S19: Cell = Cell::of("S19", Span(0, 255), 0);
/// How long DTR has to be off.
pub(crate) const S25: Cell = Cell::of("S25", Span(0, 255), 5);
/// Inactivity time.
pub(crate) const S30: Cell = Cell::of("S30", Span(0, 255), 0);
/// What CONNECT tells, bit by bit.
pub(crate) const S95: Cell = Cell::of("S95", Span(0, 255), 0);

/// What a register holds that nothing reads.
const BYTE: Allowed = Span(0, 255);

pub(crate) const REGISTERS: &[Command] = &[
    acts("S0", &[S0], "answers by itself at this ring; 0 never"),
    does(
        "S1",
        &[Cell::of("S1", BYTE, 0)],
        Does::Controls(Control::RingCount),
        "rings so far; can only be read",
    ),
    acts("S2", &[S2], "escape character; above 127 there is no escape"),
    acts("S3", &[S3], "character that ends a command line"),
    acts("S4", &[S4], "line feed in answers"),
    acts("S5", &[S5], "character that erases"),
    acts("S6", &[S6], "seconds before dialling, where the persona keeps real times"),
    acts("S7", &[S7], "seconds within which a call has to be up"),
    acts("S8", &[S8], "seconds that a comma waits, where the persona keeps real times"),
    shown("S9", &[Cell::of("S9", BYTE, 6)], "tenths of a second to detect the carrier"),
    acts("S10", &[S10], "tenths of a second that a broken path may take to mend; 255 for ever"),
    acts("S11", &[S11], "milliseconds per digit, where the persona keeps real times"),
    acts("S12", &[S12], "escape guard time in fiftieths of a second"),
    shown("S14", &[Cell::of("S14", BYTE, 0)], "option bits"),
    shown("S18", &[Cell::of("S18", BYTE, 0)], "test timer"),
    acts("S19", &[S19], "ends a call after this many minutes of silence (USR)"),
    shown("S21", &[Cell::of("S21", BYTE, 0)], "option bits"),
    shown("S22", &[Cell::of("S22", BYTE, 0)], "option bits"),
    shown("S23", &[Cell::of("S23", BYTE, 0)], "option bits"),
    acts("S25", &[S25], "hundredths of a second that DTR has to be off"),
    shown("S26", &[Cell::of("S26", BYTE, 1)], "hundredths of a second from RTS to CTS"),
    shown("S27", &[Cell::of("S27", BYTE, 0)], "option bits"),
    shown("S28", &[Cell::of("S28", BYTE, 0)], "option bits"),
    acts(
        "S30",
        &[S30],
        "ends a call after this much silence (the persona gives the unit); 0 never",
    ),
    shown("S31", &[Cell::of("S31", BYTE, 0)], "option bits"),
    shown("S32", &[Cell::of("S32", BYTE, 17)], "XON character"),
    shown("S33", &[Cell::of("S33", BYTE, 19)], "XOFF character"),
    shown("S36", &[Cell::of("S36", BYTE, 0)], "fallback when error control fails"),
    shown("S37", &[Cell::of("S37", BYTE, 0)], "highest speed of the line"),
    shown("S38", &[Cell::of("S38", BYTE, 20)], "delay before a forced hang-up"),
    shown("S46", &[Cell::of("S46", BYTE, 2)], "compression"),
    shown("S48", &[Cell::of("S48", BYTE, 7)], "feature negotiation"),
    acts("S95", &[S95], "1 the line's speed in CONNECT, 4 CARRIER, 8 PROTOCOL, 32 COMPRESSION"),
];
