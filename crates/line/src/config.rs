//! What a configuration file says of lines: the `[[line]]` tables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
pub use settings::FlowConfig;
use settings::{OneOrMany, Parsed, Span, TextOrTable};

use crate::access::Access;
use crate::gate::Gate;
use crate::ssh::SshSettings;
use crate::tls::TlsSettings;

/// One `[[line]]` table: a modem with its DTE end and its manners.
///
/// Exactly one of `serial`, `pty`, `tcp`, `unix` and `stdio` says where the equipment plugs in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineConfig {
    /// What the owner calls the line; unique in the process, and the stem of its profile file.
    pub name: String,
    /// The equipment is on a serial port.
    pub serial: Option<Box<SerialConfig>>,
    /// The equipment's program opens a pseudo-terminal.
    pub pty: Option<PtyConfig>,
    /// The equipment connects to a TCP port.
    pub tcp: Option<TcpConfig>,
    /// The equipment connects to a UNIX socket.
    pub unix: Option<PathBuf>,
    /// The equipment is whoever started this process: standard input and output.
    #[serde(default)]
    pub stdio: bool,
    /// The modem to be: a built-in persona or one from the persona files. Default `hayes`.
    #[serde(default = "hayes")]
    pub persona: String,
    /// Settings as AT commands (without `AT`), in place of the persona's: what `&F` restores.
    #[serde(default)]
    pub init: String,
    /// Addresses whose callers ring on this line.
    #[serde(default)]
    pub listen: OneOrMany<SocketAddr>,
    /// Whether calls speak telnet where the phonebook doesn't say: `auto`, `on`, `off` or
    /// `binary-blind`. Without it the address decides: its scheme, else telnet on port 23 and `auto`
    /// elsewhere.
    pub telnet: Option<Parsed<telnet::Mode>>,
    /// The terminal type told to telnet servers. Default `DUMB`.
    pub terminal: Option<Parsed<telnet::TerminalName>>,
    /// The port dialled when an address names none. Default: the persona's, else 23.
    pub port: Option<u16>,
    /// What is dialled by an empty `ATD`, in the phonebook's words; none by default.
    pub default_call: Option<String>,
    /// The GSM module that calls what is dialled by its address: `gsm:NAME`. Default: the network.
    pub carrier: Option<Parsed<crate::Via>>,
    /// What a caller gets while the line is busy. Default `busy`.
    #[serde(default)]
    pub second_caller: SecondCaller,
    /// The text for a caller under `second-caller = "message"`. Default `BUSY`.
    pub busy_message: Option<String>,
    /// The lines tried in this order under `second-caller = "hunt"`.
    #[serde(default)]
    pub hunt: Vec<String>,
    /// Whether it is kept free for calls in one direction: `incoming` or `outgoing`. Default `none`.
    #[serde(default)]
    pub reserve: Reserve,
    /// Who may be dialled, as rules on resolved addresses: `["allow 10.0.0.0/8:8023", "default deny"]`.
    #[serde(default)]
    pub dial_access: Access,
    /// Who may call, as rules on the caller's address.
    #[serde(default)]
    pub answer_access: Access,
    /// What callers must not do before they ring: `"scanners"`: begin as a scanner of the network does;
    /// `{ silence = "2s" }`: say anything for that long. Default: every caller rings.
    pub gate: Option<Gate>,
    /// Whom to trust when dialling under TLS, where the phonebook entry doesn't say.
    pub tls: Option<TlsSettings>,
    /// How hosts are called over SSH, where the phonebook entry doesn't say.
    pub ssh: Option<Box<SshSettings>>,
    /// What its module says, where the persona is one: card, network, delays.
    #[cfg(feature = "gsm")]
    pub gsm: Option<Box<crate::module::ModuleConfig>>,
    /// How long the far end may give no sign of life before the call counts as lost. Its equipment may
    /// hold its flow control for that long. Default `10m`.
    #[serde(default = "ten_minutes")]
    pub user_timeout: Span,
    /// A file that gets a hex trace of the line; passwords are hidden.
    pub trace: Option<PathBuf>,
}

/// For which direction a line is kept free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reserve {
    /// Neither: it dials and is called.
    #[default]
    None,
    /// It is only called; what its equipment dials fails.
    Incoming,
    /// It only dials; callers find it busy.
    Outgoing,
}

/// A serial port as DTE end.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SerialConfig {
    /// The device, best by its stable name under `/dev/serial/by-id`.
    pub device: PathBuf,
    /// Bits per second. Default 9600.
    #[serde(default = "speed")]
    pub speed: u32,
    /// Data bits, parity and stop bits, `7E1` to `8N2`. Default `8N1`.
    #[serde(default)]
    pub format: Parsed<tty::Format>,
    /// Flow control when the modem starts: `none`, `rts-cts` (default) or `xon-xoff`.
    #[serde(default)]
    pub flow: FlowConfig,
    /// Which of the port's outputs play the modem's signals, through a null-modem cable.
    #[serde(default)]
    pub wiring: Wiring,
    /// Whether a UUCP lock file is made. Default `uucp`.
    #[serde(default)]
    pub lock: LockConfig,
}

/// How the modem's signals leave a port that is wired as a DTE: a null-modem cable turns our DTR into the
/// equipment's DCD, and its DTR into our DSR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Wiring {
    /// What our DTR output shows. Default `dcd`.
    pub dtr: Signal,
    /// What our RTS output shows. Default `cts`.
    pub rts: Signal,
    /// Which of our inputs is the equipment's DTR. Default `dsr`.
    pub dtr_from: Input,
}

impl Default for Wiring {
    fn default() -> Self {
        Self { dtr: Signal::Dcd, rts: Signal::Cts, dtr_from: Input::Dsr }
    }
}

