//! The numbers of errors.

use services::Trouble;

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
    /// There is no card for the bearer.
    pub const NO_CARD: Self = Self(810);
    /// The card isn't ready for it.
    pub const CARD_LOCKED: Self = Self(811);
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
    /// The peer closed, or refused a file.
    pub const CLOSED: Self = Self(841);
    /// The destination can't be reached.
    pub const UNREACHABLE: Self = Self(842);
    /// The peer reset the connection.
    pub const RESET: Self = Self(843);
    /// The stack is started already.
    pub const STACK_UP: Self = Self(844);
    /// A server has the index.
    pub const RESERVED: Self = Self(845);
    /// What the server speaks isn't its protocol, or it says nothing.
    pub const INTERNAL: Self = Self(860);
    /// The user is rejected.
    pub const USER: Self = Self(861);
    /// The password is rejected.
    pub const PASSWORD: Self = Self(862);
    /// It could not be deleted.
    pub const DELETE: Self = Self(863);
    /// There is no list.
    pub const LIST: Self = Self(864);
    /// The server takes no login that there is.
    pub const AUTHENTICATION: Self = Self(865);
    /// The server isn't ready.
    pub const NOT_READY: Self = Self(866);
    /// There is no such mail.
    pub const RETRIEVE: Self = Self(867);
    /// How many mails there are isn't told.
    pub const SIZE: Self = Self(868);
    /// The sender of a mail is refused.
    pub const SENDER: Self = Self(880);
    /// A recipient is.
    pub const RECIPIENT: Self = Self(881);
    /// One who gets a copy is.
    pub const CC: Self = Self(882);
    /// One who gets a blind copy is.
    pub const BCC: Self = Self(883);
    /// The text is.
    pub const BODY: Self = Self(884);
}

impl From<Trouble> for Code {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable => Self::UNREACHABLE,
            Trouble::Closed => Self::CLOSED,
            Trouble::Reset => Self::RESET,
            Trouble::Protocol => Self::INTERNAL,
            Trouble::NotReady => Self::NOT_READY,
            Trouble::User => Self::USER,
            Trouble::Password => Self::PASSWORD,
            Trouble::Authentication => Self::AUTHENTICATION,
            Trouble::Delete => Self::DELETE,
            Trouble::List => Self::LIST,
            Trouble::Retrieve => Self::RETRIEVE,
            Trouble::Size => Self::SIZE,
            Trouble::Sender => Self::SENDER,
            Trouble::Recipient => Self::RECIPIENT,
            Trouble::Cc => Self::CC,
            Trouble::Bcc => Self::BCC,
            Trouble::Body => Self::BODY,
            Trouble::Unsupported => Self::BAD_VALUE,
        }
    }
}
