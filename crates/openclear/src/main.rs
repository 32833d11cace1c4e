//! openclear.
fn main() {}
