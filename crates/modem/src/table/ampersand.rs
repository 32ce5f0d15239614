//! Commands with `&`.

use super::cell::Allowed::Span;
use super::{Cell, Command, Control, Does, acts, does, shown};
use crate::{flow, information};

/// What DCD shows.
pub(crate) const CARRIER_DETECT: Cell = Cell::of("&C", Span(0, 2), 1);
/// What the modem does when DTR goes off.
pub(crate) const DTR_ACTION: Cell = Cell::of("&D", Span(0, 3), 2);
/// Where CTS comes from.
pub(crate) const CTS_SOURCE: Cell = Cell::of("&R", Span(0, 4), 1);
/// What DSR shows.
pub(crate) const DSR_SOURCE: Cell = Cell::of("&S", Span(0, 3), 0);

pub(crate) const AMPERSAND: &[Command] = &[
    shown("&A", &[Cell::of("&A", Span(0, 3), 0)], "extra words in result codes (USR)"),
    shown("&B", &[Cell::of("&B", Span(0, 2), 1)], "speed of the port fixed (USR)"),
    acts(
        "&C",
        &[CARRIER_DETECT],
        "DCD: 0 always on, 1 on during a call, 2 off only for a moment after a call",
    ),
    acts(
        "&D",
        &[DTR_ACTION],
        "DTR off: 0 ignored, 1 to command state, 2 hangs up, 3 hangs up and resets",
    ),
    does(
        "&F",
        &[Cell::of("&F", Span(0, 2), 0)],
        Does::Controls(Control::Factory),
        "factory settings; 1 with RTS/CTS, 2 with XON/XOFF",
    ),
    shown("&G", &[Cell::of("&G", Span(0, 2), 0)], "guard tone"),
    does(
        "&H",
        &[Cell::of("&H", Span(0, 3), 1)],
        Does::Means(flow::set_transmit, flow::transmit),
        "how the modem stops the equipment (USR): 0 not, 1 CTS, 2 XON/XOFF, 3 both",
    ),
    does(
        "&I",
        &[Cell::of("&I", Span(0, 5), 0)],
        Does::Means(flow::set_receive, flow::receive),
        "XON/XOFF from the equipment (USR): 0 data, 1 to 5 flow control",
    ),
    shown("&J", &[Cell::of("&J", Span(0, 1), 0)], "auxiliary relay"),
    does(
        "&K",
        &[Cell::of("&K", Span(0, 6), 3)],
        Does::Means(flow::set_hayes, flow::hayes),
        "flow control: 0 none, 3 RTS/CTS, 4 XON/XOFF, 5 XON/XOFF passed on, 6 both",
    ),
    shown("&L", &[Cell::of("&L", Span(0, 1), 0)], "leased line"),
    shown("&M", &[Cell::of("&M", Span(0, 6), 0)], "synchronous mode"),
    shown("&N", &[Cell::of("&N", Span(0, 99), 0)], "speed of the line fixed (USR)"),
    shown("&P", &[Cell::of("&P", Span(0, 3), 0)], "pulse ratio"),
    shown("&Q", &[Cell::of("&Q", Span(0, 9), 5)], "synchronous mode or error control"),
    acts("&R", &[CTS_SOURCE], "CTS: 0 follows RTS, 1 and 2 always on, 3 as DCD, 4 as RI (Perle)"),
    acts(
        "&S",
        &[DSR_SOURCE],
        "DSR: 0 always on, 1 on from answer to hang-up, 2 as DCD, 3 as RI (Perle)",
    ),
    does(
        "&T",
        &[Cell::of("&T", Span(0, 8), 0)],
        Does::Controls(Control::Test),
        "1 sends the equipment's data back to it, 0 ends that",
    ),
    shown("&U", &[Cell::of("&U", Span(0, 99), 0)], "trellis coding"),
    does(
        "&V",
        &[Cell::of("&V", Span(0, 9), 0)],
        Does::Tells(information::view),
        "shows the settings, the stored profiles and the stored numbers",
    ),
    does(
        "&W",
        &[Cell::of("&W", Span(0, 9), 0)],
        Does::Controls(Control::StoreProfile),
        "stores the settings as profile n",
    ),
    shown("&X", &[Cell::of("&X", Span(0, 2), 0)], "source of the transmit clock"),
    does(
        "&Y",
        &[Cell::of("&Y", Span(0, 9), 0)],
        Does::Controls(Control::PowerUpProfile),
        "the profile to start with",
    ),
    does(
        "&Z",
        &[Cell::of("&Z", Span(0, 99), 0)],
        Does::Controls(Control::StoreNumber),
        "&Zn=text stores number n, without text it erases it; &Zn? shows it",
    ),
];
