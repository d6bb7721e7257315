//! Records: their signatures, fixed fields and lengths.

pub(super) const LOCAL: u32 = 0x0403_4B50;
pub(super) const DESCRIPTOR: u32 = 0x0807_4B50;
pub(super) const CENTRAL: u32 = 0x0201_4B50;
pub(super) const END: u32 = 0x0605_4B50;
pub(super) const END_64: u32 = 0x0606_4B50;
pub(super) const LOCATOR_64: u32 = 0x0706_4B50;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

pub(super) const FLAG_ENCRYPTED: u16 = 1;
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
pub(super) const FLAG_UTF8: u16 = 1 << 11;

/// Id of the extra field for sizes beyond 32 bits.
pub(super) const EXTRA_64: u16 = 1;
/// A 32-bit field with this value has its real value in the extra field.
pub(super) const SEE_EXTRA: u32 = u32::MAX;

const END_64_FIXED: usize = 56;

/// Little-endian fields of a record, by offset; a field outside the record reads as zero, which the length checks
/// before make impossible.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub(super) fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub(super) fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    pub(super) fn bytes(self, at: usize, length: usize) -> &'a [u8] {
        self.0
            .get(at..)
            .and_then(|rest| rest.get(..length))
            .unwrap_or_default()
    }

    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        self.bytes(at, N).try_into().unwrap_or([0; N])
    }
}

/// How long the record is whose first octets these are; `None` for an unknown signature. The answer grows until it
/// equals the number of octets at hand, since lengths stand inside the records.
pub(super) fn length(known: &[u8]) -> Option<usize> {
    if known.len() < 4 {
        return Some(4);
    }
    let fields = Fields(known);
    let (fixed, variable): (usize, &[usize]) = match fields.u32(0) {
        LOCAL => (30, &[26, 28]),
        CENTRAL => (46, &[28, 30, 32]),
        END => (22, &[20]),
        // A longer record would be of a version that isn't known here.
        END_64 => (END_64_FIXED, &[]),
        LOCATOR_64 => (20, &[]),
        _ => return None,
    };
    if known.len() < fixed {
        return Some(fixed);
    }
    Some(
        fixed
            + variable
                .iter()
                .map(|at| usize::from(fields.u16(*at)))
                .sum::<usize>(),
    )
}

/// Sizes and offset of a header, with those from the zip64 extra field put in where the header points there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) uncompressed: u64,
    pub(super) compressed: u64,
    pub(super) offset: u64,
    /// Whether there is such an extra field at all: descriptors have wide sizes then.
    pub(super) has_extra: bool,
}

impl Sizes {
    /// `offset` is that of the local header, which only central headers state. `None` when the extra field is
    /// malformed or lacks a value.
    pub(super) fn read(uncompressed: u32, compressed: u32, offset: u32, extra: &[u8]) -> Option<Self> {
        let wide = find_extra(extra)?;
        let mut rest = wide.unwrap_or_default();
        let mut take = |narrow: u32| {
            if narrow != SEE_EXTRA {
                return Some(u64::from(narrow));
            }
            let (value, after) = rest.split_first_chunk()?;
            rest = after;
            Some(u64::from_le_bytes(*value))
        };
        Some(Self {
            uncompressed: take(uncompressed)?,
            compressed: take(compressed)?,
            offset: take(offset)?,
            has_extra: wide.is_some(),
        })
    }
}

/// The zip64 field among the extra fields: `Some(None)` when there is none, `None` when they are malformed.
#[expect(clippy::option_option, reason = "absent and malformed differ")]
fn find_extra(mut extra: &[u8]) -> Option<Option<&[u8]>> {
    let mut found = None;
    while !extra.is_empty() {
        let (head, rest) = extra.split_first_chunk::<4>()?;
        let (value, after) = rest.split_at_checked(usize::from(Fields(head).u16(2)))?;
        if Fields(head).u16(0) == EXTRA_64 {
            found = Some(value);
        }
        extra = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_lengths_become_known_bit_by_bit() {
        let mut local = vec![0x50, 0x4B, 3, 4];
        assert_eq!(length(&local[..2]), Some(4));
        assert_eq!(length(&local), Some(30));
        local.resize(30, 0);
        local[26] = 5;
        local[29] = 1;
        assert_eq!(length(&local), Some(30 + 5 + 256));
        assert_eq!(length(b"PK\x08\x08"), None);
    }

    #[test]
    fn wide_sizes_come_from_the_extra_field_in_order() {
        let mut extra = vec![9, 9, 2, 0, 0, 0, 1, 0, 16, 0];
        extra.extend(7u64.to_le_bytes());
        extra.extend(8u64.to_le_bytes());
        let sizes = Sizes::read(SEE_EXTRA, 3, SEE_EXTRA, &extra).unwrap();
        assert_eq!((sizes.uncompressed, sizes.compressed, sizes.offset), (7, 3, 8));
        assert!(
            Sizes::read(SEE_EXTRA, SEE_EXTRA, SEE_EXTRA, &extra).is_none(),
            "a value is missing"
        );
        assert!(Sizes::read(0, 0, 0, &[1, 0, 9, 0]).is_none(), "the field is cut");
    }
}
