//! The worked examples of how a modem frames what it says, byte for byte, echo included.

use at::body::{Command, ExtendedAct, Reading, RegisterAct, commands};
use at::line::{Echo, LineChars, Recognised, Recogniser};
use at::result::{Codes, Format, ResultCode, Verbosity};

/// The least modem that can answer the examples.
struct Bench {
    recogniser: Recogniser,
    format: Format,
    echo: EchoSetting,
    out: Vec<u8>,
}

#[derive(PartialEq)]
enum EchoSetting {
    Off,
    On,
}

impl Bench {
    fn typed(&mut self, bytes: &str) -> String {
        for &byte in bytes.as_bytes() {
            let (echo, recognised) = self.recogniser.push(byte, &LineChars::default());
            if self.echo == EchoSetting::On && echo == Echo::Byte {
                self.out.push(byte);
            }
            if matches!(recognised, Recognised::Line | Recognised::Repeat) {
                self.execute();
            }
        }
        String::from_utf8(std::mem::take(&mut self.out)).unwrap()
    }

    fn execute(&mut self) {
        let (format, out) = (self.format, &mut self.out);
        let mut result = ResultCode::Ok;
        for command in commands(self.recogniser.body(), Reading::Lenient) {
            match command {
                Ok(Command::Basic { letter: b'I', .. }) => {
                    format.information(["Trunkline", "1.0"], out);
                }
                Ok(Command::Register { number: Some(number), act: RegisterAct::Read }) => {
                    let value = if number == 7 { 60 } else { 0 };
                    format.information([format!("{value:03}")], out);
                }
                Ok(Command::Extended { name, act }) => match (&*name, act) {
                    ("GMI", ExtendedAct::Execute) => format.information(["Trunkline"], out),
                    ("IPR", ExtendedAct::Read) => format.extended("+IPR: 0", out),
                    ("FCLASS", ExtendedAct::Test) => format.information(["0"], out),
                    _ => result = ResultCode::Error,
                },
                Ok(Command::Dial(_)) => result = ResultCode::Connect(Some(9600)),
                Ok(_) => {}
                Err(_) => result = ResultCode::Error,
            }
        }
        format.result(result, &Codes::default(), out);
    }
}

fn answer(verbosity: Verbosity, echo: EchoSetting, bytes: &str) -> String {
    let format = Format { verbosity, ..Format::default() };
    Bench { recogniser: Recogniser::new(), format, echo, out: Vec::new() }.typed(bytes)
}

#[test]
fn in_words_with_echo() {
    let table = [
        ("AT\r", "AT\r\r\nOK\r\n"),
        ("AT\r\n", "AT\r\r\nOK\r\n"),
        ("ATS0?\r", "ATS0?\r\r\n000\r\n\r\nOK\r\n"),
        ("AT+GMI\r", "AT+GMI\r\r\nTrunkline\r\n\r\nOK\r\n"),
        ("AT+IPR?\r", "AT+IPR?\r\r\n+IPR: 0\r\n\r\nOK\r\n"),
        ("AT+FCLASS=?\r", "AT+FCLASS=?\r\r\n0\r\n\r\nOK\r\n"),
        ("ATI3S7?\r", "ATI3S7?\r\r\nTrunkline\r\n1.0\r\n\r\n060\r\n\r\nOK\r\n"),
        ("ATDT10.0.0.5\r", "ATDT10.0.0.5\r\r\nCONNECT 9600\r\n"),
        ("AT\rA/", "AT\r\r\nOK\r\nA/\r\nOK\r\n"),
        ("at&\r", "at&\r\r\nERROR\r\n"),
        ("junk\r", "junk\r"),
    ];
    for (typed, expected) in table {
        assert_eq!(answer(Verbosity::Verbose, EchoSetting::On, typed), expected, "{typed:?}");
    }
}

#[test]
fn in_numbers_without_echo() {
    let table = [
        ("AT\r", "0\r"),
        ("ATS0?\r", "000\r\n0\r"),
        ("AT+IPR?\r", "+IPR: 0\r\n0\r"),
        ("ATI3S7?\r", "Trunkline\r\n1.0\r\n060\r\n0\r"),
        ("ATDT10.0.0.5\r", "12\r"),
        ("AT+NONSENSE\r", "4\r"),
        ("junk\r", ""),
    ];
    for (typed, expected) in table {
        assert_eq!(answer(Verbosity::Numeric, EchoSetting::Off, typed), expected, "{typed:?}");
    }
}
