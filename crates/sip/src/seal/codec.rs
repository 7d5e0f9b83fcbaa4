//! The compact binary form of what is sealed: varints, raw fields and
//! length-prefixed bytes. Fields are read in the order they were written.

/// Appends fields to a buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.out.push(value);
        self
    }

    /// An unsigned number in as few bytes as it needs (LEB128).
    pub fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    /// Bytes whose number both sides know, such as a GUID.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// Bytes with their length in front.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(bytes.len() as u64).raw(bytes)
    }
}

/// The fields end early, or a number does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecError;

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("seal-payload: the sealed fields do not decode")
    }
}

impl std::error::Error for CodecError {}

/// Reads fields off a buffer.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// One byte.
    ///
    /// # Errors
    /// [`CodecError`] at the end.
    pub fn u8(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or(CodecError)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A varint.
    ///
    /// # Errors
    /// [`CodecError`] at the end, or beyond 64 bits.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let low = u64::from(byte & 0x7f);
            if low << shift >> shift != low {
                return Err(CodecError);
            }
            value |= low << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError)
    }

    /// As many bytes as asked for.
    ///
    /// # Errors
    /// [`CodecError`] when there are fewer.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(CodecError)?;
        self.rest = rest;
        Ok(head)
    }

    /// A fixed number of bytes, such as a GUID.
    ///
    /// # Errors
    /// [`CodecError`] when there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecError)?;
        self.rest = rest;
        Ok(*head)
    }

    /// Bytes with their length in front.
    ///
    /// # Errors
    /// [`CodecError`] when there are fewer than promised.
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let len = usize::try_from(self.varint()?).map_err(|_| CodecError)?;
        self.raw(len)
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_and_short_input_is_an_error() {
        let mut out = Vec::new();
        Writer::new(&mut out)
            .u8(3)
            .varint(0)
            .varint(300)
            .varint(u64::MAX)
            .raw(&[9; 16])
            .bytes(b"hi");
        let read = |bytes: &[u8]| -> Result<_, CodecError> {
            let mut r = Reader::new(bytes);
            let small = (r.u8()?, r.varint()?, r.varint()?, r.varint()?);
            Ok((small, r.array::<16>()?, r.bytes()?.to_vec(), r.rest().len()))
        };
        assert_eq!(read(&out), Ok(((3, 0, 300, u64::MAX), [9; 16], b"hi".to_vec(), 0)));
        for cut in 0..out.len() {
            assert_eq!(read(&out[..cut]), Err(CodecError), "cut at {cut}");
        }
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(CodecError));
    }
}
