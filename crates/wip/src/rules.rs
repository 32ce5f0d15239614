//! What differs between modules, and what nobody knows for sure.

use std::time::Duration;

use services::Method;

use crate::Code;

/// Facts of one kind of module.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Which commands there are.
    pub dialect: Dialect,
    /// Which bearers there are.
    pub bearers: Bearers,
    /// Indexes of TCP servers.
    pub servers: u8,
    /// What stands in front of `SHUTDOWN` in the continuous mode.
    pub shutdown: Shutdown,
    /// When the answer to `+++` names a peer that has closed.
    pub peer_close: PeerClose,
    /// How a connection that could not be made is told.
    pub connect_error: ConnectError,
    /// Whether an address in an indication of datagrams stands in quotes.
    pub quoted_address: Quoted,
    /// What `+WIPCFG?` answers while the stack is down.
    pub stack_down: StackDown,
    /// What is said when a started bearer is lost.
    pub bearer_lost: BearerLost,
    /// Whether option 12 of the stack exists.
    pub gathering: Gathering,
    /// Between the start of a bearer and its `OK`.
    pub bearer_delay: Duration,
    /// Why a bearer can't be started.
    pub bearer_failure: Option<Code>,
    /// What `+WIPCFG=3` answers.
    pub version: String,
    /// How TCP sockets talk to their peers.
    pub transport: Transport,
    /// Which services there are.
    pub services: Services,
    /// What each number of `+WIPFILE=5` does, from 1.
    pub http_methods: Vec<Method>,
    /// Whether the head of a mail has a date.
    pub mail_date: MailDate,
    /// When a session that the equipment closes is told to be closed.
    pub session_close: SessionClose,
}

/// Which services there are beside sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Services {
    /// None.
    None,
    /// FTP, as WIPsoft 2 has it.
    Ftp,
    /// FTP, HTTP, SMTP and POP3.
    All,
}

/// Whether the head that the module writes for a mail has a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailDate {
    /// It has none: the server writes it, or nobody does.
    Absent,
    /// It has.
    Written,
}

/// When `+WIPPEERCLOSE` follows on `+WIPCLOSE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionClose {
    /// Never.
    Never,
    /// For services.
    Services,
    /// For all.
    All,
}

/// Which commands there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `AT+WIP…`
    Wip,
    /// `AT#…`, which Wavecom's modules had before: eDsoft's.
    Edsoft,
}

/// Which bearers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearers {
    /// UARTs, GSM and GPRS.
    Radio,
    /// These, and Ethernet as number 4.
    WithEthernet,
}

/// What stands in front of `SHUTDOWN` in the continuous mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Nothing.
    Alone,
    /// An ETX, for clients that look for that.
    BehindEtx,
}

/// When the answer to `+++` names a peer that has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerClose {
    /// If `SHUTDOWN` hasn't told it.
    Untold,
    /// In any case.
    Always,
}

/// How a connection that could not be made is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// `OK`, and then `+CME ERROR`.
    AfterOk,
    /// `OK`, and then `+WIPERROR`.
    Named,
    /// In place of the `OK`, which waits for the connection.
    InPlaceOfOk,
}

/// Whether an address stands in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoted {
    /// It does not.
    No,
    /// It does.
    Yes,
}

/// What `+WIPCFG?` answers while the stack is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackDown {
    /// An error.
    Error,
    /// `OK` and nothing else.
    Ok,
}

/// What is said when a started bearer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerLost {
    /// Nothing of the bearer.
    Silent,
    /// `+WIPBR: 6,0`
    Told,
}

/// Whether option 12 of the stack exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// It is refused.
    Unknown,
    /// Bytes of the equipment may be gathered for a while.
    Known,
}

/// How TCP sockets talk to their peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As they are.
    Raw,
    /// Through telnet, with all bytes passing.
    Telnet,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            dialect: Dialect::Wip,
            bearers: Bearers::Radio,
            servers: 8,
            shutdown: Shutdown::BehindEtx,
            peer_close: PeerClose::Untold,
            connect_error: ConnectError::AfterOk,
            quoted_address: Quoted::Yes,
            stack_down: StackDown::Error,
            bearer_lost: BearerLost::Silent,
            gathering: Gathering::Known,
            bearer_delay: Duration::ZERO,
            bearer_failure: None,
            version: "WIP soft v542 on Open AT".into(),
            transport: Transport::Raw,
            services: Services::All,
            http_methods: vec![
                Method::Get,
                Method::Put,
                Method::Head,
                Method::Delete,
                Method::Post,
                Method::Trace,
            ],
            mail_date: MailDate::Written,
            session_close: SessionClose::Services,
        }
    }
}
