//! Calls that leaked, hung up twice or took the modem with them.

use super::{equipment, escape, obeys, on_each_end};
use crate::stage::{FarEnd, Setting, Stage};

#[test]
fn hanging_up_says_ok_once_and_nothing_else() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        for _ in 0..2 {
            let mut far = far.called_by(equipment);
            escape(equipment);
            equipment.send("ATH\r");
            equipment.expect_only("\r\nOK\r\n");
            assert_eq!(far.expect_end(), b"+++");
            equipment.expect_silence();
            // Nor with nobody to hang up on.
            equipment.send("ATH\r");
            equipment.expect_only("\r\nOK\r\n");
            equipment.expect_silence();
        }
    });
}

#[test]
fn a_far_end_that_hangs_up_is_told_once_after_all_its_data() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        let mut far = far.called_by(equipment);
        let last_words = vec![b'x'; 100_000];
        far.send(&last_words);
        drop(far);
        assert_eq!(equipment.receive(last_words.len()), last_words);
        equipment.expect_only("\r\nNO CARRIER\r\n");
        equipment.expect_silence();
        obeys(equipment);
    });
}

#[test]
fn a_program_that_closes_the_line_takes_nothing_with_it() {
    let stage = Stage::new();
    let mut trunkline = Setting::new(&stage).line("line", "").run();
    for _ in 0..20 {
        drop(trunkline.open("line"));
    }
    // In a call, too.
    let far = FarEnd::new();
    let mut first = equipment(&trunkline, "line");
    let mut far = far.called_by(&mut first);
    drop(first);
    far.expect_end();
    trunkline.assert_running();
    obeys(&mut equipment(&trunkline, "line"));
}

#[test]
fn xon_xoff_stops_and_resumes_what_the_equipment_gets() {
    on_each_end(|equipment| {
        let far = FarEnd::new();
        equipment.send("AT&K4\r");
        equipment.expect_only("\r\nOK\r\n");
        let mut far = far.called_by(equipment);

        equipment.send("\x13stopped");
        // The far end has the word and no XOFF: so the line has seen both.
        far.expect_only("stopped");
        far.send("kept back");
        equipment.expect_silence();
        // Only one direction stands still.
        equipment.send("going on");
        far.expect_only("going on");
        equipment.send("\x11");
        equipment.expect_only("kept back");
    });
}

#[test]
fn a_telnet_command_cut_in_two_leaks_nothing_to_the_equipment() {
    let stage = Stage::new();
    let far = FarEnd::new();
    let trunkline = Setting::new(&stage)
        .line("line", "")
        .phone("1", &format!("\"telnet://{}\"", far.address()))
        .run();
    let mut equipment = equipment(&trunkline, "line");
    equipment.send("ATDT1\r");
    let mut far = far.answer();
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");

    // A question whose answer is certain: will you echo? No. The answer to it shows that all before has arrived.
    far.send([0xFF]);
    far.send([0xFD]);
    far.send([0x01]);
    far.expect([0xFF, 0xFC, 0x01]);
    // The same cut, but now with time for each piece to be seen alone.
    for piece in [[0xFF], [0xFD], [0x22]] {
        far.send(piece);
        equipment.expect_silence();
    }
    far.expect([0xFF, 0xFC, 0x22]);
    // A doubled 255 in two segments is one byte of data.
    far.send([0xFF]);
    equipment.expect_silence();
    far.send([0xFF]);
    equipment.expect_only([0xFF]);
}
