use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::super::{BulkItem, FieldType, Mapping, SearchError};
use super::bitset::Bitset;
use super::column::{Column, Field, Slot};
use super::short_text::ShortText;

/// How many documents there are at most: many times the world's aircraft, in some GiB of memory.
const MOST_DOCUMENTS: usize = 2_000_000;
/// How many removed documents are remembered.
const REMEMBERED: usize = 65_536;
/// The address of a document whose id and `hex` are none.
pub(super) const NO_ADDRESS: u32 = u32::MAX;

/// The documents of one index as columns. A row belongs to one document until that is removed.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) fields: Vec<Field>,
    by_name: FxHashMap<String, usize>,
    pub(super) live: Bitset,
    rows: FxHashMap<ShortText, u32>,
    pub(super) ids: Vec<ShortText>,
    versions: Vec<u64>,
    /// The store version at which each row last changed.
    pub(super) changed: Vec<u64>,
    pub(super) addresses: Vec<u32>,
    free: Vec<u32>,
    pub(super) version: u64,
    pub(super) removed: VecDeque<Removed>,
    /// Of the removed documents' ids: the document's version and the store version of its removal.
    tombstones: FxHashMap<ShortText, (u64, u64)>,
    /// Removals up to this store version are forgotten.
    pub(super) forgotten: u64,
    hex: Option<usize>,
    most: usize,
}

/// A document that was removed.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) id: ShortText,
    pub(super) address: u32,
    pub(super) changed: u64,
}

