//! Bytes from the wire to frames to methods: whole and in pieces, with the same outcome and a bounded buffer.
#![no_main]

use std::iter;

use bytes::BytesMut;
use fiks_amqp::codec::{FrameDecoder, FrameKind, Item, Method, method};
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder as _;

const FRAME_MAX: usize = 4096;

fuzz_target!(|wire: &[u8]| {
    let whole = read(wire, iter::repeat(wire.len().max(1)));
    // The input is its own list of lengths, so that the fuzzer moves the cuts too.
    let lengths = wire.iter().cycle().map(|octet| 1 + usize::from(*octet));
    assert_eq!(whole, read(wire, lengths));
});

/// What was read of a wire, and why it can't be read further.
#[derive(Debug, PartialEq)]
struct Seen {
    items: Vec<Item>,
    methods: Vec<Result<Method, String>>,
    fault: Option<String>,
}

fn read(mut wire: &[u8], mut lengths: impl Iterator<Item = usize>) -> Seen {
    let mut decoder = FrameDecoder::new(FRAME_MAX as u32);
    let mut buffer = BytesMut::new();
    let mut seen = Seen {
        items: Vec::new(),
        methods: Vec::new(),
        fault: None,
    };
    while !wire.is_empty() && seen.fault.is_none() {
        let (piece, rest) = wire.split_at(lengths.next().unwrap_or(1).min(wire.len()));
        buffer.extend_from_slice(piece);
        wire = rest;
        seen.drain(&mut decoder, &mut buffer);
    }
    seen
}

impl Seen {
    fn drain(&mut self, decoder: &mut FrameDecoder, buffer: &mut BytesMut) {
        loop {
            match decoder.decode(buffer) {
                Ok(Some(item)) => self.take(item),
                Ok(None) => break,
                Err(fault) => return self.fault = Some(fault.to_string()),
            }
        }
        assert!(buffer.len() < FRAME_MAX, "waits for more than a frame can be");
    }

    fn take(&mut self, item: Item) {
        if let Item::Frame(frame) = &item
            && frame.kind == FrameKind::Method
        {
            let decoded = method::decode(&frame.payload);
            let method = decoded.map(|(_, method)| method);
            self.methods.push(method.map_err(|fault| fault.to_string()));
        }
        self.items.push(item);
    }
}
