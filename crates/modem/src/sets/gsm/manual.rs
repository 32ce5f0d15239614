//! The manual of the set.

use std::fmt::Write;

use super::{COMMANDS, SETTINGS};

/// What the manual begins with.
const OPENING: &str = "# GSM commands

The command set `gsm` (`sets = \"gsm\"` in a persona; the Wavecom personas have it) is that of a GSM module:
3GPP TS 27.007 and 27.005 as Wavecom's modules have them. There is no radio. The card, the network and how
long things take are what the persona says under `[gsm]` ([persona-keys.md](persona-keys.md)) and the line
in its [`gsm` table](configuration.md#line-gsm). What the module has to tell of itself unasked
(`+CREG`, `+WIND`, `+CMTI`) it says between lines, never within an answer or a call's data.

Errors are `+CME ERROR: n` with `AT+CMEE=1`, words with `AT+CMEE=2` where the persona knows that, and `ERROR`
otherwise; errors of messages are `+CMS ERROR: n` always. While a command takes its time, others are answered with error 515. Tries of the
PIN, a changed PIN, messages, telephone numbers, preferred networks, the level of `+WIND`, the bands of `+WMBS`, the state
of `+WOPEN` and the message centre outlive the process where lines have a state folder; everything else is as after `AT+CFUN=1`.
A command whose part of that the disk doesn't take is told so: `+CME ERROR: 23`, `+CMS ERROR: 320` for messages. A message that arrives,
is sent or is read is so whether or not the disk takes it.

`+WIND` tells, by the bits of its sum: 1 the card (`+WIND: 0`, `1`), 2 that a called party was reached (`2`), 4 and 8 that
the module is ready but for the card, and wholly (`3`, `4`), 16 and 32 a call that begins and ends (`5,1`, `6,1`), 64 and
128 the network found and lost (`7`, `8`), 512 and 1024 the telephone numbers and a sum of them (`10`, `11`), 8192 the
network's name and time (`15`), 16384 that messages can be had (`16`). The bits 256, 2048 and 4096 can be set; sound, an
interruption and the card's rack are things that never happen here.

`+CRSM` reads four files of the card, as clients do that want its number (12258), the subscriber (28423), the provider's name
(28486, `gsm.operator`) and how many digits of the subscriber are the network's (28589); others are not there, and none can
be written. `+CIEV` tells the indicators of `+CIND` that change, `+CGEV` packet data that ends, `+WGPRSIND` what carries it.
The network knows no `+CUSD` strings and has no second call that could wait; what `+CCWA` sets is held and told.

`ATD>\"name\"`, `ATD>3` and `ATD>SM3` dial the card's telephone numbers. There is no PPP: `ATD*99#` is `ERROR` unless a phonebook
has that number.

Messages go from line to line by the lines' numbers, or to a program: see
[the line's `gsm` table](configuration.md#line-gsm). Text mode and PDU mode are both there; a text is typed behind `> ` and
ends with Ctrl-Z, or is given up with ESC, or after three minutes of silence.
";

/// The manual of the GSM commands, in Markdown.
pub fn gsm_manual() -> String {
    let mut text = OPENING.to_owned();
    text.push_str("\n## Commands\n\n| command | what it is for |\n|---|---|\n");
    for command in COMMANDS {
        let _ = writeln!(text, "| `{}` | {} |", command.name, command.help);
    }
    text.push_str(
        "\n## Settings\n\nPlain numbers, which `AT&W` stores.\n\n\
         | command | values | default | effect |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        crate::table::row(setting, &mut text);
    }
    text
}
