//! Any bytes, cut anywhere, with any pauses, as RTU, ASCII and Modbus TCP of both sides: no panic, little kept, and
//! every frame that is found encodes to bytes that were there.
#![no_main]

use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use modbus::frame::{Ears, Framing, Side, rtu};
use modbus::pdu::{Request, Response};

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let side = if choice & 1 == 0 { Side::Master } else { Side::Slave };
    let framing = match choice >> 1 & 3 {
        0 => Framing::Rtu(rtu::Silences::TOLERANT),
        1 => Framing::Ascii,
        _ => Framing::Tcp,
    };
    let mut ears = Ears::new(framing, side);
    let mut now = Instant::ORIGIN;
    for piece in bytes.chunks(usize::from(choice >> 3) + 1) {
        now = now + Duration::from_millis(u64::from(piece[0]));
        let mut rest = piece;
        loop {
            match ears.next(now, &mut rest, side) {
                Ok(Some(caught)) => {
                    let pdu = &caught.heard.frame.pdu;
                    if let Ok(request) = Request::decode(pdu) {
                        assert_eq!(request.encode().bytes().len(), pdu.bytes().len());
                    }
                    let _ = Response::decode(pdu);
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(rest.is_empty());
    }
    while ears.finish().is_some() {}
});
