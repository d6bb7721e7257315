//! An archive written from front to end.

use std::io::Write;

use fiks_core::Timestamp;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use time::OffsetDateTime;

use super::record::{
    CENTRAL, DEFLATED, DESCRIPTOR, END, END_64, EXTRA_64, FLAG_DESCRIPTOR, FLAG_UTF8, LOCAL, LOCATOR_64,
    SEE_EXTRA, STORED,
};
use crate::{Error, Result};

const BUFFER: usize = 32 * 1024;
/// Nearly the cheapest: level 1 makes what can't be packed 5 % longer.
const PACKING: Compression = Compression::new(3);
/// What a reader must know: version 2.0 for deflated files, 4.5 for sizes beyond 32 bits.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
const NARROW: u64 = u32::MAX as u64;

/// Writes an archive from front to end. Sizes of deflated files follow their content.
pub(crate) struct ZipWriter<W> {
    sink: W,
    position: u64,
    directory: Vec<u8>,
    count: u64,
    modified: DosTime,
    compress: Compress,
    buffer: Box<[u8]>,
    open: Option<Header>,
}

/// Two 16-bit numbers: time of day and date.
#[derive(Clone, Copy)]
struct DosTime(u16, u16);

struct Header {
    name: String,
    comment: String,
    method: u16,
    flags: u16,
    crc: Crc,
    compressed: u64,
    uncompressed: u64,
    offset: u64,
}

impl<W: Write> ZipWriter<W> {
    /// An archive whose files all carry the same modification time.
    pub(crate) fn new(sink: W, modified: Timestamp) -> Self {
        Self {
            sink,
            position: 0,
            directory: Vec::new(),
            count: 0,
            modified: DosTime::from(modified),
            compress: Compress::new(PACKING, false),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            open: None,
        }
    }

    /// Where the archive goes.
    pub(crate) fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Writes a whole file as it is, its size before its content.
    pub(crate) fn store(&mut self, name: &str, comment: &str, content: &[u8]) -> Result<()> {
        let mut header = self.header(name, STORED);
        comment.clone_into(&mut header.comment);
        header.flags &= !FLAG_DESCRIPTOR;
        header.crc.update(content);
        header.compressed = content.len() as u64;
        header.uncompressed = header.compressed;
        self.write_local(&header)?;
        self.put(content)?;
        self.list(&header);
        Ok(())
    }

    /// Begins a deflated file. What is packed already is only wrapped, since packing it again finds nothing and takes
    /// most of the time.
    pub(crate) fn start(&mut self, name: &str, is_packed: bool) -> Result<()> {
        if self.open.is_some() {
            return Err(Error::OutOfOrder("a file is open"));
        }
        let header = self.header(name, DEFLATED);
        self.write_local(&header)?;
        let level = if is_packed { Compression::none() } else { PACKING };
        self.compress = Compress::new(level, false);
        self.open = Some(header);
        Ok(())
    }

