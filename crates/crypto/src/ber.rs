//! A strict streaming reader of BER (X.690), for structures of any size from anybody.
//!
//! Invariant: memory is bounded whatever the input says. Lengths are only promises: nothing is allocated for a
//! length that was announced, nesting is at most [`MAX_DEPTH`], and an element never reaches beyond its parent.
//!
//! The `der` crate reads whole structures; the content of an envelope is too big for that, so [`Tokenizer`] walks
//! it and [`canonical::Builder`] re-encodes the small parts on the way as DER, which `der` then decodes.

pub(crate) mod canonical;
mod tokenizer;

pub(crate) use tokenizer::{Header, Token, Tokenizer};

/// Deepest nesting of elements. A CMS envelope needs 6 down to the content and an issuer name in it 10.
pub(crate) const MAX_DEPTH: usize = 32;

/// Identifier octets that the CMS structures use, the "constructed" bit included.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OCTET_STRING_IN_PIECES: u8 = 0x24;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CONTEXT_0: u8 = 0xA0;
    pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
    pub(crate) const CONTEXT_1: u8 = 0xA1;
}

/// Appends the octets of a definite length, in the shortest form as DER wants it.
pub(crate) fn push_length(output: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => output.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let significant = octets.iter().skip_while(|octet| **octet == 0);
            // At most eight octets, so the count fits beside the flag.
            output.push(0x80 | u8::try_from(significant.clone().count()).unwrap_or(0));
            output.extend(significant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::push_length;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, expected) in [
            (0, vec![0]),
            (127, vec![127]),
            (128, vec![0x81, 128]),
            (255, vec![0x81, 255]),
            (256, vec![0x82, 1, 0]),
            (16_384, vec![0x82, 0x40, 0]),
        ] {
            let mut output = Vec::new();
            push_length(&mut output, length);
            assert_eq!(output, expected);
        }
    }
}
