//! Every byte arrives as it was sent.

use carrier::CallOptions;

use crate::harness::{Caller, House, house, rtu, script};

/// All bytes, all pairs with CR, and runs of IAC.
fn awkward() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for byte in 0..=255 {
        bytes.extend_from_slice(&[0x0D, byte]);
    }
    for run in 1..6 {
        bytes.extend(std::iter::repeat_n(0xFF, run));
        bytes.push(b'x');
    }
    bytes.extend_from_slice(b"\r\n\r\0\r\xff\xf4\xff\xfd\x06\r");
    bytes
}

async fn comes_back_whole(caller: &mut Caller) {
    let bytes = awkward();
    caller.say(&bytes).await;
    assert_eq!(caller.bytes(bytes.len()).await, bytes);
    for chunk in bytes.chunks(1) {
        caller.say(chunk).await;
    }
    assert_eq!(caller.bytes(bytes.len()).await, bytes);
}

fn cat_on_a_pipe() -> House {
    house(&rtu("pipe", &["/bin/cat"]))
}

fn cat_on_a_raw_terminal() -> House {
    house(&script("pty", "stty raw -echo; echo ready; exec cat"))
}

fn test_number() -> House {
    house("[[account]]\nname = \"rtu\"\npassword = \"HASH\"\nservice = \"echo\"\nidle = \"10m\"\n")
}

#[tokio::test]
async fn the_test_number_sends_every_byte_back_to_a_raw_caller() {
    let house = test_number();
    let mut caller = house.rtu().await;
    comes_back_whole(&mut caller).await;
    drop(caller);
    assert_eq!(house.record().await.end, exchange::CallEnd::CallerHungUp);
}

#[tokio::test]
async fn the_test_number_sends_every_byte_back_to_a_telnet_caller() {
    let house = test_number();
    let mut caller = house.telnet().await;
    caller.log_in().await;
    comes_back_whole(&mut caller).await;
}

#[tokio::test]
async fn a_raw_caller_and_a_program_on_a_pipe() {
    let house = cat_on_a_pipe();
    comes_back_whole(&mut house.rtu().await).await;
}

#[tokio::test]
async fn a_telnet_caller_and_a_program_on_a_pipe() {
    let house = cat_on_a_pipe();
    let mut caller = house.telnet().await;
    caller.log_in().await;
    comes_back_whole(&mut caller).await;
    drop(caller);
    assert_eq!(house.record().await.call.over, "telnet");
}

#[tokio::test]
async fn a_raw_caller_and_a_program_on_a_raw_terminal() {
    let house = cat_on_a_raw_terminal();
    let mut caller = house.rtu().await;
    caller.expect("ready").await;
    caller.line().await;
    comes_back_whole(&mut caller).await;
}

#[tokio::test]
async fn a_telnet_caller_and_a_program_on_a_raw_terminal() {
    let house = cat_on_a_raw_terminal();
    let mut caller = house.telnet().await;
    caller.log_in().await;
    caller.expect("ready").await;
    caller.line().await;
    comes_back_whole(&mut caller).await;
}

#[tokio::test]
async fn a_megabyte_passes_both_ways_at_once() {
    let house = cat_on_a_pipe();
    let mut caller = house.rtu().await;
    let bytes: Vec<u8> =
        (0..1 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (mut sent, mut back) = (0, Vec::new());
    let mut buf = vec![0; 65_536];
    // One task serves both directions, as the program's pipes hold far less than a megabyte.
    std::future::poll_fn(|cx| {
        use std::task::Poll;
        while sent < bytes.len() {
            match caller.call.poll_send(cx, &bytes[sent..]) {
                Poll::Ready(count) => sent += count.expect("sent"),
                Poll::Pending => break,
            }
        }
        while back.len() < bytes.len() {
            match caller.call.poll_receive(cx, &mut buf) {
                Poll::Ready(Ok(carrier::Received::Data(count))) => {
                    back.extend_from_slice(&buf[..count])
                }
                Poll::Ready(other) => panic!("{other:?}"),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    })
    .await;
    assert!(back == bytes);
}

#[tokio::test]
async fn an_enter_of_a_telnet_caller_is_one_enter_to_a_terminal() {
    let house =
        house(&script("pty", "stty -echo; echo ready; while read line; do echo \"<$line>\"; done"));
    // Off: the test writes telnet's coding itself.
    let mut caller = house.dial("tcp", CallOptions::default()).await;
    // DO SGA shows that we speak telnet; we agree to nothing else.
    caller.say(b"\xff\xfd\x03").await;
    caller.expect("login: ").await;
    caller.say("rtu\r\n").await;
    caller.expect("Password: ").await;
    caller.say("secret\r\n").await;
    caller.expect("ready\r\n").await;
    caller.say("one\r\ntwo\r\0three\n").await;
    caller.expect("<one>\r\n<two>\r\n<three>\r\n").await;
}
