//! A cursor over the bytes of one binary value, which fails where the bytes end.

use crate::error::{Error, ErrorKind, Result};
use crate::types::ColumnType;

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    ty: &'a ColumnType,
}

impl<'a> Reader<'a> {
    pub(in crate::pg) fn new(bytes: &'a [u8], ty: &'a ColumnType) -> Self {
        Reader { rest: bytes, ty }
    }

    /// The error for bytes that are no value of the type.
    pub(in crate::pg) fn malformed(&self) -> Error {
        let message = format!("incorrect binary data format for type {}", self.ty);
        Error::new(ErrorKind::InvalidBinaryRepresentation, message)
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(in crate::pg) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(taken)
    }

    /// All that is left.
    pub(in crate::pg) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(in crate::pg) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(in crate::pg) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(in crate::pg) fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(in crate::pg) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(in crate::pg) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(in crate::pg) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// Refuses bytes behind the value.
    pub(in crate::pg) fn finish(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }
}
