//! The numbers of errors.

/// The number behind `+CME ERROR`. Those that no client or manual confirms are recalled from WIPsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u16);

impl Code {
    /// Invalid option.
    pub const BAD_OPTION: Self = Self(800);
    /// Invalid value of an option.
    pub const BAD_VALUE: Self = Self(801);
    /// Not allowed in this state of the stack, or the bearer is started already.
    pub const BAD_STACK_STATE: Self = Self(803);
    /// The bearer is open already.
    pub const BEARER_OPEN: Self = Self(804);
    /// Not allowed on this bearer.
    pub const NOT_ON_BEARER: Self = Self(806);
    /// Nobody at the other end of the bearer.
    pub const BEARER_NO_CARRIER: Self = Self(809);
    /// The network failed.
    pub const NETWORK: Self = Self(812);
    /// Pings can't be sent.
    pub const PING: Self = Self(819);
    /// Bad index.
    pub const BAD_INDEX: Self = Self(830);
    /// Not in this state.
    pub const BAD_STATE: Self = Self(831);
    /// Bad port number.
    pub const BAD_PORT: Self = Self(832);
    /// Not implemented.
    pub const NOT_IMPLEMENTED: Self = Self(834);
    /// The protocol has no such option.
    pub const OPTION_UNSUPPORTED: Self = Self(835);
    /// Bad protocol.
    pub const BAD_PROTOCOL: Self = Self(837);
    /// There is no free socket.
    pub const NO_SOCKET: Self = Self(838);
    /// The socket could not be made.
    pub const NOT_CREATED: Self = Self(839);
    /// The index is in use.
    pub const IN_USE: Self = Self(840);
    /// The destination can't be reached.
    pub const UNREACHABLE: Self = Self(842);
    /// The peer reset the connection.
    pub const RESET: Self = Self(843);
    /// The stack is started already.
    pub const STACK_UP: Self = Self(844);
    /// A server has the index.
    pub const RESERVED: Self = Self(845);
}
