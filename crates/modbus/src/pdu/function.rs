//! The public function codes.

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A public function code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Function {
            $($(#[$doc])* $name = $code,)*
        }

        impl Function {
            /// Every public function code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The function of this code, if it is a public one.
            pub const fn of(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

functions! {
    /// Read outputs of one bit.
    ReadCoils = 0x01,
    /// Read inputs of one bit.
    ReadDiscreteInputs = 0x02,
    /// Read registers that can be written.
    ReadHoldingRegisters = 0x03,
    /// Read registers that can't.
    ReadInputRegisters = 0x04,
    /// Switch one output.
    WriteCoil = 0x05,
    /// Write one register.
    WriteRegister = 0x06,
    /// Read eight bits of the maker's choice (serial only).
    ReadExceptionStatus = 0x07,
    /// Tests and counters of the serial line.
    Diagnostics = 0x08,
    /// How many messages were carried out.
    ReadEventCounter = 0x0b,
    /// What happened on the line.
    ReadEventLog = 0x0c,
    /// Switch several outputs.
    WriteCoils = 0x0f,
    /// Write several registers.
    WriteRegisters = 0x10,
    /// Who the unit says that it is.
    ReportServerId = 0x11,
    /// Read records of files.
    ReadFiles = 0x14,
    /// Write records of files.
    WriteFiles = 0x15,
    /// Change single bits of a register.
    MaskWriteRegister = 0x16,
    /// Write registers, then read some.
    ReadWriteRegisters = 0x17,
    /// Read a queue of registers.
    ReadFifo = 0x18,
    /// Other protocols in a frame of Modbus: device identification, CANopen.
    Encapsulated = 0x2b,
}

impl Function {
    /// Its number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
