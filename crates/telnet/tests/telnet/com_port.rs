//! RFC 2217 between a client and an access server of our own: every value arrives, 0xFF too.

use std::num::NonZeroU32;

use clock::Instant;
use telnet::com_port::{
    Control, DataSize, LineState, ModemState, Notification, Parity, Purge, Request, StopSize,
};
use telnet::{ComPort, Event, Mode, NotSent, Options, Telnet};

const NOW: Instant = Instant::ORIGIN;

/// A client and an access server that have agreed.
fn ends() -> (Telnet, Telnet) {
    let com_port = ComPort::Client;
    let mut client = Telnet::new(Options { com_port, ..Options::client(Mode::On) }, NOW);
    let com_port = ComPort::AccessServer;
    let mut server = Telnet::new(Options { com_port, ..Options::server(Mode::On) }, NOW);
    for _ in 0..4 {
        assert_eq!(carry(&mut server, &mut client), []);
        assert_eq!(carry(&mut client, &mut server), []);
    }
    (client, server)
}

fn carry(from: &mut Telnet, to: &mut Telnet) -> Vec<Event> {
    let mut wire = std::mem::take(from.replies());
    let mut rest = wire.as_mut_slice();
    let mut events = Vec::new();
    while !rest.is_empty() {
        let decoded = to.decode(NOW, rest);
        assert_eq!(decoded.data, 0);
        events.extend(decoded.event);
        rest = &mut rest[decoded.consumed..];
    }
    events
}

const CONTROLS: [Control; 20] = [
    Control::AskFlow,
    Control::FlowNone,
    Control::FlowXonXoff,
    Control::FlowHardware,
    Control::AskBreak,
    Control::BreakOn,
    Control::BreakOff,
    Control::AskDtr,
    Control::DtrOn,
    Control::DtrOff,
    Control::AskRts,
    Control::RtsOn,
    Control::RtsOff,
    Control::AskInboundFlow,
    Control::InboundFlowNone,
    Control::InboundFlowXonXoff,
    Control::InboundFlowHardware,
    Control::FlowDcd,
    Control::InboundFlowDtr,
    Control::FlowDsr,
];
const SIZES: [DataSize; 4] = [DataSize::Five, DataSize::Six, DataSize::Seven, DataSize::Eight];
const PARITIES: [Parity; 5] =
    [Parity::None, Parity::Odd, Parity::Even, Parity::Mark, Parity::Space];
const STOPS: [StopSize; 3] = [StopSize::One, StopSize::Two, StopSize::OneAndHalf];
const PURGES: [Purge; 3] = [Purge::Receive, Purge::Transmit, Purge::Both];
const RATES: [u32; 5] = [50, 9600, 115_200, 0xFFFF_FFFF, 0x00FF_FF00];

fn rate(rate: u32) -> NonZeroU32 {
    NonZeroU32::new(rate).expect("not zero")
}

#[test]
fn every_request_arrives_as_it_was_made() {
    let mut requests = vec![
        Request::Signature(Vec::new()),
        Request::Signature((0..=254).rev().collect()),
        Request::Signature(vec![0xFF; 255]),
        Request::BaudRate(None),
        Request::DataSize(None),
        Request::Parity(None),
        Request::StopSize(None),
        Request::LineState,
        Request::ModemState,
        Request::Suspend,
        Request::Resume,
        Request::LineStateMask(LineState(0xFF)),
        Request::ModemStateMask(ModemState(0xFF)),
    ];
    requests.extend(RATES.map(|it| Request::BaudRate(Some(rate(it)))));
    requests.extend(SIZES.map(|it| Request::DataSize(Some(it))));
    requests.extend(PARITIES.map(|it| Request::Parity(Some(it))));
    requests.extend(STOPS.map(|it| Request::StopSize(Some(it))));
    requests.extend(CONTROLS.map(Request::Control));
    requests.extend(PURGES.map(Request::Purge));
    let (mut client, mut server) = ends();
    for request in requests {
        assert_eq!(client.com_port_request(&request), Ok(()));
        assert_eq!(carry(&mut client, &mut server), [Event::ComPort(request)]);
    }
}

