use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with a log.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The topic does not exist. Create it with [`Log::create_topic`](super::Log::create_topic).
    #[error("there is no topic {topic:?}; create it first")]
    UnknownTopic {
        /// The topic asked for.
        topic: String,
    },
    /// The partition does not exist.
    #[error("topic {topic:?} has {partitions} partitions, so there is no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: u32,
        /// How many it has.
        partitions: u32,
    },
    /// The topic exists with other settings than asked for.
    #[error(
        "topic {topic:?} exists with {existing} partitions, but {wanted} are asked for; \
         ask for {existing}, or use another topic"
    )]
    TopicDiffers {
        /// The topic.
        topic: String,
        /// Its number of partitions.
        existing: u32,
        /// The number asked for.
        wanted: u32,
    },
    /// A topic's name or partition count is not allowed.
    #[error("topic {topic:?} cannot be created: {why}")]
    InvalidTopic {
        /// The topic.
        topic: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another member already reads for this group and the log cannot share its partitions out.
    #[error("group {group:?} already has a member reading {topic:?}; use another group name")]
    GroupBusy {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
    },
    /// A record is larger than the log stores.
    #[error(
        "a record of {size} bytes for topic {topic:?} is larger than the limit of {limit} bytes"
    )]
    RecordTooLarge {
        /// The topic it was meant for.
        topic: String,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The cluster does not answer, or cannot do it now. It is tried again with back-off, and nothing is lost meanwhile.
    #[error("cannot {action} now: {reason}")]
    Unavailable {
        /// What was tried, such as "write records".
        action: String,
        /// What the cluster said last.
        reason: String,
    },
    /// The cluster refuses, and would do so again: change what the advice says.
    #[error("the cluster refuses to {action}: {reason}; {advice}")]
    Refused {
        /// What was tried.
        action: String,
        /// What the cluster said.
        reason: String,
        /// What to change.
        advice: &'static str,
    },
    /// The group or the transaction goes on without this process, which was taken for dead or has been replaced. What it
    /// had not committed is done by the others, or read again.
    #[error("cannot {action}: {reason}; what is not committed is read again")]
    Fenced {
        /// What was tried.
        action: String,
        /// What the cluster said.
        reason: String,
    },
    /// A setting of the client does not exist, has a wrong value or is not to be set.
    #[error("the setting {name} cannot be used: {why}")]
    InvalidSetting {
        /// Which one.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another process uses the data directory.
    #[error(
        "the data directory {} is in use by another process; stop that one, or choose another \
         directory", path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that is to hold a new log holds something else.
    #[error(
        "the directory {} holds no log but other files, such as {found:?}; choose an empty or a \
         new directory", path.display()
    )]
    NotALog {
        /// The directory.
        path: PathBuf,
        /// One of the things in it.
        found: String,
    },
    /// The data directory can't be opened, read or written: permissions, a full disk, a path that is a file.
    #[error("cannot {action} in the data directory {}: {source}", path.display())]
    Io {
        /// What was tried, such as "write".
        action: &'static str,
        /// The directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// What is stored cannot be what was written.
    #[error(
        "the data directory {} is damaged: {what}; move it away and start again, the records can \
         be read anew from their source", path.display()
    )]
    Corrupt {
        /// The directory.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// An earlier failure left the log unusable until it is opened again. Stop the process and restart it.
    #[error("the log stopped after an earlier failure to write; restart the process")]
    Poisoned,
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}
