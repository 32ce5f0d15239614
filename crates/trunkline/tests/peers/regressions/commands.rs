//! Command lines that were misread, and what was made of them.

use super::{obeys, on_each_end};

#[test]
fn extended_commands_are_not_read_letter_by_letter() {
    on_each_end(|equipment| {
        // Each of these was once read as a dial, an answer, a switch to digits, an echo.
        for command in
            ["+DS=3,0", "+IFC=2,2;+DR=1", "+VCID=1", "+ES=3,0,2;+EB=1,0,30", "+FCLASS=0", "+DR=0"]
        {
            equipment.send(format!("AT{command}\r"));
            equipment.expect_only("\r\nOK\r\n");
        }
        equipment.send("AT+GCAP\r");
        equipment.expect_only("\r\n+GCAP: ");
        equipment.expect("\r\n");
        equipment.expect_only("\r\nOK\r\n");
        obeys(equipment);
    });
}

#[test]
fn a_register_that_isnt_there_and_a_number_of_900_digits_are_errors_and_no_more() {
    on_each_end(|equipment| {
        let long = "9".repeat(900);
        for body in [
            "S9999999?",
            "S9999999=1",
            "S123456=",
            &format!("S{long}?"),
            &format!("S0={long}"),
            &format!("E{long}"),
        ] {
            equipment.send(format!("AT{body}\r"));
            equipment.expect_only("\r\nERROR\r\n");
        }
        // 900 digits are no address and no number that anybody has.
        equipment.send(format!("ATDT{long}\r"));
        equipment.expect("\r\n");
        equipment.expect("\r\n");
        obeys(equipment);
    });
}

#[test]
fn a_numeric_result_is_a_number_and_a_cr() {
    on_each_end(|equipment| {
        equipment.send("ATV0\r");
        equipment.expect_only("0\r");
        equipment.send("ATS0?\r");
        equipment.expect_only("000\r\n0\r");
        equipment.send("AT+FCLASS=1\r");
        equipment.expect_only("4\r");
        equipment.send("ATV1\r");
        equipment.expect_only("\r\nOK\r\n");
    });
}

#[test]
fn a_registers_value_has_line_ends_of_its_own() {
    on_each_end(|equipment| {
        equipment.send("ATS0?\r");
        equipment.expect_only("\r\n000\r\n\r\nOK\r\n");
        equipment.send("ATS7=30S7?\r");
        equipment.expect_only("\r\n030\r\n\r\nOK\r\n");
    });
}

#[test]
fn backspace_on_an_empty_line_with_echo_off_erases_nothing() {
    on_each_end(|equipment| {
        equipment.send("\x08\x08\x08AT\x08\x08\x08\x08\x08\x08\r");
        equipment.send("\x08".repeat(1000));
        equipment.send("AT\r");
        // The first line says AT, however often its nothing was erased.
        equipment.expect_only("\r\nOK\r\n\r\nOK\r\n");
    });
}
