//! The server over real connections: who may do what, what the API says, and what it bears.

mod access;
mod api;
mod bounds;
mod schema;
mod sites;
mod stage;
mod trace;
