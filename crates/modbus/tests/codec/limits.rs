//! What the standard forbids is refused, and it is said why.

use modbus::UnitId;
use modbus::frame::{Side, rtu};
use modbus::pdu::{AnswerError, Dialect, Exception, Function, Pdu, PduError, Request, Response};

fn decode(bytes: &[u8]) -> Result<Request, PduError> {
    Request::decode(&Pdu::new(bytes).expect("a PDU"))
}

#[track_caller]
fn refused(bytes: &[u8], words: &str, exception: Exception) {
    let error = decode(bytes).expect_err("it is forbidden");
    assert_eq!(error.to_string(), words);
    assert_eq!(error.exception(), exception);
}

#[test]
fn counts_are_refused_before_addresses() {
    // All of them go beyond 65535 as well.
    for wrong in [
        &[0x0f, 0xff, 0xff, 0, 9, 1, 0xff][..],
        &[0x10, 0xff, 0xff, 0, 2, 2, 0, 1],
        &[0x17, 0xff, 0xff, 0, 2, 0, 0, 0, 2, 2, 0, 1],
        &[0x17, 0xff, 0xff, 0, 2, 0, 0, 0, 122, 2, 0, 1],
        &[3, 0xff, 0xff, 0, 126],
    ] {
        let error = decode(wrong).expect_err("it is forbidden");
        assert_eq!(error.exception(), Exception::IllegalDataValue, "{wrong:02x?}: {error}");
    }
    for beyond in [
        &[0x0f, 0xff, 0xff, 0, 9, 2, 0xff, 1][..],
        &[0x10, 0xff, 0xff, 0, 2, 4, 0, 1, 0, 1],
        &[0x17, 0xff, 0xff, 0, 2, 0, 0, 0, 1, 2, 0, 1],
        &[0x17, 0, 0, 0, 2, 0xff, 0xff, 0, 2, 4, 0, 1, 0, 1],
    ] {
        let error = decode(beyond).expect_err("there is no such address");
        assert_eq!(error.exception(), Exception::IllegalDataAddress, "{beyond:02x?}: {error}");
    }
}

#[test]
fn counts_end_where_the_standard_ends_them() {
    for (function, most) in [(1, 2000u16), (2, 2000), (3, 125), (4, 125)] {
        for count in [1, most] {
            let [high, low] = count.to_be_bytes();
            assert!(decode(&[function, 0, 0, high, low]).is_ok(), "{function}: {count}");
        }
        for count in [0, most + 1, u16::MAX] {
            let [high, low] = count.to_be_bytes();
            refused(
                &[function, 0, 0, high, low],
                &format!("a count of {count} is not within 1 to {most}"),
                Exception::IllegalDataValue,
            );
        }
    }
    for (count, fits) in [(1968, true), (1969, false)] {
        assert_eq!(Request::write_coils(0, &vec![true; count]).is_ok(), fits, "{count}");
    }
    for (count, fits) in [(0, false), (123, true), (124, false)] {
        assert_eq!(Request::write_registers(0, vec![7; count]).is_ok(), fits, "{count}");
    }
}

#[test]
fn addresses_end_at_65535() {
    assert!(decode(&[3, 0xff, 0xff, 0, 1]).is_ok());
    refused(
        &[3, 0xff, 0xff, 0, 2],
        "2 from address 65535 on go beyond 65535",
        Exception::IllegalDataAddress,
    );
    assert!(Request::write_registers(65_535, vec![1, 2]).is_err());
}

#[test]
fn a_coil_is_on_or_off_and_nothing_else() {
    refused(
        &[5, 0, 1, 0, 1],
        "0001 is no state of a coil (FF00 on, 0000 off)",
        Exception::IllegalDataValue,
    );
}

#[test]
fn byte_counts_must_be_what_the_counts_say() {
    refused(
        &[0x10, 0, 0, 0, 2, 2, 0, 1],
        "a byte count of 2 where 4 is right",
        Exception::IllegalDataValue,
    );
    refused(
        &[0x0f, 0, 0, 0, 9, 1, 0xff],
        "a byte count of 1 where 2 is right",
        Exception::IllegalDataValue,
    );
    refused(&[0x10, 0, 0, 0, 1, 2, 0], "it ends too early", Exception::IllegalDataValue);
    refused(
        &[0x10, 0, 0, 0, 1, 2, 0, 1, 9],
        "1 bytes stand behind its end",
        Exception::IllegalDataValue,
    );
}

#[test]
fn files_begin_at_one_and_records_end_at_9999() {
    let read = |file: u8, record: u16, count: u16| {
        let ([rh, rl], [ch, cl]) = (record.to_be_bytes(), count.to_be_bytes());
        decode(&[0x14, 7, 6, 0, file, rh, rl, ch, cl])
    };
    assert!(read(1, 9999, 121).is_ok());
    assert_eq!(read(0, 0, 1), Err(PduError::Record { file: 0, record: 0 }));
    assert_eq!(read(1, 10_000, 1), Err(PduError::Record { file: 1, record: 10_000 }));
    // Its answer would not fit.
    assert_eq!(read(1, 0, 122), Err(PduError::Count { count: 122, least: 1, most: 121 }));
    refused(
        &[0x14, 7, 5, 0, 1, 0, 0, 0, 1],
        "0005 is no reference to a file",
        Exception::IllegalDataValue,
    );
}