impl Index {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let fields: Vec<Field> = mapping
            .fields()
            .map(|(name, field_type)| Field::new(name, field_type))
            .collect();
        let by_name: FxHashMap<String, usize> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| (field.name.clone(), at))
            .collect();
        Self {
            hex: by_name.get("hex").copied(),
            fields,
            by_name,
            live: Bitset::default(),
            rows: FxHashMap::default(),
            ids: Vec::new(),
            versions: Vec::new(),
            changed: Vec::new(),
            addresses: Vec::new(),
            free: Vec::new(),
            version: 0,
            removed: VecDeque::new(),
            tombstones: FxHashMap::default(),
            forgotten: 0,
            most: MOST_DOCUMENTS,
        }
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows there are, those without a document too.
    pub(super) fn height(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|at| self.fields.get(*at))
    }

    pub(super) fn row(&self, id: &str) -> Option<u32> {
        self.rows.get(id.as_bytes()).copied()
    }

    /// Creates or replaces a document of parsed slots, in the order of the fields.
    pub(super) fn index(&mut self, id: &str, version: Option<u64>, slots: &[Slot<'_>]) -> BulkItem {
        let row = self.row(id);
        let version = match self.next_version(id, row, version) {
            Ok(version) => version,
            Err(conflict) => return conflict,
        };
        let (row, status) = match row {
            Some(row) => (row as usize, 200),
            None if self.len() >= self.most => {
                return BulkItem::failed(
                    400,
                    "illegal_argument_exception",
                    format!(
                        "[{id}]: number of documents in the index cannot exceed {}",
                        self.most
                    ),
                );
            }
            None => (self.create(id), 201),
        };
        for (field, slot) in self.fields.iter_mut().zip(slots) {
            field.column.set(row, slot);
        }
        self.version += 1;
        if let (Some(stored), Some(changed)) =
            (self.versions.get_mut(row), self.changed.get_mut(row))
        {
            *stored = version;
            *changed = self.version;
        }
        if status == 201 {
            let by_hex = || match slots.get(self.hex?) {
                Some(Slot::Text(hex)) => address(hex),
                _ => None,
            };
            let found = address(id).or_else(by_hex).unwrap_or(NO_ADDRESS);
            if let Some(stored) = self.addresses.get_mut(row) {
                *stored = found;
            }
        }
        BulkItem::done(status, version)
    }

    pub(super) fn delete(&mut self, id: &str, version: Option<u64>) -> BulkItem {
        let row = self.row(id);
        match (self.next_version(id, row, version), row) {
            (Err(conflict), _) => conflict,
            (Ok(version), Some(row)) => {
                self.remove(row, version);
                BulkItem::done(200, version)
            }
            (Ok(version), None) => {
                // Remembered all the same: an older version that comes later must not create the document.
                self.version += 1;
                self.bury(
                    ShortText::from(id),
                    address(id).unwrap_or(NO_ADDRESS),
                    version,
                );
                BulkItem {
                    status: 404,
                    version: Some(version),
                    error: None,
                }
            }
        }
    }

    /// Removes the documents whose date is before this, and tells how many they were.
    pub(super) fn expire_before(&mut self, field: &str, millis: i64) -> Result<u64, SearchError> {
        let values = self.dates(field)?;
        let old = Bitset::of(values, |value| {
            value != super::column::NO_WHOLE && value < millis
        });
        let rows = old.and(&self.live).rows();
        for row in &rows {
            let version = self.versions.get(*row as usize).copied().unwrap_or(0);
            self.remove(*row, version);
        }
        Ok(rows.len() as u64)
    }

    pub(super) fn newest(&self, field: &str) -> Result<Option<i64>, SearchError> {
        let newest = self.dates(field)?.iter().copied().max();
        Ok(newest.filter(|millis| *millis != super::column::NO_WHOLE))
    }

    fn dates(&self, name: &str) -> Result<&[i64], SearchError> {
        match self.field(name) {
            Some(Field {
                field_type: FieldType::Date,
                column: Column::Whole(values),
                ..
            }) => Ok(values),
            _ => Err(SearchError::illegal(format!(
                "[{name}] is not a date field of this index"
            ))),
        }
    }

    /// The version an operation gives to its document, unless that has a newer one.
    fn next_version(
        &self,
        id: &str,
        row: Option<u32>,
        version: Option<u64>,
    ) -> Result<u64, BulkItem> {
        let current = match row {
            Some(row) => self.versions.get(row as usize).copied(),
            None => self
                .tombstones
                .get(id.as_bytes())
                .map(|(version, _)| *version),
        };
        match (current, version) {
            (None, None) => Ok(1),
            (Some(current), None) => Ok(current.saturating_add(1)),
            (Some(current), Some(version)) if version < current => Err(BulkItem::failed(
                409,
                "version_conflict_engine_exception",
                format!(
                    "[{id}]: version conflict, current version [{current}] is higher than the one provided [{version}]"
                ),
            )),
            (_, Some(version)) => Ok(version),
        }
    }

    fn create(&mut self, id: &str) -> usize {
        let id = ShortText::from(id);
        // The tombstone stays: its entry in `removed` takes it away, and a live row goes before it.
        let row = match self.free.pop() {
            Some(row) => {
                if let Some(stored) = self.ids.get_mut(row as usize) {
                    *stored = id.clone();
                }
                row
            }
            None => {
                let row = self.ids.len() as u32;
                self.ids.push(id.clone());
                self.versions.push(0);
                self.changed.push(0);
                self.addresses.push(NO_ADDRESS);
                for field in &mut self.fields {
                    field.column.push();
                }
                row
            }
        };
        self.live.set(row as usize);
        self.rows.insert(id, row);
        row as usize
    }

    fn remove(&mut self, row: u32, version: u64) {
        let at = row as usize;
        self.version += 1;
        for field in &mut self.fields {
            field.column.set(at, &Slot::Missing);
        }
        self.live.clear(at);
        self.free.push(row);
        let address = self.addresses.get(at).copied().unwrap_or(NO_ADDRESS);
        if let Some(stored) = self.ids.get_mut(at) {
            let id = std::mem::replace(stored, ShortText::EMPTY);
            self.rows.remove(id.as_bytes());
            self.bury(id, address, version);
        }
    }

    fn bury(&mut self, id: ShortText, address: u32, version: u64) {
        self.tombstones.insert(id.clone(), (version, self.version));
        self.removed.push_back(Removed {
            id,
            address,
            changed: self.version,
        });
        if self.removed.len() > REMEMBERED
            && let Some(oldest) = self.removed.pop_front()
        {
            self.forgotten = oldest.changed;
            let newest = self.tombstones.get(oldest.id.as_bytes());
            if newest.is_some_and(|(_, changed)| *changed == oldest.changed) {
                self.tombstones.remove(oldest.id.as_bytes());
            }
        }
    }
}

/// The number of a 24-bit address; bit 31 marks one that is not an ICAO address (`~` in front).
pub(super) fn address(text: &str) -> Option<u32> {
    let (digits, flag) = match text.strip_prefix('~') {
        Some(rest) => (rest, 1 << 31),
        None => (text, 0),
    };
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(u32::from_str_radix(digits, 16).ok()? | flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_index_refuses_new_documents_only() {
        let mut index = Index::new(&Mapping::flights());
        index.most = 2;
        let mut write = |id: &str, version| index.index(id, Some(version), &[]).status;
        assert_eq!([write("48AE23", 1), write("48AE24", 1)], [201, 201]);
        assert_eq!(write("48AE25", 1), 400);
        assert_eq!(write("48AE24", 2), 200);
        let error = index.index("48AE25", Some(1), &[]).error.unwrap();
        assert!(error.reason.ends_with("cannot exceed 2"), "{error:?}");
        // Whoever goes makes room.
        index.delete("48AE23", Some(2));
        assert_eq!(index.index("48AE25", Some(1), &[]).status, 201);
        assert_eq!(index.len(), 2);
    }
}
