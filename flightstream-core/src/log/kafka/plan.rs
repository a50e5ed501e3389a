use std::fmt;

use super::KafkaLog;
use super::topics::{TopicSettings, to_settings};
use crate::log::{Log, LogError, TopicSpec};

/// What a topic is compared with what an app needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    /// What is needed.
    pub spec: TopicSpec,
    /// What there is.
    pub state: TopicState,
}

/// What there is of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// Nothing: it is to be created.
    Missing,
    /// A topic, with what is not as it is wanted.
    Exists {
        /// How many partitions it has. Any number works; only the order of keys depends on it, so it is never changed.
        partitions: u32,
        /// How many replicas each partition has at least.
        replicas: usize,
        /// What differs.
        differences: Vec<Difference>,
    },
}

/// A setting of a topic that is not as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name in Kafka.
    pub setting: String,
    /// What it is.
    pub is: String,
    /// What it should be.
    pub wanted: String,
    /// What goes wrong in silence if it stays, if something does.
    pub consequence: Option<&'static str>,
}

impl TopicPlan {
    /// What would go wrong in silence.
    pub fn dangers(&self) -> impl Iterator<Item = &Difference> {
        let differences = match &self.state {
            TopicState::Missing => &[][..],
            TopicState::Exists { differences, .. } => differences,
        };
        differences
            .iter()
            .filter(|difference| difference.consequence.is_some())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            is,
            wanted,
            consequence,
        } = self;
        write!(f, "{setting} is {is}, should be {wanted}")?;
        match consequence {
            Some(consequence) => write!(f, ": {consequence}"),
            None => Ok(()),
        }
    }
}

impl KafkaLog {
    /// Compares the cluster's topics with what is needed.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn plan(&self, needed: &[TopicSpec]) -> Result<Vec<TopicPlan>, LogError> {
        let replicas = self.replicas()?;
        let exist = needed
            .iter()
            .filter(|spec| replicas.contains_key(&spec.name));
        let names: Vec<String> = exist.map(|spec| spec.name.clone()).collect();
        let settings = self.settings(&names)?;
        let plan = |spec: &TopicSpec| {
            let state = match (replicas.get(&spec.name), settings.get(&spec.name)) {
                // A broker that does not know the topic yet knows no settings of it.
                (Some(replicas), Some(settings)) if !settings.is_empty() => TopicState::Exists {
                    partitions: self.partitions(&spec.name)?,
                    replicas: *replicas,
                    differences: differences(spec, settings, *replicas),
                },
                _ => TopicState::Missing,
            };
            Ok(TopicPlan {
                spec: spec.clone(),
                state,
            })
        };
        needed.iter().map(plan).collect()
    }

    /// Creates what is missing and sets what differs. Partitions and replicas stay as they are, and nothing is deleted.
    ///
    /// # Errors
    /// If the cluster refuses; what was done before stays done.
    pub fn apply(&self, plan: &TopicPlan) -> Result<(), LogError> {
        match &plan.state {
            TopicState::Missing => self.create_topic(&plan.spec),
            TopicState::Exists { differences, .. } => {
                let settable = differences.iter().filter(|difference| {
                    // More replicas are a matter of the cluster's administrator.
                    difference.setting != REPLICAS
                });
                let wanted: TopicSettings = settable
                    .map(|difference| (difference.setting.clone(), difference.wanted.clone()))
                    .collect();
                match wanted.is_empty() {
                    true => Ok(()),
                    false => self.0.topics.set(&plan.spec.name, &wanted),
                }
            }
        }
    }
}

const REPLICAS: &str = "min.insync.replicas";

fn differences(spec: &TopicSpec, settings: &TopicSettings, replicas: usize) -> Vec<Difference> {
    let get = |name: &str| settings.get(name).cloned().unwrap_or_default();
    let mut differences = Vec::new();
    for (setting, wanted) in to_settings(&spec.cleanup) {
        let is = get(&setting);
        let is_same = match setting.as_str() {
            "cleanup.policy" => policies(&is) == policies(&wanted),
            _ => is == wanted,
        };
        if !is_same {
            let consequence = consequence(&setting, &is, &wanted);
            differences.push(Difference {
                setting,
                is,
                wanted,
                consequence,
            });
        }
    }
    if get("message.timestamp.type") == "LogAppendTime" {
        differences.push(Difference {
            setting: "message.timestamp.type".to_owned(),
            is: "LogAppendTime".to_owned(),
            wanted: "CreateTime".to_owned(),
            consequence: Some("event times would be replaced by the time of arrival"),
        });
    }
    if let Ok(in_sync) = get(REPLICAS).parse::<usize>()
        && in_sync > replicas
    {
        differences.push(Difference {
            setting: REPLICAS.to_owned(),
            is: in_sync.to_string(),
            wanted: replicas.to_string(),
            consequence: Some("there are fewer replicas than a write needs, so none would succeed"),
        });
    }
    differences
}

fn policies(setting: &str) -> Vec<&str> {
    let mut policies: Vec<_> = setting.split(',').map(str::trim).collect();
    policies.sort_unstable();
    policies
}

/// What goes wrong in silence.
fn consequence(setting: &str, is: &str, wanted: &str) -> Option<&'static str> {
    if setting != "cleanup.policy" {
        return None;
    }
    match (is.contains("compact"), wanted.contains("compact")) {
        (true, false) => Some("compaction would remove records that were not read yet"),
        (false, true) => {
            Some("keys that do not change would be forgotten with their oldest records")
        }
        _ => None,
    }
}
