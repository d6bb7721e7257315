//! An archive read from front to end.

use flate2::{Decompress, FlushDecompress, Status};

use super::listing::{Entry, Listing};
use super::record::{
    self, CENTRAL, DEFLATED, DESCRIPTOR, END, END_64, FLAG_DESCRIPTOR, FLAG_ENCRYPTED, Fields, LOCAL,
    LOCATOR_64, STORED, Sizes,
};
use crate::{Error, Result};

/// Unpacked octets handed out at a time.
const PIECE: usize = 32 * 1024;

/// What the reader came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All input is used up.
    NeedInput,
    /// A file begins: see [`ZipReader::name`].
    Start,
    /// Content of the file: see [`ZipReader::data`].
    Data,
    /// The file has ended; size and checksum fit.
    End,
    /// The archive has ended.
    Finished,
}

/// Reads an archive from front to end, however the input is cut.
pub(crate) struct ZipReader {
    state: State,
    /// The record that is being collected.
    record: Vec<u8>,
    /// Octets taken before that record.
    offset: u64,
    entry: Entry,
    output: Box<[u8]>,
    produced: usize,
    local: Listing,
    central: Listing,
    central_start: Option<u64>,
    end_64: Option<u64>,
}

enum State {
    Record,
    Stored {
        rest: u64,
    },
    /// `rest` is the compressed size where the local header states it.
    Deflated {
        inflate: Box<Decompress>,
        rest: Option<u64>,
    },
    Descriptor,
    /// Checked; to be told.
    EntryDone,
    Finished,
}

