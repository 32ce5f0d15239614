//! What is measured: programs that join a DTE end to a TCP connection.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::baseline;
use crate::peer;
use crate::process::Process;

/// A program under measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Subject {
    Pump,
    Raw,
    Telnet,
    Socat,
    Ser2net,
}

/// Where the equipment plugs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plug {
    Pty,
    Tcp,
}

/// A call that is up: bytes go in at one end and come out at the other.
pub(crate) struct Joined {
    pub(crate) process: Process,
    pub(crate) dte: File,
    pub(crate) far: TcpStream,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Subject {
    pub(crate) const ALL: [Self; 5] =
        [Self::Pump, Self::Raw, Self::Telnet, Self::Socat, Self::Ser2net];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pump => "plain pump",
            Self::Raw => "trunkline, raw",
            Self::Telnet => "trunkline, telnet",
            Self::Socat => "socat",
            Self::Ser2net => "ser2net",
        }
    }

    /// Whether it has this kind of DTE end. ser2net joins a device, not two sockets.
    pub(crate) fn has(self, plug: Plug) -> bool {
        !(self == Self::Ser2net && plug == Plug::Tcp)
    }

    /// Starts it in `folder` and brings a call up.
    pub(crate) fn join(self, trunkline: &Path, plug: Plug, folder: &Path) -> io::Result<Joined> {
        if self == Self::Ser2net {
            return ser2net(folder);
        }
        let far = TcpListener::bind("127.0.0.1:0")?;
        let to = far.local_addr()?;
        let link = folder.join("dte");
        let near = free_address()?;
        let mut command = match self {
            Self::Pump => {
                let end = match plug {
                    Plug::Pty => format!("pty:{}", link.display()),
                    Plug::Tcp => format!("tcp:{near}"),
                };
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["pump", &end, &to.to_string()]);
                command
            }
            Self::Raw | Self::Telnet => modem(trunkline, plug, &link, near),
            Self::Socat | Self::Ser2net => {
                let end = match plug {
                    Plug::Pty => format!("PTY,link={},rawer,wait-slave", link.display()),
                    Plug::Tcp => format!("TCP-LISTEN:{},bind=127.0.0.1,nodelay", near.port()),
                };
                let mut command = Command::new("socat");
                command.args([end, format!("TCP:{to},nodelay")]);
                command
            }
        };
        let process = Process::start(&mut command)?;
        let mut dte = match plug {
            Plug::Pty => open_pty(&link)?,
            Plug::Tcp => File::from(OwnedFd::from(connect(near)?)),
        };
        let scheme = if self == Self::Telnet { "telnet" } else { "tcp" };
        if matches!(self, Self::Raw | Self::Telnet) {
            write!(dte, "ATE0DT\"{scheme}://{to}\"\r")?;
            read_until(&mut dte, b"CONNECT")?;
            read_until(&mut dte, b"\r\n")?;
        }
        let mut far = far.accept()?.0;
        far.set_nodelay(true)?;
        if self == Self::Telnet {
            peer::agree_on_binary(&mut dte, &mut far)?;
        }
        Ok(Joined { process, dte, far })
    }
}

/// The command that runs one of our lines.
pub(crate) fn modem(trunkline: &Path, plug: Plug, link: &Path, near: SocketAddr) -> Command {
    let mut command = Command::new(trunkline);
    command.arg("modem");
    match plug {
        Plug::Pty => command.arg("--pty").arg(link),
        Plug::Tcp => command.arg("--tcp").arg(near.to_string()),
    };
    command
}

/// ser2net is called, where the others call, and it opens a device, where the others offer one.
fn ser2net(folder: &Path) -> io::Result<Joined> {
    let link = folder.join("dte");
    let master = baseline::offer(&link)?;
    let address = free_address()?;
    let configuration = folder.join("ser2net.yaml");
    let (host, port) = (address.ip(), address.port());
    let device = link.display();
    std::fs::write(
        &configuration,
        format!(
            "connection: &line\n  accepter: tcp,{host},{port}\n  connector: serialdev,{device},115200n81,local\n"
        ),
    )?;
    let mut command = Command::new("ser2net");
    command.args(["-n", "-u", "-c"]).arg(&configuration);
    let process = Process::start(&mut command)?;
    let far = connect(address)?;
    far.set_nodelay(true)?;
    let mut joined = Joined { process, dte: File::from(master), far };
    // It sets the device up when called, which may flush: wait until a byte gets through.
    joined.far.write_all(b"?")?;
    read_until(&mut joined.dte, b"?")?;
    Ok(joined)
}

/// Opens a pseudo-terminal as a program would, in raw mode, as soon as it is there.
pub(crate) fn open_pty(link: &Path) -> io::Result<File> {
    let nothing_controls_us = OpenOptions::new().read(true).write(true).custom_flags(0o400).clone();
    let dte = retry(|| nothing_controls_us.open(link))?;
    let mut settings = tcgetattr(&dte)?;
    settings.make_raw();
    tcsetattr(&dte, OptionalActions::Now, &settings)?;
    Ok(dte)
}

/// Reads until `end` has come.
pub(crate) fn read_until(stream: &mut impl Read, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) {
        stream.read_exact(&mut byte)?;
        seen.push(byte[0]);
    }
    Ok(seen)
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = retry(|| TcpStream::connect(address))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// A program that was just started needs a moment until it listens.
fn retry<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let start = Instant::now();
    loop {
        match act() {
            Err(_) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
}
