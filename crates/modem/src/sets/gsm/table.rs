//! The commands of the set that are more than a setting.

use super::{
    Part, Reply, Turn, bands, calls, control, files, indicators, mailbox, network, packet,
    phonebook, preferred, security, sending, wind, wiring,
};

/// A command of the set.
pub(crate) struct Command {
    /// With its mark.
    pub(crate) name: &'static str,
    pub(super) run: fn(&mut Part, &mut Turn<'_, '_>) -> Reply,
    /// One line for the user.
    pub(crate) help: &'static str,
}

const fn command_of(
    name: &'static str,
    run: fn(&mut Part, &mut Turn<'_, '_>) -> Reply,
    help: &'static str,
) -> Command {
    Command { name, run, help }
}

/// All commands of the set that are more than a setting.
pub(crate) const COMMANDS: &[Command] = &[
    command_of("+CPIN", security::pin, "the PIN, or PUK and new PIN; which of them is wanted"),
    command_of("+CPINC", security::tries, "tries left of PIN, PIN2, PUK, PUK2"),
    command_of("+CLCK", security::lock, "\"SC\": whether the PIN is asked for at the start"),
    command_of("+CPWD", security::password, "\"SC\": another PIN"),
    command_of("+CIMI", security::subscriber, "the subscriber's number on the card"),
    command_of("+CCID", security::card, "the card's own number"),
    command_of("+CRSM", files::restricted, "files of the card: 12258, 28423, 28486, 28589"),
    command_of("+CSIM", files::generic, "commands to the card itself: refused"),
    command_of("+CNUM", security::number, "the line's number, from the configuration"),
    command_of("+CREG", network::registration, "registration; 1 or 2: changes are told"),
    command_of("+CGREG", network::packet_registration, "the same for packet data"),
    command_of(
        "+CEREG",
        network::evolved_registration,
        "the same for LTE, where the persona knows it",
    ),
    command_of("+CSQ", network::signal, "strength and errors of the signal"),
    command_of(
        "+COPS",
        network::operator,
        "the operator: which, how it is written, which there are",
    ),
    command_of("+CPOL", preferred::operators, "the card's list of preferred operators"),
    command_of("+CPLS", preferred::lists, "which list of them: there is 0"),
    command_of("+CIND", indicators::indicators, "signal, service, messages, call, roaming, room"),
    command_of(
        "+WMBS",
        bands::bands,
        "the bands: 0 to 3 are 850, 900, 1800 and 1900 MHz, 4 850 and 1900, 5 900 and 1800, 6 900 and 1900, 7 all; \
         with 1 behind it at once, otherwise from the next start on",
    ),
    command_of("+WS46", bands::stack, "the kind of network: 12, GSM"),
    command_of(
        "+WGPRS",
        bands::packet_radio,
        "9: +WGPRSIND tells what carries packet data, now by 2, at changes by 1",
    ),
    command_of("+CGATT", packet::attach, "packet data: attached or not"),
    command_of("+CGDCONT", packet::contexts, "contexts of packet data"),
    command_of("+CGACT", packet::activation, "contexts that are active"),
    command_of("+CGPADDR", packet::addresses, "addresses of contexts"),
    command_of("+CGCLASS", packet::class, "the class of the module: B"),
    command_of(
        "+WIND",
        wind::indications,
        "what the module tells unasked, as a sum of bits; kept at once",
    ),
    command_of(
        "+WOPEN",
        control::application,
        "the application of the TCP/IP commands: 0 stops, 1 starts it",
    ),
    command_of(
        "+CFUN",
        control::function,
        "1: the module starts anew; 0 or 4: off the air, and calls and bearers end; 1,0: on it again",
    ),
    command_of("+CPOF", control::power_off, "off, until DTR goes on again"),
    command_of("+CPAS", control::activity, "ready, ringing or in a call"),
    command_of("+CLCC", calls::list, "the call that there is"),
    command_of("+CCWA", calls::waiting, "calls that wait: whether they may, and are told"),
    command_of("+CUSD", calls::strings, "strings to the network, which it does nothing with"),
    command_of("+CCLK", control::clock, "the clock"),
    command_of("+CSCS", control::charset, "the character set of messages"),
    command_of("+CLAC", control::list, "the commands of this set"),
    command_of("+WSTR", control::status, "whether the module is started, and has a network"),
    command_of("+WSHS", control::rack, "whether there is a card"),
    command_of("+WBCM", control::nothing, "battery: there is none"),
    command_of("+PSRIC", control::nothing, "the ring pin: there is none"),
    command_of("*PSSTKI", control::nothing, "the card's menus: there are none"),
    command_of("+CCED", control::nothing, "the environment: nothing is measured"),
    command_of("+ICF", wiring::format, "the format of the port's characters, by the table's rules"),
    command_of("+IFC", wiring::flow, "the flow control of the port: 0 none, 2 circuits"),
    command_of("+CMEE", control::errors, "how errors are told"),
    command_of(
        "+CPBS",
        phonebook::shelf,
        "whose numbers: \"SM\" the card's, \"ON\" the line's own",
    ),
    command_of("+CPBR", phonebook::read, "shows telephone numbers by their places"),
    command_of("+CPBF", phonebook::find, "shows those whose names begin so"),
    command_of("+CPBW", phonebook::write, "writes a telephone number, or empties its place"),
    command_of("+CMGS", sending::send, "sends a message, which is typed behind >"),
    command_of("+CMGW", sending::write, "stores a message, which is typed behind >"),
    command_of("+CMSS", sending::send_stored, "sends a stored message"),
    command_of("+CMGR", mailbox::read, "shows a message"),
    command_of("+CMGL", mailbox::list, "shows all messages of a kind"),
    command_of("+CMGD", mailbox::delete, "deletes a message, or all of some kinds"),
    command_of("+CPMS", mailbox::stores, "the store: the card's"),
    command_of("+CSCA", mailbox::centre, "the message centre"),
    command_of("+CSMS", mailbox::services, "the message services"),
];
