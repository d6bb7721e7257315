//! Frames to bytes.
//!
//! Control methods go through `amq-protocol`'s generators. A delivery, the one thing sent thousands of times
//! a second, is written here straight into the connection's buffer; a test holds it against the generated
//! encoder.

use amq_protocol::{
    frame::{AMQPFrame, gen_frame},
    protocol::{
        AMQPClass,
        constants::{FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD},
    },
};
use bytes::BufMut;

use super::frame::FRAME_OVERHEAD;

/// Class `basic` and its method `deliver`.
const BASIC: u16 = 60;
const DELIVER: u16 = 60;
/// Content header before the properties: class, weight, body size.
const CONTENT_HEAD: usize = 12;
/// `basic.deliver` without its three short strings: class, method, tag, bits and three lengths.
const DELIVER_FIXED: usize = 4 + 8 + 1 + 3;

/// A heartbeat frame.
pub(crate) const HEARTBEAT: [u8; 8] = [8, 0, 0, 0, 0, 0, 0, FRAME_END];

/// A method frame. Empty when the generator fails, which it cannot on a growing buffer.
pub(crate) fn method(channel: u16, class: AMQPClass) -> Vec<u8> {
    let frame = AMQPFrame::Method(channel, class);
    gen_frame(&frame)(Vec::with_capacity(64).into())
        .map(|written| written.into_inner().0)
        .unwrap_or_default()
}

/// What `basic.deliver` says about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deliver<'a> {
    pub(crate) channel: u16,
    pub(crate) consumer_tag: &'a str,
    pub(crate) delivery_tag: u64,
    pub(crate) redelivered: bool,
    pub(crate) exchange: &'a str,
    pub(crate) routing_key: &'a str,
}

impl Deliver<'_> {
    fn payload_length(&self) -> usize {
        DELIVER_FIXED + self.consumer_tag.len() + self.exchange.len() + self.routing_key.len()
    }

    /// Writes the method frame.
    pub(crate) fn put(&self, out: &mut impl BufMut) {
        put_head(out, FRAME_METHOD, self.channel, self.payload_length());
        out.put_u16(BASIC);
        out.put_u16(DELIVER);
        put_short(out, self.consumer_tag);
        out.put_u64(self.delivery_tag);
        out.put_u8(u8::from(self.redelivered));
        put_short(out, self.exchange);
        put_short(out, self.routing_key);
        out.put_u8(FRAME_END);
    }

    /// Bytes that method and content header take on the wire, for reserving them at once.
    pub(crate) fn length(&self, properties: usize) -> usize {
        self.payload_length() + CONTENT_HEAD + properties + 2 * FRAME_OVERHEAD
    }
}

/// Bytes of a content header frame with so many bytes of properties.
pub(crate) fn content_header_length(properties: usize) -> usize {
    CONTENT_HEAD + properties + FRAME_OVERHEAD
}

/// Writes a content header frame with properties that are encoded already.
pub(crate) fn put_content_header(out: &mut impl BufMut, channel: u16, body_size: usize, properties: &[u8]) {
    put_head(out, FRAME_HEADER, channel, CONTENT_HEAD + properties.len());
    out.put_u16(BASIC);
    out.put_u16(0);
    out.put_u64(body_size as u64);
    out.put_slice(properties);
    out.put_u8(FRAME_END);
}

/// Writes what comes before a piece of body of `length` bytes.
pub(crate) fn put_body_head(out: &mut impl BufMut, channel: u16, length: usize) {
    put_head(out, FRAME_BODY, channel, length);
}

/// Writes what follows a piece of body.
pub(crate) fn put_frame_end(out: &mut impl BufMut) {
    out.put_u8(FRAME_END);
}

/// Lengths here are bounded by `frame-max`, a u32, before anything is written.
#[expect(
    clippy::cast_possible_truncation,
    reason = "frames are cut to frame-max, which is a u32"
)]
fn put_head(out: &mut impl BufMut, kind: u8, channel: u16, length: usize) {
    out.put_u8(kind);
    out.put_u16(channel);
    out.put_u32(length as u32);
}

/// Short strings are at most 255 bytes by their types (`ShortString`, `ShortText`).
#[expect(
    clippy::cast_possible_truncation,
    reason = "the text's type bounds its length to 255 bytes"
)]
fn put_short(out: &mut impl BufMut, text: &str) {
    out.put_u8(text.len() as u8);
    out.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use amq_protocol::{
        frame::{AMQPContentHeader, parse_frame},
        protocol::basic,
    };

    use super::*;
    use crate::Properties;

    fn generated(frame: &AMQPFrame) -> Vec<u8> {
        gen_frame(frame)(Vec::new().into()).unwrap().into_inner().0
    }

    #[test]
    fn a_delivery_is_written_as_the_generated_encoder_writes_it() {
        let deliver = Deliver {
            channel: 3,
            consumer_tag: "tag",
            delivery_tag: 1 << 33,
            redelivered: true,
            exchange: "",
            routing_key: "key",
        };
        let method = basic::AMQPMethod::Deliver(basic::Deliver {
            consumer_tag: "tag".into(),
            delivery_tag: 1 << 33,
            redelivered: true,
            exchange: "".into(),
            routing_key: "key".into(),
        });
        let mut written = Vec::new();
        deliver.put(&mut written);
        assert_eq!(
            written,
            generated(&AMQPFrame::Method(3, AMQPClass::Basic(method)))
        );
        put_content_header(&mut written, 3, 5, &[0, 0]);
        assert_eq!(written.len(), deliver.length(2));
    }

    #[test]
    fn a_content_header_is_written_as_the_generated_encoder_writes_it() {
        let properties = Properties {
            headers: vec![("a", "b")],
            kind: Some("k"),
            ..Properties::default()
        };
        let mut written = Vec::new();
        put_content_header(&mut written, 9, 77, properties.encode().unwrap().as_bytes());
        let (rest, frame) = parse_frame(&written[..]).unwrap();
        let AMQPFrame::Header(
            9,
            AMQPContentHeader {
                class_id: 60,
                body_size: 77,
                ..
            },
        ) = frame
        else {
            panic!("{frame:?}")
        };
        assert!(rest.is_empty());
        assert_eq!(written, generated(&frame));
    }

    #[test]
    fn a_body_frame_and_a_heartbeat_are_written_as_the_generated_encoder_writes_them() {
        let mut written = Vec::new();
        put_body_head(&mut written, 2, 3);
        written.extend_from_slice(b"abc");
        put_frame_end(&mut written);
        assert_eq!(written, generated(&AMQPFrame::Body(2, b"abc".to_vec())));
        assert_eq!(HEARTBEAT[..], generated(&AMQPFrame::Heartbeat));
    }
}
