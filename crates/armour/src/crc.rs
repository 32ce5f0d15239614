//! Checks: CRC-16/XMODEM (BinHex), CRC-16/X-25 (HDLC), CRC-32 (yEnc).

/// CRC-16/XMODEM: polynomial 1021, from zero.
pub(crate) fn xmodem(crc: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
        })
    })
}

/// What an FCS begins with, before it is complemented.
pub(crate) const FCS_START: u16 = 0xffff;

/// What an FCS is over a frame with its own, complemented, FCS.
pub(crate) const FCS_GOOD: u16 = 0xf0b8;

/// HDLC's FCS: polynomial 1021, reflected.
pub(crate) fn fcs(fcs: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(fcs, |fcs, byte| {
        (0..8).fold(
            fcs ^ u16::from(*byte),
            |fcs, _| {
                if fcs & 1 == 0 { fcs >> 1 } else { fcs >> 1 ^ 0x8408 }
            },
        )
    })
}

/// CRC-32 as zip and yEnc have it, going on from an earlier one; the first is 0.
pub(crate) fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!crc, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xedb8_8320 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_checks_come_out() {
        assert_eq!(xmodem(0, b"123456789"), 0x31c3);
        assert_eq!(!fcs(FCS_START, b"123456789"), 0x906e);
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        let mut frame = b"123456789".to_vec();
        frame.extend(0x906eu16.to_le_bytes());
        assert_eq!(fcs(FCS_START, &frame), FCS_GOOD);
    }
}
