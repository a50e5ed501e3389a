//! Messages from recorded files.
