//! Bulk on its way to the equipment, carried by a thread of its own.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use clock::Instant;
use tokio::sync::oneshot;
use tty::{Ferry, Landed, Landing, Lease};

use crate::hands::Hand;
use crate::limits;

/// A thread that carries bulk.
#[derive(Debug)]
pub(crate) struct Crossing {
    lands: oneshot::Receiver<Landed>,
    lease: Lease,
    /// When the line wants to hear of it.
    until: Instant,
    /// Bytes of the call that are counted already.
    counted: u64,
    fate: Fate,
    serves: Serves,
}

/// What becomes of the load that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Delivered,
    /// The equipment that it was for is gone.
    Forgotten,
}

/// Whose bytes it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serves {
    /// The call's that is up.
    Call,
    /// Those of one that is over, whose modem has been told of so many.
    Past { told: u64 },
}

/// What has come back.
#[derive(Debug)]
pub(crate) enum Home {
    /// To its call, with so many bytes that were not told before.
    Call { carried: u64, left: Vec<u8>, landing: Landing },
    /// After the end of its call.
    Past,
}

impl Crossing {
    /// Has a thread carry what `embark` gets ready, which is asked only if there is a thread to be had.
    pub(crate) fn begin(now: Instant, embark: impl FnOnce() -> Option<Ferry>) -> Option<Self> {
        let hand = Hand::take()?;
        let ferry = embark()?;
        let (lease, until) = (ferry.lease(), now + limits::CROSSING);
        let lands = hand.carry(ferry);
        let (fate, serves) = (Fate::Delivered, Serves::Call);
        Some(Self { lands, lease, until, counted: 0, fate, serves })
    }

