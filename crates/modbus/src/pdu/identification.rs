//! Function 2B/0E: what a device says of itself.

use super::PduError;
use super::reader::Reader;
use crate::limits;

/// Which objects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Access {
    /// 01: vendor, product, revision.
    Basic = 1,
    /// 02: names and addresses for people as well.
    Regular = 2,
    /// 03: all that the maker has added.
    Extended = 3,
    /// 04: one object.
    One = 4,
}

impl Access {
    pub(super) fn of(code: u8) -> Result<Self, PduError> {
        match code {
            1 => Ok(Self::Basic),
            2 => Ok(Self::Regular),
            3 => Ok(Self::Extended),
            4 => Ok(Self::One),
            other => {
                Err(PduError::Value { what: "way to read identification", value: other.into() })
            }
        }
    }
}

/// One object: 00 vendor, 01 product code, 02 revision, 03 to 7F standard, 80 on the maker's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// Its number.
    pub id: u8,
    /// Its value, as a rule ASCII.
    pub value: Vec<u8>,
}

/// An answer with objects; no more than a PDU holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identification {
    access: Access,
    conformity: u8,
    next: Option<u8>,
    objects: Vec<Object>,
}

/// Bytes before the first object: function, type, access, conformity, more, next, count.
const HEAD: usize = 7;

impl Identification {
    /// These objects; `next` is the one to go on with, if not all have fitted.
    pub fn new(
        access: Access,
        conformity: u8,
        next: Option<u8>,
        objects: Vec<Object>,
    ) -> Result<Self, PduError> {
        if !matches!(conformity & 0x7f, 1..=3) {
            return Err(PduError::Value { what: "conformity level", value: conformity.into() });
        }
        let length = HEAD + objects.iter().map(|object| 2 + object.value.len()).sum::<usize>();
        if length > limits::PDU {
            return Err(PduError::Oversize { length });
        }
        Ok(Self { access, conformity, next, objects })
    }

    /// What was asked for.
    pub const fn access(&self) -> Access {
        self.access
    }

    /// How much the device can tell: 1 to 3, with 80 if single objects can be read.
    pub const fn conformity(&self) -> u8 {
        self.conformity
    }

    /// The object to ask for next, if there are more.
    pub const fn next(&self) -> Option<u8> {
        self.next
    }

    /// The objects.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let (more, next) = self.next.map_or((0, 0), |next| (0xff, next));
        // Even empty objects are too few to exceed it.
        let count = u8::try_from(self.objects.len()).unwrap_or(u8::MAX);
        out.extend([0x0e, self.access as u8, self.conformity, more, next, count]);
        for Object { id, value } in &self.objects {
            out.extend([*id, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
            out.extend(value);
        }
    }

    /// Reads what follows the type 0E.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let access = Access::of(reader.u8()?)?;
        let conformity = reader.u8()?;
        let (more, next) = (reader.u8()?, reader.u8()?);
        let next = match more {
            0 => None,
            0xff => Some(next),
            other => return Err(PduError::Value { what: "sign of more", value: other.into() }),
        };
        let count = reader.u8()?;
        let mut objects = Vec::new();
        for _ in 0..count {
            let (id, length) = (reader.u8()?, reader.u8()?);
            objects.push(Object { id, value: reader.take(usize::from(length))?.to_vec() });
        }
        Self::new(access, conformity, next, objects)
    }
}
