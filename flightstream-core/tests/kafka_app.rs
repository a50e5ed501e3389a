//! The processing stage on a real cluster.
fn main() {}
