//! Flow control: one setting per direction, with five names.
//!
//! `+IFC` holds the setting; `&K`, `\Q`, `&H` and `&I` are other ways to write it.

use crate::output::{Flow, FlowBy};
use crate::persona::Ampersand;
use crate::settings::Settings;
use crate::table::{FLOW_BY_DCE, FLOW_BY_DTE};

const NOTHING: u32 = 0;
const XON_XOFF: u32 = 1;
const CIRCUITS: u32 = 2;
const PASSED_ON: u32 = 3;
const BOTH: u32 = 4;

/// The setting as the driver takes it.
pub(crate) fn of(settings: &Settings) -> Flow {
    let by = |number| match number {
        XON_XOFF => FlowBy::XonXoff,
        CIRCUITS => FlowBy::Circuits,
        PASSED_ON => FlowBy::XonXoffPassedOn,
        BOTH => FlowBy::Both,
        _ => FlowBy::Nothing,
    };
    Flow { by_dte: by(settings.number(FLOW_BY_DTE)), by_dce: by(settings.number(FLOW_BY_DCE)) }
}

fn set(settings: &mut Settings, by_dte: u32, by_dce: u32) {
    settings.set(FLOW_BY_DTE, by_dte);
    settings.set(FLOW_BY_DCE, by_dce);
}

/// `&K`. 1 and 2 come from USR strings, where they have another meaning; the nearest is taken.
pub(crate) fn set_hayes(settings: &mut Settings, number: u32) {
    if settings.persona().grammar.ampersand == Ampersand::Usr {
        return;
    }
    match number {
        0 => set(settings, NOTHING, NOTHING),
        2 | 4 => set(settings, XON_XOFF, XON_XOFF),
        5 => set(settings, PASSED_ON, XON_XOFF),
        6 => set(settings, BOTH, BOTH),
        _ => set(settings, CIRCUITS, CIRCUITS),
    }
}

/// `&F1` and `&F2`, where `&K` may be about something else.
pub(crate) fn set_factory(settings: &mut Settings, number: u32) {
    match number {
        1 => set(settings, CIRCUITS, CIRCUITS),
        2 => set(settings, XON_XOFF, XON_XOFF),
        _ => {}
    }
}

/// `&K` as the setting reads.
pub(crate) fn hayes(settings: &Settings) -> u32 {
    match (settings.number(FLOW_BY_DTE), settings.number(FLOW_BY_DCE)) {
        (NOTHING, NOTHING) => 0,
        (PASSED_ON, _) => 5,
        (BOTH, _) | (_, BOTH) => 6,
        (XON_XOFF, _) | (_, XON_XOFF) => 4,
        _ => 3,
    }
}

/// `\Q`
pub(crate) fn set_microcom(settings: &mut Settings, number: u32) {
    match number {
        0 => set(settings, NOTHING, NOTHING),
        1 => set(settings, XON_XOFF, XON_XOFF),
        2 => set(settings, NOTHING, CIRCUITS),
        4 => set(settings, NOTHING, XON_XOFF),
        5 => set(settings, PASSED_ON, XON_XOFF),
        6 => set(settings, BOTH, BOTH),
        _ => set(settings, CIRCUITS, CIRCUITS),
    }
}

/// `\Q` as the setting reads.
pub(crate) fn microcom(settings: &Settings) -> u32 {
    match (settings.number(FLOW_BY_DTE), settings.number(FLOW_BY_DCE)) {
        (NOTHING, NOTHING) => 0,
        (NOTHING, CIRCUITS) => 2,
        (NOTHING, XON_XOFF) => 4,
        (PASSED_ON, _) => 5,
        (BOTH, _) | (_, BOTH) => 6,
        (XON_XOFF, _) => 1,
        _ => 3,
    }
}

/// `&H`: how the modem stops the equipment.
pub(crate) fn set_transmit(settings: &mut Settings, number: u32) {
    let by_dce = match number {
        0 => NOTHING,
        1 => CIRCUITS,
        2 => XON_XOFF,
        _ => BOTH,
    };
    settings.set(FLOW_BY_DCE, by_dce);
}

/// `&H` as the setting reads.
pub(crate) fn transmit(settings: &Settings) -> u32 {
    match settings.number(FLOW_BY_DCE) {
        NOTHING => 0,
        CIRCUITS => 1,
        XON_XOFF => 2,
        _ => 3,
    }
}

/// `&I`: whether DC1 and DC3 from the equipment act. `&I0` leaves RTS alone.
pub(crate) fn set_receive(settings: &mut Settings, number: u32) {
    let by_dte = match (number, settings.number(FLOW_BY_DTE)) {
        (0, XON_XOFF | PASSED_ON) => NOTHING,
        (0, BOTH) => CIRCUITS,
        (0, unchanged) => unchanged,
        (2, _) => PASSED_ON,
        (_, CIRCUITS | BOTH) => BOTH,
        _ => XON_XOFF,
    };
    settings.set(FLOW_BY_DTE, by_dte);
}

/// `&I` as the setting reads.
pub(crate) fn receive(settings: &Settings) -> u32 {
    match settings.number(FLOW_BY_DTE) {
        XON_XOFF | BOTH => 1,
        PASSED_ON => 2,
        _ => 0,
    }
}
