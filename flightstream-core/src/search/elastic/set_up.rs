use elasticsearch::cluster::ClusterPutComponentTemplateParts;
use elasticsearch::http::Method;
use elasticsearch::indices::{
    IndicesCreateParts, IndicesGetMappingParts, IndicesPutIndexTemplateParts,
};
use serde_json::{Map, Value, json};

use super::super::{Mapping, SearchError};
use super::client::Request;
use super::store::{ElasticStore, Product};

/// Whether what is missing in the cluster is created. What is there is never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manage {
    /// Indices, templates, aliases and data streams that are missing are created.
    #[default]
    Create,
    /// Nothing is: what is missing is an error that names it.
    None,
}

/// Over the templates that Elasticsearch brings along, which have 100 and 200.
const PRIORITY: u32 = 300;

impl ElasticStore {
    /// Creates the index with its templates and the alias that it is reached by, unless there is something of that name.
    /// Tells whether it was created.
    ///
    /// The alias `esflight` points to the index `esflight-000001`. Both get their mapping and settings from the index
    /// template `esflight`, made of the component templates `esflight-mappings` and `esflight-settings`: change the latter
    /// for other shards or replicas.
    ///
    /// # Errors
    /// [`SearchError::MappingDiffers`] if a field has another type there or is missing, or what the cluster answers.
    pub async fn set_up_index(&self, index: &str, mapping: &Mapping) -> Result<bool, SearchError> {
        let there = self.mapping(index).await;
        let created = match there {
            Err(SearchError::IndexNotFound { .. }) if self.options.manage == Manage::Create => {
                self.put_templates(index, mapping).await?;
                self.create_index(&numbered(index, 1), Some(index)).await?;
                true
            }
            Err(error) => return Err(error),
            Ok(_) => false,
        };
        check(index, &self.mapping(index).await?, mapping)?;
        Ok(created)
    }

    /// Creates the templates of a data stream, unless there are some. The stream itself comes to be with its first
    /// document.
    ///
    /// With a [retention](super::ElasticOptions::history_retention), Elasticsearch rolls the stream over and deletes what
    /// is older.
    ///
    /// # Errors
    /// What the cluster answers; [`SearchError::IndexNotFound`] if nothing may be created and there is no stream.
    pub async fn set_up_data_stream(
        &self,
        stream: &str,
        mapping: &Mapping,
    ) -> Result<(), SearchError> {
        let there = self.mapping(stream).await;
        match there {
            Ok(there) => return check(stream, &there, mapping),
            Err(SearchError::IndexNotFound { .. }) if self.options.manage == Manage::Create => {}
            Err(error) => return Err(error),
        }
        let mut settings = json!({ "settings": settings() });
        if let Some(retention) = &self.options.retention
            && self.info().await?.product == Product::Elasticsearch
        {
            insert(
                &mut settings,
                "lifecycle",
                json!({ "data_retention": retention }),
            );
        }
        self.put_component(&format!("{stream}-mappings"), &mappings(mapping))
            .await?;
        self.put_component(&format!("{stream}-settings"), &settings)
            .await?;
        let template = json!({
            "index_patterns": [stream],
            "data_stream": {},
            "priority": PRIORITY,
            "composed_of": [format!("{stream}-mappings"), format!("{stream}-settings")],
            "_meta": meta(),
        });
        self.put_template(stream, &template).await
    }

    pub(super) async fn put_templates(
        &self,
        index: &str,
        mapping: &Mapping,
    ) -> Result<(), SearchError> {
        let (mappings_name, settings_name) =
            (format!("{index}-mappings"), format!("{index}-settings"));
        let mut settings_template = json!({ "settings": settings() });
        // A current state is looked at all the time.
        insert_setting(&mut settings_template, "refresh_interval", "1s");
        self.put_component(&mappings_name, &mappings(mapping))
            .await?;
        self.put_component(&settings_name, &settings_template)
            .await?;
        let template = json!({
            "index_patterns": [format!("{index}-0*")],
            "priority": PRIORITY,
            "composed_of": [mappings_name, settings_name],
            "_meta": meta(),
        });
        self.put_template(index, &template).await
    }

