//! What goes in comes out, over any path and in any pieces; what is damaged is refused.

mod channel;
mod coders;
