//! Frames: a type octet, a channel, a length, the payload and an end octet (specification 4.2.3).
//!
//! The decoder looks at a length before it buffers anything and refuses what exceeds the negotiated
//! `frame-max`.

use std::io;

use amq_protocol::protocol::constants::{FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_HEARTBEAT, FRAME_METHOD};
use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::reader::Reader;

/// Bytes of a frame around its payload: type, channel, length and end octet.
pub const FRAME_OVERHEAD: usize = 8;
/// Bytes before the payload.
const FRAME_HEAD: usize = 7;
/// What a client of AMQP 0-9-1 says first.
pub const PROTOCOL_HEADER: [u8; 8] = *b"AMQP\x00\x00\x09\x01";

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A method with its arguments.
    Method,
    /// A content header. Clients of this endpoint have no reason to send one.
    Header,
    /// A piece of content, likewise.
    Body,
    /// A sign of life.
    Heartbeat,
}

/// One complete frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is.
    pub kind: FrameKind,
    /// Channel number, 0 for the connection itself.
    pub channel: u16,
    /// Payload without head and end octet.
    pub payload: Bytes,
}

/// What comes out of the decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The right protocol header, always first.
    ProtocolHeader,
    /// A frame.
    Frame(Frame),
}

/// Bytes that are no frame. The stream cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum FrameFault {
    /// The first bytes are not `AMQP 0 0 9 1`.
    #[error("the protocol header is not that of AMQP 0-9-1")]
    ProtocolHeader,
    /// A type octet that AMQP 0-9-1 does not know.
    #[error("unknown frame type {0}")]
    UnknownType(u8),
    /// A frame over the negotiated size.
    #[error("frame of {size} bytes exceeds frame-max {max}")]
    TooLarge {
        /// Announced size with overhead.
        size: u64,
        /// Allowed size with overhead.
        max: u32,
    },
    /// The payload is not followed by the end octet.
    #[error("frame does not end with octet 206 but {0}")]
    End(u8),
    /// Never made by the decoder itself; `Decoder` demands it.
    #[error("input failed")]
    Io(#[from] io::Error),
}

/// Cuts a byte stream into frames.
#[derive(Debug)]
pub struct FrameDecoder {
    started: bool,
    frame_max: u32,
}

impl FrameDecoder {
    /// A decoder that expects the protocol header and then frames of at most `frame_max` bytes, overhead
    /// included.
    pub fn new(frame_max: u32) -> Self {
        Self {
            started: false,
            frame_max,
        }
    }

    /// Sets the size that `tune-ok` settled, overhead included.
    pub fn set_frame_max(&mut self, frame_max: u32) {
        self.frame_max = frame_max;
    }

    /// Refuses a wrong header at its first wrong byte: someone who speaks TLS or HTTP here is told at once.
    fn protocol_header(&mut self, source: &mut BytesMut) -> Result<Option<Item>, FrameFault> {
        if source
            .iter()
            .zip(PROTOCOL_HEADER)
            .any(|(got, expected)| *got != expected)
        {
            return Err(FrameFault::ProtocolHeader);
        }
        if source.len() < PROTOCOL_HEADER.len() {
            return Ok(None);
        }
        source.advance(PROTOCOL_HEADER.len());
        self.started = true;
        Ok(Some(Item::ProtocolHeader))
    }

    fn head(&self, source: &[u8]) -> Result<Option<Head>, FrameFault> {
        let mut reader = Reader::new(source);
        let Some(octet) = reader.u8() else { return Ok(None) };
        let kind = kind(octet)?;
        let (Some(channel), Some(length)) = (reader.u16(), reader.u32()) else {
            return Ok(None);
        };
        let size = u64::from(length) + FRAME_OVERHEAD as u64;
        if size > u64::from(self.frame_max) {
            return Err(FrameFault::TooLarge {
                size,
                max: self.frame_max,
            });
        }
        // Cannot fail: it is at most `frame_max`, and a usize has 32 bits or more on every platform with
        // sockets.
        Ok(usize::try_from(length).ok().map(|length| Head {
            kind,
            channel,
            length,
        }))
    }
}

struct Head {
    kind: FrameKind,
    channel: u16,
    length: usize,
}

