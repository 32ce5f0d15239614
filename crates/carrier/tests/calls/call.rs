//! Raw calls.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use at::result::Cause;
use carrier::{Call, CallOptions, Counts, Received, cause_of_end};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::ends::{
    answered_from_socket, call, call_to_socket, finish, listener, receive_all, receive_exactly,
};

#[test]
fn an_idle_call_is_small() {
    assert!(size_of::<Call>() <= 128, "{}", size_of::<Call>());
}

#[tokio::test]
async fn both_ends_know_each_other_and_count_their_bytes() {
    let (mut out, mut answered) = call("tcp").await;
    assert_eq!(out.peer(), &answered.local());
    assert_eq!(answered.peer(), &out.local());
    out.send(b"hello").await.unwrap();
    assert_eq!(receive_exactly(&mut answered, 5).await, b"hello");
    answered.send(b"goodbye").await.unwrap();
    assert_eq!(receive_exactly(&mut out, 7).await, b"goodbye");
    assert_eq!(out.counts(), Counts { received: 7, sent: 5 });
    assert_eq!(answered.counts(), Counts { received: 5, sent: 7 });
}

#[tokio::test]
async fn the_caller_finishes_first_and_still_hears_the_answer() {
    let (mut out, mut answered) = call("tcp").await;
    out.send(b"question").await.unwrap();
    finish(&mut out).await;
    assert_eq!(receive_all(&mut answered).await.unwrap(), b"question");
    answered.send(b"answer").await.unwrap();
    finish(&mut answered).await;
    assert_eq!(receive_all(&mut out).await.unwrap(), b"answer");
}

#[tokio::test]
async fn the_answering_end_finishes_first_and_still_hears_the_rest() {
    let (mut out, mut answered) = call("tcp").await;
    answered.send(b"no more from me").await.unwrap();
    finish(&mut answered).await;
    assert_eq!(receive_all(&mut out).await.unwrap(), b"no more from me");
    out.send(b"but from me").await.unwrap();
    finish(&mut out).await;
    assert_eq!(receive_all(&mut answered).await.unwrap(), b"but from me");
    let mut buf = [0; 8];
    assert_eq!(answered.receive(&mut buf).await.unwrap(), Received::End, "an end stays an end");
}

#[tokio::test]
async fn a_reset_is_seen_as_one() {
    let (out, mut answered) = call("tcp").await;
    out.reset();
    let error = answered.receive(&mut [0; 8]).await.unwrap_err();
    assert_eq!(cause_of_end(&error), Cause::Reset);
}

#[tokio::test]
async fn last_words_arrive_although_the_far_end_is_still_talking() {
    let (mut answered, mut caller) = answered_from_socket(&CallOptions::default()).await;
    caller.write_all(&[b'x'; 100_000]).await.unwrap();
    poll_fn(|cx| answered.poll_receive(cx, &mut [0; 1])).await.unwrap();
    answered.send(b"BUSY\r\n").await.unwrap();
    let mut heard = String::new();
    let listen = async {
        caller.read_to_string(&mut heard).await.unwrap();
        drop(caller);
    };
    let both = async { tokio::join!(answered.hang_up(LONG * 100), listen) };
    tokio::time::timeout(LONG, both).await.expect("it doesn't wait longer than the far end does");
    assert_eq!(heard, "BUSY\r\n");
}

