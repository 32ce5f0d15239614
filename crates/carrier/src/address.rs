//! Where a call goes: `telnet://host:23`, `tcp://[::1]:8023`, `unix:/run/x`, `host:8023`.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use at::result::Cause;

use crate::limits;
use crate::words::{words, written};

/// A place that can be dialled, as people write it.
///
/// ```
/// use carrier::Address;
///
/// let centre: Address = "telnet://centre.example.org".parse()?;
/// assert_eq!(centre.to_string(), "telnet://centre.example.org:23");
/// assert!("tcp://10.0.0.7".parse::<Address>().is_err(), "a raw call has no usual port");
/// # Ok::<(), carrier::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Over TCP.
    Net {
        /// What is spoken there.
        protocol: Protocol,
        /// Which host.
        host: Host,
        /// Which port, never zero.
        port: u16,
    },
    /// A UNIX stream socket, spoken to raw.
    Unix(PathBuf),
    /// A session on a host, over SSH.
    Ssh {
        /// The name to log in with.
        user: String,
        /// Which host.
        host: Host,
        /// Which port, never zero.
        port: u16,
    },
    /// A program, with its arguments: only an owner may write this.
    Exec(Vec<String>),
    /// Another line of this process.
    Line(String),
    /// The exchange of this process.
    Exchange,
    /// A telephone number, dialled by a real modem.
    Modem {
        /// The modem, or the group of modems.
        name: String,
        /// What it dials.
        number: String,
    },
    /// Over TCP, through a real GSM module.
    Gsm {
        /// The module.
        name: String,
        /// Which host, as the module's network knows it.
        host: Host,
        /// Which port, never zero.
        port: u16,
    },
}

/// What is spoken on a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `tcp://`: bytes as they are.
    Raw,
    /// `telnet://`
    Telnet,
    /// `tls://`: bytes as they are, under TLS.
    Tls,
    /// `telnets://`: telnet under TLS.
    Telnets,
    /// No scheme given: telnet on its own port, elsewhere as the far end's first bytes show.
    Detect,
}

/// A host by name or by number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A literal address. IPv4 written as IPv6 (`::ffff:10.0.0.7`) is IPv4 here.
    Ip(IpAddr),
    /// A literal link-local address with its zone: `fe80::1%eth0`, `fe80::1%3`.
    Zoned(Ipv6Addr, String),
    /// A name to be looked up.
    Name(String),
}

/// Why a text is not an [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there, or nothing where the host should be.
    #[error("the host is missing")]
    NoHost,
    /// A scheme nobody knows.
    #[error(
        "`{0}` is not a way to call; known are telnet, tcp, tls, telnets, ssh, unix, exec, line, exchange, modem and gsm"
    )]
    UnknownScheme(String),
    /// A scheme that this build can't call with.
    #[error("calls by `{0}` are not built into this program")]
    NotBuiltIn(String),
    /// Not a name, not an address.
    #[error("`{0}` is neither a host name nor an IP address")]
    BadHost(String),
    /// Not a number from 1 to 65535.
    #[error("`{0}` is not a port (1 to 65535)")]
    BadPort(String),
    /// A raw call has no usual port.
    #[error("the port is missing: a raw TCP call has no usual one")]
    NoPort,
    /// Not a path a socket can have.
    #[error("`{0}` is not an absolute path of at most {max} bytes", max = limits::SOCKET_PATH)]
    BadPath(String),
    /// Not a program.
    #[error("`{0}` is no program with its arguments: {1}")]
    BadProgram(String, String),
    /// Not the name of a line.
    #[error("`{0}` is no name of a line")]
    BadLine(String),
    /// Not a modem and a number.
    #[error(
        "`{0}` is not a modem's name, a slash, and what it dials: up to {max} digits, `*#+,W@!` and the like",
        max = limits::MODEM_NUMBER
    )]
    BadModem(String),
    /// Not a module and an address.
    #[error("`{0}` is not a GSM module's name, a slash, a host and its port")]
    BadGsm(String),
    /// Nobody to log in as.
    #[error("the user is missing: ssh://USER@HOST")]
    NoUser,
    /// A name that nobody has.
    #[error("the user has 1 to {max} printable ASCII characters without `@`, `:` and `/`", max = limits::SSH_USER)]
    BadUser,
    /// A password, where anybody could read it. It is not shown again.
    #[error(
        "a password has no place in an address; keep it in a file, and give the phonebook entry `ssh = {{ password = \"file:PATH\" }}`"
    )]
    Password,
    /// Something stands after the port.
    #[error("`{0}` is not expected after the port")]
    Trailing(String),
}

