//! Functions 14 and 15: records of files.

use super::reader::{Reader, put_words};
use super::{PduError, Row};
use crate::limits;

/// What stands before every reference to a file.
const REFERENCE: u8 = 6;
/// Bytes of a reference: type, file, record, length.
const REFERENCE_BYTES: usize = 7;

/// Registers of a file, from a record on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileSpan {
    /// The file, from 1 on.
    pub file: u16,
    /// The first record, up to 9999.
    pub record: u16,
    /// How many registers.
    pub count: u16,
}

impl FileSpan {
    fn check(self) -> Result<(), PduError> {
        let Self { file, record, count } = self;
        if file == 0 || record > limits::LAST_RECORD {
            return Err(PduError::Record { file, record });
        }
        let most = (limits::READ_FILES - 2) / 2;
        if count == 0 || usize::from(count) > most {
            return Err(PduError::Count { count: usize::from(count), least: 1, most });
        }
        Ok(())
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.push(REFERENCE);
        put_words(out, &[self.file, self.record, self.count]);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        reference(reader)?;
        let span = Self { file: reader.u16()?, record: reader.u16()?, count: reader.u16()? };
        span.check()?;
        Ok(span)
    }
}

fn reference(reader: &mut Reader<'_>) -> Result<(), PduError> {
    match reader.u8()? {
        REFERENCE => Ok(()),
        other => Err(PduError::Value { what: "reference to a file", value: u16::from(other) }),
    }
}

fn at_most(count: usize, most: usize) -> Result<(), PduError> {
    if count > most { Err(PduError::ByteCount { count, expected: most }) } else { Ok(()) }
}

/// Which records are read: what is asked and what answers it fit into a PDU each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileReads(Row<FileSpan, 1, 35>);

impl FileReads {
    /// These records.
    pub fn new(spans: Vec<FileSpan>) -> Result<Self, PduError> {
        let spans = Row::new(spans)?;
        let mut answer = 0;
        for span in spans.iter() {
            span.check()?;
            answer += 2 + 2 * usize::from(span.count);
        }
        at_most(answer, limits::READ_FILES)?;
        Ok(Self(spans))
    }

    /// The records.
    pub fn spans(&self) -> &[FileSpan] {
        &self.0
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_counted(out, |out| self.0.iter().for_each(|span| span.encode(out)));
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        at_most(reader.counted()?, limits::READ_FILES)?;
        let mut spans = Vec::new();
        while reader.left() > 0 {
            spans.push(FileSpan::decode(reader)?);
        }
        Self::new(spans)
    }
}

/// Registers for a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileWrite {
    /// The file, from 1 on.
    pub file: u16,
    /// The first record, up to 9999.
    pub record: u16,
    /// What is written from there on.
    pub words: Vec<u16>,
}

impl FileWrite {
    fn span(&self) -> FileSpan {
        let count = u16::try_from(self.words.len()).unwrap_or(u16::MAX);
        FileSpan { file: self.file, record: self.record, count }
    }
}

/// What is written to files, at least one record and no more than a PDU holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileWrites(Row<FileWrite, 1, 27>);

impl FileWrites {
    /// These records.
    pub fn new(writes: Vec<FileWrite>) -> Result<Self, PduError> {
        let writes = Row::new(writes)?;
        let mut bytes = 0;
        for write in writes.iter() {
            write.span().check()?;
            bytes += REFERENCE_BYTES + 2 * write.words.len();
        }
        at_most(bytes, limits::WRITE_FILES)?;
        Ok(Self(writes))
    }

    /// The records.
    pub fn writes(&self) -> &[FileWrite] {
        &self.0
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_counted(out, |out| {
            for write in self.0.iter() {
                write.span().encode(out);
                put_words(out, &write.words);
            }
        });
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        at_most(reader.counted()?, limits::WRITE_FILES)?;
        let mut writes = Vec::new();
        while reader.left() > 0 {
            let FileSpan { file, record, count } = FileSpan::decode(reader)?;
            let words = reader.words(2 * usize::from(count))?;
            writes.push(FileWrite { file, record, words });
        }
        Self::new(writes)
    }
}

/// What was read from files, in the order in which it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FoundFiles(Row<Vec<u16>, 1, 35>);

impl FoundFiles {
    /// These records' registers.
    pub fn new(found: Vec<Vec<u16>>) -> Result<Self, PduError> {
        let found = Row::new(found)?;
        for words in found.iter() {
            let count = words.len();
            let most = (limits::READ_FILES - 2) / 2;
            if !(1..=most).contains(&count) {
                return Err(PduError::Count { count, least: 1, most });
            }
        }
        at_most(found.iter().map(|words| 2 + 2 * words.len()).sum(), limits::READ_FILES)?;
        Ok(Self(found))
    }

    /// The registers of each record asked for.
    pub fn found(&self) -> &[Vec<u16>] {
        &self.0
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_counted(out, |out| {
            for words in self.0.iter() {
                put_counted(out, |out| {
                    out.push(REFERENCE);
                    put_words(out, words);
                });
            }
        });
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        at_most(reader.counted()?, limits::READ_FILES)?;
        let mut found = Vec::new();
        while reader.left() > 0 {
            let length = usize::from(reader.u8()?);
            reference(reader)?;
            found.push(reader.words(length.saturating_sub(1))?);
        }
        Self::new(found)
    }
}

/// Writes what `put` writes, behind a byte that counts it.
fn put_counted(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    put(out);
    let count = u8::try_from(out.len() - at - 1).unwrap_or(u8::MAX);
    if let Some(place) = out.get_mut(at) {
        *place = count;
    }
}
