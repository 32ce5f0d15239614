//! `+WIPOPT`: options of sockets.

use at::body::ExtendedAct;

use crate::command::{Args, Read, ok};
use crate::socket::{Options, Phase, Socket};
use crate::{Action, Answer, Channel, Code, Out, Protocol, Setting, Wip};

/// What is told of buffers that the equipment has not set: as WIPsoft has them. The host knows better than to use
/// as little.
const SEND_BUFFER: u32 = 10_240;
/// See [`SEND_BUFFER`].
const RECEIVE_BUFFER: u32 = 16_384;

/// What an option is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    LocalPort,
    PeerPort,
    PeerAddress,
    Bound,
    SendBuffer,
    ReceiveBuffer,
    Readable,
    NoDelay,
    Ttl,
    Tos,
}

/// Whether an option can be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Meaning {
    const fn of(option: u32) -> Option<Self> {
        Some(match option {
            0 => Self::LocalPort,
            1 => Self::PeerPort,
            2 => Self::PeerAddress,
            3 => Self::Bound,
            4 => Self::SendBuffer,
            5 => Self::ReceiveBuffer,
            6 => Self::Readable,
            7 => Self::NoDelay,
            8 => Self::Ttl,
            9 => Self::Tos,
            _ => return None,
        })
    }

    /// What the protocol does with it, if it has it.
    const fn access(self, protocol: Protocol) -> Option<Access> {
        match (self, protocol) {
            (Self::LocalPort, _) => Some(Access::Read),
            (
                Self::PeerPort | Self::PeerAddress | Self::Bound | Self::Readable,
                Protocol::Udp | Protocol::Tcp,
            ) => Some(Access::Read),
            (
                Self::SendBuffer | Self::ReceiveBuffer | Self::NoDelay,
                Protocol::Tcp | Protocol::Server,
            )
            | (Self::Ttl | Self::Tos, _) => Some(Access::Write),
            _ => None,
        }
    }

    const fn range(self) -> (u32, u32) {
        match self {
            Self::SendBuffer => (1, 36_864),
            Self::ReceiveBuffer => (1, 65_535),
            Self::NoDelay => (0, 1),
            _ => (0, 255),
        }
    }

    fn read(self, socket: &Socket) -> String {
        let options = &socket.options;
        match self {
            Self::LocalPort => socket.local.to_string(),
            Self::PeerPort => socket.peer.map_or(0, |peer| peer.port()).to_string(),
            Self::PeerAddress => match socket.peer {
                Some(peer) => format!("\"{}\"", peer.ip()),
                None => "\"0.0.0.0\"".to_owned(),
            },
            Self::Bound => u8::from(socket.bound).to_string(),
            Self::SendBuffer => options.send_buffer.unwrap_or(SEND_BUFFER).to_string(),
            Self::ReceiveBuffer => options.receive_buffer.unwrap_or(RECEIVE_BUFFER).to_string(),
            Self::Readable => socket.unread.len().to_string(),
            Self::NoDelay => u8::from(options.no_delay).to_string(),
            Self::Ttl => options.ttl.to_string(),
            Self::Tos => options.tos.to_string(),
        }
    }

    /// Puts a value that is in range. What a socket of the host is to know is returned.
    fn write(self, value: u32, socket: &mut Socket) -> Option<Setting> {
        let options = &mut socket.options;
        let byte = u8::try_from(value).unwrap_or(u8::MAX);
        match self {
            Self::SendBuffer => {
                options.send_buffer = Some(value);
                return Some(Setting::SendBuffer(value));
            }
            Self::ReceiveBuffer => {
                options.receive_buffer = Some(value);
                return Some(Setting::ReceiveBuffer(value));
            }
            Self::NoDelay => {
                options.no_delay = value == 1;
                return Some(Setting::NoDelay(options.no_delay));
            }
            Self::Ttl => {
                options.ttl = byte;
                return Some(Setting::Ttl(byte));
            }
            Self::Tos => {
                options.tos = byte;
                return Some(Setting::Tos(byte));
            }
            Self::LocalPort | Self::PeerPort | Self::PeerAddress | Self::Bound | Self::Readable => {
            }
        }
        None
    }
}

impl Wip {
    pub(crate) fn option_command(
        &mut self,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read | ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 4, 5)?;
        let channel = self.named(&args)?;
        if channel.protocol.is_service() {
            return self.service_option(channel, &args);
        }
        let meaning = Meaning::of(args.number(3)?).ok_or(Answer::Cme(Code::BAD_OPTION))?;
        let access =
            meaning.access(channel.protocol).ok_or(Answer::Cme(Code::OPTION_UNSUPPORTED))?;
        let socket = self.sockets.get_mut(&channel);
        let usable =
            |socket: &Socket| socket.is_usable() || matches!(socket.phase, Phase::Listening { .. });
        let socket = socket.filter(|socket| usable(socket)).ok_or(Answer::Cme(Code::BAD_STATE))?;
        match (args.number(2)?, args.len()) {
            (1, 4) => {
                let (protocol, value) = (channel.protocol.number(), meaning.read(socket));
                let line = format!("+WIPOPT: {protocol},{},{value}", args.number(3)?);
                Ok(Answer::Ok(vec![line]))
            }
            (2, 5) if access == Access::Read => Err(Answer::Cme(Code::BAD_VALUE)),
            (2, 5) => {
                let (first, last) = meaning.range();
                let value = args.number(4)?;
                if !(first..=last).contains(&value) {
                    return Err(Answer::Cme(Code::BAD_VALUE));
                }
                if let Some(setting) = meaning.write(value, socket) {
                    out.act(Action::Set { channel, setting });
                }
                Ok(ok())
            }
            _ => Err(Answer::Error),
        }
    }

    /// Gives a new socket of the host what differs from a socket's usual settings.
    pub(crate) fn apply_options(&mut self, channel: Channel, out: &mut impl Out) {
        let Some(socket) = self.sockets.get(&channel) else { return };
        for setting in settings_of(socket.options) {
            out.act(Action::Set { channel, setting });
        }
    }
}

/// What differs from a socket's usual settings.
pub(crate) fn settings_of(options: Options) -> impl Iterator<Item = Setting> {
    let usual = Options::default();
    let settings = [
        (options.no_delay != usual.no_delay).then_some(Setting::NoDelay(options.no_delay)),
        (options.ttl != usual.ttl).then_some(Setting::Ttl(options.ttl)),
        (options.tos != usual.tos).then_some(Setting::Tos(options.tos)),
        options.send_buffer.map(Setting::SendBuffer),
        options.receive_buffer.map(Setting::ReceiveBuffer),
    ];
    settings.into_iter().flatten()
}
