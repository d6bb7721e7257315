//! Bytes on their way to the peer: small frames gathered in one buffer, large bodies by reference.
//!
//! The order of bytes is: sealed pieces, then the tail. [`Outbound::written`] keeps what is unsent.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    codec::{
        encode::{self, Deliver},
        frame::FRAME_OVERHEAD,
    },
    delivery::Delivery,
};

/// From this size on a piece of body is referred to instead of copied.
const BY_REFERENCE: usize = 8 * 1024;
/// Pieces given to one write.
pub(super) const SLICES: usize = 32;
/// Control frames that may wait before input is no longer read: a peer that asks without reading answers.
const CONTROL_MAX: usize = 64 * 1024;

/// Unsent bytes of one connection.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    sealed: VecDeque<Bytes>,
    tail: BytesMut,
    /// Unsent bytes in `sealed`.
    sealed_length: usize,
    /// Bytes ever sent, to know when control frames have left.
    sent: u64,
    /// Unsent bytes of control frames, or more: counted until the last of them has left.
    control: usize,
    /// Where in the stream the last control frame ends.
    control_end: u64,
    /// Frames ever queued.
    frames: u64,
}

impl Outbound {
    /// Unsent bytes.
    pub(super) fn len(&self) -> usize {
        self.sealed_length + self.tail.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes ever sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Frames ever queued.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether so many answers wait that no more questions should be read.
    pub(super) fn is_clogged(&self) -> bool {
        self.control > CONTROL_MAX
    }

    /// Queues a frame that is no delivery.
    pub(super) fn control(&mut self, frame: &[u8]) {
        self.tail.extend_from_slice(frame);
        self.frames += 1;
        self.control += frame.len();
        self.control_end = self.sent + self.len() as u64;
    }

    /// Queues a delivery: method, content header and the body in frames of at most `frame_max` bytes.
    pub(super) fn delivery(&mut self, deliver: &Deliver<'_>, delivery: &Delivery, frame_max: usize) {
        let (properties, body) = (delivery.properties.as_bytes(), &delivery.body);
        let head = deliver.length(properties.len());
        let copied = if body.len() < BY_REFERENCE {
            body.len() + FRAME_OVERHEAD
        } else {
            0
        };
        self.tail.reserve(head + copied);
        deliver.put(&mut self.tail);
        encode::put_content_header(&mut self.tail, deliver.channel, body.len(), properties);
        self.frames += 2;
        self.body(
            deliver.channel,
            body,
            frame_max.saturating_sub(FRAME_OVERHEAD).max(1),
        );
    }

    fn body(&mut self, channel: u16, body: &Bytes, piece_max: usize) {
        let mut rest = body.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(piece_max.min(rest.len()));
            encode::put_body_head(&mut self.tail, channel, piece.len());
            self.append(piece);
            encode::put_frame_end(&mut self.tail);
            self.frames += 1;
        }
    }

    fn append(&mut self, piece: Bytes) {
        if piece.len() < BY_REFERENCE {
            self.tail.extend_from_slice(&piece);
            return;
        }
        let before = self.tail.split().freeze();
        for bytes in [before, piece] {
            self.sealed_length += bytes.len();
            self.sealed.push_back(bytes);
        }
    }

