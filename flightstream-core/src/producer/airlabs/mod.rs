//! Polls the Airlabs API within its quota.
