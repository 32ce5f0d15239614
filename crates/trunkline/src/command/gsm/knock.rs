//! Whether anything answers at the port, and at which speed.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tty::{Serial, SerialEvent};

/// What came of knocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knocked {
    /// It answers at the speed that was given.
    Here,
    /// It answers at this one.
    At(u32),
    /// It says something at the speed that was given, and nothing that can be read.
    Noise,
    /// It says nothing.
    Silence,
}

/// Speeds that modules come with or are set to, the likely ones first.
const SPEEDS: [u32; 8] = [115_200, 9600, 19_200, 57_600, 38_400, 230_400, 460_800, 2400];

/// How long an answer to `AT` may take. A module that is looking for our speed needs the first one for that.
const ANSWER: Duration = Duration::from_millis(350);

/// Knocks at the speed that is set, and at others if nobody answers. It is set as it was afterwards, unless somebody
/// answers at another.
pub(super) async fn knock(serial: &mut Serial, settings: &tty::Settings) -> Knocked {
    let first = answers(serial).await;
    if first == Heard::Answer {
        return Knocked::Here;
    }
    for speed in SPEEDS.into_iter().filter(|speed| *speed != settings.speed) {
        let other = tty::Settings { speed, ..settings.clone() };
        if serial.set(&other).is_ok() && answers(serial).await == Heard::Answer {
            return Knocked::At(speed);
        }
    }
    let _ = serial.set(settings);
    if first == Heard::Noise { Knocked::Noise } else { Knocked::Silence }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    Noise,
    Answer,
}

async fn answers(serial: &mut Serial) -> Heard {
    let mut heard = Vec::new();
    // An ETX first: a far end that the module may still have hears the end of a call, and no command.
    for say in [&b"\x03"[..], b"AT\r", b"AT\r"] {
        let said = async {
            let mut rest = say;
            while !rest.is_empty() {
                let taken = poll_fn(|cx| serial.poll_write(cx, rest)).await.ok()?;
                rest = rest.get(taken..).unwrap_or_default();
            }
            Some(())
        };
        let _: Result<Option<()>, _> = timeout(ANSWER, said).await;
        let until = Instant::now() + ANSWER;
        let mut buf = [0; 256];
        while let Ok(event) = timeout_at(until, poll_fn(|cx| serial.poll_event(cx, &mut buf))).await
        {
            match event {
                Ok(SerialEvent::Data(count)) if heard.len() < MOST => {
                    heard.extend_from_slice(buf.get(..count).unwrap_or_default());
                }
                Ok(SerialEvent::Lost) | Err(_) => return Heard::Nothing,
                Ok(_) => {}
            }
            if is_answer(&heard) {
                return Heard::Answer;
            }
        }
    }
    if heard.is_empty() { Heard::Nothing } else { Heard::Noise }
}

/// More than this is looked at by nobody.
const MOST: usize = 4096;

/// `OK`, or `0` from a module that says numbers.
fn is_answer(heard: &[u8]) -> bool {
    let has = |text: &[u8]| heard.windows(text.len()).any(|window| window == text);
    has(b"OK\r") || has(b"\n0\r") || heard == b"0\r" || has(b"AT\r0\r")
}

#[cfg(test)]
mod tests {
    use super::is_answer;

    #[test]
    fn a_module_answers_in_words_or_in_numbers_with_an_echo_or_without() {
        for answer in
            [&b"\r\nOK\r\n"[..], b"AT\r\r\nOK\r\n", b"AT\r0\r", b"0\r", b"\xFFAT\r\r\nOK\r"]
        {
            assert!(is_answer(answer), "{answer:?}");
        }
        for other in [&b""[..], b"AT\r", b"\x80\xFF\0", b"login: ", b"50\r"] {
            assert!(!is_answer(other), "{other:?}");
        }
    }
}
