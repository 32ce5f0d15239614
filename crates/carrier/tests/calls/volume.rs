//! Much data both ways at once, checked by a checksum. `CARRIER_TEST_MIB` says how much.

use std::io;
use std::task::{Context, Poll};

use carrier::{Call, Duplex, Ending, Until, pump};

use crate::ends::call;

/// A cheap generator of bytes in which each value and each pair occurs.
struct Noise(u64);

impl Noise {
    fn fill(&mut self, buf: &mut [u8]) {
        for bytes in buf.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.copy_from_slice(&self.0.to_le_bytes()[..bytes.len()]);
        }
    }
}

/// FNV-1a.
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Says so much, and listens to everything.
struct Station {
    noise: Noise,
    left: usize,
    said: Sum,
    heard: Sum,
}

impl Duplex for Station {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        // Sizes that fit nothing else's.
        let size = (self.noise.0 as usize % 50_000 + 1).min(self.left).min(buf.len());
        self.left -= size;
        self.noise.fill(&mut buf[..size]);
        self.said.add(&buf[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.heard.add(data);
        Poll::Ready(Ok(data.len()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn carry(mut call: Call, seed: u64, bytes: usize) -> Station {
    let mut station = Station { noise: Noise(seed), left: bytes, said: Sum(0), heard: Sum(0) };
    let mut end = call.hearing(|_| {});
    let pumped = pump(&mut end, &mut station, Until::BothEnd, None).await;
    assert!(matches!(pumped.ending, Ending::Finished), "{pumped:?}");
    assert_eq!((pumped.forward, pumped.backward), (bytes as u64, bytes as u64));
    station
}

async fn exchange(scheme: &str) {
    let mib = std::env::var("CARRIER_TEST_MIB").map_or(3, |mib| mib.parse().unwrap());
    let (out, answered) = call(scheme).await;
    let bytes = mib << 20;
    let (here, there) =
        tokio::join!(carry(out, 0x5DEE_CE66, bytes), carry(answered, 0xB5AD_4ECE, bytes));
    assert_eq!(here.heard.0, there.said.0);
    assert_eq!(there.heard.0, here.said.0);
}

#[tokio::test]
async fn a_raw_call_carries_much_both_ways_at_once() {
    exchange("tcp").await;
}

#[tokio::test]
async fn a_telnet_call_carries_much_both_ways_at_once() {
    exchange("telnet").await;
}