    /// When the line wants to hear of it, unless it is on its way back.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.lease.is_recalled()).then_some(self.until)
    }

    /// Has it come back.
    pub(crate) fn recall(&self) {
        self.lease.recall();
    }

    /// Has it stop at once, and tells how many bytes of the call it has carried that were not told before.
    pub(crate) fn count(&mut self) -> u64 {
        self.lease.end();
        let before = std::mem::replace(&mut self.counted, self.lease.carried());
        self.counted - before
    }

    /// Has it stop at once, since its call is over: with so many bytes that were not told before.
    pub(crate) fn halt(&mut self) -> u64 {
        if self.serves == Serves::Call {
            self.serves = Serves::Past { told: self.counted };
        }
        self.count()
    }

    /// How many bytes of a call that is over its modem has yet to be told of; they are told now.
    pub(crate) fn take_late(&mut self) -> u64 {
        match &mut self.serves {
            Serves::Call => 0,
            Serves::Past { told } => self.counted - std::mem::replace(told, self.counted),
        }
    }

    /// Has it come back, with a load that nobody wants any more.
    pub(crate) fn forget(&mut self) {
        self.fate = Fate::Forgotten;
        self.recall();
    }

    /// Ready once when it is back: with the rest of its load, for the equipment, and what is to be known of it.
    pub(crate) fn poll_landed(&mut self, cx: &mut Context<'_>) -> Poll<(Vec<u8>, Home)> {
        let landed = ready!(Pin::new(&mut self.lands).poll(cx));
        let Landed { mut load, left, landing } = landed.unwrap_or_else(|_| {
            let died = io::Error::other("the thread that carried its data has died");
            Landed { load: Vec::new(), left: Vec::new(), landing: Landing::Failed(died) }
        });
        if self.fate == Fate::Forgotten {
            load.clear();
        }
        let carried = self.count();
        let home = match self.serves {
            Serves::Call => Home::Call { carried, left, landing },
            Serves::Past { .. } => Home::Past,
        };
        Poll::Ready((load, home))
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        self.lease.recall();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::future::poll_fn;
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use tty::{OpenWatch, PtyEnd, PtyEvent, PtyOptions, Sieve, Sifted};

    use super::*;

    /// A terminal with its client, and a thread that carries to it from a far end.
    struct Trip {
        _end: PtyEnd,
        client: File,
        far: UnixStream,
        crossing: Crossing,
    }

    fn open(path: &Path) -> File {
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        File::options().read(true).write(true).custom_flags(flags).open(path).unwrap()
    }

    impl Trip {
        /// With a load that is more than there is room for.
        async fn begin() -> Self {
            Self::with(load()).await
        }

        async fn with(load: Vec<u8>) -> Self {
            let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
            let client = open(end.slave());
            let opened = poll_fn(|cx| end.poll_event(cx, &mut [0; 64])).await.unwrap();
            assert_eq!(opened, PtyEvent::Opened);
            let (from, far) = UnixStream::pair().unwrap();
            from.set_nonblocking(true).unwrap();
            let mut parts = Some((poll_fn(|cx| Poll::Ready(end.lend(cx))).await, from));
            // Other tests have threads, too.
            let crossing = loop {
                let embark = || {
                    let (berth, from) = parts.take()?;
                    Some(Ferry::new(
                        from.into(),
                        Some(BEFORE_A_STAR),
                        berth.unwrap()?,
                        load.clone(),
                    ))
                };
                match Crossing::begin(Instant::ORIGIN, embark) {
                    Some(crossing) => break crossing,
                    None => tokio::task::yield_now().await,
                }
            };
            Self { _end: end, client, far, crossing }
        }

        async fn landed(&mut self) -> (Vec<u8>, Home) {
            poll_fn(|cx| self.crossing.poll_landed(cx)).await
        }
    }

    const BEFORE_A_STAR: Sieve = |wire| {
        let load = wire.iter().position(|&byte| byte == b'*').unwrap_or(wire.len());
        Sifted { load, seen: load }
    };

    fn load() -> Vec<u8> {
        (0..=255).cycle().take(256 * 1024).collect()
    }

    #[tokio::test]
    async fn it_brings_back_what_the_equipment_has_not_taken() {
        let mut trip = Trip::begin().await;
        assert_eq!(trip.crossing.deadline(), Some(Instant::ORIGIN + limits::CROSSING));
        let mut heard = vec![0; 1000];
        trip.client.read_exact(&mut heard).unwrap();
        trip.crossing.recall();
        assert_eq!(trip.crossing.deadline(), None, "nobody need remind it twice");
        let (back, home) = trip.landed().await;
        let Home::Call { carried, landing: Landing::Recalled, .. } = home else {
            panic!("{home:?}")
        };
        assert_eq!(carried, 0, "what it left with was counted before");
        let taken = load().len() - back.len();
        heard.resize(taken, 0);
        trip.client.read_exact(&mut heard[1000..]).unwrap();
        assert!([heard, back].concat() == load(), "not what it left with");
    }

    #[tokio::test]
    async fn a_call_that_is_over_is_told_once_how_many_bytes_were_its() {
        let mut trip = Trip::begin().await;
        let reading = {
            let mut client = trip.client.try_clone().unwrap();
            std::thread::spawn(move || client.read_exact(&mut vec![0; 256 * 1024 + 4]))
        };
        trip.far.write_all(b"last").unwrap();
        reading.join().unwrap().unwrap();
        assert_eq!(trip.crossing.take_late(), 0, "it isn't over");
        assert_eq!(trip.crossing.halt(), 4);
        assert_eq!(trip.crossing.halt(), 0);
        assert_eq!((trip.crossing.take_late(), trip.crossing.take_late()), (4, 0));
        let (back, home) = trip.landed().await;
        assert!(back.is_empty());
        // Its end is nothing to the next call.
        assert!(matches!(home, Home::Past), "{home:?}");
    }

    #[tokio::test]
    async fn what_its_sieve_has_left_is_for_the_call_if_that_goes_on() {
        for goes_on in [true, false] {
            let mut trip = Trip::with(Vec::new()).await;
            trip.far.write_all(b"ab*c").unwrap();
            trip.client.read_exact(&mut [0; 2]).unwrap();
            assert_eq!(trip.crossing.count(), 2);
            assert_eq!(trip.crossing.count(), 0, "that was told");
            if !goes_on {
                assert_eq!(trip.crossing.halt(), 0);
            }
            match trip.landed().await.1 {
                Home::Call { carried: 0, left, .. } if goes_on => assert_eq!(left, b"*c"),
                Home::Past if !goes_on => {}
                home => panic!("{home:?}"),
            }
        }
    }

    #[tokio::test]
    async fn what_it_has_for_equipment_that_is_gone_is_for_nobody() {
        let mut trip = Trip::begin().await;
        trip.crossing.forget();
        assert!(trip.landed().await.0.is_empty());
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_any_more_ends() {
        let Trip { _end, client, far, crossing } = Trip::begin().await;
        let lease = crossing.lease.clone();
        drop(crossing);
        // Else it would hang.
        lease.end();
        drop((client, far));
    }
}
