//! The check of RTU frames.

/// The remainders of all bytes: polynomial 8005, reflected.
#[allow(clippy::indexing_slicing, reason = "the compiler has done it, or refused")]
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { rest >> 1 ^ 0xa001 } else { rest >> 1 };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

/// CRC-16 as Modbus has it; it stands behind a frame with its low byte first.
///
/// Over a frame with its CRC it is zero.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        let [low, _] = crc.to_le_bytes();
        // A byte never exceeds the table.
        let rest = TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default();
        crc >> 8 ^ rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_come_out() {
        assert_eq!(crc16(b"123456789"), 0x4b37);
        assert_eq!(crc16(&[0x01, 0x03, 0, 0, 0, 0x0a]).to_le_bytes(), [0xc5, 0xcd]);
        assert_eq!(crc16(&[0x01, 0x03, 0, 0, 0, 0x0a, 0xc5, 0xcd]), 0);
    }
}
