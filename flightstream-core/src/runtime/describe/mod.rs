mod mermaid;
mod text;
mod types;

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;

use super::app::{App, AppError};
use super::changelog::changelog_topic;
use super::context::TaskContext;
use super::delivery::Delivery;
use super::inlet::repartition_topic;
use super::sink::MakeSink;
use super::slot::panic_message;
use super::source::{Intake, TaskRecords};
use crate::Records;
use crate::batch::TopicPartition;
use crate::log::memory::MemoryLog;
use crate::log::{Log, TopicSpec};

/// What an app consists of, from [`App::describe`]. Shown as text; [`mermaid`](Self::mermaid) and
/// [`json`](Self::json) are for documents and programs.
///
/// The operators are read off the pipeline's type, so they cost nothing while records flow, and an operator of one's
/// own shows up like the library's, if its input is one of its type's parameters. Which operator uses which store or
/// table does not show; those are listed for the pipeline as a whole. Types are named for people: the names are the
/// compiler's, and may be others with its next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Topology {
    /// The app.
    pub app: String,
    /// The topic that it reads.
    pub source: String,
    /// The consumer group that it reads for.
    pub group: String,
    /// What a crash may do to the output.
    pub delivery: Delivery,
    /// The last operator; those before it are among its inputs. `None` where the pipeline's type hides them, as a boxed
    /// `dyn Records` does.
    pub pipeline: Option<Operator>,
    /// Where the pipeline's records go.
    pub sink: SinkDescription,
    /// The topic that refused records go to.
    pub dead_letters: Option<String>,
    /// What each task remembers.
    pub stores: Vec<StoreDescription>,
    /// The topics between tasks, behind the pipeline's repartition steps.
    pub repartitions: Vec<String>,
    /// The tables that the app has.
    pub tables: Vec<&'static str>,
    /// The topics that the pipeline reads tables from.
    pub topic_tables: Vec<&'static str>,
}

/// One operator of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Operator {
    /// What it is, such as `filter`; `source` where the records come in.
    pub name: String,
    /// The types and functions that it was given, as far as they have names.
    pub types: Vec<String>,
    /// What it takes its records from.
    pub inputs: Vec<Operator>,
}

/// Where an app's records go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SinkDescription {
    /// What it is: the encoder of a topic's records, or the sink's type.
    pub kind: String,
    /// The topic, if it is one.
    pub topic: Option<String>,
}

impl SinkDescription {
    /// A sink that is told by its type.
    #[must_use]
    pub fn of<K: ?Sized>() -> Self {
        Self {
            kind: types::short(type_name::<K>()).unwrap_or_default(),
            topic: None,
        }
    }
}

/// A store of an app's tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreDescription {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: String,
    /// The topic that its changes go to.
    pub changelog: String,
}

impl Topology {
    /// The topology as a JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        // Strings and lists have no value that cannot be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl<F, K> App<F, K> {
    /// What the app consists of. The pipeline function is called once for it, without records.
    ///
    /// ```
    /// use flightstream_core::Records;
    /// use flightstream_core::batch::Rejection;
    /// use flightstream_core::runtime::{App, topic};
    ///
    /// let length = |bytes: &[u8]| Ok::<_, Rejection>(bytes.len());
    /// let app = App::new("lengths")
    ///     .source(topic("words").group("lengths"))
    ///     .pipeline(move |raw, _| raw.decode(length).filter(|length| *length > 3).map(|length| (length, length)))
    ///     .sink(topic("lengths").json());
    /// let topology = app.describe()?;
    /// assert_eq!(topology.to_string(), "\
    /// app lengths, group lengths, at least once
    ///   source  topic words
    ///   decode
    ///   filter
    ///   map
    ///   sink  topic lengths, Json
    /// ");
    /// # Ok::<(), flightstream_core::runtime::AppError>(())
    /// ```
    ///
    /// # Errors
    /// If the app has no source, or its pipeline function panics.
    pub fn describe<R>(&self) -> Result<Topology, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        let settings = &self.settings;
        let app = settings.name.clone();
        let Some(source) = &settings.source else {
            return Err(AppError::NoSource(app));
        };
        let subscription = &source.subscription;
        let log = MemoryLog::new();
        log.create_topic(&TopicSpec::new(subscription.topic.as_str(), 1))?;
        let partition = TopicPartition::new(subscription.topic.as_str(), 0);
        let reader = log.partition_reader(&partition, 0)?;
        let records = TaskRecords::new(Intake::new(reader, source.batch_size));
        let tables = Arc::new(settings.tables.clone());
        let context = TaskContext::new(partition, Arc::clone(&settings.clock), tables);
        let rehearsal = AssertUnwindSafe(|| drop((self.pipeline)(records, context.clone())));
        catch_unwind(rehearsal).map_err(|panic| AppError::Pipeline {
            app: app.clone(),
            message: panic_message(&*panic),
        })?;
        let store = |store: super::context::TaskStore| StoreDescription {
            name: store.name,
            holds: types::short(&store.schema).unwrap_or(store.schema),
            changelog: changelog_topic(&app, store.name),
        };
        let repartitions = context.repartitions().into_iter();
        let repartitions = repartitions.map(|(inlet, _)| repartition_topic(&app, inlet.name()));
        let topic_tables = context.topic_tables().into_iter().map(|table| table.topic);
        Ok(Topology {
            source: subscription.topic.clone(),
            group: subscription.group.clone(),
            delivery: settings.delivery,
            pipeline: types::operator(type_name::<R>()),
            sink: self.sink.describe(),
            dead_letters: settings.dead_letters.clone(),
            stores: context.stores().into_iter().map(store).collect(),
            repartitions: repartitions.collect(),
            tables: settings.tables.keys().copied().collect(),
            topic_tables: topic_tables.collect(),
            app,
        })
    }
}
