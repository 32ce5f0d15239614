//! `trunkline modbus`: the engineer's tools for Modbus.

mod guess;
mod live;

use crate::cli::{Act, Command};

pub(super) const COMMAND: Command = Command {
    name: "modbus",
    about: "read Modbus devices, and find out what their registers mean",
    text: "",
    operands: &[],
    flags: &[],
    examples: &[],
    act: Act::Choose(&[guess::COMMAND]),
};