impl AddressError {
    /// The cause to tell the equipment that dialled this.
    pub fn cause(&self) -> Cause {
        match self {
            Self::NotBuiltIn(_) => Cause::NoSuchCarrier,
            _ => Cause::BadNumber,
        }
    }
}

/// The port of telnet.
pub const TELNET_PORT: u16 = 23;

/// The port of SSH.
pub const SSH_PORT: u16 = 22;

/// The port of telnet under TLS.
pub const TELNETS_PORT: u16 = 992;

/// Every scheme that is ever spoken of. A scheme whose `read` is missing is known, but not to this build.
const SCHEMES: &[Scheme] = &[
    Scheme { name: "tcp", read: Some(|rest| net(Protocol::Raw, rest)) },
    Scheme { name: "telnet", read: Some(|rest| net(Protocol::Telnet, rest)) },
    Scheme { name: "tls", read: if TLS { Some(|rest| net(Protocol::Tls, rest)) } else { None } },
    Scheme {
        name: "telnets",
        read: if TLS { Some(|rest| net(Protocol::Telnets, rest)) } else { None },
    },
    Scheme { name: "unix", read: Some(unix) },
    Scheme { name: "ssh", read: if SSH { Some(ssh) } else { None } },
    Scheme { name: "exec", read: if INSIDE { Some(exec) } else { None } },
    Scheme { name: "line", read: if INSIDE { Some(line) } else { None } },
    Scheme { name: "exchange", read: if INSIDE { Some(exchange) } else { None } },
    Scheme { name: "gsm", read: if INSIDE { Some(gsm) } else { None } },
    Scheme { name: "serial", read: None },
    Scheme { name: "modem", read: Some(modem) },
    Scheme { name: "udp", read: None },
];

const TLS: bool = cfg!(feature = "tls");
const SSH: bool = cfg!(feature = "ssh");
const INSIDE: bool = cfg!(feature = "inside");

/// A way to call, by its name in front of the colon.
struct Scheme {
    name: &'static str,
    read: Option<Read>,
}

/// Reads what stands behind the colon.
type Read = fn(&str) -> Result<Address, AddressError>;

impl Address {
    /// Telnet to `host`.
    pub fn telnet(host: Host, port: u16) -> Self {
        Self::Net { protocol: Protocol::Telnet, host, port }
    }

    /// Raw TCP to `host`.
    pub fn tcp(host: Host, port: u16) -> Self {
        Self::Net { protocol: Protocol::Raw, host, port }
    }

    /// To `host`, telnet or raw as its port and first bytes show.
    pub fn detect(host: Host, port: u16) -> Self {
        Self::Net { protocol: Protocol::Detect, host, port }
    }
}

impl Protocol {
    /// The port meant when none is written.
    pub const fn usual_port(self) -> Option<u16> {
        match self {
            Self::Raw => None,
            Self::Telnet | Self::Detect => Some(TELNET_PORT),
            Self::Tls | Self::Telnets => Some(TELNETS_PORT),
        }
    }

    /// Whether it is spoken under TLS.
    pub const fn is_secured(self) -> bool {
        matches!(self, Self::Tls | Self::Telnets)
    }

    /// How an address begins that speaks it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Raw => "tcp://",
            Self::Telnet => "telnet://",
            Self::Tls => "tls://",
            Self::Telnets => "telnets://",
            Self::Detect => "",
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return with_scheme(scheme, rest);
        }
        // `tls:992` is a host called tls; `unix:/run/x` and `gsm:/dev/ttyUSB0` are schemes.
        if let Some((scheme, rest)) = text.split_once(':')
            && (rest.starts_with('/') || means_scheme(scheme, rest))
        {
            return with_scheme(scheme, rest);
        }
        net(Protocol::Detect, text)
    }
}

