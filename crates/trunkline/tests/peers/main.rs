//! The built `trunkline` among the programs that it is for: real clients on its lines, real telnet servers at
//! the far end of its calls, and the failures of its forerunners.
//!
//! Each test runs an instance of its own with a configuration of its own and judges by what the peer itself
//! calls success. `tests/set-up` brings the peers; one that isn't there fails its tests.
//!
//! Not here, and why: `pppd` itself needs PPP in the kernel, which a test machine need not have, so the tests
//! of its dialler end where its first frame passes. Clients that drive DTR, DCD or RI need a port with these
//! lines, which a pty isn't.

#[cfg(feature = "modbus")]
mod armour;
mod callers;
mod chat;
mod clock;
#[cfg(all(feature = "station", feature = "web"))]
mod field_story;
mod getty;
mod kermit;
#[cfg(feature = "modbus")]
mod modbus;
#[cfg(feature = "gsm")]
mod modem_manager;
#[cfg(feature = "gsm")]
mod modules;
mod page;
mod people;
mod power;
mod pyserial;
mod regressions;
mod rfc2217;
mod ser2net;
#[cfg(feature = "wip")]
mod services;
#[cfg(all(feature = "collector", feature = "wip"))]
mod site_alarms;
#[cfg(feature = "collector")]
mod site_calls;
#[cfg(feature = "collector")]
mod site_paths;
#[cfg(feature = "collector")]
mod sites;
mod ssh_callers;
mod ssh_hosts;
mod stage;
mod systemd;
mod terminals;
#[cfg(feature = "tls")]
mod tls;
mod transparency;
mod uucp;
mod watching;
mod wvdial;
mod zmodem;
