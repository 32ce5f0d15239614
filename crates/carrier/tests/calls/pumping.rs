//! The pump.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use carrier::{Duplex, End, Ending, Until, limits, pump};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::UnixStream;

use crate::ends::call;

#[test]
fn an_idle_pump_is_small() {
    let (mut first, mut second) = (tokio::io::empty(), tokio::io::empty());
    let future = pump(&mut first, &mut second, Until::BothEnd, None);
    assert!(size_of_val(&future) <= 512, "{}", size_of_val(&future));
}

/// Has data without end, takes nothing, and says how much was read from it.
#[derive(Clone, Default)]
struct Spring(Rc<Cell<usize>>);

impl Duplex for Spring {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.set(self.0.get() + buf.len());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_takes_nothing_stops_the_source_after_one_buffer() {
    let (mut first, mut second) = (Spring::default(), Spring::default());
    let idle = Some(Duration::from_secs(5));
    let pumped = pump(&mut first, &mut second, Until::BothEnd, idle).await;
    assert!(matches!(pumped.ending, Ending::Idle));
    assert_eq!((first.0.get(), second.0.get()), (limits::SCRATCH, limits::SCRATCH));
    assert_eq!((pumped.forward, pumped.backward), (0, 0));
}

/// Takes everything and delivers nothing.
struct Pit;

impl Duplex for Pit {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_write(&mut self, _: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_fails_after_it_has_taken_the_bytes_fails_the_pump() {
    let (mut left, mut first) = duplex(64);
    left.write_all(b"x").await.unwrap();
    let idle = Some(Duration::from_secs(3600));
    let pumped = pump(&mut first, &mut Pit, Until::FirstEnds, idle).await;
    assert!(matches!(pumped.ending, Ending::Failed(End::Second, _)), "{pumped:?}");
}

#[tokio::test(start_paused = true)]
async fn idle_time_counts_from_the_last_byte() {
    let (mut left, mut first) = duplex(64);
    let (mut second, mut right) = duplex(64);
    let start = tokio::time::Instant::now();
    let talk = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            left.write_all(b"x").await.unwrap();
            right.read_exact(&mut [0]).await.unwrap();
        }
    };
    let idle = Some(Duration::from_secs(5));
    let (pumped, ()) = tokio::join!(pump(&mut first, &mut second, Until::BothEnd, idle), talk);
    assert!(matches!(pumped.ending, Ending::Idle));
    assert_eq!(pumped.forward, 3);
    assert_eq!(start.elapsed().as_secs(), 17);
}

#[tokio::test]
async fn one_half_may_close_long_before_the_other() {
    let (mut left, mut first) = duplex(64);
    let (mut second, mut right) = duplex(64);
    let talk = async {
        left.write_all(b"question").await.unwrap();
        left.shutdown().await.unwrap();
        let mut question = String::new();
        right.read_to_string(&mut question).await.unwrap();
        right.write_all(format!("{question}? answer").as_bytes()).await.unwrap();
        right.shutdown().await.unwrap();
        let mut answer = String::new();
        left.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (pumped, answer) = tokio::join!(pump(&mut first, &mut second, Until::BothEnd, None), talk);
    assert_eq!(answer, "question? answer");
    assert!(matches!(pumped.ending, Ending::Finished));
}

#[tokio::test]
async fn a_program_that_has_ended_ends_the_pump_although_the_caller_stays() {
    let (mut caller, mut first) = duplex(64);
    let (mut second, mut program) = duplex(64);
    program.write_all(b"last words").await.unwrap();
    program.shutdown().await.unwrap();
    let pumped = pump(&mut first, &mut second, Until::SecondEnds, None).await;
    assert!(matches!(pumped.ending, Ending::Finished));
    let mut heard = String::new();
    caller.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "last words");
}

#[tokio::test]
async fn a_caller_who_closes_his_half_still_gets_the_programs_output() {
    let (mut caller, mut first) = duplex(64);
    let (mut second, mut program) = duplex(64);
    caller.shutdown().await.unwrap();
    let work = async {
        assert_eq!(program.read(&mut [0; 8]).await.unwrap(), 0);
        program.write_all(b"result").await.unwrap();
        program.shutdown().await.unwrap();
    };
    let (pumped, ()) = tokio::join!(pump(&mut first, &mut second, Until::SecondEnds, None), work);
    assert_eq!(pumped.backward, 6);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_closes_its_input_may_go_on_talking() {
    let (mut caller, mut first) = UnixStream::pair().unwrap();
    let (mut second, mut program) = UnixStream::pair().unwrap();
    rustix::net::shutdown(&program, rustix::net::Shutdown::Read).unwrap();
    caller.write_all(b"nobody reads this").await.unwrap();
    let work = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        program.write_all(b"result").await.unwrap();
        drop(program);
    };
    let (pumped, ()) = tokio::join!(pump(&mut first, &mut second, Until::SecondEnds, None), work);
    assert!(matches!(pumped.ending, Ending::Finished), "{pumped:?}");
    assert_eq!(pumped.backward, 6);
}

#[tokio::test]
async fn a_caller_who_leaves_a_deaf_program_is_noticed() {
    let (mut caller, mut first) = UnixStream::pair().unwrap();
    let (mut second, program) = UnixStream::pair().unwrap();
    rustix::net::shutdown(&program, rustix::net::Shutdown::Read).unwrap();
    let leave = async {
        // Far more than the kernel keeps for the program.
        for _ in 0..64 {
            caller.write_all(&[b'x'; 65_536]).await.unwrap();
        }
        drop(caller);
        drop(program);
    };
    let (pumped, ()) = tokio::join!(pump(&mut first, &mut second, Until::BothEnd, None), leave);
    assert!(matches!(pumped.ending, Ending::Finished), "{pumped:?}");
}

#[tokio::test]
async fn what_a_caller_sent_before_its_reset_reaches_the_program() {
    let (mut out, mut answered) = call("tcp").await;
    let (mut second, mut program) = duplex(4);
    answered.send(b"a prompt that the caller never reads").await.unwrap();
    out.send(b"a report").await.unwrap();
    out.reset();
    // Carrying this to the caller is what fails first.
    program.write_all(b"hey").await.unwrap();
    let read = async {
        let mut heard = String::new();
        program.read_to_string(&mut heard).await.unwrap();
        heard
    };
    let carry = async {
        let mut first = answered.hearing(|_| {});
        let pumped = pump(&mut first, &mut second, Until::SecondEnds, None).await;
        drop(second);
        pumped
    };
    let (pumped, heard) = tokio::join!(carry, read);
    assert_eq!(heard, "a report");
    assert!(matches!(pumped.ending, Ending::Failed(End::First, _)), "{pumped:?}");
}

async fn talk_to_a_dead_caller(scheme: &str) {
    let (mut out, mut answered) = call(scheme).await;
    let (mut second, mut program) = duplex(4);
    out.send(b"more than the program takes").await.unwrap();
    out.reset();
    program.write_all(b"hey").await.unwrap();
    let mut first = answered.hearing(|_| {});
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let pumped = pump(&mut first, &mut second, Until::SecondEnds, None).await;
    assert!(matches!(pumped.ending, Ending::Failed(End::First, _)), "{pumped:?}");
    assert!(start.elapsed() < limits::DRAIN + Duration::from_secs(1));
    assert_eq!(pumped.forward, 4);
}

#[tokio::test]
async fn a_program_that_talks_but_does_not_read_does_not_keep_a_dead_call() {
    talk_to_a_dead_caller("tcp").await;
}

#[tokio::test]
async fn a_program_that_talks_but_does_not_read_does_not_keep_a_dead_telnet_call() {
    talk_to_a_dead_caller("telnet").await;
}

#[tokio::test]
async fn a_telnet_callers_signals_are_heard_beside_the_data() {
    let (mut answered, mut caller) =
        crate::ends::answered_from_socket(&carrier::CallOptions::default()).await;
    let (mut second, mut program) = duplex(64);
    caller.write_all(b"\xff\xfb\x00ab\xff\xf3cd").await.unwrap();
    let mut breaks = 0;
    let read = async {
        let mut heard = [0; 4];
        program.read_exact(&mut heard).await.unwrap();
        program.shutdown().await.unwrap();
        heard
    };
    let carry = async {
        let mut first =
            answered.hearing(|event| breaks += u32::from(event == telnet::Event::Break));
        pump(&mut first, &mut second, Until::SecondEnds, None).await
    };
    let (pumped, heard) = tokio::join!(carry, read);
    assert_eq!(&heard, b"abcd");
    assert_eq!((pumped.forward, breaks), (4, 1));
}
