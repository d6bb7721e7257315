//! Bounds the depth of tables and arrays before `amq-protocol` parses them.
//!
//! Its parser recurses once per level, five bytes each: a frame of 128 KiB could nest 26,000 levels and
//! overrun the stack, before anyone has authenticated. No client nests deeper than the capabilities in its
//! properties: two.

use super::reader::Reader;

/// Tables within tables that are accepted.
const MAX_DEPTH: usize = 8;

/// Reads the table at the front of `reader` and passes it; `None` when it is malformed or nests too deep.
pub(crate) fn check_table(reader: &mut Reader<'_>) -> Option<()> {
    table(reader, MAX_DEPTH)
}

fn table(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let mut inside = Reader::new(reader.long_string()?);
    while !inside.is_empty() {
        inside.short_string()?;
        value(&mut inside, depth)?;
    }
    Some(())
}

fn array(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let mut inside = Reader::new(reader.long_string()?);
    while !inside.is_empty() {
        value(&mut inside, depth)?;
    }
    Some(())
}

/// Sizes as in RabbitMQ's reading of the field types, which `amq-protocol` follows.
fn value(reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    match reader.u8()? {
        b'V' => Some(()),
        b't' | b'b' | b'B' => reader.skip(1),
        b's' | b'U' | b'u' => reader.skip(2),
        b'I' | b'i' | b'f' => reader.skip(4),
        b'D' => reader.skip(5),
        b'L' | b'l' | b'd' | b'T' => reader.skip(8),
        b'S' | b'x' => reader.long_string().map(drop),
        b'F' => table(reader, depth),
        b'A' => array(reader, depth),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use amq_protocol::types::{
        AMQPValue, DecimalValue, FieldArray, FieldTable, generation::gen_field_table,
        parsing::parse_field_table,
    };
    use proptest::prelude::*;

    use super::*;

    fn encode(table: &FieldTable) -> Vec<u8> {
        gen_field_table(table)(Vec::new().into()).unwrap().into_inner().0
    }

    fn passes(bytes: &[u8]) -> bool {
        let mut reader = Reader::new(bytes);
        check_table(&mut reader).is_some() && reader.is_empty()
    }

    fn nested(levels: usize) -> Vec<u8> {
        (1..levels).fold(encode(&FieldTable::default()), |inside, _| {
            let length = u32::try_from(inside.len() + 3).unwrap().to_be_bytes();
            [&length[..], &[1, b'k', b'F'], &inside[..]].concat()
        })
    }

    #[test]
    fn depth_is_bounded() {
        assert!(passes(&nested(MAX_DEPTH)));
        assert!(!passes(&nested(MAX_DEPTH + 1)));
    }

    #[test]
    fn a_frame_full_of_arrays_is_refused_without_recursion_to_its_end() {
        let mut bytes: Vec<u8> = Vec::new();
        for level in (0..26_000u32).rev() {
            bytes.push(b'A');
            bytes.extend_from_slice(&(level * 5).to_be_bytes());
        }
        let length = u32::try_from(bytes.len() + 2).unwrap().to_be_bytes();
        assert!(!passes(&[&length[..], &[1, b'k'], &bytes[..]].concat()));
    }

    fn any_value() -> impl Strategy<Value = AMQPValue> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(AMQPValue::Boolean),
            any::<i8>().prop_map(AMQPValue::ShortShortInt),
            any::<u8>().prop_map(AMQPValue::ShortShortUInt),
            any::<i16>().prop_map(AMQPValue::ShortInt),
            any::<u16>().prop_map(AMQPValue::ShortUInt),
            any::<i32>().prop_map(AMQPValue::LongInt),
            any::<u32>().prop_map(AMQPValue::LongUInt),
            any::<i64>().prop_map(AMQPValue::LongLongInt),
            any::<f32>().prop_map(AMQPValue::Float),
            any::<f64>().prop_map(AMQPValue::Double),
            any::<u64>().prop_map(AMQPValue::Timestamp),
            (any::<u8>(), any::<u32>())
                .prop_map(|(scale, value)| AMQPValue::DecimalValue(DecimalValue { scale, value })),
            ".{0,9}".prop_map(|text| AMQPValue::LongString(text.into())),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| AMQPValue::ByteArray(bytes.into())),
            Just(AMQPValue::Void),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|values| AMQPValue::FieldArray(FieldArray::from(values))),
                any_table(inner).prop_map(AMQPValue::FieldTable),
            ]
        })
    }

    fn any_table(value: impl Strategy<Value = AMQPValue>) -> impl Strategy<Value = FieldTable> {
        prop::collection::vec(("[a-z]{1,5}", value), 0..4).prop_map(|entries| {
            let mut table = FieldTable::default();
            for (key, value) in entries {
                table.insert(key.into(), value);
            }
            table
        })
    }

    proptest! {
        #[test]
        fn every_shallow_table_passes(table in any_table(any_value())) {
            prop_assert!(passes(&encode(&table)));
        }

        #[test]
        fn agrees_with_the_parser_on_mutated_tables(
            table in any_table(any_value()), at in any::<prop::sample::Index>(), octet in any::<u8>(),
        ) {
            let mut bytes = encode(&table);
            let at = at.index(bytes.len());
            bytes[at] = octet;
            // The parser alone also refuses keys that are no UTF-8.
            if matches!(parse_field_table(&bytes[..]), Ok((rest, _)) if rest.is_empty()) {
                prop_assert!(passes(&bytes));
            }
        }
    }
}
