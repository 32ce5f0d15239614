//! A flow computer of Daniel behind a gateway: some of its registers have 32 bits under one address.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{PATIENT, ask, ask_until_open, started};

/// One that speaks Modbus TCP: what stands at 7001 and behind is as many numbers of 32 bits, each its own address;
/// elsewhere there are ordinary registers. What is written is only confirmed.
async fn daniel() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 7];
                while stream.read_exact(&mut head).await.is_ok() {
                    let mut pdu = vec![0; usize::from(head[5]) - 1];
                    stream.read_exact(&mut pdu).await.expect("all of it");
                    let answer = answer(&pdu);
                    let length = u8::try_from(answer.len() + 1).expect("short");
                    let mut frame = vec![head[0], head[1], 0, 0, 0, length, head[6]];
                    frame.extend(answer);
                    stream.write_all(&frame).await.expect("it reads");
                }
            });
        }
    });
    address
}

fn answer(pdu: &[u8]) -> Vec<u8> {
    let word = |at: usize| u16::from_be_bytes([pdu[at], pdu[at + 1]]);
    let (first, count) = (word(1), word(3));
    if pdu[0] == 6 {
        let length = if first < 7001 { 5 } else { 7 };
        assert_eq!(pdu.len(), length, "as wide as the register");
        return pdu.to_vec();
    }
    if pdu[0] == 16 {
        assert_eq!(usize::from(pdu[5]), 4 * usize::from(count), "four bytes an address");
        return pdu[..5].to_vec();
    }
    let mut bytes = Vec::new();
    for number in first..first + count {
        match number {
            7001.. => bytes.extend(u32::from(number).to_be_bytes()),
            _ => bytes.extend(number.to_be_bytes()),
        }
    }
    let mut answer = vec![pdu[0], u8::try_from(bytes.len()).expect("within a frame")];
    answer.extend(bytes);
    answer
}

#[tokio::test]
async fn registers_of_32_bits_pass_where_the_table_says_so_and_both_widths_at_once_are_refused() {
    let unit = daniel().await;
    let table = format!(
        "tcp = \"{unit}\"\nframing = \"tcp\"\n{PATIENT}\nenron = [\"h:7001..8000 unit 5\"]"
    );
    let (_gateway, address) = started(&table).await;
    let wide = [3, 0x1b, 0x59, 0, 2];
    assert_eq!(ask_until_open(address, 5, &wide).await, [3, 8, 0, 0, 0x1b, 0x59, 0, 0, 0x1b, 0x5a]);
    assert_eq!(ask(address, 5, &[3, 0, 7, 0, 2]).await, [3, 4, 0, 7, 0, 8]);
    assert_eq!(ask(address, 5, &[3, 0x1b, 0x58, 0, 2]).await, [0x83, 2], "7000 has 16 bits");
    assert_eq!(ask(address, 5, &[3, 0x1b, 0x59, 0, 63]).await, [0x83, 3], "no frame holds it");
    let longest = ask(address, 5, &[3, 0x1b, 0x59, 0, 62]).await;
    assert_eq!(longest.len(), 2 + 4 * 62);
    let write = [16, 0x1b, 0x59, 0, 1, 4, 0x42, 0xf6, 0xe9, 0x79];
    assert_eq!(ask(address, 5, &write).await, [16, 0x1b, 0x59, 0, 1]);
    let alone = [6, 0x1b, 0x59, 0x42, 0xf6, 0xe9, 0x79];
    assert_eq!(ask(address, 5, &alone).await, alone);
    assert_eq!(ask(address, 5, &alone[..5]).await, [0x86, 3], "half of it");
    assert_eq!(ask(address, 5, &[6, 0, 7, 0, 1]).await, [6, 0, 7, 0, 1]);
    assert_eq!(ask(address, 6, &alone).await, [0x86, 3], "nobody has said that it is so wide");
    // What looks like twice what was asked for is nothing, where nobody has said that it is right.
    assert_eq!(ask(address, 6, &wide).await, [0x83, 0x0b]);
}
