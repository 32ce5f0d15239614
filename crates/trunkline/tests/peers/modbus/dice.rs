//! Requests with answers to them, of every function; they look random and are the same in every run.

use modbus::pdu::{
    Access, Bits, Counter, Diagnostic, Exception, FileReads, FileSpan, FileWrite, FileWrites,
    FoundFiles, Identification, Object, Request, Response, Row, Span,
};

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.roll(256) as u8
    }

    pub(super) fn word(&mut self) -> u16 {
        self.roll(0x1_0000) as u16
    }

    fn words<const MIN: usize, const MAX: usize>(&mut self, count: usize) -> Row<u16, MIN, MAX> {
        Row::new((0..count).map(|_| self.word()).collect()).expect("within the limits")
    }

    fn bits(&mut self, count: usize) -> Vec<bool> {
        (0..count).map(|_| self.roll(2) == 1).collect()
    }

    fn span<const MAX: u16>(&mut self) -> Span<MAX> {
        let count = self.roll(u64::from(MAX)) as u16 + 1;
        Span::new(self.roll(60_000) as u16, count).expect("within the limits")
    }

    fn read_bits<const MAX: u16>(&mut self, count: u16) -> Bits<MAX> {
        Bits::new(&self.bits(usize::from(count))).expect("within the limits")
    }

    /// A request of any public function, and what a unit might answer.
    pub(super) fn exchange(&mut self) -> (Request, Response) {
        let address = self.roll(60_000) as u16;
        let (request, response) = match self.roll(19) {
            0 => {
                let span = self.span();
                (Request::ReadCoils(span), Response::ReadCoils(self.read_bits(span.count())))
            }
            1 => {
                let span = self.span();
                let bits = self.read_bits(span.count());
                (Request::ReadDiscreteInputs(span), Response::ReadDiscreteInputs(bits))
            }
            2 => {
                let span = self.span();
                let words = self.words(usize::from(span.count()));
                (Request::ReadHoldingRegisters(span), Response::ReadHoldingRegisters(words))
            }
            3 => {
                let span = self.span();
                let words = self.words(usize::from(span.count()));
                (Request::ReadInputRegisters(span), Response::ReadInputRegisters(words))
            }
            4 => {
                let on = self.roll(2) == 1;
                (Request::WriteCoil { address, on }, Response::WriteCoil { address, on })
            }
            5 => {
                let value = self.word();
                let request = Request::WriteRegister { address, value };
                (request, Response::WriteRegister { address, value })
            }
            6 => (Request::ReadExceptionStatus, Response::ReadExceptionStatus(self.byte())),
            7 => self.diagnostic(),
            8 => {
                let (status, count) = (self.status(), self.word());
                (Request::ReadEventCounter, Response::ReadEventCounter { status, count })
            }
            9 => {
                let (status, events, messages) = (self.status(), self.word(), self.word());
                let log = (0..self.roll(65)).map(|_| self.byte()).collect();
                let log = Row::new(log).expect("at most 64");
                let response = Response::ReadEventLog { status, events, messages, log };
                (Request::ReadEventLog, response)
            }
            10 => {
                let bits = self.roll(1968) as usize + 1;
                let bits = self.bits(bits);
                let count = bits.len() as u16;
                let request = Request::write_coils(address, &bits).expect("fits");
                (request, Response::WriteCoils { address, count })
            }
            11 => {
                let count = self.roll(123) as u16 + 1;
                let words: Row<u16, 1, 123> = self.words(usize::from(count));
                let request = Request::write_registers(address, words.to_vec()).expect("fits");
                (request, Response::WriteRegisters { address, count })
            }
            12 => {
                let identity = (0..1 + self.roll(40)).map(|_| self.byte()).collect();
                let identity = Row::new(identity).expect("short");
                (Request::ReportServerId, Response::ReportServerId(identity))
            }
            13 => {
                let spans: Vec<FileSpan> =
                    (0..1 + self.roll(5)).map(|_| self.file_span()).collect();
                let found =
                    spans.iter().map(|span| self.words::<1, 40>(span.count.into()).to_vec());
                let found = FoundFiles::new(found.collect()).expect("fits");
                let reads = FileReads::new(spans).expect("fits");
                (Request::ReadFiles(reads), Response::ReadFiles(found))
            }
            14 => {
                let spans: Vec<FileSpan> =
                    (0..1 + self.roll(5)).map(|_| self.file_span()).collect();
                let writes = spans.into_iter().map(|FileSpan { file, record, count }| {
                    let words = self.words::<1, 40>(count.into()).to_vec();
                    FileWrite { file, record, words }
                });
                let writes = FileWrites::new(writes.collect()).expect("fits");
                (Request::WriteFiles(writes.clone()), Response::WriteFiles(writes))
            }
            15 => {
                let (and, or) = (self.word(), self.word());
                let request = Request::MaskWriteRegister { address, and, or };
                (request, Response::MaskWriteRegister { address, and, or })
            }
            16 => {
                let (read, written) = (self.span(), self.roll(121) as usize + 1);
                let words = self.words(written);
                let answer = self.words(usize::from(read.count()));
                let request = Request::ReadWriteRegisters { read, address, words };
                (request, Response::ReadWriteRegisters(answer))
            }
            17 => {
                let count = self.roll(32) as usize;
                (Request::ReadFifo { address }, Response::ReadFifo(self.words(count)))
            }
            _ => self.identification(),
        };
        if self.roll(6) > 0 {
            return (request, response);
        }
        let function = request.function().code();
        let exception = Exception::of(self.roll(256) as u8);
        (request, Response::Exception { function, exception })
    }

    /// All ones while a program command is carried out.
    fn status(&mut self) -> u16 {
        if self.roll(2) == 1 { 0xffff } else { 0 }
    }

    fn file_span(&mut self) -> FileSpan {
        let (file, record) = (1 + self.word() / 2, self.word() % 10_000);
        FileSpan { file, record, count: 1 + self.roll(15) as u16 }
    }

    fn diagnostic(&mut self) -> (Request, Response) {
        let word = self.word();
        let asked = match self.roll(6) {
            0 => Diagnostic::Restart { clear_log: word % 2 == 1 },
            1 => Diagnostic::Register,
            2 => Diagnostic::Count(Counter::ALL[self.roll(8) as usize]),
            3 => Diagnostic::Clear,
            4 => Diagnostic::ClearOverruns,
            _ => Diagnostic::Echo(Row::new(vec![word]).expect("one")),
        };
        let answered = match &asked {
            Diagnostic::Echo(words) => words.clone(),
            Diagnostic::Restart { clear_log } => {
                Row::new(vec![if *clear_log { 0xff00 } else { 0 }]).expect("one")
            }
            Diagnostic::Clear | Diagnostic::ClearOverruns => Row::new(vec![0]).expect("one"),
            _ => Row::new(vec![word]).expect("one"),
        };
        let sub_function = asked.sub_function();
        let response = Response::Diagnostics { sub_function, words: answered };
        (Request::Diagnostics(asked), response)
    }

    fn identification(&mut self) -> (Request, Response) {
        let kinds = [Access::Basic, Access::Regular, Access::Extended, Access::One];
        let access = kinds[self.roll(4) as usize];
        let object = self.byte();
        let objects = (0..self.roll(6)).map(|place| Object {
            id: 40 * place as u8,
            value: (0..self.roll(30)).map(|_| self.byte()).collect(),
        });
        let objects = objects.collect();
        let next = (self.roll(3) == 0).then_some(object);
        let told = Identification::new(access, 0x83, next, objects).expect("fits");
        (Request::ReadIdentification { access, object }, Response::ReadIdentification(told))
    }
}