    /// Creates an index, behind an alias if one is named. That it is there already is no error: another process may have
    /// been faster.
    pub(super) async fn create_index(
        &self,
        index: &str,
        alias: Option<&str>,
    ) -> Result<(), SearchError> {
        let mut body = json!({});
        if let Some(alias) = alias {
            insert(
                &mut body,
                "aliases",
                json!({ alias: { "is_write_index": true } }),
            );
        }
        let path = IndicesCreateParts::Index(index).url();
        let answer = self
            .ask(Request::new(Method::Put, path).json(&body))
            .await?;
        match answer.success(index) {
            Err(SearchError::Remote { error_type, .. })
                if error_type == "resource_already_exists_exception" =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// The fields with their types; of the newest index, where there are several behind a name.
    async fn mapping(&self, index: &str) -> Result<Map<String, Value>, SearchError> {
        let path = IndicesGetMappingParts::Index(&[index]).url();
        let answer = self
            .ask(Request::new(Method::Get, path))
            .await?
            .success(index)?;
        let indices: Map<String, Value> = answer.json()?;
        // A pattern or an alias of nothing is answered by an empty object.
        let (_, newest) = indices
            .iter()
            .next_back()
            .ok_or_else(|| SearchError::IndexNotFound {
                index: index.to_owned(),
            })?;
        let properties = newest.pointer("/mappings/properties");
        Ok(properties
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default())
    }

    async fn put_component(&self, name: &str, template: &Value) -> Result<(), SearchError> {
        let path = ClusterPutComponentTemplateParts::Name(name).url();
        let body = json!({ "template": template, "_meta": meta() });
        self.put_new(Request::new(Method::Put, path).json(&body))
            .await
    }

    async fn put_template(&self, name: &str, template: &Value) -> Result<(), SearchError> {
        let path = IndicesPutIndexTemplateParts::Name(name).url();
        self.put_new(Request::new(Method::Put, path).json(template))
            .await
    }

    /// Puts a template, unless there is one of that name: it may have been changed by hand.
    async fn put_new(&self, request: Request) -> Result<(), SearchError> {
        let answer = self.ask(request.query("create", "true")).await?;
        match answer.success("") {
            Err(SearchError::Remote {
                status: 400,
                reason,
                ..
            }) if reason.contains("already exists") => Ok(()),
            other => other.map(drop),
        }
    }
}

/// The index behind an alias, by number.
pub(super) fn numbered(alias: &str, number: u64) -> String {
    format!("{alias}-{number:06}")
}

/// Every field that is wanted has its type there. What else is there is the user's.
fn check(index: &str, there: &Map<String, Value>, wanted: &Mapping) -> Result<(), SearchError> {
    for (field, field_type) in wanted.fields() {
        let is = there.get(field).and_then(|field| field["type"].as_str());
        if is != Some(field_type.name()) {
            let (is, wanted) = (is.unwrap_or("missing"), field_type.name());
            return Err(SearchError::MappingDiffers {
                index: index.to_owned(),
                difference: format!("[{field}] is {is}, not {wanted}"),
            });
        }
    }
    Ok(())
}

fn mappings(mapping: &Mapping) -> Value {
    json!({ "mappings": mapping })
}

/// One shard holds more aircraft than there are; a second node gets a copy.
fn settings() -> Value {
    json!({ "index": { "number_of_shards": 1, "auto_expand_replicas": "0-1" } })
}

fn insert_setting(template: &mut Value, name: &str, value: &str) {
    if let Some(index) = template.pointer_mut("/settings/index") {
        insert(index, name, json!(value));
    }
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

fn meta() -> Value {
    json!({ "managed_by": "flightstream" })
}
