//! Any request, and any answer that fits it.

use modbus::pdu::{
    Access, Bits, Counter, Diagnostic, Dialect, Exception, FileReads, FileSpan, FileWrite,
    FileWrites, FoundFiles, Identification, Object, Request, Response, Row, Span,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn span<const MAX: u16>() -> impl Strategy<Value = Span<MAX>> {
    (1..=MAX)
        .prop_flat_map(|count| (0..=u16::MAX - count, Just(count)))
        .prop_map(|(address, count)| Span::new(address, count).expect("within the limits"))
}

fn words<const MAX: usize>() -> impl Strategy<Value = Row<u16, 1, MAX>> {
    vec(any::<u16>(), 1..=MAX).prop_map(|words| Row::new(words).expect("within the limits"))
}

fn diagnostic() -> impl Strategy<Value = Diagnostic> {
    prop_oneof![
        any::<u16>().prop_map(|word| Diagnostic::Echo(Row::new(vec![word]).expect("one word"))),
        any::<bool>().prop_map(|clear_log| Diagnostic::Restart { clear_log }),
        Just(Diagnostic::Register),
        any::<u8>().prop_map(Diagnostic::Delimiter),
        Just(Diagnostic::Clear),
        prop::sample::select(&Counter::ALL[..]).prop_map(Diagnostic::Count),
        Just(Diagnostic::ClearOverruns),
    ]
}

fn file_reads() -> impl Strategy<Value = FileReads> {
    vec((1u16.., 0u16..10_000, 1u16..16), 1..8).prop_map(|spans| {
        let span = |(file, record, count)| FileSpan { file, record, count };
        FileReads::new(spans.into_iter().map(span).collect()).expect("within the limits")
    })
}

fn file_writes() -> impl Strategy<Value = FileWrites> {
    vec((1u16.., 0u16..10_000, vec(any::<u16>(), 1..12)), 1..8).prop_map(|writes| {
        let write = |(file, record, words)| FileWrite { file, record, words };
        FileWrites::new(writes.into_iter().map(write).collect()).expect("within the limits")
    })
}

fn access() -> impl Strategy<Value = Access> {
    prop::sample::select(&[Access::Basic, Access::Regular, Access::Extended, Access::One][..])
}

/// Any request of a public function, but the one that nobody answers.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        span().prop_map(Request::ReadCoils),
        span().prop_map(Request::ReadDiscreteInputs),
        span().prop_map(Request::ReadHoldingRegisters),
        span().prop_map(Request::ReadInputRegisters),
        any::<(u16, bool)>().prop_map(|(address, on)| Request::WriteCoil { address, on }),
        any::<(u16, u16)>().prop_map(|(address, value)| Request::WriteRegister { address, value }),
        Just(Request::ReadExceptionStatus),
        diagnostic().prop_map(Request::Diagnostics),
        Just(Request::ReadEventCounter),
        Just(Request::ReadEventLog),
        (0u16..60_000, vec(any::<bool>(), 1..=1968))
            .prop_map(|(address, bits)| Request::write_coils(address, &bits).expect("fits")),
        (0u16..60_000, vec(any::<u16>(), 1..=123))
            .prop_map(|(address, words)| Request::write_registers(address, words).expect("fits")),
        Just(Request::ReportServerId),
        file_reads().prop_map(Request::ReadFiles),
        file_writes().prop_map(Request::WriteFiles),
        any::<(u16, u16, u16)>().prop_map(|(address, and, or)| Request::MaskWriteRegister {
            address,
            and,
            or
        }),
        (span(), 0u16..60_000, words()).prop_map(|(read, address, words)| {
            Request::ReadWriteRegisters { read, address, words }
        }),
        any::<u16>().prop_map(|address| Request::ReadFifo { address }),
        (access(), any::<u8>())
            .prop_map(|(access, object)| Request::ReadIdentification { access, object }),
    ]
}

