use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use futures::future::BoxFuture;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

use super::super::{
    AggregationResults, BulkAction, BulkItem, BulkOperation, Mapping, Query, SearchError,
    SearchRequest, SearchResponse, SearchStore, Shards,
};
use super::aggregate::{self, Context};
use super::budget::{Budget, Spending};
use super::column::Slot;
use super::document::{DocumentParser, FieldOrder};
use super::filter::matching;
use super::group::Rows;
use super::hits;
use super::index::Index;
use super::positions::{self, Positions};

/// Operations parsed before the index is locked once to write them.
const CHUNK: usize = 256;
const MAX_ID: usize = 512;

/// The search store in this process' memory.
///
/// Each index has a version that grows with every change, so that [`positions`](Self::positions) can answer what
/// has changed since. A removed document's id and version are remembered among the last 65,536 removals: an older
/// version that comes later is a conflict, as in Elasticsearch. An index has room for 2,000,000 documents and refuses further
/// ones.
///
/// Searches share the index; a bulk locks it for a few hundred documents at a time, which it has parsed before.
#[derive(Debug, Default)]
pub struct EmbeddedStore {
    indices: RwLock<FxHashMap<String, Arc<Shared>>>,
}

#[derive(Debug)]
struct Shared {
    mapping: Mapping,
    parser: DocumentParser,
    index: RwLock<Index>,
}

impl Shared {
    // A panic while the lock was held can have left no column half written that a reader would trip over: every
    // access is checked. Going on is better than failing for ever.
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EmbeddedStore {
    /// A store without an index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shared(&self, index: &str) -> Result<Arc<Shared>, SearchError> {
        let indices = self.indices.read().unwrap_or_else(PoisonError::into_inner);
        indices
            .get(index)
            .cloned()
            .ok_or_else(|| SearchError::IndexNotFound {
                index: index.to_owned(),
            })
    }

    /// The names of its indices, in their order.
    #[must_use]
    pub fn indices(&self) -> Vec<String> {
        let indices = self.indices.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<String> = indices.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The mapping that the index was made with.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`].
    pub fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        Ok(self.shared(index)?.mapping.clone())
    }

    /// How often the index has changed: it grows by one with every document written or removed.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`].
    pub fn version(&self, index: &str) -> Result<u64, SearchError> {
        Ok(self.shared(index)?.read().version)
    }

    /// The positions of the aircraft that match, for a map, or what changed of them since a version answered earlier;
    /// see [`Positions`].
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`], and what is wrong with the query.
    pub fn positions(
        &self,
        index: &str,
        since: Option<u64>,
        query: &Query,
        limit: usize,
    ) -> Result<Positions, SearchError> {
        let shared = self.shared(index)?;
        let index = shared.read();
        positions::positions(&index, since, query, limit)
    }

    /// Removes the documents whose date `field` is before `millis`, and tells how many they were. Documents without a
    /// date stay.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`]; [`SearchError::IllegalArgument`] if the field is no date.
    pub fn expire_before(&self, index: &str, field: &str, millis: i64) -> Result<u64, SearchError> {
        self.shared(index)?.write().expire_before(field, millis)
    }

    /// The newest date in milliseconds since 1970, unless there is none.
    ///
    /// # Errors
    /// As [`expire_before`](Self::expire_before).
    pub fn newest(&self, index: &str, field: &str) -> Result<Option<i64>, SearchError> {
        self.shared(index)?.read().newest(field)
    }

    fn create(&self, index: &str, mapping: &Mapping) -> Result<(), SearchError> {
        let mut indices = self.indices.write().unwrap_or_else(PoisonError::into_inner);
        match indices.get(index) {
            Some(shared) if shared.mapping == *mapping => Ok(()),
            Some(shared) => Err(SearchError::MappingDiffers {
                index: index.to_owned(),
                difference: shared.mapping.difference(mapping),
            }),
            None => {
                let shared = Shared {
                    mapping: mapping.clone(),
                    parser: DocumentParser::new(mapping),
                    index: RwLock::new(Index::new(mapping)),
                };
                indices.insert(index.to_owned(), Arc::new(shared));
                Ok(())
            }
        }
    }

    fn write(
        &self,
        index: &str,
        operations: &[BulkOperation<'_>],
    ) -> Result<Vec<BulkItem>, SearchError> {
        let shared = self.shared(index)?;
        let width = shared.parser.width();
        let mut order = FieldOrder::default();
        let mut items = Vec::with_capacity(operations.len());
        for chunk in operations.chunks(CHUNK) {
            let mut slots = vec![Slot::Missing; width * chunk.len()];
            let mut windows = slots.chunks_mut(width.max(1));
            let parsed: Vec<Result<(), BulkItem>> = chunk
                .iter()
                .map(|operation| {
                    let window = windows.next().unwrap_or_default();
                    prepare(&shared.parser, operation, &mut order, window)
                })
                .collect();
            let mut windows = slots.chunks(width.max(1));
            let mut index = shared.write();
            for (operation, parsed) in chunk.iter().zip(parsed) {
                let window = windows.next().unwrap_or_default();
                items.push(match (parsed, operation.action) {
                    (Err(item), _) => item,
                    (Ok(()), BulkAction::Delete) => index.delete(operation.id, operation.version),
                    (Ok(()), BulkAction::Create { .. }) if index.row(operation.id).is_some() => {
                        already_there(operation.id)
                    }
                    (Ok(()), BulkAction::Index { .. } | BulkAction::Create { .. }) => {
                        index.index(operation.id, operation.version, window)
                    }
                });
            }
        }
        Ok(items)
    }

    /// [`search`](SearchStore::search), which has nothing to wait for here. The answer takes what it needs of the budget.
    pub(in crate::search) fn answer(
        &self,
        name: &str,
        request: &SearchRequest,
        budget: &mut Budget,
    ) -> Result<SearchResponse, SearchError> {
        request.check()?;
        let start = Instant::now();
        let shared = self.shared(name)?;
        let index = shared.read();
        let rows = matching(&index, &request.query)?.rows();
        let cx = Context {
            index: &index,
            index_name: name,
            spend: Spending::new(budget, index.height())?,
        };
        let view = Rows {
            rows: &rows,
            owners: None,
            owner_count: 1,
        };
        let results = aggregate::run(&cx, &request.aggregations, view)?;
        let aggregations: AggregationResults = results.into_iter().next().unwrap_or_default();
        let hits = hits::search_hits(&cx, request, &rows)?;
        *budget = cx.spend.rest();
        Ok(SearchResponse {
            took: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            timed_out: false,
            shards: Shards::default(),
            hits,
            aggregations,
        })
    }

    /// [`get`](SearchStore::get), likewise.
    pub(in crate::search) fn document(
        &self,
        index: &str,
        id: &str,
    ) -> Result<Option<Box<RawValue>>, SearchError> {
        let shared = self.shared(index)?;
        let index = shared.read();
        Ok(index
            .row(id)
            .and_then(|row| hits::source(&index.fields.iter().collect::<Vec<_>>(), row)))
    }

    /// [`count`](SearchStore::count), likewise.
    pub(in crate::search) fn number(&self, index: &str, query: &Query) -> Result<u64, SearchError> {
        let shared = self.shared(index)?;
        let index = shared.read();
        match query {
            Query::MatchAll => Ok(index.len() as u64),
            query => Ok(matching(&index, query)?.count() as u64),
        }
    }
}