impl ZipReader {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Record,
            record: Vec::new(),
            offset: 0,
            entry: Entry::empty(),
            output: vec![0; PIECE].into_boxed_slice(),
            produced: 0,
            local: Listing::new(),
            central: Listing::new(),
            central_start: None,
            end_64: None,
        }
    }

    /// The name of the present file.
    pub(crate) fn name(&self) -> &str {
        &self.entry.name
    }

    /// The content that the last step gave.
    pub(crate) fn data(&self) -> &[u8] {
        self.output.get(..self.produced).unwrap_or_default()
    }

    /// Takes input off the front until something happens.
    pub(crate) fn step(&mut self, input: &mut &[u8]) -> Result<Step> {
        loop {
            let step = match &mut self.state {
                State::Record => self.collect_record(input)?,
                State::Stored { .. } => self.copy(input)?,
                State::Deflated { .. } => self.inflate(input)?,
                State::Descriptor => self.collect_descriptor(input)?,
                State::EntryDone => {
                    self.state = State::Record;
                    Some(Step::End)
                }
                State::Finished if input.is_empty() => Some(Step::Finished),
                State::Finished => return Err(Error::TrailingData),
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// Whether the whole archive has been seen.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    fn malformed(&self, reason: &'static str) -> Error {
        Error::MalformedZip {
            offset: self.offset,
            reason,
        }
    }

    /// Takes octets until the record has `length`; `true` when it has.
    fn collect(&mut self, input: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.record.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or((*input, &[]));
        self.record.extend_from_slice(taken);
        *input = rest;
        self.record.len() >= length
    }

    fn collect_record(&mut self, input: &mut &[u8]) -> Result<Option<Step>> {
        loop {
            let length = record::length(&self.record).ok_or_else(|| self.malformed("unknown record"))?;
            if self.record.len() == length {
                break;
            }
            if !self.collect(input, length) {
                return Ok(Some(Step::NeedInput));
            }
        }
        let record = std::mem::take(&mut self.record);
        let step = self.dispatch(Fields(&record))?;
        self.offset += record.len() as u64;
        Ok(step)
    }

    fn dispatch(&mut self, record: Fields<'_>) -> Result<Option<Step>> {
        match (record.u32(0), self.central_start) {
            (LOCAL, None) => self.begin(record).map(Some),
            (CENTRAL, _) if self.end_64.is_none() => self.central_header(record),
            (END_64, Some(_)) if self.end_64.is_none() => self.end_64(record),
            (LOCATOR_64, Some(_)) => self.locator(record),
            (END, _) => self.end(record),
            _ => Err(self.malformed("record out of order")),
        }
    }

    fn begin(&mut self, record: Fields<'_>) -> Result<Step> {
        let (flags, method) = (record.u16(6), record.u16(8));
        if flags & FLAG_ENCRYPTED != 0 {
            return Err(self.malformed("encrypted file"));
        }
        let name_length = usize::from(record.u16(26));
        let extra = record.bytes(30 + name_length, usize::from(record.u16(28)));
        let sizes = Sizes::read(record.u32(22), record.u32(18), 0, extra);
        let mut sizes = sizes.ok_or_else(|| self.malformed("extra field"))?;
        sizes.offset = self.offset;
        let has_descriptor = flags & FLAG_DESCRIPTOR != 0;
        let name = std::str::from_utf8(record.bytes(30, name_length));
        self.entry = Entry {
            name: name
                .map_err(|_| self.malformed("file name is not UTF-8"))?
                .to_owned(),
            method,
            start: self.offset,
            stated: (!has_descriptor).then(|| (record.u32(14), sizes)),
            is_wide: sizes.has_extra,
            ..Entry::empty()
        };
        self.state = match (method, &self.entry.stated) {
            (STORED, Some((_, sizes))) => State::Stored {
                rest: sizes.compressed,
            },
            (STORED, None) => return Err(self.malformed("stored file of unknown size")),
            (DEFLATED, stated) => State::Deflated {
                inflate: Box::new(Decompress::new(false)),
                rest: stated.map(|(_, sizes)| sizes.compressed),
            },
            _ => return Err(self.malformed("unsupported compression")),
        };
        Ok(Step::Start)
    }

    fn copy(&mut self, input: &mut &[u8]) -> Result<Option<Step>> {
        let State::Stored { rest } = &mut self.state else {
            return Ok(None);
        };
        if *rest == 0 {
            return self.complete().map(|()| None);
        }
        let wanted = usize::try_from(*rest)
            .unwrap_or(PIECE)
            .min(PIECE)
            .min(input.len());
        let Some((taken, after)) = input.split_at_checked(wanted).filter(|_| wanted > 0) else {
            return Ok(Some(Step::NeedInput));
        };
        if let Some(target) = self.output.get_mut(..wanted) {
            target.copy_from_slice(taken);
        }
        *rest -= wanted as u64;
        *input = after;
        self.took(wanted, wanted);
        Ok(Some(Step::Data))
    }

    fn inflate(&mut self, input: &mut &[u8]) -> Result<Option<Step>> {
        let State::Deflated { inflate, rest } = &mut self.state else {
            return Ok(None);
        };
        let available = rest.map_or(input.len(), |rest| {
            usize::try_from(rest).unwrap_or(usize::MAX).min(input.len())
        });
        let piece = input.get(..available).unwrap_or_default();
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(piece, &mut self.output, FlushDecompress::None);
        let status = status.map_err(|_| Error::MalformedZip {
            offset: self.offset,
            reason: "compressed data",
        })?;
        let read = usize::try_from(inflate.total_in() - read).unwrap_or(available);
        let written = usize::try_from(inflate.total_out() - written).unwrap_or(PIECE);
        *input = input.get(read..).unwrap_or_default();
        if let Some(rest) = rest {
            *rest -= read as u64;
        }
        let is_exhausted = *rest == Some(0);
        self.took(read, written);
        match status {
            Status::StreamEnd => self.inflated()?,
            _ if read > 0 || written > 0 => {}
            _ if is_exhausted || available > 0 => return Err(self.malformed("compressed data")),
            _ => return Ok(Some(Step::NeedInput)),
        }
        Ok((written > 0).then_some(Step::Data))
    }

    fn inflated(&mut self) -> Result<()> {
        match self.state {
            State::Deflated { rest: Some(0), .. } => self.complete(),
            State::Deflated { rest: Some(_), .. } => Err(self.malformed("compressed size")),
            _ => {
                self.state = State::Descriptor;
                Ok(())
            }
        }
    }

    fn took(&mut self, read: usize, written: usize) {
        self.produced = written;
        self.offset += read as u64;
        self.entry.compressed += read as u64;
        self.entry.uncompressed += written as u64;
        self.entry
            .crc
            .update(self.output.get(..written).unwrap_or_default());
    }

    /// The descriptor's signature is optional, and its sizes are wide when the header has a zip64 field or the
    /// sizes need it: Java writes them so without a field.
    fn collect_descriptor(&mut self, input: &mut &[u8]) -> Result<Option<Step>> {
        if !self.collect(input, 4) {
            return Ok(Some(Step::NeedInput));
        }
        let signature = if Fields(&self.record).u32(0) == DESCRIPTOR {
            4
        } else {
            0
        };
        let narrow = u64::from(u32::MAX);
        let is_wide =
            self.entry.is_wide || self.entry.compressed > narrow || self.entry.uncompressed > narrow;
        let size = if is_wide { 8 } else { 4 };
        if !self.collect(input, signature + 4 + 2 * size) {
            return Ok(Some(Step::NeedInput));
        }
        let record = std::mem::take(&mut self.record);
        let fields = Fields(&record);
        let number = |at| {
            if is_wide {
                fields.u64(at)
            } else {
                u64::from(fields.u32(at))
            }
        };
        let at = signature + 4;
        let sizes = Sizes {
            compressed: number(at),
            uncompressed: number(at + size),
            offset: self.entry.start,
            has_extra: is_wide,
        };
        self.entry.stated = Some((fields.u32(signature), sizes));
        self.offset += record.len() as u64;
        self.complete()?;
        Ok(None)
    }

    /// Compares what was stated with what came.
    fn complete(&mut self) -> Result<()> {
        let entry = &self.entry;
        let fits = entry.stated.filter(|(crc, sizes)| {
            *crc == entry.crc.sum()
                && sizes.compressed == entry.compressed
                && sizes.uncompressed == entry.uncompressed
        });
        let (crc, sizes) = fits.ok_or_else(|| self.malformed("size or checksum"))?;
        self.local
            .add(self.entry.name.as_bytes(), self.entry.method, crc, &sizes);
        self.state = State::EntryDone;
        Ok(())
    }

    fn central_header(&mut self, record: Fields<'_>) -> Result<Option<Step>> {
        self.central_start.get_or_insert(self.offset);
        let (name, extra) = (usize::from(record.u16(28)), usize::from(record.u16(30)));
        let sizes = Sizes::read(
            record.u32(24),
            record.u32(20),
            record.u32(42),
            record.bytes(46 + name, extra),
        );
        let sizes = sizes.ok_or_else(|| self.malformed("extra field"))?;
        if self.central.count == self.local.count {
            return Err(self.malformed("directory of other files"));
        }
        self.central
            .add(record.bytes(46, name), record.u16(10), record.u32(16), &sizes);
        Ok(None)
    }

    fn end_64(&mut self, record: Fields<'_>) -> Result<Option<Step>> {
        // The record's length without its first 12 octets; extensible data is not read.
        let is_plain = record.u64(4) == 44 && record.u32(16) == 0 && record.u32(20) == 0;
        let counts = [record.u64(24), record.u64(32)];
        if !is_plain || counts != [self.central.count; 2] {
            return Err(self.malformed("zip64 end record"));
        }
        self.check_directory(record.u64(40), record.u64(48), self.offset)?;
        self.end_64 = Some(self.offset);
        Ok(None)
    }

    fn locator(&mut self, record: Fields<'_>) -> Result<Option<Step>> {
        if self.end_64 == Some(record.u64(8)) && record.u32(4) == 0 {
            Ok(None)
        } else {
            Err(self.malformed("zip64 locator"))
        }
    }

    fn end(&mut self, record: Fields<'_>) -> Result<Option<Step>> {
        let count = u64::from(record.u16(10));
        let (size, start) = (record.u32(12), record.u32(16));
        let is_one_disk = record.u16(4) == 0 && record.u16(6) == 0 && record.u16(8) == record.u16(10);
        if self.end_64.is_none() {
            if !is_one_disk || count != self.central.count {
                return Err(self.malformed("end record"));
            }
            self.check_directory(u64::from(size), u64::from(start), self.offset)?;
        }
        if !self.central.equals(&self.local) {
            return Err(self.malformed("directory of other files"));
        }
        self.state = State::Finished;
        Ok(None)
    }

    fn check_directory(&self, size: u64, start: u64, end: u64) -> Result<()> {
        let real_start = self.central_start.unwrap_or(end);
        if start == real_start && size == end - real_start {
            Ok(())
        } else {
            Err(self.malformed("place of the directory"))
        }
    }
}
