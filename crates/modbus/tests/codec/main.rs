//! What goes onto the wire comes off it again, whatever is between.

mod frames;
mod limits;
mod pdus;
mod some;