    /// Adds content to the open file.
    pub(crate) fn write(&mut self, mut content: &[u8]) -> Result<()> {
        let header = self.open.as_mut().ok_or(Error::OutOfOrder("no file is open"))?;
        header.crc.update(content);
        header.uncompressed += content.len() as u64;
        while !content.is_empty() {
            let taken = self.compress.total_in();
            self.deflate(content, FlushCompress::None)?;
            let taken = usize::try_from(self.compress.total_in() - taken).unwrap_or(content.len());
            content = content.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends the open file.
    pub(crate) fn end(&mut self) -> Result<()> {
        if self.open.is_none() {
            return Err(Error::OutOfOrder("no file is open"));
        }
        while self.deflate(&[], FlushCompress::Finish)? != Status::StreamEnd {}
        let Some(header) = self.open.take() else {
            return Ok(());
        };
        self.write_descriptor(&header)?;
        self.list(&header);
        Ok(())
    }

    /// Writes the directory, flushes, and gives the sink back.
    pub(crate) fn finish(mut self, comment: &str) -> Result<W> {
        if self.open.is_some() {
            return Err(Error::OutOfOrder("a file is open"));
        }
        let start = self.position;
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let size = directory.len() as u64;
        if self.count > u64::from(u16::MAX) - 1 || start >= NARROW || size >= NARROW {
            self.write_end_64(start, size)?;
        }
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        let mut record = Vec::new();
        push32(&mut record, END);
        for number in [0, 0, count, count] {
            push16(&mut record, number);
        }
        push32(&mut record, narrow(size));
        push32(&mut record, narrow(start));
        push_length16(&mut record, comment);
        record.extend_from_slice(comment.as_bytes());
        self.put(&record)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn header(&self, name: &str, method: u16) -> Header {
        Header {
            name: name.to_owned(),
            comment: String::new(),
            method,
            flags: FLAG_DESCRIPTOR | FLAG_UTF8,
            crc: Crc::new(),
            compressed: 0,
            uncompressed: 0,
            offset: self.position,
        }
    }

    fn put(&mut self, octets: &[u8]) -> Result<()> {
        self.sink.write_all(octets)?;
        self.position += octets.len() as u64;
        Ok(())
    }

    fn deflate(&mut self, content: &[u8], flush: FlushCompress) -> Result<Status> {
        let (read, written) = (self.compress.total_in(), self.compress.total_out());
        let failed = Error::Crypto("compression");
        let Ok(status) = self.compress.compress(content, &mut self.buffer, flush) else {
            return Err(failed);
        };
        let written = usize::try_from(self.compress.total_out() - written).unwrap_or(0);
        // The callers go on until it is done: standing still must not go on for ever.
        if status != Status::StreamEnd && written == 0 && self.compress.total_in() == read {
            return Err(failed);
        }
        let packed = self.buffer.get(..written).unwrap_or_default();
        self.sink.write_all(packed)?;
        self.position += written as u64;
        if let Some(header) = &mut self.open {
            header.compressed += written as u64;
        }
        Ok(status)
    }

    fn write_local(&mut self, header: &Header) -> Result<()> {
        let mut record = Vec::new();
        push32(&mut record, LOCAL);
        push16(&mut record, VERSION);
        self.push_common(&mut record, header);
        push_length16(&mut record, &header.name);
        push16(&mut record, 0);
        record.extend_from_slice(header.name.as_bytes());
        self.put(&record)
    }

    /// The fields that local and central headers share, from the flags to the sizes.
    fn push_common(&self, record: &mut Vec<u8>, header: &Header) {
        push16(record, header.flags);
        push16(record, header.method);
        push16(record, self.modified.0);
        push16(record, self.modified.1);
        push32(record, header.crc.sum());
        push32(record, narrow(header.compressed));
        push32(record, narrow(header.uncompressed));
    }

    /// Sizes of 64 bits only where they are needed, which is what Java's reader goes by.
    fn write_descriptor(&mut self, header: &Header) -> Result<()> {
        let mut record = Vec::new();
        push32(&mut record, DESCRIPTOR);
        push32(&mut record, header.crc.sum());
        let is_wide = header.compressed > NARROW || header.uncompressed > NARROW;
        for size in [header.compressed, header.uncompressed] {
            if is_wide {
                push64(&mut record, size);
            } else {
                push32(&mut record, narrow(size));
            }
        }
        self.put(&record)
    }

    fn list(&mut self, header: &Header) {
        let numbers = [header.uncompressed, header.compressed, header.offset];
        let wide: Vec<u64> = numbers.into_iter().filter(|number| *number >= NARROW).collect();
        let version = if wide.is_empty() { VERSION } else { VERSION_64 };
        let mut record = Vec::new();
        push32(&mut record, CENTRAL);
        push16(&mut record, version);
        push16(&mut record, version);
        self.push_common(&mut record, header);
        push_length16(&mut record, &header.name);
        let extra = extra_64(&wide);
        push16(&mut record, u16::try_from(extra.len()).unwrap_or(0));
        push_length16(&mut record, &header.comment);
        // Disk, internal and external attributes.
        record.extend_from_slice(&[0; 8]);
        push32(&mut record, narrow(header.offset));
        record.extend_from_slice(header.name.as_bytes());
        record.extend_from_slice(&extra);
        record.extend_from_slice(header.comment.as_bytes());
        self.directory.append(&mut record);
        self.count += 1;
    }

    fn write_end_64(&mut self, start: u64, size: u64) -> Result<()> {
        let mut record = Vec::new();
        let offset = self.position;
        push32(&mut record, END_64);
        push64(&mut record, 44);
        push16(&mut record, VERSION_64);
        push16(&mut record, VERSION_64);
        push64(&mut record, 0);
        for number in [self.count, self.count, size, start] {
            push64(&mut record, number);
        }
        push32(&mut record, LOCATOR_64);
        push32(&mut record, 0);
        push64(&mut record, offset);
        push32(&mut record, 1);
        self.put(&record)
    }
}

impl From<Timestamp> for DosTime {
    /// In UTC, in steps of two seconds. The format begins in 1980.
    fn from(moment: Timestamp) -> Self {
        let earliest = Self(0, 1 << 5 | 1);
        let Ok(moment) = OffsetDateTime::from_unix_timestamp(moment.as_seconds()) else {
            return earliest;
        };
        let Ok(year @ 0..128) = u16::try_from(moment.year() - 1980) else {
            return earliest;
        };
        let (hour, minute, second) = moment.to_hms();
        let time = u16::from(hour) << 11 | u16::from(minute) << 5 | (u16::from(second) / 2);
        let date = year << 9 | u16::from(u8::from(moment.month())) << 5 | u16::from(moment.day());
        Self(time, date)
    }
}

fn extra_64(numbers: &[u64]) -> Vec<u8> {
    let mut extra = Vec::new();
    if !numbers.is_empty() {
        push16(&mut extra, EXTRA_64);
        push16(&mut extra, u16::try_from(numbers.len() * 8).unwrap_or(0));
        for number in numbers {
            push64(&mut extra, *number);
        }
    }
    extra
}

/// A number for a 32-bit field, or the mark that it stands elsewhere.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(SEE_EXTRA)
}

/// The length of a text that was checked to be short.
fn push_length16(record: &mut Vec<u8>, text: &str) {
    push16(record, u16::try_from(text.len()).unwrap_or(0));
}

fn push16(record: &mut Vec<u8>, number: u16) {
    record.extend_from_slice(&number.to_le_bytes());
}

fn push32(record: &mut Vec<u8>, number: u32) {
    record.extend_from_slice(&number.to_le_bytes());
}

fn push64(record: &mut Vec<u8>, number: u64) {
    record.extend_from_slice(&number.to_le_bytes());
}
