//! Where the demo's visitors are. Their addresses are nobody's, so no real database knows them: the demo brings one of its own, as small as
//! the format of MaxMind allows, and everything behind it works as it would with a real one.
//!
//! The file is a binary tree over the bits of the address, sixteen zero bytes, the records, a marker, and the metadata. A node is two
//! numbers of 24 bits: below the count of nodes another node, equal to it nothing, above it a place among the records.

use super::world::PLACES;

/// 198.18.0.0/15 is reserved for tests of network devices (RFC 2544): nobody's address.
const PREFIX: [u8; 2] = [198, 18];
/// Bits of the third byte that tell the place; the fourth byte and the other two bits are the visitor's own.
const PLACE_BITS: u32 = 6;
const PLACES_MAX: usize = 1 << PLACE_BITS;
/// Nodes for the sixteen bits of the prefix, and those of a full tree of the places below it.
const NODES: usize = 16 + PLACES_MAX - 1;

/// An address of somebody who speaks the language with this index.
pub(super) fn address(language: usize, random: &mut fastrand::Rng) -> String {
    let place = language * 4 + random.usize(0..4).min(random.usize(0..4));
    let third = (place << 2) | random.usize(0..4);
    format!("{}.{}.{third}.{}", PREFIX[0], PREFIX[1], random.u8(1..255))
}

/// The file.
pub(crate) fn database() -> Vec<u8> {
    let mut records = Vec::new();
    let mut found = Vec::new();
    for (country, region, city) in PLACES.iter().flatten() {
        found.push(NODES + 16 + records.len());
        let record = [
            ("country_code", *country),
            ("region", region),
            ("city", city),
        ];
        encode_map(
            &record.map(|(key, value)| (key, Value::Text(value))),
            &mut records,
        );
    }
    let mut file = tree(&found);
    file.extend([0; 16]);
    file.extend(records);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    encode_map(
        &[
            ("binary_format_major_version", Value::Number(5, 2)),
            ("binary_format_minor_version", Value::Number(5, 0)),
            ("build_epoch", Value::Number(9, 1_790_000_000)),
            ("database_type", Value::Text("hgpixel-demo")),
            ("description", Value::Empty(7)),
            ("ip_version", Value::Number(5, 4)),
            ("languages", Value::Empty(11)),
            ("node_count", Value::Number(6, NODES as u64)),
            ("record_size", Value::Number(5, 24)),
        ],
        &mut file,
    );
    file
}

/// A node for each bit of the prefix, which leads on or to nothing, and below them a heap: node `n` of it leads to `2n` and `2n + 1`, its
/// last layer to the records.
fn tree(records: &[usize]) -> Vec<u8> {
    let mut nodes = Vec::new();
    for bit in 0..16 {
        let is_one = PREFIX[bit / 8] >> (7 - bit % 8) & 1 == 1;
        let (left, right) = if is_one {
            (NODES, bit + 1)
        } else {
            (bit + 1, NODES)
        };
        push(&mut nodes, left, right);
    }
    for node in 1..PLACES_MAX {
        let child = |heap: usize| match heap.checked_sub(PLACES_MAX) {
            None => 15 + heap,
            Some(place) => records.get(place).copied().unwrap_or(NODES),
        };
        push(&mut nodes, child(2 * node), child(2 * node + 1));
    }
    nodes
}

fn push(nodes: &mut Vec<u8>, left: usize, right: usize) {
    for number in [left, right] {
        let bytes = u32::try_from(number).unwrap_or_default().to_be_bytes();
        nodes.extend(&bytes[1..]);
    }
}

enum Value {
    Text(&'static str),
    /// A number of this type of the format.
    Number(u8, u64),
    /// A map or list of nothing, by its type.
    Empty(u8),
}

fn encode_map(entries: &[(&'static str, Value)], file: &mut Vec<u8>) {
    control(7, entries.len(), file);
    for (key, value) in entries {
        encode_text(key, file);
        match value {
            Value::Text(text) => encode_text(text, file),
            Value::Number(kind, number) => {
                let bytes = number.to_be_bytes();
                let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(8);
                control(*kind, 8 - from, file);
                file.extend(&bytes[from..]);
            }
            Value::Empty(kind) => control(*kind, 0, file),
        }
    }
}

fn encode_text(text: &str, file: &mut Vec<u8>) {
    control(2, text.len(), file);
    file.extend(text.as_bytes());
}

/// The type in three bits, or in a byte of its own when above 7; the size in five, or 29 and a byte more.
fn control(kind: u8, size: usize, file: &mut Vec<u8>) {
    let size = u8::try_from(size).expect("texts and maps of the demo are shorter than 256");
    let short = size.min(29);
    if kind <= 7 {
        file.push(kind << 5 | short);
    } else {
        file.extend([short, kind - 7]);
    }
    if short == 29 {
        file.push(size - 29);
    }
}

#[cfg(test)]
mod tests {
    use hgpixel_enrich::GeoDatabase;

    use super::super::world::LANGUAGES;
    use super::*;

    #[test]
    fn every_visitor_is_somewhere_and_nobody_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("places.mmdb");
        std::fs::write(&path, database()).unwrap();
        let database = GeoDatabase::open(&path).unwrap();
        let mut random = fastrand::Rng::with_seed(7);
        assert_eq!(PLACES.len(), LANGUAGES.len());
        for (language, places) in PLACES.iter().enumerate() {
            for _ in 0..50 {
                let place = database.place(address(language, &mut random).parse().unwrap());
                let country = place.country.unwrap();
                let known = places.iter().find(|place| place.0 == country.as_str());
                assert!(known.is_some() && place.region.is_some() && place.city.is_some());
            }
        }
        for nobody in ["198.19.0.1", "127.0.0.1", "198.18.255.1"] {
            assert_eq!(database.country(nobody.parse().unwrap()), None, "{nobody}");
        }
    }
}