fn kind(octet: u8) -> Result<FrameKind, FrameFault> {
    match octet {
        FRAME_METHOD => Ok(FrameKind::Method),
        FRAME_HEADER => Ok(FrameKind::Header),
        FRAME_BODY => Ok(FrameKind::Body),
        FRAME_HEARTBEAT => Ok(FrameKind::Heartbeat),
        other => Err(FrameFault::UnknownType(other)),
    }
}

impl Decoder for FrameDecoder {
    type Item = Item;
    type Error = FrameFault;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Item>, FrameFault> {
        if !self.started {
            return self.protocol_header(source);
        }
        let Some(Head {
            kind,
            channel,
            length,
        }) = self.head(source)?
        else {
            return Ok(None);
        };
        let Some(&end) = source.get(FRAME_HEAD + length) else {
            return Ok(None);
        };
        if end != FRAME_END {
            return Err(FrameFault::End(end));
        }
        source.advance(FRAME_HEAD);
        let payload = source.split_to(length).freeze();
        source.advance(1);
        Ok(Some(Item::Frame(Frame {
            kind,
            channel,
            payload,
        })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn started(frame_max: u32) -> FrameDecoder {
        let mut decoder = FrameDecoder::new(frame_max);
        let mut header = BytesMut::from(&PROTOCOL_HEADER[..]);
        assert_eq!(decoder.decode(&mut header).unwrap(), Some(Item::ProtocolHeader));
        decoder
    }

    fn frame(payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[FRAME_METHOD, 0, 7], &length[..], payload, &[FRAME_END]].concat()
    }

    #[test]
    fn a_wrong_protocol_header_is_refused_at_its_first_wrong_byte() {
        for garbage in [
            &b"G"[..],
            b"AMQX",
            b"AMQP\x01",
            b"AMQP\x00\x00\x09\x00",
            b"\x16\x03\x01",
        ] {
            let fault = FrameDecoder::new(4096).decode(&mut BytesMut::from(garbage));
            assert!(matches!(fault, Err(FrameFault::ProtocolHeader)), "{garbage:?}");
        }
    }

    #[test]
    fn an_incomplete_protocol_header_waits_for_more() {
        for length in 0..8 {
            let mut source = BytesMut::from(&PROTOCOL_HEADER[..length]);
            assert_eq!(FrameDecoder::new(4096).decode(&mut source).unwrap(), None);
        }
    }

    #[test]
    fn a_frame_over_the_bound_is_refused_from_its_head_alone() {
        let mut source = BytesMut::from(&[FRAME_METHOD, 0, 1, 0, 0, 0x10, 0][..]);
        let fault = started(4096 + 7).decode(&mut source);
        assert!(matches!(
            fault,
            Err(FrameFault::TooLarge {
                size: 4104,
                max: 4103
            })
        ));
        assert_eq!(started(4096 + 8).decode(&mut source).unwrap(), None);
    }

    #[test]
    fn an_unknown_type_is_refused_at_once() {
        let fault = started(4096).decode(&mut BytesMut::from(&[4][..]));
        assert!(matches!(fault, Err(FrameFault::UnknownType(4))));
    }

    #[test]
    fn a_wrong_end_octet_is_refused() {
        let mut bytes = frame(b"abc");
        *bytes.last_mut().unwrap() = 0xCD;
        let fault = started(4096).decode(&mut BytesMut::from(&bytes[..]));
        assert!(matches!(fault, Err(FrameFault::End(0xCD))));
    }

    proptest! {
        #[test]
        fn frames_come_out_whole_however_the_stream_is_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..6), cut in 1usize..20,
        ) {
            let stream: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload)).collect();
            let (mut decoder, mut source, mut read) = (started(4096), BytesMut::new(), Vec::new());
            for piece in stream.chunks(cut) {
                source.extend_from_slice(piece);
                while let Some(Item::Frame(frame)) = decoder.decode(&mut source).unwrap() {
                    prop_assert_eq!(frame.channel, 7);
                    read.push(frame.payload.to_vec());
                }
            }
            prop_assert_eq!(read, payloads);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (mut decoder, mut source) = (started(128), BytesMut::from(&bytes[..]));
            while let Ok(Some(_)) = decoder.decode(&mut source) {}
        }
    }
}
