//! Dial strings that were damaged, refused or deaf.

use std::net::Ipv6Addr;

use super::{obeys, on_each_end};
use crate::stage::{FarEnd, free_address};

#[test]
fn redialling_at_once_after_a_failed_call_is_not_swallowed() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        for _ in 0..3 {
            equipment.send(format!("ATDT{}\r", free_address()));
            equipment.expect_only("\r\nBUSY\r\n");
        }
        let mut far = far.called_by(equipment);
        equipment.send("hello");
        far.expect("hello");
    });
}

#[test]
fn redialling_by_repeat_after_a_failed_call_dials_again() {
    on_each_end(|equipment| {
        let address = free_address();
        equipment.send(format!("ATDT{address}\r"));
        equipment.expect_only("\r\nBUSY\r\n");
        let far = FarEnd::at((address.ip(), address.port()));
        equipment.send("A/");
        let mut far = far.answer();
        equipment.expect("\r\nCONNECT");
        far.send("hello");
        equipment.expect("hello");
    });
}

#[test]
fn an_ipv6_address_can_be_dialled() {
    on_each_end(|equipment| {
        let far = FarEnd::at((Ipv6Addr::LOCALHOST.into(), 0));
        let mut far = far.called_by(equipment);
        equipment.send("hello");
        far.expect("hello");
    });
}

#[test]
fn a_host_whose_name_begins_like_a_modifier_is_dialled_whole() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        equipment.send(format!("ATDlocalhost:{}\r", far.address().port()));
        let mut far = far.answer();
        equipment.expect("\r\nCONNECT");
        far.send("hello");
        equipment.expect("hello");
    });
}

#[test]
fn an_address_with_a_semicolon_connects_and_stays_at_command_level() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        equipment.send(format!("ATDT{};\r", far.address()));
        let mut far = far.answer();
        equipment.expect("\r\nOK\r\n");
        equipment.send("AT\r");
        equipment.expect_only("\r\nOK\r\n");
        equipment.send("ATO\r");
        equipment.expect("\r\nCONNECT");
        equipment.expect("\r\n");
        equipment.send("hello");
        far.expect_only("hello");
    });
}

#[test]
fn an_empty_dial_string_doesnt_leave_the_modem_deaf() {
    on_each_end(|equipment| {
        for dial in ["ATDT\r", "ATD\r"] {
            equipment.send(dial);
            equipment.expect_only("\r\nNO CARRIER\r\n");
            obeys(equipment);
        }
    });
}

#[test]
fn data_on_the_heels_of_an_answer_is_kept_for_after_connect() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        equipment.send(format!("ATDT{}\r", far.address()));
        let mut far = far.answer();
        far.send("banner");
        equipment.expect("\r\nCONNECT");
        equipment.expect("\r\n");
        equipment.expect_only("banner");
    });
}
