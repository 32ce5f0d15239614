//! A unit of ours that holds what pymodbus' unit in `agreement.py` does.

use modbus::UnitId;
use modbus::address::Table;
use modbus::pdu::{Access, Exception, FoundFiles, Identification, Object, Request, Response, Row};
use modbus::slave::{Memory, Model};

pub(super) const UNIT: UnitId = UnitId(5);

/// Of each table.
pub(super) const SIZE: u16 = 300;

const OBJECTS: [(u8, &str); 5] =
    [(0, "ACME"), (1, "RTU"), (2, "1.0"), (3, "http://acme.example"), (0x80, "spare")];

/// The tables, the identity, and files that pymodbus doesn't have.
pub(super) struct Twin(Memory);

impl Twin {
    pub(super) fn new() -> Self {
        let mut memory = Memory::new(UNIT, usize::from(SIZE));
        memory.discrete_inputs = (0..SIZE).map(|address| address % 3 == 0).collect();
        memory.coils = (0..SIZE).map(|address| address % 7 < 3).collect();
        memory.holding_registers = (0..SIZE).map(|address| address.wrapping_mul(257)).collect();
        memory.input_registers = (0..SIZE).map(|address| address * 31).collect();
        Self(memory)
    }
}

impl Model for Twin {
    fn is_ours(&self, unit: UnitId) -> bool {
        self.0.is_ours(unit)
    }

    fn read_bits(
        &mut self,
        unit: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Exception> {
        self.0.read_bits(unit, table, address, count)
    }

    fn read_words(
        &mut self,
        unit: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        self.0.read_words(unit, table, address, count)
    }

    fn write_bits(&mut self, unit: UnitId, address: u16, bits: &[bool]) -> Result<(), Exception> {
        self.0.write_bits(unit, address, bits)
    }

    fn write_words(&mut self, unit: UnitId, address: u16, words: &[u16]) -> Result<(), Exception> {
        self.0.write_words(unit, address, words)
    }

    fn other(&mut self, _: UnitId, request: &Request) -> Result<Response, Exception> {
        Ok(match request {
            Request::ReadExceptionStatus => Response::ReadExceptionStatus(0),
            Request::ReadEventCounter => Response::ReadEventCounter { status: 0, count: 0 },
            Request::ReadEventLog => Response::ReadEventLog {
                status: 0,
                events: 0,
                messages: 0,
                log: Row::new(Vec::new()).expect("it may be empty"),
            },
            Request::ReportServerId => {
                let identity = b"ACME-RTU-1.0\xff".to_vec();
                Response::ReportServerId(Row::new(identity).expect("short"))
            }
            Request::ReadFiles(reads) => {
                let found = reads.spans().iter().map(|span| {
                    (0..span.count).map(|at| register(span.file, span.record + at)).collect()
                });
                Response::ReadFiles(FoundFiles::new(found.collect()).expect("as asked"))
            }
            Request::WriteFiles(writes) => Response::WriteFiles(writes.clone()),
            Request::ReadFifo { .. } => {
                Response::ReadFifo(Row::new(Vec::new()).expect("it may be empty"))
            }
            Request::ReadIdentification { access, object } => identify(*access, *object)?,
            _ => return Err(Exception::IllegalFunction),
        })
    }
}

/// What a file's records hold.
const fn register(file: u16, record: u16) -> u16 {
    file.wrapping_mul(1000).wrapping_add(record)
}

/// The answer to a right read of files, without our own decoder.
pub(super) fn files(request: &[u8]) -> Vec<u8> {
    let mut answer = vec![0x14, 0];
    for span in request[2..].chunks(7) {
        let word = |at: usize| u16::from_be_bytes([span[at], span[at + 1]]);
        answer.extend([2 * span[6] + 1, 6]);
        let values = (0..word(5)).map(|at| register(word(1), word(3) + at));
        answer.extend(values.flat_map(u16::to_be_bytes));
    }
    answer[1] = answer.len() as u8 - 2;
    answer
}

/// The answer to a read of the identification from its beginning, without our own encoder.
pub(super) fn beginning(access: u8) -> Vec<u8> {
    let objects = &OBJECTS[..if access == 1 { 3 } else { 4 }];
    let mut answer = vec![0x2b, 0x0e, access, 0x83, 0, 0, objects.len() as u8];
    for (id, text) in objects {
        answer.extend([*id, text.len() as u8]);
        answer.extend(text.as_bytes());
    }
    answer
}

fn identify(access: Access, object: u8) -> Result<Response, Exception> {
    let known = OBJECTS.iter().any(|(id, _)| *id == object);
    let last = match access {
        Access::Basic => 2,
        Access::Regular => 6,
        Access::Extended => 0xff,
        Access::One => object,
    };
    let first = match access {
        Access::One if !known => return Err(Exception::IllegalDataAddress),
        _ if known && object <= last => object,
        _ => 0,
    };
    let objects = OBJECTS.iter().filter(|(id, _)| (first..=last).contains(id));
    let objects = objects.map(|(id, text)| Object { id: *id, value: text.as_bytes().to_vec() });
    let told = Identification::new(access, 0x83, None, objects.collect());
    told.map(Response::ReadIdentification).map_err(|_| Exception::DeviceFailure)
}