/// An answer to a request, made of these bytes.
pub(crate) fn answer(request: &Request, seed: &[u8]) -> Response {
    let mut bytes = seed.iter().copied().cycle();
    let mut byte = || bytes.next().unwrap_or(0x55);
    let mut words = |count: u16| -> Vec<u16> {
        (0..count).map(|_| u16::from_be_bytes([byte(), byte()])).collect()
    };
    let bits = |count: u16, words: &[u16]| {
        let bits: Vec<bool> =
            (0..count).map(|bit| words[usize::from(bit / 16)] >> (bit % 16) & 1 == 1).collect();
        Bits::new(&bits).expect("as many as were asked for")
    };
    match request {
        Request::ReadCoils(span) => Response::ReadCoils(bits(span.count(), &words(125))),
        Request::ReadDiscreteInputs(span) => {
            Response::ReadDiscreteInputs(bits(span.count(), &words(125)))
        }
        Request::ReadHoldingRegisters(span) => {
            Response::ReadHoldingRegisters(Row::new(words(span.count())).expect("fits"))
        }
        Request::ReadInputRegisters(span) => {
            Response::ReadInputRegisters(Row::new(words(span.count())).expect("fits"))
        }
        Request::WriteCoil { address, on } => Response::WriteCoil { address: *address, on: *on },
        Request::WriteRegister { address, value } => {
            Response::WriteRegister { address: *address, value: *value }
        }
        Request::WriteWideRegister { address, value } => {
            Response::WriteWideRegister { address: *address, value: *value }
        }
        Request::ReadExceptionStatus => Response::ReadExceptionStatus(byte()),
        Request::Diagnostics(diagnostic) => {
            let sub_function = diagnostic.sub_function();
            let word = match diagnostic {
                Diagnostic::Echo(sent) => sent[0],
                Diagnostic::Restart { clear_log } => u16::from(*clear_log) * 0xff00,
                Diagnostic::Delimiter(character) => u16::from(*character) << 8,
                _ => words(1)[0],
            };
            Response::Diagnostics { sub_function, words: Row::new(vec![word]).expect("one") }
        }
        Request::ReadEventCounter => {
            let told = words(2);
            Response::ReadEventCounter { status: told[0], count: told[1] }
        }
        Request::ReadEventLog => {
            let told = words(3);
            let log = seed.iter().copied().take(64).collect();
            Response::ReadEventLog {
                status: told[0],
                events: told[1],
                messages: told[2],
                log: Row::new(log).expect("at most 64"),
            }
        }
        Request::WriteCoils { address, bits } => {
            Response::WriteCoils { address: *address, count: bits.count() }
        }
        Request::WriteRegisters { address, words, .. } => {
            Response::WriteRegisters { address: *address, count: words.len() as u16 }
        }
        Request::ReportServerId => {
            Response::ReportServerId(Row::new(seed.to_vec()).expect("a short seed"))
        }
        Request::ReadFiles(reads) => {
            let found = reads.spans().iter().map(|span| words(span.count)).collect();
            Response::ReadFiles(FoundFiles::new(found).expect("as asked"))
        }
        Request::WriteFiles(writes) => Response::WriteFiles(writes.clone()),
        Request::MaskWriteRegister { address, and, or } => {
            Response::MaskWriteRegister { address: *address, and: *and, or: *or }
        }
        Request::ReadWriteRegisters { read, .. } => {
            Response::ReadWriteRegisters(Row::new(words(read.count())).expect("fits"))
        }
        Request::ReadFifo { .. } => {
            Response::ReadFifo(Row::new(words(seed.len() as u16 % 32)).expect("at most 31"))
        }
        Request::ReadIdentification { access, object } => {
            let objects =
                seed.chunks(9).take(10).map(|value| Object { id: value[0], value: value.to_vec() });
            let objects = objects.collect();
            let next = (object % 2 == 0).then_some(*object);
            let told = Identification::new(*access, 0x81, next, objects).expect("fits");
            Response::ReadIdentification(told)
        }
        Request::Encapsulated { kind, body } => {
            Response::Encapsulated { kind: *kind, body: body.clone() }
        }
    }
}

/// A request with an answer, or a refusal, that fits it.
pub(crate) fn exchange() -> impl Strategy<Value = (Request, Response)> {
    (request(), vec(any::<u8>(), 1..100), prop::option::weighted(0.1, any::<u8>())).prop_map(
        |(request, seed, refusal)| {
            let function = request.function().code();
            let response = match refusal {
                None => answer(&request, &seed),
                Some(code) => Response::Exception { function, exception: Exception::of(code) },
            };
            (request, response)
        },
    )
}

/// The dialect of all of these.
pub(crate) const DIALECT: Dialect = Dialect::Standard;
