//! Arrays of numbers that lie in the memory of the process or in a mapped file; whoever reads them need not know which.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::mapped_file::MappedFile;

/// Types that lie in files as they lie in memory.
///
/// # Safety
/// Any bytes must be a value of the type, and it must have no padding.
// SAFETY: whoever implements it says why that is so.
pub unsafe trait PlainBytes: Copy + Send + Sync + 'static {}

// SAFETY: numbers have no padding, and every pattern of their bytes is one.
unsafe impl PlainBytes for u8 {}
// SAFETY: as above.
unsafe impl PlainBytes for u32 {}
// SAFETY: as above.
unsafe impl PlainBytes for u64 {}
// SAFETY: as above.
unsafe impl PlainBytes for f32 {}

/// An array that grows in memory, or a part of a file.
pub enum FlatArray<T: PlainBytes> {
    Owned(Vec<T>),
    Mapped(MappedSlice<T>),
}

/// Part of a mapped file, which it keeps.
pub struct MappedSlice<T> {
    values: *const [T],
    _file: Arc<MappedFile>,
}

// SAFETY: the values lie in a map that nobody writes to, of a type that may be read from any thread; the file may be dropped on
// any thread.
unsafe impl<T: PlainBytes> Send for MappedSlice<T> {}
// SAFETY: as above.
unsafe impl<T: PlainBytes> Sync for MappedSlice<T> {}

impl<T: PlainBytes> FlatArray<T> {
    /// So many values from a position of a file; `None` where it ends before or the position is not one of the type's.
    pub fn mapped(file: &Arc<MappedFile>, start: usize, count: usize) -> Option<FlatArray<T>> {
        if count == 0 {
            return Some(FlatArray::default());
        }
        let bytes = file.bytes().get(start..start.checked_add(count.checked_mul(size_of::<T>())?)?)?;
        // SAFETY: any bytes are a value of the type.
        let (before, values, behind) = unsafe { bytes.align_to::<T>() };
        let is_aligned = before.is_empty() && behind.is_empty();
        is_aligned.then(|| FlatArray::Mapped(MappedSlice { values, _file: Arc::clone(file) }))
    }

    /// The array as one that can be changed; a part of a file is copied for that.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        if let FlatArray::Mapped(_) = self {
            *self = FlatArray::Owned(self.to_vec());
        }
        match self {
            FlatArray::Owned(values) => values,
            FlatArray::Mapped(_) => unreachable!("it was just copied"),
        }
    }

    /// Bytes of memory that it holds, those of a file not counted.
    pub fn heap_bytes(&self) -> usize {
        match self {
            FlatArray::Owned(values) => values.capacity() * size_of::<T>(),
            FlatArray::Mapped(_) => 0,
        }
    }
}

impl<T: PlainBytes> Deref for FlatArray<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            FlatArray::Owned(values) => values,
            // SAFETY: the values were a slice of the map of a file that is kept beside them; nobody writes to it.
            FlatArray::Mapped(slice) => unsafe { &*slice.values },
        }
    }
}

impl<T: PlainBytes> From<Vec<T>> for FlatArray<T> {
    fn from(values: Vec<T>) -> FlatArray<T> {
        FlatArray::Owned(values)
    }
}

impl<T: PlainBytes> Default for FlatArray<T> {
    fn default() -> FlatArray<T> {
        FlatArray::Owned(Vec::new())
    }
}

impl<T: PlainBytes> Clone for FlatArray<T> {
    /// A copy in memory.
    fn clone(&self) -> FlatArray<T> {
        FlatArray::Owned(self.to_vec())
    }
}

impl<T: PlainBytes + PartialEq> PartialEq for FlatArray<T> {
    fn eq(&self, other: &FlatArray<T>) -> bool {
        **self == **other
    }
}

impl<T: PlainBytes + Eq> Eq for FlatArray<T> {}

impl<T: PlainBytes + fmt::Debug> fmt::Debug for FlatArray<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Values as the bytes that a file holds.
pub fn bytes_of<T: PlainBytes>(values: &[T]) -> &[u8] {
    const { assert!(cfg!(target_endian = "little"), "files of vectors are little-endian, and read as they lie there") };
    // SAFETY: the values have no padding, so that each of their bytes is there to be read, and live as long as what is returned.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
