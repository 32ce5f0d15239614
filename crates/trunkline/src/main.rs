//! Trunkline.
fn main() {}
