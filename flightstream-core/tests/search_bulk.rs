//! What becomes of each operation of a bulk, and of its document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use flightstream_core::search::{
    BulkItem, BulkOperation, BulkResponse, EmbeddedStore, FieldType, Mapping, Query, SearchError,
    SearchStore,
};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

const INDEX: &str = "esflight";

fn store_of(mapping: &Mapping) -> EmbeddedStore {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, mapping)).unwrap();
    store
}

fn store() -> EmbeddedStore {
    store_of(&Mapping::flights())
}

fn bulk(store: &EmbeddedStore, operations: &[BulkOperation<'_>]) -> Vec<BulkItem> {
    let items = block_on(store.bulk(INDEX, operations)).unwrap();
    assert_eq!(items.len(), operations.len());
    items
}

fn document(store: &EmbeddedStore, id: &str) -> Option<Value> {
    let source = block_on(store.get(INDEX, id)).unwrap()?;
    Some(serde_json::from_str(source.get()).unwrap())
}

#[test]
fn items_align_with_operations() {
    let store = store();
    let operations = [
        BulkOperation::index("a", Some(5), br#"{"flag": "FR"}"#),
        BulkOperation::index("a", Some(5), br#"{"flag": "DE"}"#),
        BulkOperation::index("a", Some(4), br#"{"flag": "US"}"#),
        BulkOperation::index("b", None, br#"{"speed": "fast"}"#),
        BulkOperation::index("c", None, br#"{"speed": 1"#),
        BulkOperation::index("", None, b"{}"),
        BulkOperation::delete("d", Some(7)),
        BulkOperation::index("d", Some(6), b"{}"),
        BulkOperation::delete("a", Some(6)),
        BulkOperation::index("a", Some(5), b"{}"),
        BulkOperation::index("a", Some(6), b"{}"),
    ];
    let items = bulk(&store, &operations);
    let statuses: Vec<u16> = items.iter().map(|item| item.status).collect();
    assert_eq!(
        statuses,
        [201, 200, 409, 400, 400, 400, 404, 409, 200, 409, 201]
    );
    let error = items[3].error.as_ref().unwrap();
    assert_eq!(error.error_type, "document_parsing_exception");
    assert!(
        error
            .reason
            .contains("failed to parse field [speed] of type [integer]")
    );
    assert!(error.reason.contains("'fast'"));
    let conflict = items[2].error.as_ref().unwrap();
    assert_eq!(conflict.error_type, "version_conflict_engine_exception");

    let response = BulkResponse {
        took: 0,
        index: INDEX,
        operations: &operations,
        items: &items,
    };
    let response = serde_json::to_value(response).unwrap();
    assert_eq!(response["errors"], true);
    assert_eq!(response["items"][0]["index"]["result"], "created");
    assert_eq!(response["items"][6]["delete"]["result"], "not_found");
    assert_eq!(
        response["items"][7]["index"]["error"]["type"],
        "version_conflict_engine_exception"
    );
    assert_eq!(response["items"][8]["delete"]["_version"], 6);
}

#[test]
fn internal_versions_always_win() {
    let store = store();
    let index = |version| bulk(&store, &[BulkOperation::index("a", version, b"{}")])[0].clone();
    assert_eq!(index(None).version, Some(1));
    assert_eq!(index(None).version, Some(2));
    assert_eq!(index(Some(9)).version, Some(9));
    assert_eq!(index(None).version, Some(10));
    assert_eq!(index(Some(9)).status, 409);
}

#[test]
fn documents_come_back() {
    let store = store();
    let source = json!({
        "hex": "4ca123", "flag": "quote \" backslash \\ tab \t ü", "alt": 10345.5, "speed": 819,
        "position": { "lat": 54.439_248_000_000_01, "lon": -179.999_999_999_999_97 },
        "on_ground": false, "updated": 1_706_705_158_000_i64,
    });
    let json = source.to_string();
    bulk(
        &store,
        &[BulkOperation::index("4ca123", None, json.as_bytes())],
    );
    assert_eq!(document(&store, "4ca123"), Some(source));
    assert_eq!(document(&store, "4ca124"), None);
}

#[test]
fn an_update_replaces_the_whole_document() {
    let store = store();
    bulk(
        &store,
        &[
            BulkOperation::index(
                "a",
                None,
                br#"{"flag": "FR", "alt": 1, "position": [1, 2], "on_ground": true}"#,
            ),
            BulkOperation::index("a", None, br#"{"speed": 5, "flag": null}"#),
        ],
    );
    assert_eq!(document(&store, "a"), Some(json!({ "speed": 5 })));
}

#[test]
fn values_are_coerced_as_elasticsearch_does() {
    let store = store();
    let source = br#" { "flag" : 7 , "alt" : "12.5" , "speed" : 12.9 , "v_speed": "-3", "on_ground" : "true",
        "updated" : "2024-01-31T12:45:58Z" , "position" : "1.5, -2.5", "dep_pos": [3, 4], "unknown": {"a": [1, {}]},
        "arr_pos": {"lon": 1, "lat": 2} } "#;
    assert_eq!(
        bulk(&store, &[BulkOperation::index("a", None, source)])[0].status,
        201
    );
    let expected = json!({ "flag": "7", "alt": 12.5, "speed": 12, "v_speed": -3, "on_ground": true,
        "updated": 1_706_705_158_000_i64, "position": { "lat": 1.5, "lon": -2.5 },
        "dep_pos": { "lat": 4.0, "lon": 3.0 }, "arr_pos": { "lat": 2.0, "lon": 1.0 } });
    let plain = |v: Value| v.to_string().replace(".0", "");
    assert_eq!(plain(document(&store, "a").unwrap()), plain(expected));
}

#[test]
fn bad_documents_are_refused_by_the_field() {
    let store = store();
    for (field, value) in [
        ("alt", "1e39"),
        ("alt", "\"NaN\""),
        ("alt", "true"),
        ("alt", "[1]"),
        ("speed", "2147483648"),
        ("speed", "\"\""),
        ("on_ground", "1"),
        ("updated", "\"yesterday\""),
        ("position", "{\"lat\": 91, \"lon\": 0}"),
        ("position", "{\"lat\": 1}"),
        ("position", "{\"lat\": 1, \"lon\": 2, \"alt\": 3}"),
        ("position", "[1]"),
        ("position", "\"somewhere\""),
        ("position", "5"),
        ("flag", "{}"),
        ("flag", "[\"a\", \"b\"]"),
    ] {
        let json = format!(r#"{{"flag2": 1, "{field}": {value}}}"#);
        let item = &bulk(&store, &[BulkOperation::index("a", None, json.as_bytes())])[0];
        let error = item
            .error
            .as_ref()
            .unwrap_or_else(|| panic!("{json} is taken"));
        assert_eq!(
            (item.status, error.error_type.as_str()),
            (400, "document_parsing_exception")
        );
        assert!(
            error.reason.contains(&format!("[{field}]")),
            "{}",
            error.reason
        );
    }
    for bad in [
        "",
        "[]",
        "{",
        "{}}",
        "{\"a\"}",
        "{\"alt\": 01}",
        "{\"alt\": 1.}",
        "{\"alt\": .5}",
        "{\"alt\": +1}",
        "{\"alt\": nul}",
        "{\"alt\": 1,}",
        "{\"flag\": \"a}",
        "{\"flag\": \"\\x\"}",
        "{\"flag\": \"\n\"}",
        "{\"alt\": 1, \"alt\": 2}",
        "{\"x\": [}",
        "{\"alt\": NaN}",
        "{\"alt\": 1e}",
    ] {
        let item = &bulk(&store, &[BulkOperation::index("a", None, bad.as_bytes())])[0];
        assert_eq!(item.status, 400, "{bad}");
    }
    assert_eq!(
        bulk(
            &store,
            &[BulkOperation::index("a", None, b"{\"flag\": \"\xff\"}")]
        )[0]
        .status,
        400
    );
    let long = "x".repeat(513);
    assert_eq!(
        bulk(&store, &[BulkOperation::index(&long, None, b"{}")])[0].status,
        400
    );
    assert_eq!(block_on(store.count(INDEX, &Query::MatchAll)).unwrap(), 0);
}

#[test]
fn a_strict_mapping_refuses_unknown_fields() {
    let store = store_of(&Mapping::strict([("a", FieldType::Long)]));
    let items = bulk(
        &store,
        &[
            BulkOperation::index("1", None, br#"{"a": 1}"#),
            BulkOperation::index("2", None, br#"{"a": 1, "b": 2}"#),
        ],
    );
    let error = items[1].error.as_ref().unwrap();
    assert_eq!(error.error_type, "strict_dynamic_mapping_exception");
    assert!(error.reason.contains("[b]"));
    assert_eq!(items[0].status, 201);
}

#[test]
fn indices_are_named_and_keep_their_mapping() {
    let store = store();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let other = Mapping::new([("a", FieldType::Long)]);
    let error = block_on(store.ensure_index(INDEX, &other)).unwrap_err();
    assert!(matches!(error, SearchError::MappingDiffers { .. }));
    let error = block_on(store.refresh("nowhere")).unwrap_err();
    assert_eq!(
        (error.status(), error.error_type()),
        (404, "index_not_found_exception")
    );
}

proptest! {
    /// Whatever `serde_json` takes as an object is taken, and nothing else.
    #[test]
    fn documents_are_json_exactly_where_serde_json_says_so(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\\n\"", "1", "-0.5e3", "true", "null", " ", "\"", "\\", "0", ".",
        ]), 0..14),
    ) {
        let text = pieces.concat();
        let store = store_of(&Mapping::new([("nothing", FieldType::Long)]));
        let status = bulk(&store, &[BulkOperation::index("1", None, text.as_bytes())])[0].status;
        let object = serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_ok();
        prop_assert_eq!(status == 201, object, "{}", text);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        bulk(&store(), &[BulkOperation::index("1", None, &bytes)]);
    }
}
