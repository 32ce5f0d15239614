//! Commands with the other prefixes. Most are held and shown for initialisation strings.

use super::cell::Allowed::Span;
use super::{Cell, Command, Control, Does, acts, does, shown};
use crate::flow;

/// What a BREAK does.
pub(crate) const BREAK_ACTION: Cell = Cell::of("\\K", Span(0, 6), 5);
/// Inactivity time in minutes.
pub(crate) const IDLE_MINUTES: Cell = Cell::of("\\T", Span(0, 255), 0);
/// Words after the number in CONNECT.
pub(crate) const RELIABLE_TEXT: Cell = Cell::of("\\V", Span(0, 2), 0);
/// Error control.
pub(crate) const ERROR_CONTROL: Cell = Cell::of("\\N", Span(0, 7), 3);

/// What the inert commands take: nobody knows all values that initialisation strings have in them.
const BYTE: super::Allowed = Span(0, 255);

pub(crate) const BACKSLASH: &[Command] = &[
    shown("\\A", &[Cell::of("\\A", BYTE, 3)], "size of MNP blocks"),
    does(
        "\\B",
        &[Cell::of("\\B", Span(0, 9), 3)],
        Does::Controls(Control::SendBreak),
        "sends a BREAK of n tenths of a second to the far end",
    ),
    shown("\\G", &[Cell::of("\\G", BYTE, 0)], "XON/XOFF between modems"),
    shown("\\J", &[Cell::of("\\J", BYTE, 0)], "speed of the port follows the line"),
    acts(
        "\\K",
        &[BREAK_ACTION],
        "BREAK from the equipment: 0, 2, 4 to command state, 1, 3, 5 sent to the far end",
    ),
    shown("\\L", &[Cell::of("\\L", BYTE, 0)], "MNP transfer mode"),
    shown("\\N", &[ERROR_CONTROL], "error control"),
    shown("\\O", &[Cell::of("\\O", BYTE, 0)], "start of a reliable link"),
    does(
        "\\Q",
        &[Cell::of("\\Q", Span(0, 6), 3)],
        Does::Means(flow::set_microcom, flow::microcom),
        "flow control: 0 none, 1 XON/XOFF, 2 CTS only, 3 RTS/CTS",
    ),
    acts("\\T", &[IDLE_MINUTES], "ends a call after n minutes of silence, 0 never; see S30"),
    shown("\\U", &[Cell::of("\\U", BYTE, 0)], "acceptance of a reliable link"),
    acts("\\V", &[RELIABLE_TEXT], "CONNECT says which error control there is: 0 no, 1 and 2 yes"),
    shown("\\X", &[Cell::of("\\X", BYTE, 0)], "XON/XOFF passed through"),
    shown("\\Y", &[Cell::of("\\Y", BYTE, 0)], "switch to a reliable link"),
    shown("\\Z", &[Cell::of("\\Z", BYTE, 0)], "switch to a plain link"),
    shown("%B", &[Cell::of("%B", BYTE, 0)], "speed of the line"),
    shown("%C", &[Cell::of("%C", BYTE, 3)], "data compression"),
    shown("%E", &[Cell::of("%E", BYTE, 2)], "retraining"),
    shown("%G", &[Cell::of("%G", BYTE, 0)], "speed changes during a call"),
    shown("%L", &[Cell::of("%L", BYTE, 0)], "level of the received signal"),
    shown("%N", &[Cell::of("%N", BYTE, 0)], "choice of the speed"),
    shown("%Q", &[Cell::of("%Q", BYTE, 0)], "quality of the received signal"),
    shown("-C", &[Cell::of("-C", BYTE, 0)], "calling tone"),
    shown("-J", &[Cell::of("-J", BYTE, 1)], "V.42 detection phase"),
    shown("-K", &[Cell::of("-K", BYTE, 0)], "MNP extended services"),
    shown("-V", &[Cell::of("-V", BYTE, 0)], "V.42 version"),
    shown("#F", &[Cell::of("#F", BYTE, 0)], "fallback"),
    shown("*H", &[Cell::of("*H", BYTE, 0)], "speed of the link negotiation"),
];
