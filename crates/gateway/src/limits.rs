//! Every limit of the gateway, with its reason.

use std::time::Duration;

/// Questions on their way to the task of a bus, before they are in its queue.
pub const LETTERS: usize = 64;

/// Clients of one gateway, unless it says otherwise: mbusd has as many.
pub const CLIENTS: usize = 32;

/// Clients that a gateway may be told to take: each costs a descriptor and a few KiB.
pub const MOST_CLIENTS: usize = 1024;

/// How long after it was lost a port or a connection is tried again.
pub const REOPEN: Duration = Duration::from_secs(2);

/// How long a connection to a device may take.
pub const CONNECT: Duration = Duration::from_secs(5);

/// Bytes read at once: more than the longest frame.
pub const READ: usize = 512;

/// How long a client may take no answers before it is dropped.
pub const STUCK: Duration = Duration::from_secs(30);

/// How long a client's machine may give no sign of life before its place is given to somebody else: mbusd waits as
/// long. One that only has nothing to ask answers the probes of its connection by itself.
pub const LOST: Duration = Duration::from_secs(60);

/// The shortest time after which a client that asks nothing may be dropped.
pub const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// How often a port is looked at, a character apart, until its queue is empty: as often as the longest frame has
/// characters, ASCII's. What is stuck then is stuck.
pub const DRAIN_LOOKS: usize = 513;

/// How long at most a driver keeps a transmitter of RS-485 on before and after a frame: the kernel cuts off what is longer
/// without a word.
pub const TURN_BY_DRIVER: Duration = Duration::from_millis(100);

/// How long at most we do: whatever switches so slowly, the bus is nobody's meanwhile.
pub const TURN: Duration = Duration::from_secs(1);
