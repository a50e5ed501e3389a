//! A log in memory, for tests and examples.
