//! The codec from outside: conversations with known peers, two of our own ends, splits and limits.

mod com_port;
mod conversations;
mod limits;
mod notation;
mod options;
mod pairs;
mod settled;
mod splits;
mod timing;
