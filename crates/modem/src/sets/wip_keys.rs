//! The keys of a persona that are about `+WIP…`.

use std::time::Duration;

use ::wip::{
    BearerLost, Bearers, Code, ConnectError, Gathering, MailDate, Method, PeerClose, Quoted,
    Services, SessionClose, Shutdown, StackDown, Transport,
};

use super::facts::{Resume, WithoutCard};
use super::wip::EscapeGuard;
use crate::persona::{Key, Persona, ValueSetter, choose, number, switch, text, word};

pub(crate) const KEYS: &[Key] = &[
    word(
        "wip.bearers",
        "\"radio\" or \"ethernet\"",
        "the bearers there are: UARTs, GSM and GPRS, or Ethernet as number 4 too",
        |p, word| {
            let words = [("radio", Bearers::Radio), ("ethernet", Bearers::WithEthernet)];
            choose(&mut p.sets.wip.bearers, word, &words)
        },
    ),
    number("wip.servers", "a number from 1 to 8", 8, "indexes of TCP servers", |p, last| {
        p.sets.wip.servers = u8::try_from(last.max(1)).unwrap_or(1);
    }),
    switch("wip.etx-before-shutdown", "in mode 1 an ETX stands in front of SHUTDOWN", |p, on| {
        p.sets.wip.shutdown = on.choose(Shutdown::Alone, Shutdown::BehindEtx)
    }),
    word(
        "wip.peerclose-on-escape",
        "\"untold\" or \"always\"",
        "when +++ is answered by +WIPPEERCLOSE: if SHUTDOWN has not told it, or always",
        |p, word| {
            let words = [("untold", PeerClose::Untold), ("always", PeerClose::Always)];
            choose(&mut p.sets.wip.peer_close, word, &words)
        },
    ),
    word(
        "wip.connect-error",
        "\"cme\", \"wiperror\" or \"answer\"",
        "how a connection that could not be made is told: +CME ERROR or +WIPERROR behind the OK, or an \
         error in its place",
        |p, word| {
            let words = [
                ("cme", ConnectError::AfterOk),
                ("wiperror", ConnectError::Named),
                ("answer", ConnectError::InPlaceOfOk),
            ];
            choose(&mut p.sets.wip.connect_error, word, &words)
        },
    ),
    word(
        "wip.escape-guard",
        "\"both\" or \"before\"",
        "where the silence of S12 is around +++",
        |p, word| {
            let words = [("both", EscapeGuard::Both), ("before", EscapeGuard::Before)];
            choose(&mut p.sets.escape, word, &words)
        },
    ),
    switch("wip.ato-resumes", "ATO goes back to the last socket's data", |p, on| {
        p.sets.resume = on.choose(Resume::No, Resume::Yes);
    }),
    switch(
        "wip.quoted-address",
        "the address in +WIPDATA of a datagram stands in quotes",
        |p, on| p.sets.wip.quoted_address = on.choose(Quoted::No, Quoted::Yes),
    ),
    word(
        "wip.stack-down",
        "\"error\" or \"ok\"",
        "the answer to +WIPCFG? while the stack is down",
        |p, word| {
            let words = [("error", StackDown::Error), ("ok", StackDown::Ok)];
            choose(&mut p.sets.wip.stack_down, word, &words)
        },
    ),
    word(
        "wip.bearer-lost",
        "\"silent\" or \"told\"",
        "whether +WIPBR tells that a started bearer is lost",
        |p, word| {
            let words = [("silent", BearerLost::Silent), ("told", BearerLost::Told)];
            choose(&mut p.sets.wip.bearer_lost, word, &words)
        },
    ),
    word(
        "wip.without-card",
        "\"all\", \"until-ready\" or \"bearer\"",
        "what is refused without a card that is ready: all of +WIP\u{2026} with the card's error, that and all until \
         +WIND: 4 with 515, or a bearer's start with 810 or 811",
        |p, word| {
            let words = [
                ("all", WithoutCard::All),
                ("until-ready", WithoutCard::UntilReady),
                ("bearer", WithoutCard::Bearer),
            ];
            choose(&mut p.sets.without_card, word, &words)
        },
    ),
    switch("wip.gathering", "option 12 of +WIPCFG exists", |p, on| {
        p.sets.wip.gathering = on.choose(Gathering::Unknown, Gathering::Known);
    }),
    number(
        "wip.bearer-delay",
        "milliseconds, 0 to 600000",
        600_000,
        "from the start of a bearer to its OK",
        |p, ms| p.sets.wip.bearer_delay = Duration::from_millis(u64::from(ms)),
    ),
    number(
        "wip.bearer-failure",
        "the number of an error, 0 for none",
        999,
        "why bearers can't be started",
        |p, code| {
            let code = u16::try_from(code).unwrap_or(0);
            p.sets.wip.bearer_failure = (code > 0).then_some(Code(code));
        },
    ),
    text("wip.version", "+WIPCFG=3", |p, text| {
        text.clone_into(&mut p.sets.wip.version);
        Ok(())
    }),
    word(
        "wip.transport",
        "\"raw\" or \"telnet\"",
        "how TCP sockets talk to their peers: as they are, or by telnet with all bytes passing",
        |p, word| {
            let words = [("raw", Transport::Raw), ("telnet", Transport::Telnet)];
            choose(&mut p.sets.wip.transport, word, &words)
        },
    ),
    word(
        "wip.services",
        "\"none\", \"ftp\" or \"all\"",
        "what there is beside sockets: nothing, FTP, or FTP, HTTP, SMTP and POP3",
        |p, word| {
            let words = [("none", Services::None), ("ftp", Services::Ftp), ("all", Services::All)];
            choose(&mut p.sets.wip.services, word, &words)
        },
    ),
    word(
        "wip.session-close",
        "\"never\", \"services\" or \"all\"",
        "when +WIPPEERCLOSE follows on +WIPCLOSE",
        |p, word| {
            let words = [
                ("never", SessionClose::Never),
                ("services", SessionClose::Services),
                ("all", SessionClose::All),
            ];
            choose(&mut p.sets.wip.session_close, word, &words)
        },
    ),
    switch("wip.mail-date", "the head that the module writes for a mail has a date", |p, on| {
        p.sets.wip.mail_date = on.choose(MailDate::Absent, MailDate::Written);
    }),
    Key {
        name: "wip.http-methods",
        takes: "methods of HTTP with a space between",
        help: "what the modes of +WIPFILE=5 do, from 1",
        set: ValueSetter::Text(http_methods),
    },
];

fn http_methods(persona: &mut Persona, text: &str) -> Result<(), String> {
    use Method::{Delete, Get, Head, Post, Put, Trace};
    let known = [Get, Put, Head, Delete, Post, Trace];
    let named = |word: &str| known.into_iter().find(|method| method.name() == word);
    let method = |word| named(word).ok_or_else(|| format!("there is no method {word}"));
    persona.sets.wip.http_methods =
        text.split_whitespace().map(method).collect::<Result<_, _>>()?;
    Ok(())
}
