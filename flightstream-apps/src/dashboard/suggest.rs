use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Map, Value, json};

use super::airports::{End, Place, counts};
use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::{Inner, Shared, buckets, count};

/// Filters that take what a keyword field holds.
const FIELDS: [(&str, &str); 9] = [
    ("flight", "flight_iata"),
    ("flight", "flight_icao"),
    ("hex", "hex"),
    ("registration", "reg_number"),
    ("aircraft", "aircraft_icao"),
    ("airline", "airline_icao"),
    ("country", "flag"),
    ("status", "status"),
    ("type", "type"),
];
const LONGEST: usize = 64;

/// Something that a filter could be set to.
struct Suggestion {
    filter: &'static str,
    value: String,
    label: Option<String>,
    count: u64,
}

/// What filters could be set to, the most frequent first.
pub(super) async fn suggest(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let text = parameters.text_or_empty("q");
        if text.chars().count() > LONGEST {
            return Err(ApiError::argument(format!(
                "[q] has at most {LONGEST} characters"
            )));
        }
        let wanted = wanted(parameters.list("for")?)?;
        let limit = parameters.number("limit", 1..=100)?.unwrap_or(20);
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        let is_wanted = |filter: &str| wanted.is_empty() || wanted.iter().any(|one| one == filter);
        let mut found = keywords(shared, &query, text.trim(), limit, is_wanted)?;
        for (filter, end) in [("departure", End::Departure), ("arrival", End::Arrival)] {
            if is_wanted(filter) {
                found.extend(airports(shared, &query, text.trim(), filter, end)?);
            }
        }
        found.sort_by(|one, other| {
            let key = |it: &Suggestion| std::cmp::Reverse(it.count);
            (key(one), one.filter, &one.value).cmp(&(key(other), other.filter, &other.value))
        });
        let found = found.iter().take(limit).map(json);
        Ok(json!({ "suggestions": found.collect::<Vec<Value>>() }))
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn wanted(filters: Vec<String>) -> Result<Vec<String>, ApiError> {
    let known = FIELDS.iter().map(|(filter, _)| *filter);
    let known: Vec<&str> = known.chain(["departure", "arrival"]).collect();
    match filters
        .iter()
        .find(|filter| !known.contains(&filter.as_str()))
    {
        None => Ok(filters),
        Some(filter) => Err(ApiError::argument(format!(
            "[for] knows no filter [{filter}]"
        ))),
    }
}

/// Values that begin with the text.
fn keywords(
    shared: &Inner,
    query: &Query,
    text: &str,
    limit: usize,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Suggestion>, ApiError> {
    let fields = FIELDS.iter().filter(|(filter, _)| is_wanted(filter));
    let mut aggs = Map::new();
    for (filter, field) in fields.clone() {
        // A hexadecimal address is nothing that one begins to look at.
        if *filter == "hex" && text.is_empty() {
            continue;
        }
        let beginning = spelled(filter, text);
        let values = json!({ "values": { "terms": { "field": field, "size": limit } } });
        let beginning = json!({ "prefix": { *field: beginning } });
        aggs.insert(
            (*field).to_owned(),
            json!({ "filter": beginning, "aggs": values }),
        );
    }
    let (_, results) = shared.aggregate(query, aggs.into())?;
    let mut found = Vec::new();
    for (filter, field) in fields {
        for (value, bucket) in results
            .get(*field)
            .into_iter()
            .flat_map(|it| buckets(it, "values"))
        {
            found.push(Suggestion {
                filter,
                value: value.to_owned(),
                label: None,
                count: count(bucket),
            });
        }
    }
    Ok(found)
}

/// Codes are upper case, statuses lower case, types begin with a capital.
fn spelled(filter: &str, text: &str) -> String {
    match filter {
        "status" => text.to_lowercase(),
        "type" => {
            let mut letters = text.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters.flat_map(char::to_lowercase)).collect()
        }
        _ => text.to_uppercase(),
    }
}

/// Airports whose code, or a word of whose name or city, begins with the text.
fn airports(
    shared: &Inner,
    query: &Query,
    text: &str,
    filter: &'static str,
    end: End,
) -> Result<Vec<Suggestion>, ApiError> {
    let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
    let found = counts(shared, query, end)?
        .places
        .into_iter()
        .filter(|(place, _)| {
            let Place::Known(airport) = place else {
                return place.code().starts_with(&upper);
            };
            let codes = [
                airport.iata.map(|code| code.to_string()),
                airport.icao.map(|code| code.to_string()),
            ];
            codes.iter().flatten().any(|code| code.starts_with(&upper))
                || has_word(&airport.name, &lower)
                || has_word(&airport.city, &lower)
        });
    let found = found.map(|(place, count)| Suggestion {
        filter,
        value: place.code(),
        label: match &place {
            Place::Known(airport) => Some(airport.name.to_string()),
            Place::Code(_) => None,
        },
        count,
    });
    Ok(found.collect())
}

/// Whether the text, or one of its words on, begins so.
fn has_word(text: &str, beginning: &str) -> bool {
    let text = text.to_lowercase();
    let mut after_blank = true;
    text.char_indices().any(|(at, letter)| {
        let is_start = std::mem::replace(&mut after_blank, !letter.is_alphanumeric());
        is_start
            && text
                .get(at..)
                .is_some_and(|rest| rest.starts_with(beginning))
    })
}

fn json(suggestion: &Suggestion) -> Value {
    let Suggestion {
        filter,
        value,
        label,
        count,
    } = suggestion;
    match label {
        Some(label) => json!({ "filter": filter, "value": value, "label": label, "count": count }),
        None => json!({ "filter": filter, "value": value, "count": count }),
    }
}
