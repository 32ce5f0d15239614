//! Where a bus is.

use std::io;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tty::{LockPolicy, Serial, SerialError, SerialEvent};

use crate::limits;
use crate::turn::{Direction, Turned};

/// Where a bus is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At a serial port.
    Serial {
        /// The device.
        device: PathBuf,
        /// Speed and format.
        settings: tty::Settings,
        /// Who turns the direction of an RS-485 transmitter.
        direction: Direction,
    },
    /// Behind a TCP port: `host:port`.
    Tcp(String),
}

/// Why there is no way to a bus.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The port can't be opened.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// The driver can't turn the direction.
    #[error("{} can't switch the direction of RS-485: its driver has no such thing; leave `rs485` out if the adapter does it by itself", .0.display())]
    Direction(PathBuf, #[source] io::Error),
    /// There is no RTS to turn it with.
    #[error("{} has no RTS to switch the direction of RS-485 with", .0.display())]
    NoRts(PathBuf),
    /// The file can't be written.
    #[error("can't switch the direction of RS-485 with {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// Nobody is there.
    #[error("can't connect to {0}")]
    Tcp(String, #[source] io::Error),
}

/// An open way to a bus.
#[derive(Debug)]
pub(crate) enum Way {
    Serial(Box<Serial>),
    /// A port whose direction we turn.
    Turned(Box<Turned>),
    Tcp(TcpStream),
}

impl Place {
    pub(crate) async fn open(&self) -> Result<Way, OpenError> {
        match self {
            Self::Serial { device, settings, direction } => {
                let serial = Serial::open(device, settings, &LockPolicy::default())?;
                match direction {
                    Direction::Untouched => {}
                    Direction::Driver(rs485) => serial
                        .set_rs485(rs485)
                        .map_err(|error| OpenError::Direction(device.clone(), error))?,
                    Direction::Ours(turn) => {
                        let turned = Turned::new(serial, turn.clone(), settings)?;
                        return Ok(Way::Turned(Box::new(turned)));
                    }
                }
                Ok(Way::Serial(Box::new(serial)))
            }
            Self::Tcp(address) => {
                let failed = |error| OpenError::Tcp(address.clone(), error);
                let connecting = TcpStream::connect(address);
                let stream = tokio::time::timeout(limits::CONNECT, connecting)
                    .await
                    .map_err(|_| failed(io::ErrorKind::TimedOut.into()))?
                    .map_err(failed)?;
                // A question is one small packet, and its answer is waited for.
                let _ = stream.set_nodelay(true);
                Ok(Way::Tcp(stream))
            }
        }
    }
}

impl Way {
    /// Reads what has come; nothing at all means that it is gone.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer).await,
            Self::Serial(serial) => read(serial, buffer).await,
            Self::Turned(turned) => read(&mut turned.serial, buffer).await,
        }
    }

    /// Writes a frame, in one piece where the system takes it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Serial(serial) => write(serial, bytes).await,
            Self::Turned(turned) => turned.write(bytes).await,
        }
    }
}

async fn read(serial: &mut Serial, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match std::future::poll_fn(|cx| serial.poll_event(cx, buffer)).await? {
            SerialEvent::Data(length) => return Ok(length),
            SerialEvent::Lost => return Ok(0),
            SerialEvent::Break | SerialEvent::Lines(_) => {}
        }
    }
}

pub(crate) async fn write(serial: &mut Serial, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::future::poll_fn(|cx| serial.poll_write(cx, bytes)).await?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
