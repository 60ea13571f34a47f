//! A writer of the MaxMind format, as small as the tests allow: one network, records of 24 bits, no pointers.
//!
//! The file is a binary tree over the bits of the address, sixteen zero bytes, the records, a marker, and the metadata. A node
//! is two numbers: below the count of nodes another node, equal to it nothing, above it a place among the records.

#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Number(u16),
    Count(u32),
    Long(u64),
    Map(Vec<(String, Self)>),
    List(Vec<Self>),
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.map(|(key, value)| (key.into(), value)).into())
}

/// A database whose only network is the first `bits` bits of `prefix`.
pub(super) fn database(ip_version: u16, prefix: &[u8], bits: usize, record: &Value) -> Vec<u8> {
    let mut file = tree(prefix, bits);
    file.extend([0; 16]);
    encode(record, &mut file);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = map([
        ("binary_format_major_version", Value::Number(2)),
        ("binary_format_minor_version", Value::Number(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", text("Test")),
        ("description", map([("en", text("a test"))])),
        ("ip_version", Value::Number(ip_version)),
        ("languages", Value::List(vec![text("en")])),
        ("node_count", Value::Count(u32::try_from(bits).unwrap())),
        ("record_size", Value::Number(24)),
    ]);
    encode(&metadata, &mut file);
    file
}

/// A node for each bit; the last one leads to the first record, which lies 16 past the count of nodes.
fn tree(prefix: &[u8], bits: usize) -> Vec<u8> {
    let nothing = u32::try_from(bits).unwrap();
    let mut nodes = Vec::new();
    for bit in 0..bits {
        let next = if bit + 1 == bits {
            nothing + 16
        } else {
            u32::try_from(bit + 1).unwrap()
        };
        let is_one = prefix[bit / 8] >> (7 - bit % 8) & 1 == 1;
        let [left, right] = if is_one {
            [nothing, next]
        } else {
            [next, nothing]
        };
        nodes.extend(&left.to_be_bytes()[1..]);
        nodes.extend(&right.to_be_bytes()[1..]);
    }
    nodes
}

fn encode(value: &Value, file: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            control(2, text.len(), file);
            file.extend(text.as_bytes());
        }
        Value::Number(number) => {
            control(5, 2, file);
            file.extend(number.to_be_bytes());
        }
        Value::Count(number) => {
            control(6, 4, file);
            file.extend(number.to_be_bytes());
        }
        Value::Long(number) => {
            control(9, 8, file);
            file.extend(number.to_be_bytes());
        }
        Value::Map(entries) => {
            control(7, entries.len(), file);
            for (key, value) in entries {
                encode(&text(key), file);
                encode(value, file);
            }
        }
        Value::List(values) => {
            control(11, values.len(), file);
            for value in values {
                encode(value, file);
            }
        }
    }
}

/// The type in three bits, or in a byte of its own when above 7; the size in five, or 29 and a byte more.
fn control(kind: u8, size: usize, file: &mut Vec<u8>) {
    let (short, rest) = if size < 29 {
        (size, None)
    } else {
        (29, Some(size - 29))
    };
    let short = u8::try_from(short).unwrap();
    if kind <= 7 {
        file.push(kind << 5 | short);
    } else {
        file.extend([short, kind - 7]);
    }
    file.extend(rest.map(|rest| u8::try_from(rest).unwrap()));
}