#[tokio::test]
async fn hanging_up_does_not_wait_for_a_far_end_that_never_leaves() {
    let (out, mut far) = call_to_socket("tcp").await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    out.hang_up(Duration::from_secs(3)).await;
    assert!(start.elapsed() >= Duration::from_secs(3));
    assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn urgent_data_stay_in_their_place() {
    let (mut answered, caller) = answered_from_socket(&CallOptions::default()).await;
    let send = |bytes: &[u8], flags| rustix::net::send(&caller, bytes, flags).unwrap();
    send(b"a", rustix::net::SendFlags::empty());
    send(b"!", rustix::net::SendFlags::OOB);
    send(b"b", rustix::net::SendFlags::empty());
    assert_eq!(receive_exactly(&mut answered, 3).await, b"a!b");
}

#[tokio::test]
async fn what_waits_behind_urgent_data_is_heard_although_nothing_else_comes() {
    for scheme in [telnet::Mode::Off, telnet::Mode::On] {
        let options = CallOptions { telnet: Some(scheme), ..CallOptions::default() };
        let mut listener = listener();
        let caller = TcpStream::connect(listener.local().socket_addr().unwrap()).await.unwrap();
        let send = |bytes: &[u8], flags| rustix::net::send(&caller, bytes, flags).unwrap();
        // All of it is there before anybody looks.
        send(b"ab!", rustix::net::SendFlags::OOB);
        send(b"cd!", rustix::net::SendFlags::OOB);
        send(b"ef", rustix::net::SendFlags::empty());
        let arrived = listener.accept().await.unwrap();
        let mut answered = arrived.answer(&options).unwrap();
        let hearing = receive_exactly(&mut answered, 8);
        let heard = tokio::time::timeout(LONG, hearing);
        assert_eq!(heard.await.expect("not stuck"), b"ab!cd!ef");
    }
}

/// Sends until the socket takes no more.
async fn fill(call: &mut Call) -> u64 {
    poll_fn(|cx| {
        loop {
            match call.poll_send(cx, &[b'x'; 65_536]) {
                Poll::Ready(sent) => assert!(sent.unwrap() > 0),
                Poll::Pending => return Poll::Ready(call.counts().sent),
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_far_end_that_does_not_read_stops_the_sender_and_gets_everything_later() {
    let (mut out, mut far) = call_to_socket("tcp").await;
    let sent = fill(&mut out).await;
    let (read, _) = tokio::join!(
        async {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            all.len() as u64
        },
        finish(&mut out)
    );
    assert_eq!(read, sent);
}

#[tokio::test]
async fn a_call_runs_on_a_unix_socket_too() {
    let (here, there) = UnixStream::pair().unwrap();
    let mut here = Call::over_unix(here, &CallOptions::default()).unwrap();
    let mut there = Call::over_unix(there, &CallOptions::default()).unwrap();
    here.send(b"hello").await.unwrap();
    finish(&mut here).await;
    assert_eq!(receive_all(&mut there).await.unwrap(), b"hello");
    there.reset();
    assert_eq!(here.receive(&mut [0; 1]).await.unwrap(), Received::End);
}

#[tokio::test]
async fn a_failure_of_the_path_is_not_mistaken_for_an_orderly_end() {
    let (mut out, far) = call_to_socket("telnet").await;
    far.set_zero_linger().unwrap();
    drop(far);
    // The answer to nothing: a reset may show in a write of the codec's own first.
    let sent = out.send(b"\xff").await;
    let received = receive_all(&mut out).await;
    let failed = sent.err().or(received.err()).unwrap_or_else(|| io::Error::other("no error"));
    assert_eq!(cause_of_end(&failed), Cause::Reset);
}

#[tokio::test]
async fn a_hang_up_is_noticed_behind_data_that_nobody_receives_and_they_are_kept() {
    let (mut out, mut far) = call_to_socket("tcp").await;
    far.write_all(b"unread").await.unwrap();
    let mut polls = 0;
    let notice = poll_fn(|cx| {
        polls += 1;
        out.poll_hung_up(cx)
    });
    let leave = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        far.write_all(b", all of it").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(far);
    };
    tokio::join!(notice, leave);
    assert!(polls <= 10, "{polls} polls: it spins");
    assert_eq!(receive_all(&mut out).await.unwrap(), b"unread, all of it");
}

#[tokio::test]
async fn a_call_is_closed_only_when_nothing_is_left_to_receive() {
    let (mut out, mut far) = call_to_socket("tcp").await;
    far.write_all(b"unread").await.unwrap();
    drop(far);
    poll_fn(|cx| out.poll_hung_up(cx)).await;
    assert!(poll_fn(|cx| Poll::Ready(out.poll_closed(cx).is_pending())).await);
    assert_eq!(receive_exactly(&mut out, 6).await, b"unread");
    assert_eq!(poll_fn(|cx| out.poll_closed(cx)).await, Cause::RemoteHangUp);
}

#[tokio::test]
async fn waiting_behind_unread_data_and_their_end_does_not_spin() {
    let (mut out, mut far) = call_to_socket("tcp").await;
    far.write_all(b"S").await.unwrap();
    drop(far);
    poll_fn(|cx| out.poll_hung_up(cx)).await;
    let mut polls = 0;
    let wait = poll_fn(|cx| {
        polls += 1;
        out.poll_closed(cx)
    });
    assert!(tokio::time::timeout(Duration::from_millis(50), wait).await.is_err());
    assert!(polls <= 5, "{polls} polls");
}

#[tokio::test]
async fn looking_whether_a_call_has_ended_delays_no_data() {
    let (mut out, mut far) = call_to_socket("tcp").await;
    for round in 0..100u8 {
        let sent = [round; 3];
        far.write_all(&sent).await.unwrap();
        assert!(poll_fn(|cx| Poll::Ready(out.poll_hung_up(cx).is_pending())).await);
        // One byte at a time, so that some are left behind each look.
        for _ in 0..3 {
            let byte = tokio::time::timeout(LONG, receive_exactly(&mut out, 1)).await;
            assert_eq!(byte.expect("the data are announced"), [round]);
            assert!(poll_fn(|cx| Poll::Ready(out.poll_closed(cx).is_pending())).await);
        }
    }
}

const LONG: Duration = Duration::from_secs(60);

/// An exchange's tasks move between threads.
#[test]
fn everything_that_waits_may_be_moved_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    #[allow(dead_code)]
    fn check(
        mut call: Call,
        other: Call,
        mut listener: carrier::Listener,
        caller: &mut carrier::Caller,
        program: &mut UnixStream,
    ) {
        let (address, options) = ("tcp://h:1".parse().unwrap(), CallOptions::default());
        let access = carrier::AccessList::allow_all();
        is_send(&carrier::dial(&address, &options, &access));
        is_send(&carrier::dial_first(&[], &access, None));
        is_send(&listener.accept());
        is_send(&caller.sniff(LONG));
        is_send(&call.receive(&mut [0]));
        is_send(&call.send(&[0]));
        is_send(&other.hang_up(LONG));
        is_send(&carrier::pump(&mut call.hearing(|_| {}), program, carrier::Until::BothEnd, None));
    }
}
