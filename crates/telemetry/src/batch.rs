//! Samples on their way, with what their points are: the one message that is filled bit by bit.

use crate::limits;
use crate::message::{Message, checked, count};
use crate::sample::{Before, Definition, PointId, Sample};
use crate::wire::{BadMessage, Reader, put_varint};

/// The number of its kind.
const KIND: u8 = 4;

/// A batch that is being filled.
#[derive(Debug)]
pub(crate) struct Batch {
    after: u64,
    before: Before,
    defined: u64,
    definitions: Vec<u8>,
    count: u64,
    samples: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(after: u64) -> Self {
        Self {
            after,
            before: Before { seq: after, at_ms: 0 },
            defined: 0,
            definitions: Vec::new(),
            count: 0,
            samples: Vec::new(),
        }
    }

    pub(crate) fn define(&mut self, id: PointId, definition: &Definition) {
        self.defined += 1;
        put_varint(&mut self.definitions, id.0.into());
        definition.encode(&mut self.definitions);
    }

    pub(crate) fn push(&mut self, sample: &Sample) {
        self.count += 1;
        sample.encode(&mut self.before, &mut self.samples);
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The number of its last sample.
    pub(crate) const fn through(&self) -> u64 {
        self.before.seq
    }

    /// Bytes so far: kind, number, two counts, the check.
    pub(crate) fn len(&self) -> usize {
        1 + 8 + 2 * 3 + self.definitions.len() + self.samples.len() + 4
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![KIND];
        out.extend(self.after.to_be_bytes());
        put_varint(&mut out, self.defined);
        out.extend(&self.definitions);
        put_varint(&mut out, self.count);
        out.extend(&self.samples);
        checked(out)
    }
}

/// Reads a batch behind its kind.
pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Message, BadMessage> {
    let after = reader.u64()?;
    let mut definitions = Vec::new();
    for _ in 0..count(reader, limits::MESSAGE, "definitions")? {
        let id = u32::try_from(reader.varint()?).map_err(|_| BadMessage::Beyond("a point"))?;
        definitions.push((PointId(id), Definition::read(reader)?));
    }
    let mut before = Before { seq: after, at_ms: 0 };
    let mut samples = Vec::new();
    for _ in 0..count(reader, limits::MESSAGE, "samples")? {
        samples.push(Sample::read(reader, &mut before)?);
    }
    Ok(Message::Batch { after, definitions, samples })
}