/// Whether something with one colon is more than a host with its port.
fn means_scheme(scheme: &str, rest: &str) -> bool {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let port = rest.bytes().all(|byte| byte.is_ascii_digit());
    is("unix")
        || is("exec")
        || (is("modem") || is("gsm")) && rest.contains('/')
        || is("line") && !port
        || is("exchange") && rest.is_empty()
}

fn with_scheme(scheme: &str, rest: &str) -> Result<Address, AddressError> {
    match SCHEMES.iter().find(|known| scheme.eq_ignore_ascii_case(known.name)) {
        Some(Scheme { read: Some(read), .. }) => read(rest),
        Some(known) => Err(AddressError::NotBuiltIn(known.name.to_owned())),
        None => Err(AddressError::UnknownScheme(scheme.to_owned())),
    }
}

fn exec(command: &str) -> Result<Address, AddressError> {
    let bad =
        |why: &dyn fmt::Display| AddressError::BadProgram(command.to_owned(), why.to_string());
    let argv = words(command).map_err(|error| bad(&error))?;
    match argv.first().is_some_and(|file| file.starts_with('/')) && !command.contains('\0') {
        true => Ok(Address::Exec(argv)),
        false => Err(bad(&"its whole path is needed, from / on")),
    }
}

fn line(name: &str) -> Result<Address, AddressError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match name.bytes().all(plain) && (1..=limits::LINE_NAME).contains(&name.len()) {
        true => Ok(Address::Line(name.to_owned())),
        false => Err(AddressError::BadLine(name.to_owned())),
    }
}

fn exchange(rest: &str) -> Result<Address, AddressError> {
    match rest {
        "" => Ok(Address::Exchange),
        more => Err(AddressError::Trailing(more.to_owned())),
    }
}

fn unix(path: &str) -> Result<Address, AddressError> {
    let fits = path.len() <= limits::SOCKET_PATH && !path.contains('\0');
    if path.starts_with('/') && fits {
        Ok(Address::Unix(PathBuf::from(path)))
    } else {
        Err(AddressError::BadPath(path.to_owned()))
    }
}

/// `user@host:port`. Nothing of a password is ever repeated.
fn ssh(text: &str) -> Result<Address, AddressError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    // A password may have an `@` of its own.
    let (user, place) = text.rsplit_once('@').ok_or(AddressError::NoUser)?;
    if user.contains(':') {
        return Err(AddressError::Password);
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"@:/".contains(&byte);
    match user.len() {
        0 => return Err(AddressError::NoUser),
        1..=limits::SSH_USER if user.bytes().all(plain) => {}
        _ => return Err(AddressError::BadUser),
    }
    let (host, port) = split_port(place)?;
    let host = host.parse()?;
    let port = port.map_or(Ok(SSH_PORT), parse_port)?;
    Ok(Address::Ssh { user: user.to_owned(), host, port })
}

/// What was dialled, without the password that somebody may have put into it: for logs and records.
///
/// ```
/// assert_eq!(carrier::without_password("ssh://rtu:secret@host"), "ssh://rtu:(hidden)@host");
/// assert_eq!(carrier::without_password("ssh://rtu@host:22"), "ssh://rtu@host:22");
/// ```
pub fn without_password(dialled: &str) -> Cow<'_, str> {
    if let Some(code) = at::secret::before_code(dialled) {
        return format!("{code}(hidden)").into();
    }
    let Some((before, host)) = dialled.rsplit_once('@') else { return dialled.into() };
    let (scheme, user) = match before.split_once("//") {
        Some((scheme, user)) => (Some(scheme), user),
        None => (None, before),
    };
    let Some((user, _)) = user.split_once(':') else { return dialled.into() };
    match scheme {
        Some(scheme) => format!("{scheme}//{user}:(hidden)@{host}").into(),
        None => format!("{user}:(hidden)@{host}").into(),
    }
}

