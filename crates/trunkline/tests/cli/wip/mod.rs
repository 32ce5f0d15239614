//! Wavecom's TCP/IP commands on a pseudo-terminal, byte by byte as published clients send and expect them.

mod client;
mod clients;
mod data;
mod forms;
mod kept;
mod modules;
mod servers;

use client::{Client, Echo, Pace, WAYS};
