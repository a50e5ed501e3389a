use std::fmt::Write;

use serde_json::{Value, json};

use super::super::{Query, SearchError};
use super::request::{Parameters, Refusal};
use super::{Facade, FacadeAnswer};

/// The version that the answers were compared with.
const VERSION: &str = "9.5.3";

pub(super) fn root(parameters: Parameters<'_>) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    let body = json!({
        "name": "flightstream",
        "cluster_name": "flightstream",
        "cluster_uuid": "_na_",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "flightstream",
            "build_hash": "unknown",
            "build_snapshot": false,
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0",
        },
        // By this sentence, too, clients know what they talk to.
        "tagline": "You Know, for Search",
    });
    Ok(FacadeAnswer::json(200, &body))
}

pub(super) fn health(
    facade: &Facade,
    mut parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    // It is as green as it will ever be.
    for name in ["wait_for_status", "timeout", "level"] {
        parameters.take(name);
    }
    parameters.finish()?;
    let shards = facade.store.indices().len();
    let body = json!({
        "cluster_name": "flightstream",
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": shards,
        "active_shards": shards,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0,
    });
    Ok(FacadeAnswer::json(200, &body))
}

/// The columns of `_cat/indices` that a store in memory can fill.
const COLUMNS: [&str; 6] = ["health", "status", "index", "pri", "rep", "docs.count"];

pub(super) fn list(
    facade: &Facade,
    mut parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    let with_names = parameters.flag("v");
    let format = parameters.take("format").unwrap_or("text");
    parameters.finish()?;
    let rows = facade.store.indices().into_iter().map(|index| {
        let count = facade.store.number(&index, &Query::MatchAll)?;
        let texts = ["green", "open", &index, "1", "0", &count.to_string()].map(ToOwned::to_owned);
        Ok::<_, SearchError>(texts)
    });
    let rows: Vec<[String; 6]> = rows.collect::<Result<_, _>>()?;
    if format == "json" {
        let objects = rows.iter().map(|row| {
            let fields = COLUMNS.iter().zip(row);
            fields
                .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
                .collect::<Value>()
        });
        return Ok(FacadeAnswer::json(200, &objects.collect::<Vec<_>>()));
    }
    let names = with_names.then(|| COLUMNS.map(ToOwned::to_owned));
    let lines: Vec<[String; 6]> = names.into_iter().chain(rows).collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            let texts = lines.iter().filter_map(|line| line.get(column));
            texts.map(String::len).max().unwrap_or(0)
        })
        .collect();
    let mut body = String::new();
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$} ");
        }
        let _ = writeln!(body, "{}", text.trim_end());
    }
    Ok(FacadeAnswer::text(body))
}
