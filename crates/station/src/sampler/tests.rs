//! Devices that answer some of what they are asked.

use std::sync::Mutex;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::house::tests::house;

/// What a unit says to a read of registers from an address on: an exception, or that all are seven; nothing: it is silent.
type Says = fn(u16, u16) -> Option<Result<(), u8>>;

struct Stage {
    sampler: Sampler,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<u16>>>,
    _folder: TempDir,
}

impl Stage {
    /// With values of one register at these addresses.
    async fn new(addresses: &[u16], says: Says) -> Self {
        let (says, asked) = (Arc::new(Mutex::new(says)), Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(unit(listener, Arc::clone(&says), Arc::clone(&asked)));
        let points: Vec<String> =
            addresses.iter().map(|n| format!("{{ name = 'p{n}', address = 'h:{n}' }}")).collect();
        let device: DeviceConfig = toml::from_str(&format!(
            "name = 'meter'\nbus = 'lan'\nunit = 1\npoints = [{}]",
            points.join(",")
        ))
        .unwrap();
        let bus: gateway::BusConfig = toml::from_str(&format!(
            "name = 'lan'\ntcp = '{address}'\nframing = 'tcp'\nresponse = '300ms'\nretries = 0"
        ))
        .unwrap();
        let (house, folder) = house();
        let station = house.file.station.clone();
        let bus = bus.open().unwrap();
        let sampler = Sampler::new(&house, &station, &device, bus, &Changes::default()).unwrap();
        Self { sampler, says, asked, _folder: folder }
    }

    /// Reads once; what was asked, in order, and how each point stands.
    async fn round(&mut self) -> (Vec<u16>, Vec<Quality>) {
        let round = self.sampler.read().await;
        let qualities = round.readings.iter().map(|(quality, _)| *quality).collect();
        self.sampler.conclude(round.heard, round.divided, round.worth).await;
        (std::mem::take(&mut self.asked.lock().unwrap()), qualities)
    }
}

async fn unit(listener: TcpListener, says: Arc<Mutex<Says>>, asked: Arc<Mutex<Vec<u16>>>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 12];
    while stream.read_exact(&mut request).await.is_ok() {
        let [.., a, b, c, d] = request;
        let (first, count) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        asked.lock().unwrap().push(first);
        let said = (*says.lock().unwrap())(first, count);
        let pdu = match said {
            None => continue,
            Some(Err(exception)) => vec![0x83, exception],
            Some(Ok(())) => [vec![3, d * 2], [0, 7].repeat(count.into())].concat(),
        };
        let mut answer = request[..4].to_vec();
        answer.extend([0, pdu.len() as u8 + 1, request[6]]);
        answer.extend(pdu);
        stream.write_all(&answer).await.unwrap();
    }
}

const GOOD: Quality = Quality::Good;
const SILENT: Quality = Quality::Silent;

#[tokio::test]
async fn a_range_that_a_device_never_answers_keeps_nothing_from_the_others() {
    let silent_at_0: Says = |first, _| (first != 0).then_some(Ok(()));
    let mut stage = Stage::new(&[0, 100, 200], silent_at_0).await;
    assert_eq!(stage.round().await, (vec![0, 100, 200], vec![SILENT, GOOD, GOOD]));
    for _ in 0..3 {
        assert_eq!(stage.round().await, (vec![100, 200], vec![SILENT, GOOD, GOOD]), "it rests");
        assert_eq!(stage.sampler.rest, None, "the device doesn't");
    }
}

#[tokio::test]
async fn a_dead_device_costs_the_bus_one_silence_a_round_and_is_seen_when_it_comes_back() {
    let mut stage = Stage::new(&[0, 100, 200], |_, _| None).await;
    assert_eq!(stage.round().await, (vec![0, 100], vec![SILENT; 3]), "a second chance");
    assert_eq!(stage.sampler.rest, Some(limits::FIRST_REST));
    assert_eq!(stage.round().await.0, [200], "another one each time");
    assert_eq!(stage.round().await.0, [0]);
    assert_eq!(stage.sampler.rest, Some(limits::FIRST_REST * 4));
    *stage.says.lock().unwrap() = |_, _| Some(Ok(()));
    assert_eq!(stage.round().await, (vec![100, 200, 0], vec![GOOD; 3]));
    assert_eq!(stage.sampler.rest, None);
}

#[tokio::test]
async fn a_unit_that_is_silent_behind_another_s_gateway_rests_like_any_other() {
    let mut stage = Stage::new(&[0, 100, 200], |_, _| Some(Err(0x0b))).await;
    let (asked, qualities) = stage.round().await;
    assert_eq!((asked, qualities), (vec![0, 100], vec![SILENT; 3]));
    assert_eq!(stage.sampler.rest, Some(limits::FIRST_REST));
}

#[tokio::test]
async fn what_a_device_refuses_while_it_starts_is_not_taken_for_what_it_does_not_bear() {
    let mut stage = Stage::new(&[0, 1, 2, 3], |_, _| Some(Err(2))).await;
    assert_eq!(stage.round().await.1, [Quality::Refused(2); 4]);
    assert!(stage.sampler.shelf.learned("meter").unwrap().is_empty());
    *stage.says.lock().unwrap() = |_, _| Some(Ok(()));
    assert_eq!(stage.round().await, (vec![0], vec![GOOD; 4]), "all at once");
    // What it really doesn't bear is learned, and kept.
    *stage.says.lock().unwrap() =
        |first, count| Some(if (first..first + count).contains(&3) { Err(2) } else { Ok(()) });
    assert_eq!(stage.round().await.1, [GOOD, GOOD, GOOD, Quality::Refused(2)]);
    assert_eq!(stage.sampler.shelf.learned("meter").unwrap().len(), 2);
    let asked = stage.round().await.0;
    assert_eq!(asked, [0, 2, 3]);
}
