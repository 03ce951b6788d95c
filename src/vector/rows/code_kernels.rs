//! Kernels over codes of one byte a component, at every level of instructions that a processor may have.
//!
//! A code holds each component plus 128, so that it is a byte without a sign; a query keeps its sign. That is what the
//! instructions for neural networks multiply (VNNI: 64 products in one step), and it costs one constant a query. All levels
//! add whole numbers and give the same sums to the last bit. The level is chosen once, when the first query comes.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use std::sync::OnceLock;

use super::kernels::{self, OFFSET};

/// Bytes that a code is a multiple of: a cache line, and the widest register.
pub const LINE: usize = 64;

/// Rows on their way from memory while one is compared.
const PREFETCHED: usize = 6;

/// Which instructions the kernels are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeLevel {
    /// What every processor has that the program is compiled for.
    Plain,
    Avx2,
    /// AVX-512 with VNNI.
    Avx512Vnni,
    /// VNNI in registers of 256 bits, on processors without AVX-512.
    AvxVnni,
    /// 64-bit ARM.
    Neon,
}

impl CodeLevel {
    /// From the fastest to the slowest.
    const ALL: [CodeLevel; 5] =
        [CodeLevel::Avx512Vnni, CodeLevel::AvxVnni, CodeLevel::Neon, CodeLevel::Avx2, CodeLevel::Plain];

    /// Whether the tests of this file ran on a processor that has it; nothing else is chosen. AVX-VNNI and NEON are
    /// written and were never run: run the tests on such a processor, then add them here.
    fn is_proven(self) -> bool {
        matches!(self, CodeLevel::Plain | CodeLevel::Avx2 | CodeLevel::Avx512Vnni)
    }

    /// Whether this processor has it.
    fn is_available(self) -> bool {
        match self {
            CodeLevel::Plain => true,
            #[cfg(target_arch = "x86_64")]
            CodeLevel::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            CodeLevel::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            CodeLevel::AvxVnni => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "aarch64")]
            CodeLevel::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(not(target_arch = "x86_64"))]
            CodeLevel::Avx2 | CodeLevel::Avx512Vnni | CodeLevel::AvxVnni => false,
            #[cfg(not(target_arch = "aarch64"))]
            CodeLevel::Neon => false,
        }
    }

    /// The level of this process.
    #[inline(always)]
    pub fn chosen() -> CodeLevel {
        static CHOSEN: OnceLock<CodeLevel> = OnceLock::new();
        *CHOSEN.get_or_init(CodeLevel::choose)
    }

    /// All that this processor has.
    #[cfg(test)]
    pub fn available() -> impl Iterator<Item = CodeLevel> {
        CodeLevel::ALL.into_iter().filter(|level| level.is_available())
    }

    fn choose() -> CodeLevel {
        #[cfg(test)]
        if let Some(level) = tests::level_of_environment() {
            return level;
        }
        let usable = CodeLevel::ALL.into_iter().find(|level| level.is_proven() && level.is_available());
        usable.unwrap_or(CodeLevel::Plain)
    }
}

/// Codes side by side, each a whole number of lines long.
#[derive(Clone, Copy)]
pub struct CodeRows<'a> {
    pub bytes: &'a [u8],
    pub stride: usize,
}

impl<'a> CodeRows<'a> {
    #[inline(always)]
    pub fn row(self, row: u32) -> &'a [u8] {
        let at = row as usize * self.stride;
        &self.bytes[at..at + self.stride]
    }

    #[inline(always)]
    fn prefetch(self, row: u32) {
        kernels::prefetch(self.row(row));
    }
}

/// The components of an encoded query, as long as a code.
pub struct QueryBytes {
    whole: Vec<i8>,
    /// The same without their lowest bits, halved, and these bits: AVX2 adds two products in 16 bits, which so fit exactly.
    halves: Vec<i8>,
    lowest: Vec<i8>,
    /// What the offset of the codes adds to every sum.
    offset: i32,
}

