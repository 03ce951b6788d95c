//! Inner products of many codes with many: what finding the neighbours in a leaf spends its time on.
//!
//! The rows on the right are laid out in blocks of 16: the first four components of all sixteen rows, then the next four, so that a
//! register holds one step of a block and each of its lanes sums one row. Four components of a row on the left are spread
//! over all lanes. No lanes are ever added together, and a block is read once for eight rows on the left.
//!
//! The sums are of whole numbers, so that all processors make the same graph. The kernel is chosen at run time: AVX-512 with its
//! instructions for neural networks, which take 64 products a step; AVX2; or plain loops.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use crate::vector::rows::kernels::OFFSET;

/// Rows of a block.
pub const BLOCK: usize = 16;

/// Components of a row that lie side by side in a block.
pub const GROUP: usize = 4;

/// Rows on the left that are compared with a block at once.
pub const LEFTS: usize = 8;

/// Blocks that one row on the left is compared with at once.
pub const BLOCKS: usize = 4;

/// One step of a block: a group of components of each of its rows.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct TileStep(pub [[i8; GROUP]; BLOCK]);

impl TileStep {
    pub const ZERO: TileStep = TileStep([[0; GROUP]; BLOCK]);
}

/// Inner products with the rows of one block.
pub type Dots = [i32; BLOCK];

/// The instructions that products are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Plain,
}

impl Kernel {
    /// The fastest that this processor has.
    pub fn best() -> Kernel {
        Kernel::available().first().copied().unwrap_or(Kernel::Plain)
    }

    /// All that this processor has, the fastest first.
    pub fn available() -> Vec<Kernel> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                kernels.push(Kernel::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                kernels.push(Kernel::Avx2);
            }
        }
        kernels.push(Kernel::Plain);
        kernels
    }

    /// The products of `L` codes, whose bytes are raised by [`OFFSET`] as they are stored, with the rows of `B` blocks, of as many
    /// components as the blocks have steps. Components lie within -127 and 127.
    #[inline(always)]
    pub fn dots<const L: usize, const B: usize>(self, lefts: [&[u8]; L], blocks: [&[TileStep]; B]) -> [[Dots; B]; L] {
        let steps = blocks.iter().map(|block| block.len()).min().unwrap_or(0);
        let lefts = lefts.map(|left| &left.as_chunks::<GROUP>().0[..steps]);
        let blocks = blocks.map(|block| &block[..steps]);
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a kernel is only ever named after the processor was seen to have its instructions.
            Kernel::Avx512 => unsafe { avx512(lefts, blocks, steps) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kernel::Avx2 => unsafe { avx2(lefts, blocks, steps) },
            Kernel::Plain => plain(lefts, blocks, steps),
        }
    }
}

/// Four raised bytes as signed ones, side by side: lowering by 128 turns the highest bit over.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn signed(raised: [u8; GROUP]) -> i32 {
    i32::from_ne_bytes(raised.map(|byte| byte ^ OFFSET))
}

fn plain<const L: usize, const B: usize>(
    lefts: [&[[u8; GROUP]]; L],
    blocks: [&[TileStep]; B],
    steps: usize,
) -> [[Dots; B]; L] {
    let mut sums = [[[0i32; BLOCK]; B]; L];
    for step in 0..steps {
        for (left, sums) in lefts.iter().zip(&mut sums) {
            let left = left[step].map(|x| i32::from(x) - i32::from(OFFSET));
            for (block, sums) in blocks.iter().zip(sums) {
                for (right, sum) in block[step].0.iter().zip(sums) {
                    for (x, y) in left.iter().zip(right) {
                        *sum = sum.wrapping_add(x.wrapping_mul(i32::from(*y)));
                    }
                }
            }
        }
    }
    sums
}

/// The instruction multiplies unsigned by signed bytes: the blocks are raised by 128, and the sums begin with what that adds
/// too much.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
fn avx512<const L: usize, const B: usize>(
    lefts: [&[[u8; GROUP]]; L],
    blocks: [&[TileStep]; B],
    steps: usize,
) -> [[Dots; B]; L] {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_load_si512, _mm512_set1_epi32, _mm512_storeu_si512, _mm512_xor_si512,
    };
    let raise = _mm512_set1_epi32(i32::from_ne_bytes([0x80; 4]));
    let too_much = lefts.map(|left| {
        let sum = left.as_flattened().iter().fold(0i32, |sum, x| sum.wrapping_add(i32::from(*x) - i32::from(OFFSET)));
        _mm512_set1_epi32(sum.wrapping_mul(-128))
    });
    let mut sums = too_much.map(|sum| [sum; B]);
    for step in 0..steps {
        let rights = blocks.map(|block| {
            // SAFETY: a step is 64 bytes long and begins at a multiple of 64, and the reference keeps it alive.
            let right = unsafe { _mm512_load_si512((&raw const block[step]).cast()) };
            _mm512_xor_si512(right, raise)
        });
        for (left, sums) in lefts.iter().zip(&mut sums) {
            let left = _mm512_set1_epi32(signed(left[step]));
            for (right, sum) in rights.iter().zip(sums) {
                *sum = _mm512_dpbusd_epi32(*sum, *right, left);
            }
        }
    }
    sums.map(|sums| {
        sums.map(|sum| {
            let mut dots = [0; BLOCK];
            // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are written.
            unsafe { _mm512_storeu_si512(dots.as_mut_ptr().cast(), sum) };
            dots
        })
    })
}

