//! `ATI` of a module: maker and model, firmware, settings, and what it can do.

use super::settings::{self, Cell};
use crate::core::Core;
use crate::table::{
    CARRIER_DETECT, DTR_ACTION, FLOW_BY_DCE, FLOW_BY_DTE, FORMAT, FORMAT_PARITY, MODULE_ERRORS,
    PORT_RATE, QUIET, S0, S2, S3, S4, S5, VERBOSE,
};

/// The lines of an `ATI` that modules answer in their own way.
pub(crate) fn information(core: &Core, number: u32) -> Option<Vec<String>> {
    let identity = &core.persona().identity;
    Some(match number {
        0 => vec![identity.maker.clone(), identity.model.clone()],
        3 => vec![identity.revision.clone()],
        5 => vec![settings_line(core)],
        6 => vec![
            "DATA RATES: AUTOBAUD,300,1200,1200/75,2400,4800,9600,14400".to_owned(),
            "DATA MODES: T/NT,ASYNCHRONOUS".to_owned(),
            "FAX CLASS: NONE".to_owned(),
        ],
        _ => return None,
    })
}

/// As a Q2406 prints them, as far as there are such settings here.
fn settings_line(core: &Core) -> String {
    let held = |cell: Cell| core.settings.number(cell);
    let two =
        |name: &str, [first, second]: [Cell; 2]| format!("{name}:{},{}", held(first), held(second));
    let registers = [("S0", S0), ("S2", S2), ("S3", S3), ("S4", S4), ("S5", S5)]
        .map(|(name, cell)| format!("{name}:{:03}", held(cell)));
    let one = |name: &str, cell: Cell| format!("{name}:{}", held(cell));
    let mut words = vec![one("Q", QUIET), one("V", VERBOSE)];
    words.extend(registers);
    words.extend([
        one("+CR", settings::BEARER_REPORT),
        one("+CRC", settings::CALL_KIND),
        one("+CMEE", MODULE_ERRORS),
        format!("{},{}", two("+CBST", settings::BEARER), held(settings::TRANSPARENCY)),
        one("&C", CARRIER_DETECT),
        one("&D", DTR_ACTION),
        one("+IPR", PORT_RATE),
        two("+ICF", [FORMAT, FORMAT_PARITY]),
        two("+IFC", [FLOW_BY_DTE, FLOW_BY_DCE]),
    ]);
    words.join(" ")
}