impl QueryBytes {
    pub fn new(whole: Vec<i8>) -> QueryBytes {
        let sum: i32 = whole.iter().map(|component| i32::from(*component)).sum();
        let halves = whole.iter().map(|component| component >> 1).collect();
        let lowest = whole.iter().map(|component| component & 1).collect();
        QueryBytes { whole, halves, lowest, offset: sum * i32::from(OFFSET) }
    }
}

/// Appends the sum of products of a query with each of these rows. At most 2^17 components fit the sum.
#[inline]
pub fn dot_rows(query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
    dot_rows_at(CodeLevel::chosen(), query, codes, rows, sums);
}

fn dot_rows_at(level: CodeLevel, query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is chosen only where the processor has the features that the function is compiled for.
        CodeLevel::Avx512Vnni => unsafe { x86::dot_rows_avx512(query, codes, rows, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        CodeLevel::AvxVnni => unsafe { x86::dot_rows_avx_vnni(query, codes, rows, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        CodeLevel::Avx2 => unsafe { x86::dot_rows_avx2(query, codes, rows, sums) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        CodeLevel::Neon => unsafe { arm::dot_rows_neon(query, codes, rows, sums) },
        _ => each_row(codes, rows, sums, |code| dot_whole(&query.whole, code) - query.offset),
    }
}

/// Goes through rows with those that follow on their way from memory.
#[inline(always)]
pub fn each_row(codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>, dot: impl Fn(&[u8]) -> i32) {
    for first in rows.iter().take(PREFETCHED) {
        codes.prefetch(*first);
    }
    for (at, row) in rows.iter().enumerate() {
        if let Some(ahead) = rows.get(at + PREFETCHED) {
            codes.prefetch(*ahead);
        }
        sums.push(dot(codes.row(*row)));
    }
}

/// One plain loop, which the compiler turns into what instructions there are.
#[inline(always)]
fn dot_whole(query: &[i8], code: &[u8]) -> i32 {
    let products = query.iter().zip(code).map(|(x, y)| i32::from(*x).wrapping_mul(i32::from(*y)));
    products.fold(0, i32::wrapping_add)
}

/// Sum of products of two codes, without their offsets.
#[inline]
pub fn dot_codes(a: &[u8], b: &[u8]) -> i32 {
    dot_codes_at(CodeLevel::chosen(), a, b)
}

#[inline(always)]
fn dot_codes_at(level: CodeLevel, a: &[u8], b: &[u8]) -> i32 {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is chosen only where the processor has the features that the function is compiled for.
        CodeLevel::Avx512Vnni => unsafe { x86::dot_codes_avx512(a, b) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above; AVX-VNNI is chosen only where there is AVX2 as well.
        CodeLevel::Avx2 | CodeLevel::AvxVnni => unsafe { x86::dot_codes_avx2(a, b) },
        _ => dot_bytes(a, b),
    }
}

#[inline(always)]
fn dot_bytes(a: &[u8], b: &[u8]) -> i32 {
    let centred = |byte: &u8| i16::from(*byte) - i16::from(OFFSET);
    let products = a.iter().zip(b).map(|(x, y)| i32::from(centred(x)).wrapping_mul(i32::from(centred(y))));
    products.fold(0, i32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32, _mm256_add_epi16, _mm256_add_epi32,
        _mm256_dpbusd_avx_epi32, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
        _mm256_set1_epi16, _mm256_setzero_si256, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512,
        _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_xor_si512,
    };

    use super::{CodeRows, LINE, QueryBytes, dot_bytes, each_row};

    /// Bytes in a register of 256 bits.
    const HALF: usize = LINE / 2;

    /// Steps after which a sum of 16 bits could overflow: each adds two products of 255 and 1.
    const STEPS_16: usize = 64;

    #[target_feature(enable = "avx2")]
    fn load_256<T>(bytes: &[T; HALF]) -> __m256i {
        const { assert!(size_of::<T>() == 1) };
        // SAFETY: the array is 32 bytes long, which are read without any demand on their alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn add_up(sums: __m256i) -> i32 {
        let low = _mm256_extracti128_si256::<0>(sums);
        let four = _mm_add_epi32(low, _mm256_extracti128_si256::<1>(sums));
        let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
        let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b00_00_00_01>(two));
        _mm_cvtsi128_si32(one)
    }

    #[target_feature(enable = "avx2")]
    pub fn dot_rows_avx2(query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (halves, _) = query.halves.as_chunks::<HALF>();
        let (lowest, _) = query.lowest.as_chunks::<HALF>();
        let (one, two) = (_mm256_set1_epi16(1), _mm256_set1_epi16(2));
        each_row(codes, rows, sums, |code| {
            let (bytes, _) = code.as_chunks::<HALF>();
            let mut sum = _mm256_setzero_si256();
            let runs = bytes.chunks(STEPS_16).zip(halves.chunks(STEPS_16)).zip(lowest.chunks(STEPS_16));
            for ((bytes, halves), lowest) in runs {
                let mut of_lowest = _mm256_setzero_si256();
                for ((x, half), low) in bytes.iter().zip(halves).zip(lowest) {
                    let x = load_256(x);
                    let pairs = _mm256_maddubs_epi16(x, load_256(half));
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, two));
                    of_lowest = _mm256_add_epi16(of_lowest, _mm256_maddubs_epi16(x, load_256(low)));
                }
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(of_lowest, one));
            }
            add_up(sum) - query.offset
        });
    }

    #[target_feature(enable = "avx2")]
    pub fn dot_codes_avx2(a: &[u8], b: &[u8]) -> i32 {
        dot_bytes(a, b)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn load_512<T>(bytes: &[T; LINE]) -> __m512i {
        const { assert!(size_of::<T>() == 1) };
        // SAFETY: the array is 64 bytes long, which are read without any demand on their alignment.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub fn dot_rows_avx512(query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (steps, _) = query.whole.as_chunks::<LINE>();
        each_row(codes, rows, sums, |code| {
            let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            let (lines, _) = code.as_chunks::<LINE>();
            let (line_pairs, line) = lines.as_chunks::<2>();
            let (step_pairs, step) = steps.as_chunks::<2>();
            for ([x0, x1], [y0, y1]) in line_pairs.iter().zip(step_pairs) {
                even = _mm512_dpbusd_epi32(even, load_512(x0), load_512(y0));
                odd = _mm512_dpbusd_epi32(odd, load_512(x1), load_512(y1));
            }
            for (x, y) in line.iter().zip(step) {
                even = _mm512_dpbusd_epi32(even, load_512(x), load_512(y));
            }
            _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd)) - query.offset
        });
    }

    /// The offset of the left code multiplies the sum of the right one, which is taken on the way.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub fn dot_codes_avx512(a: &[u8], b: &[u8]) -> i32 {
        let sign = _mm512_set1_epi8(i8::MIN);
        let (mut products, mut offsets) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        let (a_lines, _) = a.as_chunks::<LINE>();
        let (b_lines, _) = b.as_chunks::<LINE>();
        for (x, y) in a_lines.iter().zip(b_lines) {
            let centred = _mm512_xor_si512(load_512(y), sign);
            products = _mm512_dpbusd_epi32(products, load_512(x), centred);
            // As a byte without a sign, the pattern of the sign is 128.
            offsets = _mm512_dpbusd_epi32(offsets, sign, centred);
        }
        _mm512_reduce_add_epi32(products) - _mm512_reduce_add_epi32(offsets)
    }

    #[target_feature(enable = "avx2,avxvnni")]
    pub fn dot_rows_avx_vnni(query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (steps, _) = query.whole.as_chunks::<HALF>();
        let (step_pairs, _) = steps.as_chunks::<2>();
        each_row(codes, rows, sums, |code| {
            let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
            let (halves, _) = code.as_chunks::<HALF>();
            let (half_pairs, _) = halves.as_chunks::<2>();
            for ([x0, x1], [y0, y1]) in half_pairs.iter().zip(step_pairs) {
                even = _mm256_dpbusd_avx_epi32(even, load_256(x0), load_256(y0));
                odd = _mm256_dpbusd_avx_epi32(odd, load_256(x1), load_256(y1));
            }
            add_up(_mm256_add_epi32(even, odd)) - query.offset
        });
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::{
        vaddvq_s32, vdupq_n_s32, vdupq_n_u8, veorq_u8, vget_high_s8, vget_low_s8, vld1q_s8, vld1q_u8, vmull_s8,
        vpadalq_s16, vreinterpretq_s8_u8,
    };

    use super::{CodeRows, OFFSET, QueryBytes, each_row};

    /// Bytes in a register.
    const REGISTER: usize = 16;

    #[target_feature(enable = "neon")]
    pub fn dot_rows_neon(query: &QueryBytes, codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (steps, _) = query.whole.as_chunks::<REGISTER>();
        let sign = vdupq_n_u8(OFFSET);
        each_row(codes, rows, sums, |code| {
            let (mut low, mut high) = (vdupq_n_s32(0), vdupq_n_s32(0));
            let (registers, _) = code.as_chunks::<REGISTER>();
            for (x, y) in registers.iter().zip(steps) {
                // SAFETY: both arrays are 16 bytes long.
                let (x, y) = unsafe { (vld1q_u8(x.as_ptr()), vld1q_s8(y.as_ptr())) };
                // Without its offset a code has a sign, and the products of two such bytes fit 16 bits.
                let x = vreinterpretq_s8_u8(veorq_u8(x, sign));
                low = vpadalq_s16(low, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
                high = vpadalq_s16(high, vmull_s8(vget_high_s8(x), vget_high_s8(y)));
            }
            vaddvq_s32(low) + vaddvq_s32(high)
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Chooses the level for a run of the tests, so that all that search is tested at each.
    const SWITCH: &str = "NEBULUSDB_TEST_CODE_LEVEL";

    pub fn level_of_environment() -> Option<CodeLevel> {
        let name = std::env::var(SWITCH).ok()?;
        let level = CodeLevel::ALL.into_iter().find(|level| format!("{level:?}") == name);
        let level = level.unwrap_or_else(|| panic!("{SWITCH} is {name}, none of {:?}", CodeLevel::ALL));
        assert!(level.is_available(), "this processor has no {level:?}");
        Some(level)
    }

    proptest! {
        #[test]
        fn every_level_gives_the_sums_of_the_definition(
            lines in prop::sample::select(&[1usize, 2, 3, 6, 7, 40, 65][..]), count in 1usize..20, seed in prop::collection::vec(any::<(u8, i8)>(), 64..512), extreme: bool,
        ) {
            let stride = lines * LINE;
            let byte = |at: usize| if extreme { [255, 255, 255, 0][at / 3 % 4] } else { seed[at % seed.len()].0.rotate_left(at as u32 % 5) };
            let bytes: Vec<u8> = (0..stride * count).map(byte).collect();
            let whole: Vec<i8> = (0..stride).map(|at| if extreme { [-128, 127, -1][at % 3] } else { seed[at % seed.len()].1 }).collect();
            let codes = CodeRows { bytes: &bytes, stride };
            let rows: Vec<u32> = (0..count as u32).rev().collect();
            let plain = |row: u32| -> i32 {
                let products = codes.row(row).iter().zip(&whole).map(|(x, y)| (i32::from(*x) - 128) * i32::from(*y));
                products.sum()
            };
            let expected: Vec<i32> = rows.iter().map(|row| plain(*row)).collect();
            let query = QueryBytes::new(whole.clone());
            for level in CodeLevel::available() {
                let mut sums = Vec::new();
                dot_rows_at(level, &query, codes, &rows, &mut sums);
                prop_assert_eq!(&sums, &expected, "{:?}", level);
                let (a, b) = (codes.row(0), codes.row(count as u32 - 1));
                let of_codes: i32 = a.iter().zip(b).map(|(x, y)| (i32::from(*x) - 128) * (i32::from(*y) - 128)).sum();
                prop_assert_eq!(dot_codes_at(level, a, b), of_codes, "{:?}", level);
            }
        }
    }

    #[test]
    fn a_level_is_chosen_that_was_proven_or_asked_for() {
        let chosen = CodeLevel::chosen();
        assert!(chosen.is_available() && (chosen.is_proven() || std::env::var(SWITCH).is_ok()));
    }
}
