//! The binary positions, their deltas, and expiry.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::collections::BTreeMap;

use flightstream_core::search::embedded::{Position, Positions};
use flightstream_core::search::{
    BoolQuery, BoundingBox, BulkOperation, EmbeddedStore, FieldType, Mapping, Query, SearchError,
    SearchStore,
};
use futures::executor::block_on;
use proptest::prelude::*;

const INDEX: &str = "esflight";

fn store() -> EmbeddedStore {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    store
}

fn put(store: &EmbeddedStore, id: &str, json: &str) {
    let operation = [BulkOperation::index(id, None, json.as_bytes())];
    let items = block_on(store.bulk(INDEX, &operation)).unwrap();
    assert!(items[0].is_success(), "{:?}", items[0]);
}

fn delete(store: &EmbeddedStore, id: &str) {
    block_on(store.bulk(INDEX, &[BulkOperation::delete(id, None)])).unwrap();
}

fn all(store: &EmbeddedStore, since: Option<u64>) -> Positions {
    store
        .positions(INDEX, since, &Query::MatchAll, usize::MAX)
        .unwrap()
}

#[test]
fn the_encoding_is_as_documented() {
    let store = store();
    put(
        &store,
        "4ca123",
        r#"{"position": {"lat": 53.5, "lon": -6.25}, "alt": 10345.4, "dir": 277.4, "speed": 819,
            "type": "International", "status": "en-route", "on_ground": false, "updated": 1706705158250}"#,
    );
    put(
        &store,
        "~00000a",
        r#"{"position": "1,2", "on_ground": true, "type": "Domestic"}"#,
    );
    put(&store, "000001", r#"{"alt": 5}"#);
    delete(&store, "000001");
    let bytes = all(&store, Some(2)).encode();
    let full = all(&store, None).encode();
    assert_eq!(full.len(), 40 + 2 * 24);
    assert_eq!(&full[..8], b"FSP1\x02\0\0\0");
    assert_eq!(full[8..16], 4_u64.to_le_bytes());
    assert_eq!(full[16..24], 1_706_705_158_250_i64.to_le_bytes());
    assert_eq!(
        full[24..40],
        [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    );
    let row = &full[40..64];
    assert_eq!(row[..4], 0x4c_a123_u32.to_le_bytes());
    assert_eq!(row[4..8], 53.5_f32.to_le_bytes());
    assert_eq!(row[8..12], (-6.25_f32).to_le_bytes());
    assert_eq!(row[12..14], 10_345_i16.to_le_bytes());
    assert_eq!(row[14..16], 27_740_u16.to_le_bytes());
    assert_eq!(row[16..18], 819_u16.to_le_bytes());
    assert_eq!(row[18..20], [2 | 2 << 3, 0]);
    assert_eq!(row[20..24], 1_706_705_158_u32.to_le_bytes());
    let unknown = &full[64..88];
    assert_eq!(unknown[..4], 0x8000_000a_u32.to_le_bytes());
    assert_eq!(
        unknown[12..20],
        [0, 0x80, 255, 255, 255, 255, 1 | 1 << 2, 0]
    );
    assert_eq!(unknown[20..24], [0; 4]);
    // The delta: no row, one removed address.
    assert_eq!(bytes.len(), 40 + 4);
    assert_eq!(bytes[28..36], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[40..], 1_u32.to_le_bytes());
}

#[test]
fn an_aircraft_without_an_address_in_its_id_has_it_in_hex() {
    let store = store();
    put(&store, "EI-DEF", r#"{"hex": "4ca0ff", "position": [1, 2]}"#);
    put(&store, "no address", r#"{"position": [1, 2]}"#);
    let positions = all(&store, None);
    assert_eq!(positions.matching, 1);
    assert_eq!(positions.rows[0].address, 0x4c_a0ff);
}

#[test]
fn a_version_too_old_or_from_another_life_gives_everything() {
    let store = store();
    put(&store, "000001", r#"{"position": [1, 2]}"#);
    for n in 0..70_000 {
        delete(&store, &format!("{n:06x}"));
    }
    put(&store, "000001", r#"{"position": [1, 2]}"#);
    assert!(all(&store, Some(1)).full, "its removals are forgotten");
    let version = store.version(INDEX).unwrap();
    assert!(!all(&store, Some(version - 10)).full);
    assert!(!all(&store, Some(version)).full);
    assert!(
        all(&store, Some(version + 1)).full,
        "this store never had that version"
    );
}

#[test]
fn more_than_the_limit_is_cut_and_always_full() {
    let store = store();
    for n in 0..10 {
        put(&store, &format!("{n:06x}"), r#"{"position": [1, 2]}"#);
    }
    for since in [None, Some(9)] {
        let positions = store.positions(INDEX, since, &Query::MatchAll, 4).unwrap();
        assert!(positions.full);
        assert_eq!((positions.matching, positions.rows.len()), (10, 4));
    }
}

#[test]
fn boxes_span_the_antimeridian() {
    let store = store();
    for (id, lon) in [("000001", 179.5), ("000002", -179.5), ("000003", 0.0)] {
        put(
            &store,
            id,
            &format!(r#"{{"position": {{"lat": 10, "lon": {lon}}}}}"#),
        );
    }
    let query = inside(BoundingBox::new(20.0, 179.0, 0.0, -179.0).unwrap());
    let found = store.positions(INDEX, None, &query, 10).unwrap();
    let addresses: Vec<u32> = found.rows.iter().map(|row| row.address).collect();
    assert_eq!(addresses, [1, 2]);
}

#[test]
fn aircraft_not_heard_of_expire_relative_to_the_newest() {
    let store = store();
    assert_eq!(store.newest(INDEX, "updated").unwrap(), None);
    for (id, minute) in [("000001", 0), ("000002", 10), ("000003", 20)] {
        let json = format!(r#"{{"updated": {}, "position": [1, 2]}}"#, minute * 60_000);
        let operation = [BulkOperation::index(id, Some(minute), json.as_bytes())];
        block_on(store.bulk(INDEX, &operation)).unwrap();
    }
    put(&store, "000004", r#"{"position": [1, 2]}"#);
    let newest = store.newest(INDEX, "updated").unwrap().unwrap();
    assert_eq!(newest, 1_200_000);
    let version = store.version(INDEX).unwrap();
    assert_eq!(
        store
            .expire_before(INDEX, "updated", newest - 600_000)
            .unwrap(),
        1
    );
    assert_eq!(all(&store, Some(version)).removed, [1]);
    assert_eq!(all(&store, None).matching, 3);
    // What is older than the expired state does not bring it back, newer does.
    for (version, status) in [(Some(0), 201), (None, 200)] {
        let operation = [BulkOperation::index("000001", version, b"{}")];
        assert_eq!(
            block_on(store.bulk(INDEX, &operation)).unwrap()[0].status,
            status
        );
    }
    let error = store.expire_before(INDEX, "speed", 0).unwrap_err();
    assert!(matches!(error, SearchError::IllegalArgument { .. }));
}

#[test]
fn an_index_without_the_fields_of_flights_has_no_positions() {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index("other", &Mapping::new([("a", FieldType::Long)]))).unwrap();
    block_on(store.bulk("other", &[BulkOperation::index("1", None, b"{}")])).unwrap();
    assert_eq!(
        store
            .positions("other", None, &Query::MatchAll, 9)
            .unwrap()
            .matching,
        0
    );
}

fn inside(bounds: BoundingBox) -> Query {
    let field = "position".to_owned();
    Query::GeoBoundingBox { field, bounds }
}

#[test]
fn a_query_that_the_index_cannot_answer_is_refused() {
    let value = "soon".into();
    let field = "updated".to_owned();
    let query = Query::Term { field, value };
    let error = store().positions(INDEX, None, &query, 9).unwrap_err();
    assert_eq!(error.status(), 400, "{error}");
}

/// What a client holds after an answer.
fn apply(held: &mut BTreeMap<u32, Position>, answer: &Positions) {
    if answer.full {
        held.clear();
    }
    for address in &answer.removed {
        held.remove(address);
    }
    held.extend(answer.rows.iter().map(|row| (row.address, *row)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn deltas_applied_are_a_fresh_snapshot(
        steps in prop::collection::vec(
            prop::collection::vec((0..40_u32, 0..4_u8, -90..=90_i32, -180..=180_i32), 0..12), 1..12),
        boxed in any::<bool>(), left in -180..=180_i32, right in -180..=180_i32, domestic in any::<bool>(),
    ) {
        let store = store();
        let mut filter = Vec::new();
        if boxed {
            filter.push(inside(BoundingBox::new(60.0, f64::from(left), -60.0, f64::from(right)).unwrap()));
        }
        if domestic {
            filter.push(Query::Term { field: "type".to_owned(), value: "Domestic".into() });
        }
        let query = match filter.is_empty() {
            true => Query::MatchAll,
            false => Query::Bool(BoolQuery { filter, ..BoolQuery::default() }),
        };
        let mut held = BTreeMap::new();
        let mut since = None;
        for (step, writes) in steps.iter().enumerate() {
            for (id, kind, lat, lon) in writes {
                let id = format!("{id:06x}");
                match kind {
                    0 => delete(&store, &id),
                    1 => put(&store, &id, r#"{"alt": 1}"#),
                    kind => {
                        let kind = ["Domestic", "International"][usize::from(kind - 2)];
                        let json = format!(
                            r#"{{"position": [{lon}, {lat}], "type": "{kind}", "updated": {}}}"#,
                            (step + 1) * 1000,
                        );
                        put(&store, &id, &json);
                    }
                }
            }
            if step == 7 {
                store.expire_before(INDEX, "updated", 4000).unwrap();
            }
            let answer = store.positions(INDEX, since, &query, usize::MAX).unwrap();
            prop_assert_eq!(answer.full, since.is_none());
            prop_assert_eq!(answer.rows.len() + answer.removed.len(),
                (answer.encode().len() - 40 - answer.rows.len() * 20) / 4);
            apply(&mut held, &answer);
            since = Some(answer.version);
            let fresh = store.positions(INDEX, None, &query, usize::MAX).unwrap();
            let mut expected = BTreeMap::new();
            apply(&mut expected, &fresh);
            prop_assert_eq!(&held, &expected);
            prop_assert_eq!(held.len(), answer.matching as usize);
        }
    }
}
