//! Bytes to send: all values, as random as binary data get.

/// `length` bytes of a fixed pseudo-random sequence.
pub(crate) fn random(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        // xorshift64*: quick, and no byte value is rare.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The telnet wire form of binary data: 0xFF doubled.
pub(crate) fn telnet(data: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(data.len() + data.len() / 128);
    for run in data.split_inclusive(|&byte| byte == 0xFF) {
        wire.extend_from_slice(run);
        if run.last() == Some(&0xFF) {
            wire.push(0xFF);
        }
    }
    wire
}
