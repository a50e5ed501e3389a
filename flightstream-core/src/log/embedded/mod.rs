//! The durable log of one process, in a local directory.
