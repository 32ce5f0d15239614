//! How the modem behaves during a call.

use std::time::Duration;

use at::parity::Parity;

use super::{Key, choose, number, switch, word};
use crate::persona::{CommandParity, DataEcho, DataParity, DtrUse, EscapeBy, HoldBack, PathLoss};

pub(super) const KEYS: &[Key] = &[
    word(
        "escape",
        "\"guards\", \"ties\" or \"off\"",
        "what leads from data to command state; ties: also +++AT… without silence",
        |p, word| {
            let words =
                [("guards", EscapeBy::Guards), ("ties", EscapeBy::Ties), ("off", EscapeBy::Off)];
            choose(&mut p.online.escape, word, &words)
        },
    ),
    switch(
        "hold-back",
        "escape characters are not sent to the far end until it is clear that they are data",
        |p, on| p.online.hold_back = on.choose(HoldBack::Passed, HoldBack::Held),
    ),
    word("data-echo", "\"never\", \"F0\" or \"F1\"", "which F echoes data", |p, word| {
        let words =
            [("never", DataEcho::Never), ("F0", DataEcho::WithF0), ("F1", DataEcho::WithF1)];
        choose(&mut p.online.data_echo, word, &words)
    }),
    number(
        "connect-delay",
        "milliseconds, 0 to 60000",
        60_000,
        "how long the far end's bytes are held after CONNECT",
        |p, ms| p.online.connect_delay = Duration::from_millis(u64::from(ms)),
    ),
    number("idle-unit", "seconds, 1 to 3600", 3600, "the unit of S30", |p, seconds| {
        p.online.idle_unit = Duration::from_secs(u64::from(seconds.max(1)));
    }),
    number(
        "carrier-rate",
        "bit/s, 0 for the port's speed",
        2_000_000,
        "the line's speed as W2 and CARRIER lines tell it",
        |p, rate| p.online.carrier_rate = Some(rate).filter(|rate| *rate > 0),
    ),
    number(
        "port-rate",
        "bit/s",
        2_000_000,
        "the port's speed until its end is known to have another",
        |p, rate| p.online.port_rate = rate.max(1),
    ),
    word(
        "command-parity",
        "\"auto\", \"none\", \"odd\", \"even\", \"mark\" or \"space\"",
        "parity of answers; auto: as the last AT had it",
        |p, word| {
            p.online.command_parity = match word {
                "auto" => CommandParity::Auto,
                _ => CommandParity::Fixed(Parity::from_name(word)?),
            };
            Some(())
        },
    ),
    word(
        "data-parity",
        "\"transparent\", \"strip\", \"odd\", \"even\", \"mark\" or \"space\"",
        "bit 7 of data: untouched, cleared, or cleared towards the far end and made towards the \
         equipment",
        |p, word| {
            p.online.data_parity = match word {
                "transparent" => DataParity::Transparent,
                "strip" => DataParity::Strip,
                "none" => return None,
                _ => DataParity::Generate(Parity::from_name(word)?),
            };
            Some(())
        },
    ),
    word(
        "path-loss",
        "\"wait-s10\" or \"at-once\"",
        "whether a broken path gets the time of S10 to mend",
        |p, word| {
            let words = [("wait-s10", PathLoss::WaitS10), ("at-once", PathLoss::AtOnce)];
            choose(&mut p.online.path_loss, word, &words)
        },
    ),
    word("dtr", "\"obeyed\" or \"ignored\"", "whether DTR is looked at", |p, word| {
        let words = [("obeyed", DtrUse::Obeyed), ("ignored", DtrUse::Ignored)];
        choose(&mut p.online.dtr, word, &words)
    }),
];
