#![doc = include_str!("elastic.md")]

mod alias;
mod answer;
mod body;
mod buffers;
mod client;
mod error;
mod expiry;
mod mirror;
mod node;
mod options;
mod set_up;
mod store;

pub use self::error::ElasticError;
pub use self::mirror::Mirror;
pub use self::options::{Credentials, ElasticOptions};
pub use self::set_up::Manage;
pub use self::store::{ClusterInfo, ElasticStore, Product};
