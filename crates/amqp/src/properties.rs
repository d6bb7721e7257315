//! Message properties, encoded once and stored or sent as they are.
//!
//! Header values are long strings by construction: a client that casts every header to bytes (contract
//! fiks-io §8.4) never meets another type. The encoding is the property list of a content header: two bytes
//! of flags, then the values in the order of their flags, high bit first.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{Error, codec::reader::Reader};

/// Most bytes that [`EncodedProperties`] may hold: what fits in one frame of 131,072 bytes beside the 8 bytes
/// of the frame and the 12 of the content header.
pub const MAX_PROPERTIES: usize = 131_072 - 8 - 12;

const CONTENT_TYPE: u16 = 1 << 15;
const CONTENT_ENCODING: u16 = 1 << 14;
const HEADERS: u16 = 1 << 13;
const DELIVERY_MODE: u16 = 1 << 12;
const PRIORITY: u16 = 1 << 11;
const CORRELATION_ID: u16 = 1 << 10;
const REPLY_TO: u16 = 1 << 9;
const EXPIRATION: u16 = 1 << 8;
const MESSAGE_ID: u16 = 1 << 7;
const TIMESTAMP: u16 = 1 << 6;
const KIND: u16 = 1 << 5;
const USER_ID: u16 = 1 << 4;
const APP_ID: u16 = 1 << 3;
const CLUSTER_ID: u16 = 1 << 2;
/// Flags without a property; the last would announce a second word of flags.
const UNKNOWN: u16 = 0b11;

/// The type octet of a long string in a table.
const LONG_STRING: u8 = b'S';
/// `delivery-mode` of a message that survives a restart.
const PERSISTENT: u8 = 2;

/// Properties of a message, borrowed from wherever they are until [`Properties::encode`] is called.
#[derive(Debug, Clone, Default)]
pub struct Properties<'a> {
    /// Header table, in this order; it is sent even when empty.
    pub headers: Vec<(&'a str, &'a str)>,
    /// `content-type`.
    pub content_type: Option<&'a str>,
    /// Whether `delivery-mode` says persistent (2). Otherwise the property is left out.
    pub persistent: bool,
    /// `correlation-id`.
    pub correlation_id: Option<&'a str>,
    /// `expiration` in milliseconds; decimal text on the wire.
    pub expiration: Option<u64>,
    /// `message-id`.
    pub message_id: Option<&'a str>,
    /// `timestamp` in seconds since 1970.
    pub timestamp: Option<u64>,
    /// `type`.
    pub kind: Option<&'a str>,
    /// `app-id`.
    pub app_id: Option<&'a str>,
}

impl Properties<'_> {
    /// The bytes that go into a content header.
    ///
    /// # Errors
    /// [`Error::ShortStringTooLong`] for a header name or property over 255 bytes,
    /// [`Error::PropertiesTooLarge`] when all together do not fit in one frame.
    pub fn encode(&self) -> Result<EncodedProperties, Error> {
        let mut out = BytesMut::with_capacity(64 + self.headers_length());
        out.put_u16(self.flags());
        put_optional(&mut out, self.content_type)?;
        self.put_headers(&mut out)?;
        if self.persistent {
            out.put_u8(PERSISTENT);
        }
        put_optional(&mut out, self.correlation_id)?;
        put_optional(
            &mut out,
            self.expiration.map(|millis| millis.to_string()).as_deref(),
        )?;
        put_optional(&mut out, self.message_id)?;
        if let Some(seconds) = self.timestamp {
            out.put_u64(seconds);
        }
        put_optional(&mut out, self.kind)?;
        put_optional(&mut out, self.app_id)?;
        if out.len() > MAX_PROPERTIES {
            return Err(Error::PropertiesTooLarge {
                length: out.len(),
                max: MAX_PROPERTIES,
            });
        }
        Ok(EncodedProperties(out.freeze()))
    }

    fn flags(&self) -> u16 {
        let flag = |present: bool, bit: u16| if present { bit } else { 0 };
        HEADERS
            | flag(self.content_type.is_some(), CONTENT_TYPE)
            | flag(self.persistent, DELIVERY_MODE)
            | flag(self.correlation_id.is_some(), CORRELATION_ID)
            | flag(self.expiration.is_some(), EXPIRATION)
            | flag(self.message_id.is_some(), MESSAGE_ID)
            | flag(self.timestamp.is_some(), TIMESTAMP)
            | flag(self.kind.is_some(), KIND)
            | flag(self.app_id.is_some(), APP_ID)
    }

    /// Bytes of the header table after its own length field.
    fn headers_length(&self) -> usize {
        self.headers
            .iter()
            .map(|(name, value)| 1 + name.len() + 1 + 4 + value.len())
            .sum()
    }

    fn put_headers(&self, out: &mut BytesMut) -> Result<(), Error> {
        out.put_u32(length_field(self.headers_length())?);
        for (name, value) in &self.headers {
            put_short(out, name)?;
            out.put_u8(LONG_STRING);
            out.put_u32(length_field(value.len())?);
            out.put_slice(value.as_bytes());
        }
        Ok(())
    }
}