/// Checks the id and parses the document.
fn prepare<'a>(
    parser: &DocumentParser,
    operation: &BulkOperation<'a>,
    order: &mut FieldOrder,
    slots: &mut [Slot<'a>],
) -> Result<(), BulkItem> {
    let id = operation.id;
    if id.is_empty() {
        return Err(BulkItem::failed(
            400,
            "illegal_argument_exception",
            "if _id is specified it must not be empty",
        ));
    }
    if id.len() > MAX_ID {
        return Err(BulkItem::failed(
            400,
            "illegal_argument_exception",
            format!(
                "id is too long, must be no longer than {MAX_ID} bytes but was: {}",
                id.len()
            ),
        ));
    }
    match operation.action {
        BulkAction::Delete => Ok(()),
        BulkAction::Create { .. } if operation.version.is_some() => Err(BulkItem::failed(
            400,
            "illegal_argument_exception",
            "create operations only support internal versioning. use index instead",
        )),
        BulkAction::Index { source } | BulkAction::Create { source } => parser
            .parse(id, source, order, slots)
            .map_err(|error| BulkItem {
                status: 400,
                version: None,
                error: Some(error),
            }),
    }
}

fn already_there(id: &str) -> BulkItem {
    BulkItem::failed(
        409,
        "version_conflict_engine_exception",
        format!("[{id}]: version conflict, document already exists"),
    )
}

impl SearchStore for EmbeddedStore {
    fn ensure_index<'a>(
        &'a self,
        index: &'a str,
        mapping: &'a Mapping,
    ) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move { self.create(index, mapping) })
    }

    fn bulk<'a>(
        &'a self,
        index: &'a str,
        operations: &'a [BulkOperation<'a>],
    ) -> BoxFuture<'a, Result<Vec<BulkItem>, SearchError>> {
        Box::pin(async move { self.write(index, operations) })
    }

    fn search<'a>(
        &'a self,
        index: &'a str,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<SearchResponse, SearchError>> {
        Box::pin(async move { self.answer(index, request, &mut Budget::default()) })
    }

    fn get<'a>(
        &'a self,
        index: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Box<RawValue>>, SearchError>> {
        Box::pin(async move { self.document(index, id) })
    }

    fn count<'a>(
        &'a self,
        index: &'a str,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<u64, SearchError>> {
        Box::pin(async move { self.number(index, query) })
    }

    fn refresh<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move { self.shared(index).map(|_| ()) })
    }
}
