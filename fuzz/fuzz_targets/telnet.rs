//! A hostile peer: whatever it sends, and however its bytes are cut, nothing panics or grows, and data
//! come out the same.
#![no_main]

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use telnet::{ComPort, Mode, Options, Telnet};

fuzz_target!(|bytes: &[u8]| {
    let Some((&setup, wire)) = bytes.split_first() else { return };
    let mode = [Mode::On, Mode::Auto, Mode::BinaryBlind, Mode::Off][usize::from(setup & 3)];
    let mut options = if setup & 4 == 0 { Options::client(mode) } else { Options::server(mode) };
    if setup & 8 != 0 {
        options.com_port = if setup & 4 == 0 { ComPort::Client } else { ComPort::AccessServer };
    }
    let whole = decoded(&options, wire, wire.len().max(1));
    let cut = decoded(&options, wire, usize::from(setup >> 4) + 1);
    assert_eq!(whole, cut);
});

/// The data that come out when `wire` arrives in pieces of `size`.
fn decoded(options: &Options, wire: &[u8], size: usize) -> Vec<u8> {
    let now = Instant::ORIGIN + Duration::from_secs(1);
    let mut telnet = Telnet::new(options.clone(), now);
    let mut data = Vec::new();
    for piece in wire.chunks(size) {
        let mut piece = piece.to_vec();
        let mut rest = &mut piece[..];
        while !rest.is_empty() {
            let decoded = telnet.decode(now, rest);
            data.extend_from_slice(&rest[..decoded.data]);
            if let Some(telnet::Event::Held(held)) = &decoded.event {
                data.extend_from_slice(held.as_slice());
            }
            assert!(decoded.consumed > 0 || decoded.event.is_some());
            rest = &mut rest[decoded.consumed..];
        }
        assert!(telnet.replies().len() <= telnet::limits::REPLIES);
        // A peer that is answered in time: only then are both cuts the same conversation.
        telnet.replies().clear();
    }
    if let Some(held) = telnet.release(now) {
        data.extend_from_slice(held.as_slice());
    }
    data
}