fn length_field(length: usize) -> Result<u32, Error> {
    u32::try_from(length).map_err(|_| Error::PropertiesTooLarge {
        length,
        max: MAX_PROPERTIES,
    })
}

fn put_optional(out: &mut BytesMut, text: Option<&str>) -> Result<(), Error> {
    text.map_or(Ok(()), |text| put_short(out, text))
}

fn put_short(out: &mut BytesMut, text: &str) -> Result<(), Error> {
    let length = u8::try_from(text.len()).map_err(|_| Error::ShortStringTooLong { length: text.len() })?;
    out.put_u8(length);
    out.put_slice(text.as_bytes());
    Ok(())
}

/// Properties as they go on the wire. Cheap to clone; a store may keep [`EncodedProperties::as_bytes`] and
/// hand them back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedProperties(Bytes);

impl EncodedProperties {
    /// The encoding, for a store.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

/// Takes back what [`EncodedProperties::as_bytes`] gave, after walking through it once: no allocation.
impl TryFrom<Bytes> for EncodedProperties {
    type Error = Error;

    fn try_from(stored: Bytes) -> Result<Self, Error> {
        if stored.len() > MAX_PROPERTIES {
            return Err(Error::PropertiesTooLarge {
                length: stored.len(),
                max: MAX_PROPERTIES,
            });
        }
        walk(&mut Reader::new(&stored)).ok_or(Error::MalformedProperties)?;
        Ok(Self(stored))
    }
}

/// Reads every property and demands that nothing is left over.
fn walk(reader: &mut Reader<'_>) -> Option<()> {
    let flags = reader.u16()?;
    let short = |reader: &mut Reader<'_>, bits: u16| -> Option<()> {
        (0..(flags & bits).count_ones()).try_for_each(|_| reader.short_string().map(drop))
    };
    short(reader, CONTENT_TYPE | CONTENT_ENCODING)?;
    if flags & HEADERS != 0 {
        walk_headers(&mut Reader::new(reader.long_string()?))?;
    }
    let octets = (flags & (DELIVERY_MODE | PRIORITY)).count_ones();
    reader.skip(usize::try_from(octets).ok()?)?;
    short(reader, CORRELATION_ID | REPLY_TO | EXPIRATION | MESSAGE_ID)?;
    if flags & TIMESTAMP != 0 {
        reader.skip(8)?;
    }
    short(reader, KIND | USER_ID | APP_ID | CLUSTER_ID)?;
    (flags & UNKNOWN == 0 && reader.is_empty()).then_some(())
}