    /// Fills `slices` with the first unsent bytes and returns those that are set.
    pub(super) fn slices<'a, 's>(&'a self, slices: &'s mut [IoSlice<'a>; SLICES]) -> &'s [IoSlice<'a>] {
        let pieces = self
            .sealed
            .iter()
            .map(|piece| &piece[..])
            .chain(std::iter::once(&self.tail[..]));
        let mut used = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slot = IoSlice::new(piece);
            used += 1;
        }
        slices.get(..used).unwrap_or_default()
    }

    /// The first unsent bytes that lie together.
    pub(super) fn first(&self) -> &[u8] {
        self.sealed
            .iter()
            .map(|piece| &piece[..])
            .find(|piece| !piece.is_empty())
            .unwrap_or(&self.tail)
    }

    /// Takes note that so many bytes were sent.
    pub(super) fn written(&mut self, count: usize) {
        let mut rest = count;
        while let Some(piece) = self.sealed.front_mut().filter(|_| rest > 0) {
            let part = rest.min(piece.len());
            piece.advance(part);
            self.sealed_length -= part;
            rest -= part;
            if piece.is_empty() {
                self.sealed.pop_front();
            }
        }
        self.tail.advance(rest.min(self.tail.len()));
        self.sent += count as u64;
        if self.sent >= self.control_end {
            self.control = 0;
        }
    }

    /// Gives memory back when nothing is unsent.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            self.tail = BytesMut::new();
            self.sealed = VecDeque::new();
        }
    }

    /// Whether [`Outbound::release`] would free something.
    pub(super) fn holds_memory(&self) -> bool {
        self.tail.capacity() > 0 || self.sealed.capacity() > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        DeliveryId, Properties, ShortText,
        codec::frame::{FrameDecoder, FrameKind, Item, PROTOCOL_HEADER},
    };

    fn delivery(body: Vec<u8>) -> Delivery {
        Delivery {
            id: DeliveryId(1),
            redelivered: false,
            exchange: ShortText::default(),
            routing_key: ShortText::new("key").unwrap(),
            properties: Properties::default().encode().unwrap(),
            body: Bytes::from(body),
        }
    }

    fn queue(outbound: &mut Outbound, body: Vec<u8>, frame_max: usize) {
        let deliver = Deliver {
            channel: 1,
            consumer_tag: "tag",
            delivery_tag: 1,
            redelivered: false,
            exchange: "",
            routing_key: "key",
        };
        outbound.delivery(&deliver, &delivery(body), frame_max);
    }

    fn send_all(outbound: &mut Outbound, step: usize) -> Vec<u8> {
        let mut sent = Vec::new();
        while !outbound.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let joined: Vec<u8> = outbound
                .slices(&mut slices)
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            assert!(joined.starts_with(outbound.first()) && !outbound.first().is_empty());
            let part = step.min(joined.len());
            sent.extend_from_slice(&joined[..part]);
            outbound.written(part);
        }
        sent
    }

    fn bodies(sent: &[u8], frame_max: u32) -> (Vec<u8>, usize) {
        use tokio_util::codec::Decoder;
        let mut decoder = FrameDecoder::new(frame_max);
        let mut source = BytesMut::from(&[&PROTOCOL_HEADER[..], sent].concat()[..]);
        let (mut body, mut frames) = (Vec::new(), 0);
        while let Some(item) = decoder.decode(&mut source).unwrap() {
            if let Item::Frame(frame) = item {
                frames += 1;
                if frame.kind == FrameKind::Body {
                    body.extend_from_slice(&frame.payload);
                }
            }
        }
        assert!(source.is_empty());
        (body, frames)
    }

    proptest! {
        #[test]
        fn bodies_arrive_whole_in_frames_of_the_negotiated_size(
            lengths in prop::collection::vec(prop_oneof![0usize..50, 8_000usize..40_000], 1..5),
            frame_max in prop_oneof![Just(4096u32), Just(20_000), Just(131_072)], step in 1000usize..60_000,
        ) {
            let mut outbound = Outbound::default();
            let octet = |at: usize, seed: usize| u8::try_from((at * 7 + seed) % 251).unwrap();
            let whole: Vec<Vec<u8>> = lengths
                .iter()
                .enumerate()
                .map(|(seed, length)| (0..*length).map(|at| octet(at, seed)).collect())
                .collect();
            for body in &whole {
                queue(&mut outbound, body.clone(), frame_max as usize);
            }
            let queued = outbound.len();
            let sent = send_all(&mut outbound, step);
            prop_assert_eq!(sent.len(), queued);
            prop_assert_eq!(outbound.sent(), queued as u64);
            let (body, frames) = bodies(&sent, frame_max);
            prop_assert_eq!(body, whole.concat());
            prop_assert_eq!(outbound.frames(), frames as u64);
        }
    }

    #[test]
    fn a_large_body_is_not_copied() {
        let mut outbound = Outbound::default();
        queue(&mut outbound, vec![1; 1 << 20], 131_072);
        assert!(outbound.tail.capacity() < 4096, "{}", outbound.tail.capacity());
    }

    #[test]
    fn small_deliveries_lie_in_one_piece() {
        let mut outbound = Outbound::default();
        (0..100).for_each(|_| queue(&mut outbound, vec![1; 1000], 131_072));
        assert_eq!(outbound.first().len(), outbound.len());
    }

    #[test]
    fn unread_answers_clog_and_deliveries_do_not() {
        let mut outbound = Outbound::default();
        queue(&mut outbound, vec![1; 200_000], 131_072);
        assert!(!outbound.is_clogged());
        (0..=CONTROL_MAX / 8).for_each(|_| outbound.control(&encode::HEARTBEAT));
        assert!(outbound.is_clogged());
        queue(&mut outbound, vec![1; 200_000], 131_072);
        outbound.written(200_000);
        assert!(outbound.is_clogged());
        outbound.written(CONTROL_MAX + 1000);
        assert!(!outbound.is_clogged() && !outbound.is_empty());
    }

    #[test]
    fn memory_is_given_back_only_when_everything_is_sent() {
        let mut outbound = Outbound::default();
        queue(&mut outbound, vec![1; 10], 4096);
        outbound.release();
        assert!(outbound.holds_memory() && !outbound.is_empty());
        send_all(&mut outbound, 7);
        outbound.release();
        assert!(!outbound.holds_memory());
    }
}
