//! Numbers and texts as bytes.

use thiserror::Error;

/// What came is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadMessage {
    /// Damaged on its way.
    #[error("its check is wrong")]
    Check,
    /// It ends too early.
    #[error("it ends too early")]
    Short,
    /// Something stands behind its end.
    #[error("something stands behind its end")]
    Rest,
    /// A kind, or a value, that nobody knows.
    #[error("nobody knows {0} {1}")]
    Unknown(&'static str, u8),
    /// A number beyond its limit.
    #[error("{0} is beyond its limit")]
    Beyond(&'static str),
    /// Text that isn't UTF-8.
    #[error("text that isn't UTF-8")]
    Text,
    /// What is no PDU.
    #[error("no Modbus")]
    Pdu,
}

/// Takes a message apart.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], BadMessage> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BadMessage::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BadMessage> {
        self.take(N)?.try_into().map_err(|_| BadMessage::Short)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, BadMessage> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, BadMessage> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, BadMessage> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, BadMessage> {
        self.array().map(i64::from_be_bytes)
    }

    /// Seven bits a byte, the lowest first.
    pub(crate) fn varint(&mut self) -> Result<u64, BadMessage> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits.checked_shl(shift).is_none_or(|shifted| shifted >> shift != bits) {
                return Err(BadMessage::Beyond("a number"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BadMessage::Beyond("a number"))
    }

    /// A number with a sign: small ones are short, whatever their sign.
    pub(crate) fn zigzag(&mut self) -> Result<i64, BadMessage> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    pub(crate) fn text(&mut self, longest: usize) -> Result<String, BadMessage> {
        let length = usize::from(self.u8()?);
        if length > longest {
            return Err(BadMessage::Beyond("a text"));
        }
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| BadMessage::Text)
    }

    pub(crate) const fn end(&self) -> Result<(), BadMessage> {
        if self.0.is_empty() { Ok(()) } else { Err(BadMessage::Rest) }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

pub(crate) fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value << 1 ^ value >> 63).cast_unsigned());
}

/// A text, cut at a character where it is too long.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str, longest: usize) {
    let whole = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=longest.min(255).min(text.len())).rev().find(whole).unwrap_or_default();
    let text = text.get(..end).unwrap_or_default();
    out.push(u8::try_from(text.len()).unwrap_or_default());
    out.extend_from_slice(text.as_bytes());
}
