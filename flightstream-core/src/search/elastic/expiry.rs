use serde::Deserialize;
use serde_json::json;

use super::super::{AggregationResult, BulkOperation, SearchError, SearchRequest, SearchStore};
use super::store::ElasticStore;

/// How many are looked for at once.
const PAGE: usize = 5_000;

impl ElasticStore {
    /// Removes the documents whose date `field`, which is their external version, is before `millis`, and tells how many
    /// they were. A document that is written meanwhile stays, because its version is newer.
    ///
    /// # Errors
    /// As [`search`](SearchStore::search) and [`bulk`](SearchStore::bulk).
    pub async fn expire_before(
        &self,
        index: &str,
        field: &str,
        millis: i64,
    ) -> Result<u64, SearchError> {
        // What was written last may not be visible yet, and a page that was removed must not be found again.
        let mut gone = 0;
        loop {
            self.refresh(index).await?;
            let request = SearchRequest::from_value(json!({
                "size": PAGE,
                "_source": false,
                "track_total_hits": false,
                "query": { "range": { field: { "lt": millis } } },
                "sort": [{ field: "asc" }],
            }))?;
            let hits = self.search(index, &request).await?.hits.hits;
            let deletes: Vec<_> = hits
                .iter()
                .filter_map(|hit| {
                    Some(BulkOperation::delete(
                        &hit.id,
                        Some(hit.sort.first()?.as_u64()?),
                    ))
                })
                .collect();
            let items = self.bulk(index, &deletes).await?;
            let removed = items.iter().filter(|item| item.is_success()).count() as u64;
            gone += removed;
            if hits.len() < PAGE || removed == 0 {
                return Ok(gone);
            }
        }
    }

    /// The newest date in milliseconds since 1970, unless there is none.
    ///
    /// # Errors
    /// As [`search`](SearchStore::search).
    pub async fn newest(&self, index: &str, field: &str) -> Result<Option<i64>, SearchError> {
        #[derive(Deserialize)]
        struct Max {
            value: Option<f64>,
        }
        let request = SearchRequest::from_value(json!({
            "size": 0,
            "track_total_hits": false,
            "aggs": { "newest": { "max": { "field": field } } },
        }))?;
        let response = self.search(index, &request).await?;
        let Some(AggregationResult::Raw(raw)) = response.aggregations.get("newest") else {
            return Ok(None);
        };
        let max = serde_json::from_str::<Max>(raw.get());
        let max = max.map_err(|error| SearchError::Unavailable {
            reason: format!("its answer is not understood: {error}"),
        })?;
        Ok(max.value.map(|millis| millis as i64))
    }
}