/// A signal that the modem gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Data carrier detect.
    Dcd,
    /// Data set ready.
    Dsr,
    /// Ring indicator.
    Ri,
    /// Clear to send; left to the kernel under RTS/CTS flow control.
    Cts,
    /// Always on.
    On,
    /// Always off.
    Off,
}

/// An input of a port wired as a DTE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// Data set ready.
    Dsr,
    /// Data carrier detect.
    Dcd,
    /// Clear to send.
    Cts,
    /// The cable has none: DTR counts as on while the port is open.
    None,
}

/// Whether other programs are kept off the port by a UUCP lock file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockConfig {
    /// A lock file in `/var/lock`, beside the kernel's exclusive mode.
    #[default]
    Uucp,
    /// The kernel's exclusive mode alone.
    None,
}

/// A pseudo-terminal as DTE end; a string is its `link`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", from = "TextOrTable<PathBuf, PtyTable>")]
pub struct PtyConfig {
    /// The stable name under which programs open it.
    pub link: PathBuf,
    /// Permission bits of the device, such as `"660"`. Default: as the system makes it.
    pub mode: Option<Parsed<Mode>>,
    /// What an open program sees at the end of a call. Default `keep`.
    pub hangup: PtyHangup,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PtyTable {
    link: PathBuf,
    mode: Option<Parsed<Mode>>,
    #[serde(default)]
    hangup: PtyHangup,
}

impl From<TextOrTable<PathBuf, PtyTable>> for PtyConfig {
    fn from(text: TextOrTable<PathBuf, PtyTable>) -> Self {
        match text {
            TextOrTable::Text(link) => Self { link, mode: None, hangup: PtyHangup::Keep },
            TextOrTable::Table(PtyTable { link, mode, hangup }) => Self { link, mode, hangup },
        }
    }
}

/// What a program that has the pseudo-terminal open sees at the end of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PtyHangup {
    /// `NO CARRIER`, and the terminal stays.
    #[default]
    Keep,
    /// A hang-up of the terminal: a pty has no DCD, and pppd needs one.
    Close,
}

/// Permission bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o777 => Ok(Self(bits)),
            _ => Err(format!(
                "`{text}` is no permission mode; expected octal digits such as \"660\""
            )),
        }
    }
}

/// A TCP port as DTE end; a string is its `listen` address.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", from = "TextOrTable<SocketAddr, TcpTable>")]
pub struct TcpConfig {
    /// Where the equipment connects.
    pub listen: SocketAddr,
    /// How signals travel beside the data. Default `raw`: none do.
    pub protocol: TcpProtocol,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TcpTable {
    listen: SocketAddr,
    #[serde(default)]
    protocol: TcpProtocol,
}

impl From<TextOrTable<SocketAddr, TcpTable>> for TcpConfig {
    fn from(text: TextOrTable<SocketAddr, TcpTable>) -> Self {
        match text {
            TextOrTable::Text(listen) => Self { listen, protocol: TcpProtocol::Raw },
            TextOrTable::Table(TcpTable { listen, protocol }) => Self { listen, protocol },
        }
    }
}

/// How a TCP DTE end carries signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpProtocol {
    /// Bytes only; connecting raises DTR, disconnecting drops it.
    #[default]
    Raw,
    /// The escape of the VICE and openMSX emulators: DTR, DCD and RI inside the stream.
    Ip232,
    /// Telnet COM port control (RFC 2217): speed, format, break and all signals.
    Rfc2217,
}

/// What a caller gets while the line is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondCaller {
    /// A reset, which the caller's modem reports as `BUSY`.
    #[default]
    Busy,
    /// A line of text, then the end.
    Message,
    /// To wait until the line is free.
    Queue,
    /// To ring on the next free line of `hunt`.
    Hunt,
}

fn hayes() -> String {
    "hayes".into()
}

const fn speed() -> u32 {
    9600
}

const fn ten_minutes() -> Span {
    Span(Duration::from_secs(600))
}

/// Where a line's equipment plugs in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plug<'a> {
    Serial(&'a SerialConfig),
    Pty(&'a PtyConfig),
    Tcp(&'a TcpConfig),
    Unix(&'a std::path::Path),
    Stdio,
}

impl LineConfig {
    /// A line of this name with every default, and no place yet for its equipment.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            serial: None,
            pty: None,
            tcp: None,
            unix: None,
            stdio: false,
            persona: hayes(),
            init: String::new(),
            listen: OneOrMany::default(),
            telnet: None,
            terminal: None,
            port: None,
            default_call: None,
            carrier: None,
            second_caller: SecondCaller::default(),
            busy_message: None,
            hunt: Vec::new(),
            reserve: Reserve::default(),
            dial_access: Access::default(),
            answer_access: Access::default(),
            gate: None,
            tls: None,
            ssh: None,
            #[cfg(feature = "gsm")]
            gsm: None,
            user_timeout: ten_minutes(),
            trace: None,
        }
    }

    /// The terminal type told where the phonebook doesn't say.
    pub(crate) fn terminal(&self) -> telnet::TerminalName {
        self.terminal.as_ref().map_or_else(telnet::TerminalName::dumb, |name| name.0.clone())
    }

    /// The one place where the equipment plugs in; `None` if there is none or more than one.
    pub(crate) fn plug(&self) -> Option<Plug<'_>> {
        let mut plugs = [
            self.serial.as_deref().map(Plug::Serial),
            self.pty.as_ref().map(Plug::Pty),
            self.tcp.as_ref().map(Plug::Tcp),
            self.unix.as_deref().map(Plug::Unix),
            self.stdio.then_some(Plug::Stdio),
        ]
        .into_iter()
        .flatten();
        let plug = plugs.next();
        if plugs.next().is_some() { None } else { plug }
    }
}
