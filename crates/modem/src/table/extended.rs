//! V.250's extended commands, and the few of GSM that probing software starts with.

use super::cell::Allowed::{List, Span, Words};
use super::{Allowed, Cell, Command, Control, Does, Effect, Kept, acts, does, shown};
use crate::{caller, identity};

/// Speed of the port.
pub(crate) const PORT_RATE: Cell = Cell::of("+IPR", List(PORT_RATES), 0);
/// Character format.
pub(crate) const FORMAT: Cell = Cell::of("+ICF", Span(0, 6), 3);
/// Parity in that format.
pub(crate) const FORMAT_PARITY: Cell = Cell::field("+ICF", 1, Span(0, 4), 3);
/// How the equipment stops the modem.
pub(crate) const FLOW_BY_DTE: Cell = Cell::of("+IFC", Span(0, 4), 2);
/// How the modem stops the equipment.
pub(crate) const FLOW_BY_DCE: Cell = Cell::field("+IFC", 1, List(&[0, 1, 2, 4]), 2);
/// `+ILRR` line before CONNECT.
pub(crate) const REPORT_PORT: Cell = Cell::of("+ILRR", SWITCH, 0);
/// `+MCR` and `+MRR` lines before CONNECT.
pub(crate) const REPORT_CARRIER: Cell = Cell::of("+MR", SWITCH, 0);
/// `+ER` line before CONNECT.
pub(crate) const REPORT_ERROR_CONTROL: Cell = Cell::of("+ER", SWITCH, 0);
/// `+DR` line before CONNECT.
pub(crate) const REPORT_COMPRESSION: Cell = Cell::of("+DR", SWITCH, 0);
/// Whether BREAK is passed on.
pub(crate) const BREAK_SELECTION: Cell = Cell::of("+EB", Span(0, 3), 1);
/// Length of a BREAK from the far end, in hundredths of a second.
pub(crate) const BREAK_LENGTH: Cell = Cell::field("+EB", 2, Span(0, 254), 30);
/// Caller identification.
pub(crate) const CALLER_ID: Cell = Cell::of("+VCID", Span(0, 2), 0);
/// Distinctive ring.
pub(crate) const DISTINCTIVE_RING: Cell = Cell::of("+VDR", SWITCH, 0);
/// GSM's caller line.
pub(crate) const CALLING_LINE: Cell = Cell::of("+CLIP", SWITCH, 0);
/// How a module tells its errors.
pub(crate) const MODULE_ERRORS: Cell = Cell::of("+CMEE", Span(0, 2), 0);
/// Modulation.
pub(crate) const CARRIER: Cell = Cell::of("+MS", Words(CARRIERS), 14);

const PORT_RATES: &[u32] = &[
    0, 300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115_200, 230_400,
    460_800, 921_600,
];
const CARRIERS: &[&str] = &[
    "V21", "V22", "V22B", "V23C", "V23S", "V32", "V32B", "V17", "V26", "V27", "V29", "B103",
    "B212", "V33", "V34", "V90", "V92", "K56",
];
const SWITCH: Allowed = Span(0, 1);
const BYTE: Allowed = Span(0, 255);
const WORD: Allowed = Span(0, 65_535);
const SPEED: Allowed = Span(0, 2_000_000);

/// Caller identification under both its names.
const CALLER_ID_HELP: &str =
    "caller's address and name after the first RING: 1 in lines, 2 as MESG";

