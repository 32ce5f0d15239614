//! PDUs.

use modbus::pdu::{AnswerError, Length, Pdu, Request, Response, request_length, response_length};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::some::{DIALECT, exchange};

/// What a length says of a whole PDU.
fn agrees(length: Length, pdu: &Pdu) -> bool {
    match length {
        Length::Exactly(length) => length == pdu.bytes().len(),
        Length::Either(short, long) => [short, long].contains(&pdu.bytes().len()),
        Length::AtLeast(length) => length <= pdu.bytes().len(),
        Length::Unknown | Length::More | Length::Never => false,
    }
}

proptest! {
    #[test]
    fn requests_and_answers_come_back_as_they_were((request, response) in exchange()) {
        let (asked, answered) = (request.encode(), response.encode());
        prop_assert_eq!(Request::decode(&asked), Ok(request.clone()));
        match (request.accept(&answered, DIALECT), response) {
            (Err(AnswerError::Exception(told)), Response::Exception { exception, .. }) => {
                prop_assert_eq!(told, exception);
            }
            (accepted, response) => prop_assert_eq!(accepted, Ok(response)),
        }
    }

    #[test]
    fn a_length_is_told_by_the_first_bytes_and_never_changes((request, response) in exchange()) {
        for (pdu, length) in [
            (request.encode(), request_length as fn(&[u8]) -> Length),
            (response.encode(), response_length),
        ] {
            prop_assert!(agrees(length(pdu.bytes()), &pdu), "{:?}", pdu);
            for end in 0..pdu.bytes().len() {
                let early = length(&pdu.bytes()[..end]);
                prop_assert!(early == Length::More || agrees(early, &pdu), "{end}: {early:?}");
            }
        }
    }

    #[test]
    fn nothing_cut_short_is_taken((request, response) in exchange()) {
        for end in 1..request.encode().bytes().len() {
            let cut = Pdu::new(&request.encode().bytes()[..end]).expect("not empty");
            prop_assert!(Request::decode(&cut).is_err(), "{:?}", cut);
        }
        for end in 1..response.encode().bytes().len() {
            let cut = Pdu::new(&response.encode().bytes()[..end]).expect("not empty");
            prop_assert!(request.accept(&cut, DIALECT).is_err(), "{:?}", cut);
        }
    }

    #[test]
    fn nothing_with_a_tail_is_taken((request, response) in exchange(), tail in vec(any::<u8>(), 1..4)) {
        let longer = |pdu: &Pdu| Pdu::new(&[pdu.bytes(), &tail].concat());
        // An echo is as long as its sender likes.
        prop_assume!(request.function() != modbus::pdu::Function::Diagnostics);
        if let Ok(request) = longer(&request.encode()) {
            prop_assert!(Request::decode(&request).is_err());
        }
        if let Ok(response) = longer(&response.encode()) {
            prop_assert!(request.accept(&response, DIALECT).is_err());
        }
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in vec(any::<u8>(), 1..=253), function in 0u8..0x2c) {
        for first in [bytes[0], function] {
            let mut bytes = bytes.clone();
            bytes[0] = first;
            let pdu = Pdu::new(&bytes).expect("within the limits");
            if let Ok(request) = Request::decode(&pdu) {
                // Bits beyond the count of coils mean nothing, and are zero when we write.
                if !matches!(request, Request::WriteCoils { .. }) {
                    prop_assert_eq!(request.encode(), pdu.clone());
                }
            }
            if let Ok(response) = Response::decode(&pdu)
                && !matches!(response, Response::ReadIdentification(_))
            {
                prop_assert_eq!(response.encode(), pdu);
            }
        }
    }

    #[test]
    fn an_answer_to_another_request_is_known((request, _) in exchange(), (other, response) in exchange()) {
        prop_assume!(request.function() != other.function());
        prop_assert_eq!(request.accept(&response.encode(), DIALECT), Err(AnswerError::Other));
    }
}
