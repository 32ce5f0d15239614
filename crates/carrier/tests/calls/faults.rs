//! Streams that misbehave at every byte.

use carrier::{Between, Call, Faults, Faulty, Until, pump};
use telnet::{Mode, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::ends::{awkward, finish, receive_all};

fn calls(mode: Mode, faults: Faults) -> (Call, Call) {
    let (left, right) = duplex(64);
    (
        Call::over(Box::new(Faulty::new(left, faults)), Options::client(mode)),
        Call::over(Box::new(right), Options::server(mode)),
    )
}

/// Sends `data` one way, finishes, and tells what arrived and how either end saw it.
async fn transfer(
    mut from: Call,
    mut to: Call,
    data: &[u8],
) -> (std::io::Result<()>, std::io::Result<Vec<u8>>) {
    tokio::join!(
        async {
            let sent = match from.send(data).await {
                Ok(()) => std::future::poll_fn(|cx| from.poll_finish(cx)).await,
                failed => failed,
            };
            if sent.is_err() {
                drop(from);
            }
            sent
        },
        async {
            let received = receive_all(&mut to).await;
            drop(to);
            received
        }
    )
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_one_byte_at_a_time_changes_nothing() {
    for mode in [Mode::Off, Mode::On, Mode::Auto, Mode::BinaryBlind] {
        for between in [Between::Nothing, Between::NotReady] {
            let faults = Faults { piece: 1, between, reset_at: None };
            let (out, answered) = calls(mode, faults);
            let (sent, received) = transfer(out, answered, &awkward()).await;
            sent.unwrap();
            assert_eq!(received.unwrap(), awkward(), "{mode} out");
            let (out, answered) = calls(mode, faults);
            let (sent, received) = transfer(answered, out, &awkward()).await;
            sent.unwrap();
            assert_eq!(received.unwrap(), awkward(), "{mode} in");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_at_any_byte_leaves_a_beginning_of_the_data_and_an_error() {
    let data = awkward();
    for mode in [Mode::Off, Mode::BinaryBlind] {
        for reset_at in 1..=data.len() as u64 {
            let faults = Faults { piece: 7, between: Between::NotReady, reset_at: Some(reset_at) };
            let (out, answered) = calls(mode, faults);
            let (sent, received) = transfer(answered, out, &data).await;
            let received = received.expect_err("the receiving end sees the reset");
            assert_eq!(received.kind(), std::io::ErrorKind::ConnectionReset, "{mode} {reset_at}");
            drop(sent);

            let (out, answered) = calls(mode, faults);
            let (sent, received) = transfer(out, answered, &data).await;
            assert!(sent.is_err(), "{mode} {reset_at}");
            let received = received.unwrap();
            assert!(data.starts_with(&received), "{mode} {reset_at}: {received:?}");
        }
    }
}

/// A pump between `left` and `right` whose first end has `faults`.
async fn pumped(faults: Faults, data: &[u8]) -> (Vec<u8>, Vec<u8>, carrier::Pumped) {
    let (mut left, first) = duplex(64);
    let (mut second, mut right) = duplex(64);
    let mut first = Faulty::new(first, faults);
    let talk = async |end: &mut DuplexStream| {
        let (mut read, mut write) = tokio::io::split(end);
        let mut heard = Vec::new();
        let (_, _) = tokio::join!(
            async {
                let _ = write.write_all(data).await;
                let _ = write.shutdown().await;
            },
            read.read_to_end(&mut heard)
        );
        heard
    };
    let carry = async {
        let pumped = pump(&mut first, &mut second, Until::BothEnd, None).await;
        drop((first, second));
        pumped
    };
    let (pumped, at_left, at_right) = tokio::join!(carry, talk(&mut left), talk(&mut right));
    (at_left, at_right, pumped)
}

#[tokio::test(start_paused = true)]
async fn a_pump_survives_a_reset_at_any_byte() {
    let data = awkward();
    for reset_at in 1..=2 * data.len() as u64 {
        let faults = Faults { piece: 3, between: Between::NotReady, reset_at: Some(reset_at) };
        let (at_left, at_right, pumped) = pumped(faults, &data).await;
        assert!(data.starts_with(&at_left) && data.starts_with(&at_right), "{reset_at}");
        assert_eq!(
            pumped.forward,
            at_right.len() as u64,
            "{reset_at}: what was read was delivered"
        );
        assert!(
            matches!(pumped.ending, carrier::Ending::Failed(carrier::End::First, _)),
            "{pumped:?}"
        );
    }
    let (at_left, at_right, pumped) = pumped(Faults::default(), &data).await;
    assert_eq!((at_left, at_right), (data.clone(), data));
    assert!(matches!(pumped.ending, carrier::Ending::Finished));
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_still_ends_in_order() {
    let (mut out, answered) = calls(Mode::BinaryBlind, Faults::default());
    finish(&mut out).await;
    let (sent, received) = transfer(answered, out, b"\xff\xff").await;
    sent.unwrap();
    assert_eq!(received.unwrap(), b"\xff\xff");
}