#[test]
fn every_notification_arrives_as_it_was_made() {
    let mut notifications = vec![
        Notification::Signature(Vec::new()),
        Notification::Signature(b"Trunkline \xff".to_vec()),
        Notification::ModemState(ModemState(0xFF)),
        Notification::Suspend,
        Notification::Resume,
        Notification::LineStateMask(LineState(0xFF)),
        Notification::ModemStateMask(ModemState(0xFF)),
    ];
    notifications.extend(RATES.map(|it| Notification::BaudRate(rate(it))));
    notifications.extend(SIZES.map(Notification::DataSize));
    notifications.extend(PARITIES.map(Notification::Parity));
    notifications.extend(STOPS.map(Notification::StopSize));
    notifications.extend(CONTROLS.map(Notification::Control));
    notifications.extend(PURGES.map(Notification::Purge));
    let (mut client, mut server) = ends();
    for notification in notifications {
        assert_eq!(server.com_port_notify(&notification), Ok(()));
        assert_eq!(carry(&mut server, &mut client), [Event::ComPortStatus(notification)]);
    }
}

#[test]
fn the_codes_are_those_of_the_standard() {
    let (mut client, mut server) = ends();
    let mut wire = |request| {
        client.com_port_request(&request).expect("agreed");
        std::mem::take(client.replies())
    };
    assert_eq!(
        wire(Request::BaudRate(Some(rate(9600)))),
        b"\xff\xfa\x2c\x01\x00\x00\x25\x80\xff\xf0"
    );
    assert_eq!(wire(Request::Parity(Some(Parity::Even))), b"\xff\xfa\x2c\x03\x03\xff\xf0");
    assert_eq!(
        wire(Request::StopSize(Some(StopSize::OneAndHalf))),
        b"\xff\xfa\x2c\x04\x03\xff\xf0"
    );
    assert_eq!(wire(Request::Control(Control::RtsOff)), b"\xff\xfa\x2c\x05\x0c\xff\xf0");
    assert_eq!(wire(Request::Control(Control::FlowDsr)), b"\xff\xfa\x2c\x05\x13\xff\xf0");
    assert_eq!(wire(Request::Purge(Purge::Both)), b"\xff\xfa\x2c\x0c\x03\xff\xf0");
    let state = ModemState(ModemState::DCD | ModemState::CTS | ModemState::DELTA_DCD);
    server.com_port_notify(&Notification::ModemState(state)).expect("agreed");
    assert_eq!(*server.replies(), b"\xff\xfa\x2c\x6b\x98\xff\xf0");
}

#[test]
fn a_client_hears_only_what_its_masks_let_through() {
    let (mut client, mut server) = ends();
    let line = |bits| Notification::LineState(LineState(bits));
    let modem = |bits| Notification::ModemState(ModemState(bits));

    // The standard's beginning: nothing of the line, everything of the modem.
    assert_eq!(server.com_port_notify(&line(LineState::BREAK)), Err(NotSent::Masked));
    assert_eq!(server.com_port_notify(&modem(ModemState::DELTA_CTS)), Ok(()));
    carry(&mut server, &mut client);

    let dcd = ModemState(ModemState::DCD);
    client.com_port_request(&Request::ModemStateMask(dcd)).expect("agreed");
    let faults = LineState(LineState::BREAK | LineState::OVERRUN);
    client.com_port_request(&Request::LineStateMask(faults)).expect("agreed");
    carry(&mut client, &mut server);
    assert_eq!(
        carry(&mut server, &mut client),
        [
            Event::ComPortStatus(Notification::ModemStateMask(dcd)),
            Event::ComPortStatus(Notification::LineStateMask(faults)),
        ]
    );

    assert_eq!(server.com_port_notify(&modem(ModemState::DELTA_CTS)), Err(NotSent::Masked));
    let lost = modem(ModemState::DELTA_DCD);
    assert_eq!(server.com_port_notify(&lost), Ok(()), "the loss of carrier concerns DCD");
    assert_eq!(server.com_port_notify(&line(LineState::PARITY_ERROR)), Err(NotSent::Masked));
    assert_eq!(server.com_port_notify(&line(LineState::BREAK | LineState::DATA_READY)), Ok(()));
    let asked = modem(ModemState::CTS | ModemState::DSR);
    assert_eq!(server.com_port_notify(&asked), Ok(()), "an answer is not a change");
    assert_eq!(
        carry(&mut server, &mut client),
        [
            Event::ComPortStatus(modem(0)),
            Event::ComPortStatus(line(LineState::BREAK)),
            Event::ComPortStatus(asked),
        ]
    );
}

#[test]
fn nothing_is_sent_before_it_is_agreed() {
    let mut client = Telnet::new(Options::client(Mode::On), NOW);
    assert_eq!(client.com_port_request(&Request::Resume), Err(NotSent::NotAgreed));
    let mut raw = Telnet::new(Options::client(Mode::Auto), NOW);
    assert_eq!(raw.com_port_request(&Request::Resume), Err(NotSent::NotTelnet));
}
