//! The flightstream command.
fn main() {}
