//! A rack whose modems are scripted: a pseudo-terminal stands for the cable, the test for the modem.

mod answering;
mod dialling;
mod groups;
mod sharing;
mod stage;
mod trouble;