#[test]
fn unknown_functions_and_sub_functions_are_refused_as_such() {
    for function in (0u8..0x80).filter(|code| Function::of(*code).is_none()) {
        let error = decode(&[function, 0, 0]).expect_err("it is none");
        assert_eq!(error.exception(), Exception::IllegalFunction, "{function:02X}");
    }
    refused(&[8, 0, 0x13, 0, 0], "sub-function 0013 doesn't exist", Exception::IllegalFunction);
}

#[test]
fn every_exception_keeps_its_number() {
    for code in 0..=255 {
        let exception = Exception::of(code);
        assert_eq!(exception.code(), code);
        let pdu = Pdu::exception(3, exception);
        assert_eq!(pdu.bytes(), [0x83, code]);
        let request = Request::read_holding_registers(0, 1).expect("one");
        let refused = request.accept(&pdu, Dialect::Standard);
        assert_eq!(refused, Err(AnswerError::Exception(exception)));
    }
}

#[test]
fn wide_registers_take_four_bytes_an_address_when_asked_for() {
    let answer = Pdu::new(&[3, 8, 0x42, 0xf6, 0xe9, 0x79, 0, 0, 0, 1]).expect("a PDU");
    let request = Request::read_holding_registers(7001, 2).expect("two");
    let Ok(Response::ReadHoldingRegisters(words)) = request.accept(&answer, Dialect::Enron) else {
        panic!("two wide registers have eight bytes");
    };
    assert_eq!(*words, [0x42f6, 0xe979, 0, 1]);
    assert_eq!(request.accept(&answer, Dialect::Standard), Err(AnswerError::Other));

    let write = Request::write_wide_registers(7001, &[0x42f6_e979]).expect("one");
    assert_eq!(write.encode().bytes(), b"\x10\x1b\x59\x00\x01\x04\x42\xf6\xe9\x79");
    assert_eq!(Request::decode_as(&write.encode(), Dialect::Enron), Ok(write.clone()));
    assert!(Request::decode(&write.encode()).is_err());
    let written = Pdu::new(&[0x10, 0x1b, 0x59, 0, 1]).expect("a PDU");
    assert!(write.accept(&written, Dialect::Enron).is_ok());
}

#[test]
fn a_register_of_32_bits_is_written_alone_by_function_06_with_four_bytes() {
    let write = Request::WriteWideRegister { address: 7001, value: 0x42f6_e979 };
    assert_eq!(write.encode().bytes(), b"\x06\x1b\x59\x42\xf6\xe9\x79");
    assert_eq!(Request::decode_as(&write.encode(), Dialect::Enron), Ok(write.clone()));
    assert!(Request::decode(&write.encode()).is_err(), "where registers have 16 bits");
    assert!(write.accept(&write.encode(), Dialect::Enron).is_ok());
    let other = Pdu::new(b"\x06\x1b\x59\x42\xf6\xe9\x78").expect("a PDU");
    let half = Pdu::new(b"\x06\x1b\x59\x42\xf6").expect("a PDU");
    for pdu in [other, half.clone()] {
        assert_eq!(write.accept(&pdu, Dialect::Enron), Err(AnswerError::Other));
    }
    assert!(Request::decode_as(&half, Dialect::Enron).is_err());
    let narrow = Request::WriteRegister { address: 7001, value: 0x42f6 };
    assert_eq!(narrow.accept(&write.encode(), Dialect::Standard), Err(AnswerError::Other));
    // On a serial line its CRC ends it, and damage is noise.
    for length in [5, 7] {
        let pdu = Pdu::new(&write.encode().bytes()[..length]).expect("a PDU");
        let (mut frame, mut now) = (Vec::new(), clock::Instant::ORIGIN);
        rtu::encode(UnitId(9), &pdu, &mut frame);
        for damage in [0, 0x10] {
            let mut wire = frame.clone();
            wire[3] ^= damage;
            let mut ears = rtu::Deframer::new(Side::Master, rtu::Silences::TOLERANT);
            ears.expect(UnitId(9), 6);
            let mut heard = Vec::new();
            for byte in [&wire[..], &frame].concat() {
                now = now + std::time::Duration::from_millis(1);
                let mut bytes = &[byte][..];
                heard.extend(ears.next(now, &mut bytes).map(|heard| heard.frame.pdu));
            }
            let whole = if damage == 0 { 2 } else { 1 };
            assert_eq!(heard, vec![pdu.clone(); whole], "{length} {damage}");
        }
    }
}

#[test]
fn an_answer_of_another_length_or_echo_is_none() {
    let request = Request::read_holding_registers(0, 2).expect("two");
    let short = Pdu::new(&[3, 2, 0, 1]).expect("a PDU");
    assert_eq!(request.accept(&short, Dialect::Standard), Err(AnswerError::Other));
    let write = Request::WriteRegister { address: 1, value: 2 };
    let other = Pdu::new(&[6, 0, 1, 0, 3]).expect("a PDU");
    assert_eq!(write.accept(&other, Dialect::Standard), Err(AnswerError::Other));
    let echo = Request::echo(0x1234);
    let other = Pdu::new(&[8, 0, 0, 0x12, 0x35]).expect("a PDU");
    assert_eq!(echo.accept(&other, Dialect::Standard), Err(AnswerError::Other));
}