pub(crate) const EXTENDED: &[Command] = &[
    does("+GMI", &[], Does::Tells(identity::maker), "maker"),
    does("+GMM", &[], Does::Tells(identity::model), "model"),
    does("+GMR", &[], Does::Tells(identity::revision), "revision"),
    does("+GSN", &[], Does::Tells(identity::serial), "serial number"),
    does("+GOI", &[], Does::Tells(identity::object), "object identifier"),
    does("+GCAP", &[], Does::Tells(identity::capabilities), "capabilities"),
    does("+GCI", &[], Does::Tells(identity::country), "country, by its T.35 code"),
    does("+CGMI", &[], Does::Tells(identity::maker), "maker, as GSM asks for it"),
    does("+CGMM", &[], Does::Tells(identity::model), "model, as GSM asks for it"),
    does("+CGMR", &[], Does::Tells(identity::revision), "revision, as GSM asks for it"),
    does("+CGSN", &[], Does::Tells(identity::serial), "serial number, as GSM asks for it"),
    does(
        "+FCLASS",
        &[Cell::of("+FCLASS", Span(0, 0), 0)],
        Does::SetsBare,
        "0: data; there is no fax",
    ),
    acts("+IPR", &[PORT_RATE], "speed of the port, 0 automatic; changes after the OK"),
    acts(
        "+ICF",
        &[FORMAT, FORMAT_PARITY],
        "format: 0 automatic, 1 8N2, 2 8P1, 3 8N1, 4 7N2, 5 7P1, 6 7N1; parity 0 odd, 1 even, 2 mark, 3 space, 4 none",
    ),
    acts(
        "+IFC",
        &[FLOW_BY_DTE, FLOW_BY_DCE],
        "flow control by equipment, by modem: 0 none, 1 XON/XOFF, 2 circuits, 3 XON/XOFF passed on, 4 both",
    ),
    acts("+ILRR", &[REPORT_PORT], "1: +ILRR line with the port's speed before CONNECT"),
    acts("+MR", &[REPORT_CARRIER], "1: +MCR and +MRR lines before CONNECT"),
    acts("+ER", &[REPORT_ERROR_CONTROL], "1: +ER line before CONNECT"),
    acts("+DR", &[REPORT_COMPRESSION], "1: +DR line before CONNECT"),
    shown(
        "+ES",
        &[
            Cell::of("+ES", Span(0, 7), 3),
            Cell::field("+ES", 1, Span(0, 4), 0),
            Cell::field("+ES", 2, Span(0, 9), 2),
        ],
        "error control",
    ),
    acts(
        "+EB",
        &[BREAK_SELECTION, Cell::field("+EB", 1, SWITCH, 0), BREAK_LENGTH],
        "BREAK: 0 ignored, 1 to 3 passed on; timed; length for the equipment in hundredths of a second",
    ),
    shown("+ESR", &[Cell::of("+ESR", BYTE, 0)], "selective repeat"),
    shown("+EFCS", &[Cell::of("+EFCS", BYTE, 1)], "check sequence"),
    shown(
        "+ETBM",
        &[
            Cell::of("+ETBM", BYTE, 1),
            Cell::field("+ETBM", 1, BYTE, 1),
            Cell::field("+ETBM", 2, BYTE, 20),
        ],
        "buffered data at hang-up",
    ),
    shown(
        "+EWIND",
        &[Cell::of("+EWIND", BYTE, 15), Cell::field("+EWIND", 1, BYTE, 15)],
        "window of error control",
    ),
    shown(
        "+DS",
        &[
            Cell::of("+DS", Span(0, 3), 3),
            Cell::field("+DS", 1, SWITCH, 0),
            Cell::field("+DS", 2, WORD, 2048),
            Cell::field("+DS", 3, Span(6, 250), 32),
        ],
        "data compression",
    ),
    shown(
        "+DS44",
        &[
            Cell::of("+DS44", Span(0, 3), 3),
            Cell::field("+DS44", 1, SWITCH, 0),
            Cell::field("+DS44", 2, BYTE, 0),
            Cell::field("+DS44", 3, WORD, 2048),
            Cell::field("+DS44", 4, WORD, 2048),
            Cell::field("+DS44", 5, BYTE, 140),
            Cell::field("+DS44", 6, BYTE, 140),
            Cell::field("+DS44", 7, WORD, 4096),
            Cell::field("+DS44", 8, WORD, 4096),
        ],
        "V.44 compression",
    ),
    shown(
        "+MS",
        &[
            CARRIER,
            Cell::field("+MS", 1, SWITCH, 1),
            Cell::field("+MS", 2, SPEED, 0),
            Cell::field("+MS", 3, SPEED, 33_600),
            Cell::field("+MS", 4, SPEED, 0),
            Cell::field("+MS", 5, SPEED, 0),
        ],
        "modulation, by V.250's name or Rockwell's number",
    ),
    shown("+MA", &[Cell::of("+MA", Words(CARRIERS), 14)], "alternative modulations"),
    shown("+MSC", &[Cell::of("+MSC", SWITCH, 1)], "seamless rate change"),
    shown(
        "+MV18S",
        &[
            Cell::of("+MV18S", BYTE, 0),
            Cell::field("+MV18S", 1, BYTE, 0),
            Cell::field("+MV18S", 2, BYTE, 0),
        ],
        "V.18 text telephone",
    ),
    shown(
        "+A8E",
        &[
            Cell::of("+A8E", BYTE, 1),
            Cell::field("+A8E", 1, BYTE, 1),
            Cell::field("+A8E", 2, BYTE, 0),
        ],
        "V.8 operation",
    ),
    shown("+PCW", &[Cell::of("+PCW", Span(0, 2), 0)], "call waiting"),
    shown("+PMH", &[Cell::of("+PMH", SWITCH, 0)], "modem on hold"),
    shown("+PQC", &[Cell::of("+PQC", Span(0, 3), 0)], "quick connect"),
    shown("+PSS", &[Cell::of("+PSS", Span(0, 2), 0)], "short start-up"),
    shown("+PIG", &[Cell::of("+PIG", SWITCH, 0)], "PCM upstream"),
    shown("+ASTO", &[Cell::of("+ASTO", BYTE, 0)], "stored telephone number"),
    acts("+VCID", &[CALLER_ID], CALLER_ID_HELP),
    does(
        "#CID",
        &[Cell::of("#CID", Span(0, 2), 0)],
        Does::Means(caller::set_identification, caller::identification),
        CALLER_ID_HELP,
    ),
    does(
        "+VRID",
        &[Cell::of("+VRID", SWITCH, 0)],
        Does::Controls(Control::RepeatCallerId),
        "repeats the last caller's identification",
    ),
    acts(
        "+VDR",
        &[DISTINCTIVE_RING, Cell::field("+VDR", 1, BYTE, 0)],
        "1: DRON and DROF lines before RING",
    ),
    does(
        "#CLS",
        &[Cell::of("#CLS", Span(0, 0), 0)],
        Does::Means(ignore, zero),
        "0: data; there is neither fax nor voice",
    ),
    acts("+CLIP", &[CALLING_LINE], "1: +CLIP line after RING"),
    does(
        "+CPIN",
        &[],
        Does::Tells(identity::sim),
        "whether the SIM is ready, for cellular scripts",
    ),
    does("+CREG", &[], Does::Tells(identity::registration), "registration, for cellular scripts"),
    does("+CSQ", &[], Does::Tells(identity::signal), "signal quality, for cellular scripts"),
    Command {
        name: "+CMEE",
        cells: &[MODULE_ERRORS],
        effect: Effect::Acts,
        kept: Kept::Profile,
        does: Does::Sets,
        help: "1: errors of a module's command sets with their numbers",
    },
];

/// The commands that only a persona with `gsm = true` knows: with them cellular scripts reach `D*99#`.
pub(crate) const GSM: &[&str] = &["+CPIN", "+CREG", "+CSQ", "+CLIP", "+CMEE"];

fn ignore(_: &mut crate::settings::Settings, _: u32) {}

fn zero(_: &crate::settings::Settings) -> u32 {
    0
}
