//! What dashboards write of Lucene's query syntax by themselves: `*`, and `field:value` with `AND` between.

use serde_json::Value;

use super::SearchError;
use super::body::Body;
use super::query::{BoolQuery, Query, Scalar};

pub(crate) fn parse(value: Value) -> Result<Query, SearchError> {
    let mut body = Body::new("query_string", value)?;
    let text = body.need_string("query")?;
    // A keyword is not analysed.
    body.take("analyze_wildcard");
    body.finish()?;
    let mut query = BoolQuery::default();
    let mut rest = text.trim();
    if matches!(rest, "" | "*" | "*:*") {
        return Ok(Query::MatchAll);
    }
    loop {
        let positive = rest.strip_prefix('-').or_else(|| rest.strip_prefix("NOT "));
        let is_negated = positive.is_some();
        let Some((clause, after)) = clause(positive.unwrap_or(rest).trim_start()) else {
            return Err(refused(rest));
        };
        match is_negated {
            true => query.must_not.push(clause),
            false => query.filter.push(clause),
        }
        rest = match after.trim_start() {
            "" => return Ok(Query::Bool(query)),
            after => match after.strip_prefix("AND ") {
                Some(next) => next.trim_start(),
                None => return Err(refused(after)),
            },
        };
    }
}

fn refused(rest: &str) -> SearchError {
    let start: String = rest.chars().take(40).collect();
    SearchError::illegal(format!(
        "[query_string] takes [*], and [field:value] with [AND] between and [NOT] before; found [{start}]"
    ))
}

/// `field:value` and what comes after it.
fn clause(text: &str) -> Option<(Query, &str)> {
    let (field, value) = text.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@');
    if field.is_empty() || !field.chars().all(is_name) {
        return None;
    }
    let field = field.to_owned();
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, after) = quoted_text(quoted)?;
        let value = Scalar::Text(value);
        return Some((Query::Term { field, value }, after));
    }
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    let (value, after) = value.split_at(end);
    if value.is_empty()
        || value.contains([
            '(', ')', '[', ']', '{', '}', '"', '^', '~', '/', '<', '>', '\\',
        ])
    {
        return None;
    }
    let query = match value {
        "*" => Query::Exists { field },
        pattern if pattern.contains(['*', '?']) => Query::Wildcard {
            field,
            value: pattern.to_owned(),
        },
        value => Query::Term {
            field,
            value: Scalar::Text(value.to_owned()),
        },
    };
    Some((query, after))
}

/// Up to the closing quote, and what comes after it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(text: &str) -> Result<Query, SearchError> {
        Query::from_value(json!({ "query_string": { "query": text, "analyze_wildcard": true } }))
    }

    #[test]
    fn clauses_become_the_queries_that_they_stand_for() {
        assert_eq!(query("*").unwrap(), Query::MatchAll);
        assert_eq!(query(" ").unwrap(), Query::MatchAll);
        let all = r#"type:"International" AND -flag:I* AND NOT squawk:* AND Arrival:"a \"b\" c" AND speed:800"#;
        let plain = json!({ "bool": {
            "filter": [
                { "term": { "type": "International" } },
                { "term": { "Arrival": "a \"b\" c" } },
                { "term": { "speed": "800" } },
            ],
            "must_not": [
                { "wildcard": { "flag": { "value": "I*" } } },
                { "exists": { "field": "squawk" } },
            ],
        } });
        assert_eq!(query(all).unwrap(), Query::from_value(plain).unwrap());
    }

    #[test]
    fn what_is_not_understood_is_refused_and_named() {
        for text in [
            "boeing",
            "type:A OR type:B",
            "type:A type:B",
            "speed:[1 TO 2]",
            "speed:>5",
            "(type:A)",
            "type:\"A",
            "type:",
            ":x",
            "a b:c",
            "type:A AND",
            "type:A AND ",
            "NOT",
        ] {
            let error = query(text).unwrap_err();
            assert_eq!(error.status(), 400, "{text}: {error}");
            assert!(
                error.to_string().contains("query_string"),
                "{text}: {error}"
            );
        }
    }
}
