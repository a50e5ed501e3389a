use elasticsearch::http::Method;
use elasticsearch::indices::IndicesGetAliasParts;
use serde_json::{Map, Value, json};

use super::super::{Mapping, SearchError};
use super::client::Request;
use super::set_up::numbered;
use super::store::ElasticStore;

impl ElasticStore {
    /// The indices behind an alias.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`] if there is no such alias, be it that an index has that name.
    pub async fn indices_of(&self, alias: &str) -> Result<Vec<String>, SearchError> {
        let path = IndicesGetAliasParts::Name(&[alias]).url();
        let answer = self.ask(Request::new(Method::Get, path)).await?;
        if answer.status == 404 {
            return Err(SearchError::IndexNotFound {
                index: alias.to_owned(),
            });
        }
        let indices: Map<String, Value> = answer.success(alias)?.json()?;
        Ok(indices.into_iter().map(|(index, _)| index).collect())
    }

    /// Creates the next index for an alias, empty and not behind it yet, and tells its name: after `esflight-000003`
    /// comes `esflight-000004`. Filled, it takes the place by [`switch_alias`](Self::switch_alias).
    ///
    /// # Errors
    /// [`SearchError::IllegalArgument`] if an index has the alias's name; else what the cluster answers.
    pub async fn create_next_index(
        &self,
        alias: &str,
        mapping: &Mapping,
    ) -> Result<String, SearchError> {
        let there = match self.indices_of(alias).await {
            Ok(there) => there,
            Err(SearchError::IndexNotFound { .. }) => {
                let reason = format!(
                    "[{alias}] is no alias, so nothing can take its place without a gap; index under another name, or \
                     delete it and start again"
                );
                return Err(SearchError::IllegalArgument { reason });
            }
            Err(error) => return Err(error),
        };
        let number = |index: &String| {
            let number = index.strip_prefix(alias)?.strip_prefix('-')?;
            number.parse::<u64>().ok()
        };
        let mut next = there.iter().filter_map(number).max().unwrap_or(0) + 1;
        self.put_templates(alias, mapping).await?;
        // One that was begun and not finished is left alone: it may be looked at.
        while self.exists(&numbered(alias, next)).await? {
            next += 1;
        }
        let index = numbered(alias, next);
        self.create_index(&index, None).await?;
        Ok(index)
    }

    /// Lets the alias point to this index alone, in one step: who searches or writes by it sees the old or the new one.
    /// Returns the indices that it pointed to before. They are kept.
    ///
    /// # Errors
    /// What the cluster answers.
    pub async fn switch_alias(&self, alias: &str, index: &str) -> Result<Vec<String>, SearchError> {
        let mut before = self.indices_of(alias).await?;
        before.retain(|other| other != index);
        let mut actions: Vec<Value> = before
            .iter()
            .map(|old| json!({ "remove": { "index": old, "alias": alias } }))
            .collect();
        let new = json!({ "index": index, "alias": alias, "is_write_index": true });
        actions.push(json!({ "add": new }));
        let request = Request::new(Method::Post, "/_aliases").json(&json!({ "actions": actions }));
        self.ask(request).await?.success(alias)?;
        Ok(before)
    }

    async fn exists(&self, index: &str) -> Result<bool, SearchError> {
        let answer = self
            .ask(Request::new(Method::Head, format!("/{index}")))
            .await?;
        match answer.status {
            404 => Ok(false),
            _ => answer.success(index).map(|_| true),
        }
    }
}