/// Half a block at a time. The instruction multiplies unsigned by signed bytes and adds two products in 16 bits: the magnitudes of
/// the right, at most 127, by the left with the sign of the right, so that no sum of two leaves 16 bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<const L: usize, const B: usize>(
    lefts: [&[[u8; GROUP]]; L],
    blocks: [&[TileStep]; B],
    steps: usize,
) -> [[Dots; B]; L] {
    use std::arch::x86_64::{
        __m256i, _mm256_abs_epi8, _mm256_add_epi32, _mm256_load_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
        _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_storeu_si256,
    };
    let ones = _mm256_set1_epi16(1);
    let mut dots = [[[0; BLOCK]; B]; L];
    for half in 0..2 {
        let mut sums = [[_mm256_setzero_si256(); B]; L];
        for step in 0..steps {
            let rights = blocks.map(|block| {
                let half = &block[step].0.as_chunks::<{ BLOCK / 2 }>().0[half];
                // SAFETY: half a step is 32 bytes long and begins at a multiple of 32, and the reference keeps it alive.
                let right: __m256i = unsafe { _mm256_load_si256(half.as_ptr().cast()) };
                (right, _mm256_abs_epi8(right))
            });
            for (left, sums) in lefts.iter().zip(&mut sums) {
                let left = _mm256_set1_epi32(signed(left[step]));
                for ((right, magnitude), sum) in rights.iter().zip(sums) {
                    let pairs = _mm256_maddubs_epi16(*magnitude, _mm256_sign_epi8(left, *right));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (sums, dots) in sums.iter().zip(&mut dots) {
            for (sum, dots) in sums.iter().zip(dots) {
                let half = &mut dots.as_chunks_mut::<{ BLOCK / 2 }>().0[half];
                // SAFETY: eight numbers of 32 bits are the 32 bytes that are written.
                unsafe { _mm256_storeu_si256(half.as_mut_ptr().cast(), *sum) };
            }
        }
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that take all values, the extremes often.
    fn code(seed: usize, len: usize) -> Vec<i8> {
        let value = |at: usize| match (seed * 31 + at * 17) % 7 {
            0 => 127,
            1 => -127,
            _ => ((seed * 7919 + at * 104_729) % 255) as i32 - 127,
        };
        (0..len).map(|at| i8::try_from(value(at)).unwrap()).collect()
    }

    /// As codes are stored.
    fn raise(code: &[i8]) -> Vec<u8> {
        code.iter().map(|x| x.cast_unsigned() ^ OFFSET).collect()
    }

    fn block(rows: &[Vec<i8>], steps: usize) -> Vec<TileStep> {
        let mut block = vec![TileStep::ZERO; steps];
        for (lane, row) in rows.iter().enumerate() {
            for (step, group) in row.as_chunks::<GROUP>().0.iter().enumerate() {
                block[step].0[lane] = *group;
            }
        }
        block
    }

    #[test]
    fn every_kernel_of_this_processor_is_exact() {
        for steps in [0, 1, 2, 3, 16, 96, 385, 4000] {
            let lefts: Vec<Vec<i8>> = (0..LEFTS).map(|row| code(row, steps * GROUP)).collect();
            let rights: Vec<Vec<i8>> = (0..BLOCK * BLOCKS).map(|row| code(100 + row, steps * GROUP)).collect();
            let blocks: Vec<Vec<TileStep>> = rights.chunks(BLOCK).map(|rows| block(rows, steps)).collect();
            let product = |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum::<i32>();
            for kernel in Kernel::available() {
                let raised: Vec<Vec<u8>> = lefts.iter().map(|left| raise(left)).collect();
                let lefts_of: [&[u8]; LEFTS] = std::array::from_fn(|at| &raised[at][..]);
                let wide = kernel.dots(lefts_of, [&blocks[1][..]]);
                for (left, dots) in lefts.iter().zip(&wide) {
                    let exact: Vec<i32> = rights[BLOCK..2 * BLOCK].iter().map(|right| product(left, right)).collect();
                    assert_eq!(dots[0].as_slice(), exact, "{kernel:?}, {steps} steps");
                }
                let long = kernel.dots([&raised[3][..]], std::array::from_fn::<_, BLOCKS, _>(|at| &blocks[at][..]));
                let exact: Vec<i32> = rights.iter().map(|right| product(&lefts[3], right)).collect();
                assert_eq!(long[0].as_flattened(), exact, "{kernel:?}, {steps} steps");
            }
        }
    }

    #[test]
    fn the_greatest_sums_fit() {
        let steps = 4000;
        for (left, right) in [(127i8, 127i8), (127, -127), (-127, 127), (-127, -127)] {
            let row = vec![right; steps * GROUP];
            let block = block(&vec![row; BLOCK], steps);
            let code = raise(&vec![left; steps * GROUP]);
            for kernel in Kernel::available() {
                let [[dots]] = kernel.dots([&code[..]], [&block[..]]);
                assert_eq!(dots, [i32::from(left) * i32::from(right) * 16_000; BLOCK], "{kernel:?}");
            }
        }
    }
}
