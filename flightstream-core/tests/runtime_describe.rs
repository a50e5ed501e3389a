//! What an app says of itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::batch::{Batch, Raw, Rejection};
use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
use flightstream_core::runtime::{App, AppError, Delivery, MakeSink, TaskContext, Topology, topic};
use flightstream_core::table::Airports;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};
use flightstream_core::{Fatal, Records};

fn length(bytes: &[u8]) -> Result<usize, Rejection> {
    Ok(bytes.len())
}

fn lengths(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<usize>, u64)> {
    raw.decode(length)
        .key_by(|length| *length)
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
        .count(cx.store("lengths"))
        .emit(Emit::on_close())
}

fn described() -> Topology {
    App::new("words")
        .source(topic("words").group("g"))
        .pipeline(lengths)
        .sink(topic("lengths").json())
        .dead_letters("words-dlq")
        .delivery(Delivery::ExactlyOnce)
        .describe()
        .unwrap()
}

#[test]
fn text_follows_the_records() {
    assert_eq!(
        described().to_string(),
        "app words, group g, exactly once\n  \
           source  topic words\n  \
           decode  length\n  \
           key_by\n  \
           assume_aligned\n  \
           emitted  Tumbling, usize, u64\n  \
           sink  topic lengths, Json\n  \
           dead letters  topic words-dlq\n  \
           store lengths  window store of usize to u64, topic words-lengths-changelog\n"
    );
}

#[test]
fn the_standard_pipeline_shows_its_operators_and_tables() {
    let topology = App::new("process")
        .source(topic("flight").group("process"))
        .table(AIRPORTS, Arc::new(Airports::embedded()))
        .pipeline(pipelines::enriched)
        .sink(topic("flight-enriched").encoded(Documents))
        .describe()
        .unwrap();
    let text = topology.to_string();
    for line in [
        "decode  AirlabsJson",
        "enrich  Flight::positioned",
        "Documents",
        "table airports",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_chart_has_each_part_once() {
    let chart = described().mermaid();
    assert!(chart.starts_with("flowchart LR\n"), "{chart}");
    for node in [
        "([\"words\"])",
        "[\"decode  length\"]",
        "([\"lengths\"])",
        "([\"words-dlq\"])",
        "[(\"lengths\")]",
        "([\"words-lengths-changelog\"])",
    ] {
        assert_eq!(chart.matches(node).count(), 1, "{node} in {chart}");
    }
    // source → decode → key_by → assume_aligned → emitted → sink
    assert_eq!(chart.matches(" --> ").count(), 5, "{chart}");
}

#[test]
fn json_has_the_same_content() {
    let json: serde_json::Value = serde_json::from_str(&described().json()).unwrap();
    assert_eq!(json["delivery"], "exactly_once");
    assert_eq!(json["pipeline"]["name"], "emitted");
    assert_eq!(json["pipeline"]["inputs"][0]["name"], "assume_aligned");
    assert_eq!(json["stores"][0]["changelog"], "words-lengths-changelog");
    assert_eq!(json["sink"]["topic"], "lengths");
}

#[test]
fn topics_beside_the_source_show() {
    let topology = App::new("a")
        .source(topic("words").group("g"))
        .pipeline(|raw, cx: TaskContext| {
            let names = cx.topic_table::<u64, _>("names", length);
            raw.decode(length)
                .key_by(|length| *length as u64)
                .repartition("by-length", &cx)
                .left_join(names, |length, name| length + name.unwrap_or(&0))
        })
        .sink(topic("lengths").json())
        .describe()
        .unwrap();
    assert_eq!(topology.repartitions, ["a-by-length-repartition"]);
    assert_eq!(topology.topic_tables, ["names"]);
    let text = topology.to_string();
    for line in [
        "\n  repartition  ",
        "topic a-by-length-repartition\n",
        "table  topic names\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let chart = topology.mermaid();
    assert!(
        chart.contains("[\"names\"]") && chart.contains("a-by-length-repartition"),
        "{chart}"
    );
}

type Boxed = Pin<Box<dyn Records<Record = usize, Item = Result<Batch<usize>, Fatal>>>>;

#[derive(Clone)]
struct Nowhere;

impl<T: 'static> MakeSink<T> for Nowhere {
    type Sink = NoSink;

    fn make(&self, _: &TaskContext) -> NoSink {
        NoSink
    }
}

struct NoSink;

impl<T> flightstream_core::runtime::Sink<T> for NoSink {
    fn send(
        &mut self,
        batch: Batch<T>,
        _: &mut flightstream_core::runtime::Outputs<'_>,
    ) -> Result<(), Fatal> {
        batch.resolve();
        Ok(())
    }
}

#[test]
fn a_boxed_pipeline_hides_its_operators_and_any_sink_has_a_name() {
    let app = App::new("boxed")
        .source(topic("words").group("g"))
        .pipeline(|raw, _| -> Boxed { Box::pin(raw.decode(length)) })
        .sink(Nowhere);
    let topology = app.describe().unwrap();
    assert_eq!(topology.pipeline, None);
    let text = topology.to_string();
    assert!(
        text.contains("sink  Nowhere") && text.contains("does not show"),
        "{text}"
    );
    assert!(topology.mermaid().contains("…"));
}

#[test]
fn a_pipeline_that_cannot_be_made_is_not_described() {
    let app = App::new("a").source(topic("flight").group("g"));
    let app = app.pipeline(pipelines::enriched).sink(Nowhere);
    assert!(
        matches!(app.describe(), Err(AppError::Pipeline { message, .. }) if message.contains(AIRPORTS))
    );
    let app = App::new("a").pipeline(lengths).sink(Nowhere);
    assert!(matches!(app.describe(), Err(AppError::NoSource(_))));
}