/// `rack1/5551234`: nothing that could end a modem's command or begin another may be in the number.
fn modem(text: &str) -> Result<Address, AddressError> {
    let bad = || AddressError::BadModem(text.to_owned());
    let (name, number) = text.split_once('/').ok_or_else(bad)?;
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let dialled = |byte: u8| byte.is_ascii_digit() || b"ABCDWTPabcdwtp*#+,@!-.() ".contains(&byte);
    let right = (1..=limits::MODEM_NAME).contains(&name.len())
        && name.bytes().all(named)
        && (1..=limits::MODEM_NUMBER).contains(&number.len())
        && number.bytes().all(dialled);
    match right {
        true => Ok(Address::Modem { name: name.to_owned(), number: number.to_owned() }),
        false => Err(bad()),
    }
}

/// `north/10.0.0.7:8023`
fn gsm(text: &str) -> Result<Address, AddressError> {
    let bad = || AddressError::BadGsm(text.to_owned());
    let (name, place) = text.split_once('/').ok_or_else(bad)?;
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !(1..=limits::MODEM_NAME).contains(&name.len()) || !name.bytes().all(named) {
        return Err(bad());
    }
    let (host, port) = split_port(place)?;
    let (host, port) = (host.parse()?, parse_port(port.ok_or(AddressError::NoPort)?)?);
    Ok(Address::Gsm { name: name.to_owned(), host, port })
}

fn net(protocol: Protocol, text: &str) -> Result<Address, AddressError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = split_port(text)?;
    let host = host.parse()?;
    let port = match port {
        Some(port) => parse_port(port)?,
        None => protocol.usual_port().ok_or(AddressError::NoPort)?,
    };
    Ok(Address::Net { protocol, host, port })
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), AddressError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) =
            rest.split_once(']').ok_or_else(|| AddressError::BadHost(text.to_owned()))?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(AddressError::Trailing(after.to_owned())),
        };
    }
    // Two colons without brackets: an IPv6 address, which leaves no room for a port.
    Ok(match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    })
}

fn parse_port(text: &str) -> Result<u16, AddressError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if port > 0 && digits => Ok(port),
        _ => Err(AddressError::BadPort(text.to_owned())),
    }
}

impl FromStr for Host {
    type Err = AddressError;

    /// Reads a host without brackets and without a port.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::NoHost);
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Ip(ip.to_canonical()));
        }
        let bad = || AddressError::BadHost(text.to_owned());
        if let Some((ip, zone)) = text.split_once('%') {
            let ip = ip.parse().map_err(|_| bad())?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            return match zone.bytes().all(plain) && (1..=15).contains(&zone.len()) {
                true => Ok(Self::Zoned(ip, zone.to_owned())),
                false => Err(bad()),
            };
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match text.bytes().all(plain) && text.len() <= limits::HOST_NAME && !ends_in_a_number(text)
        {
            true => Ok(Self::Name(text.to_owned())),
            false => Err(bad()),
        }
    }
}

/// Systems take such a name for an address in ways of their own: `010.0.0.5` for 8.0.0.5, `10.5` for 10.0.0.5.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.strip_suffix('.').unwrap_or(name).rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
    let digits = hexadecimal.map_or(last.bytes().all(|byte| byte.is_ascii_digit()), |rest| {
        rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    digits && !last.is_empty()
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Zoned(ip, zone) => write!(f, "[{ip}%{zone}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net { protocol, host, port } => write!(f, "{}{host}:{port}", protocol.prefix()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Ssh { user, host, port } => write!(f, "ssh://{user}@{host}:{port}"),
            Self::Exec(argv) => write!(f, "exec:{}", written(argv)),
            Self::Line(name) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                write!(f, "line://{name}")
            }
            Self::Line(name) => write!(f, "line:{name}"),
            Self::Exchange => f.write_str("exchange:"),
            Self::Modem { name, number } => write!(f, "modem:{name}/{number}"),
            Self::Gsm { name, host, port } => write!(f, "gsm:{name}/{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests;
