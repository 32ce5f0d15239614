//! The tests of the modem as its driver sees it.

mod dialogues;
mod escape_timing;
mod escapes;
mod forms;
mod forms_table;
mod keeping;
mod module;
mod net;
mod personas;
mod recorder;
mod script;
mod sockets;
mod soup;
mod splits;
mod toml_loader;