fn walk_headers(reader: &mut Reader<'_>) -> Option<()> {
    while !reader.is_empty() {
        reader.short_string()?;
        if reader.u8()? != LONG_STRING {
            return None;
        }
        reader.long_string()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use amq_protocol::{
        protocol::basic::{AMQPProperties, parse_properties},
        types::AMQPValue,
    };
    use proptest::prelude::*;

    use super::*;

    fn parse(encoded: &EncodedProperties) -> AMQPProperties {
        let (rest, properties) = parse_properties(&encoded.as_bytes()[..]).unwrap();
        assert!(rest.is_empty());
        properties
    }

    fn full() -> Properties<'static> {
        Properties {
            headers: vec![("type", "ping"), ("melding-id", "1")],
            content_type: Some("application/octet-stream"),
            persistent: true,
            correlation_id: Some("c"),
            expiration: Some(1500),
            message_id: Some("m"),
            timestamp: Some(1_700_000_000),
            kind: Some("k"),
            app_id: Some("a"),
        }
    }

    #[test]
    fn a_foreign_parser_reads_every_property() {
        let read = parse(&full().encode().unwrap());
        assert_eq!(
            read.content_type().as_ref().unwrap().as_str(),
            "application/octet-stream"
        );
        assert_eq!(read.delivery_mode(), &Some(2));
        assert_eq!(read.correlation_id().as_ref().unwrap().as_str(), "c");
        assert_eq!(read.expiration().as_ref().unwrap().as_str(), "1500");
        assert_eq!(read.message_id().as_ref().unwrap().as_str(), "m");
        assert_eq!(read.timestamp(), &Some(1_700_000_000));
        assert_eq!(read.kind().as_ref().unwrap().as_str(), "k");
        assert_eq!(read.app_id().as_ref().unwrap().as_str(), "a");
        let headers = read.headers().as_ref().unwrap();
        assert_eq!(
            headers.inner().get("type"),
            Some(&AMQPValue::LongString("ping".into()))
        );
        assert_eq!(
            headers.inner().get("melding-id"),
            Some(&AMQPValue::LongString("1".into()))
        );
    }

    #[test]
    fn the_header_table_is_present_when_empty() {
        assert!(
            parse(&Properties::default().encode().unwrap())
                .headers()
                .is_some()
        );
    }

    #[test]
    fn refuses_what_the_wire_cannot_carry() {
        let long = "x".repeat(256);
        let name = Properties {
            headers: vec![(&long, "v")],
            ..Properties::default()
        };
        assert_eq!(name.encode(), Err(Error::ShortStringTooLong { length: 256 }));
        let property = Properties {
            kind: Some(&long),
            ..Properties::default()
        };
        assert_eq!(property.encode(), Err(Error::ShortStringTooLong { length: 256 }));
        let value = "x".repeat(MAX_PROPERTIES);
        let large = Properties {
            headers: vec![("h", &value)],
            ..Properties::default()
        };
        assert!(matches!(large.encode(), Err(Error::PropertiesTooLarge { .. })));
    }

    #[test]
    fn stored_properties_with_another_header_type_are_refused() {
        let encoded = full().encode().unwrap();
        let stored: Vec<u8> = encoded
            .as_bytes()
            .iter()
            .map(|&octet| if octet == b'S' { b'I' } else { octet })
            .collect();
        assert_eq!(
            EncodedProperties::try_from(Bytes::from(stored)),
            Err(Error::MalformedProperties)
        );
    }

    proptest! {
        #[test]
        fn stored_properties_come_back_unless_cut_or_prolonged(
            headers in prop::collection::vec(("[a-z-]{1,30}", ".{0,60}"), 0..6), cut in 0usize..40,
        ) {
            let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let encoded = Properties { headers, ..full() }.encode().unwrap();
            let stored = encoded.as_bytes().clone();
            prop_assert_eq!(EncodedProperties::try_from(stored.clone()), Ok(encoded));
            let longer = Bytes::from([&stored[..], &[0]].concat());
            prop_assert!(EncodedProperties::try_from(longer).is_err());
            let shorter = stored.slice(..stored.len() - 1 - cut.min(stored.len() - 1));
            prop_assert!(EncodedProperties::try_from(shorter).is_err());
        }

        #[test]
        fn arbitrary_stored_bytes_never_panic(stored in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = EncodedProperties::try_from(Bytes::from(stored));
        }
    }
}
