//! Reading and writing the socket.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::Decoder;

use super::{Driver, End, Life, outbound::SLICES};
use crate::codec::Item;

/// Bytes taken from the socket at a time, on the stack.
const READ_MAX: usize = 16 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(super) fn poll_input(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if !self.reads() || self.stage.peer_done {
            return Ok(false);
        }
        if self.backlog {
            self.take_input();
            return Ok(true);
        }
        let mut scratch = [const { MaybeUninit::uninit() }; READ_MAX];
        let mut buffer = ReadBuf::uninit(&mut scratch);
        match Pin::new(&mut self.io).poll_read(context, &mut buffer) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(End::Io(error.kind())),
            Poll::Ready(Ok(())) => self.received(buffer.filled()).map(|()| true),
        }
    }

    fn received(&mut self, bytes: &[u8]) -> Result<(), End> {
        if bytes.is_empty() {
            self.stage.peer_done = true;
            // A peer that closed properly may shut its half before it has heard the last word.
            return if self.stage.hanging_up() {
                Ok(())
            } else {
                Err(End::PeerGone)
            };
        }
        self.clock.note_read();
        self.readings.bytes_received += bytes.len() as u64;
        if !self.stage.hanging_up() {
            self.inbound.extend_from_slice(bytes);
            self.take_input();
        }
        Ok(())
    }

    /// Gives whole frames to the machine, as long as it takes them.
    fn take_input(&mut self) {
        self.backlog = true;
        while self.reads() && !self.stage.hanging_up() {
            match self.decoder.decode(&mut self.inbound) {
                Ok(Some(Item::ProtocolHeader)) => self.machine.on_protocol_header(),
                Ok(Some(Item::Frame(frame))) => {
                    self.readings.frames_received += 1;
                    self.machine.on_frame(&frame);
                }
                Ok(None) => {
                    self.backlog = false;
                    break;
                }
                Err(fault) => self.machine.on_unreadable(&fault),
            }
            if self.machine.has_effects() {
                self.apply();
            }
        }
        self.backlog &= !self.stage.hanging_up();
        self.apply();
    }

    pub(super) fn poll_output(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if !self.outbound.is_empty() && !self.stage.writing {
            self.stage.writing = true;
            self.clock.note_write();
        }
        let mut progress = false;
        while !self.outbound.is_empty() {
            let Poll::Ready(written) = self.poll_write(context) else {
                return Ok(progress);
            };
            self.wrote(written)?;
            progress = true;
        }
        let finished = self.poll_finish(context)?;
        self.stage.writing = self.stage.unflushed;
        Ok(finished || progress)
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        if !io.is_write_vectored() {
            return io.poll_write(context, self.outbound.first());
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        io.poll_write_vectored(context, self.outbound.slices(&mut slices))
    }

    fn wrote(&mut self, written: io::Result<usize>) -> Result<(), End> {
        match written {
            Ok(0) => Err(End::PeerGone),
            Ok(count) => {
                self.outbound.written(count);
                self.clock.note_write();
                self.stage.unflushed = true;
                Ok(())
            }
            Err(error) => Err(End::Io(error.kind())),
        }
    }

    /// After the last byte: flush, and shut the socket when hanging up. Whether something was finished.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if self.stage.unflushed {
            let Poll::Ready(flushed) = Pin::new(&mut self.io).poll_flush(context) else {
                return Ok(false);
            };
            flushed.map_err(|error| End::Io(error.kind()))?;
            self.stage.unflushed = false;
        }
        if self.stage.life == Life::HangingUp {
            let Poll::Ready(shut) = Pin::new(&mut self.io).poll_shutdown(context) else {
                return Ok(false);
            };
            shut.map_err(|error| End::Io(error.kind()))?;
            self.stage.life = Life::Shut;
            return Ok(true);
        }
        if self.stage.life == Life::Shut && self.stage.peer_done {
            Err(End::Closed)
        } else {
            Ok(false)
        }
    }
}
