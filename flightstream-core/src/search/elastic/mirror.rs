use std::sync::Arc;

use serde_json::json;

use super::super::{BulkOperation, EmbeddedStore, SearchError, SearchRequest, SearchStore};

/// How many documents are fetched at once.
const PAGE: usize = 5_000;

/// Keeps an index in this process' memory as another one is on a cluster, so that many may look at it for the price of one
/// who asks for what has changed.
///
/// It follows the sequence numbers that the cluster gives to writes, which needs an index of one shard. What is deleted
/// there is not noticed; let it [expire](EmbeddedStore::expire_before) here as it does there.
#[derive(Debug)]
pub struct Mirror {
    from: Arc<dyn SearchStore>,
    to: Arc<EmbeddedStore>,
    index: String,
    into: String,
    version: String,
    /// The index behind the name, and the last sequence number that was seen.
    seen: Option<(String, i64)>,
}

impl Mirror {
    /// Copies an index of that name, which exists in both. Its documents' external version is the date `version`.
    #[must_use]
    pub fn new(
        from: Arc<dyn SearchStore>,
        to: Arc<EmbeddedStore>,
        index: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        let index = index.into();
        Self {
            from,
            to,
            into: index.clone(),
            index,
            version: version.into(),
            seen: None,
        }
    }

    /// The copy has this name, and not the one that the index has on the cluster.
    #[must_use]
    pub fn into_index(mut self, name: impl Into<String>) -> Self {
        self.into = name.into();
        self
    }

    /// Copies what has changed since the last call, and tells how many documents. After an error the next call goes on
    /// where this one was.
    ///
    /// # Errors
    /// As [`search`](SearchStore::search).
    pub async fn refresh(&mut self) -> Result<u64, SearchError> {
        let Some(newest) = self.newest().await? else {
            return Ok(0);
        };
        // Another index has taken the name: its numbers begin anew.
        let is_same = |(index, number): &(String, i64)| *index == newest.0 && *number <= newest.1;
        let mut after = match self.seen.take_if(|seen| is_same(seen)) {
            Some((_, number)) => number,
            None => -1,
        };
        let mut copied = 0;
        while after < newest.1 {
            let hits = self.page(after).await?;
            let Some(last) = hits.last().and_then(|hit| hit.sort.first()?.as_i64()) else {
                break;
            };
            let version = |source: &str| {
                let document: serde_json::Value = serde_json::from_str(source).ok()?;
                document.get(&self.version)?.as_u64()
            };
            let operations: Vec<_> = hits
                .iter()
                .filter_map(|hit| {
                    let source = hit.source.as_ref()?.get();
                    Some(BulkOperation::index(
                        &hit.id,
                        version(source),
                        source.as_bytes(),
                    ))
                })
                .collect();
            self.to.bulk(&self.into, &operations).await?;
            copied += operations.len() as u64;
            after = last;
            self.seen = Some((newest.0.clone(), after));
        }
        self.seen = Some((newest.0, after));
        Ok(copied)
    }

    /// The index behind the name, and its last sequence number that can be searched.
    async fn newest(&self) -> Result<Option<(String, i64)>, SearchError> {
        let request = SearchRequest::from_value(json!({
            "size": 1,
            "_source": false,
            "track_total_hits": false,
            "sort": [{ "_seq_no": "desc" }],
        }))?;
        let hits = self.from.search(&self.index, &request).await?.hits.hits;
        Ok(hits
            .into_iter()
            .next()
            .and_then(|hit| Some((hit.index, hit.sort.first()?.as_i64()?))))
    }

    async fn page(&self, after: i64) -> Result<Vec<super::super::Hit>, SearchError> {
        let request = SearchRequest::from_value(json!({
            "size": PAGE,
            "track_total_hits": false,
            "query": { "range": { "_seq_no": { "gt": after } } },
            "sort": [{ "_seq_no": "asc" }],
        }))?;
        Ok(self.from.search(&self.index, &request).await?.hits.hits)
    }
}
