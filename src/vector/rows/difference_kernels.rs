//! Sums of absolute differences of codes of one byte a component: what walks by L1 compare. Processors have an instruction for them,
//! made for the search of motion in films. All levels add whole numbers and give the same sums.

use super::code_kernels::{CodeLevel, CodeRows, each_row};

/// Appends the sum of absolute differences of a query with each of these rows. The query is raised by the offset of the codes.
#[inline]
pub fn difference_rows(query: &[u8], codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
    difference_rows_at(CodeLevel::chosen(), query, codes, rows, sums);
}

fn difference_rows_at(level: CodeLevel, query: &[u8], codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is chosen only where the processor has the features that the function is compiled for.
        CodeLevel::Avx512Vnni => unsafe { x86::difference_rows_avx512(query, codes, rows, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above; AVX-VNNI is chosen only where there is AVX2 as well.
        CodeLevel::Avx2 | CodeLevel::AvxVnni => unsafe { x86::difference_rows_avx2(query, codes, rows, sums) },
        _ => each_row(codes, rows, sums, |code| {
            query.iter().zip(code).fold(0i32, |sum, (x, y)| sum.wrapping_add(i32::from(x.abs_diff(*y))))
        }),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_add_epi64, _mm256_extract_epi64, _mm256_loadu_si256, _mm256_sad_epu8,
        _mm256_setzero_si256, _mm512_add_epi64, _mm512_loadu_si512, _mm512_reduce_add_epi64, _mm512_sad_epu8,
        _mm512_setzero_si512,
    };

    use super::{CodeRows, each_row};
    use crate::vector::rows::code_kernels::LINE;

    /// Bytes in a register of 256 bits.
    const HALF: usize = LINE / 2;

    #[target_feature(enable = "avx2")]
    fn load_256(bytes: &[u8; HALF]) -> __m256i {
        // SAFETY: the array is 32 bytes long, which are read without any demand on their alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a code has at most 2^14 bytes of padded length, and so 2^22 of difference"
    )]
    pub fn difference_rows_avx2(query: &[u8], codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (steps, _) = query.as_chunks::<HALF>();
        each_row(codes, rows, sums, |code| {
            let mut sum = _mm256_setzero_si256();
            for (x, y) in code.as_chunks::<HALF>().0.iter().zip(steps) {
                sum = _mm256_add_epi64(sum, _mm256_sad_epu8(load_256(x), load_256(y)));
            }
            let low = _mm256_extract_epi64::<0>(sum) + _mm256_extract_epi64::<1>(sum);
            (low + _mm256_extract_epi64::<2>(sum) + _mm256_extract_epi64::<3>(sum)) as i32
        });
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn load_512(bytes: &[u8; LINE]) -> __m512i {
        // SAFETY: the array is 64 bytes long, which are read without any demand on their alignment.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a code has at most 2^14 bytes of padded length, and so 2^22 of difference"
    )]
    pub fn difference_rows_avx512(query: &[u8], codes: CodeRows<'_>, rows: &[u32], sums: &mut Vec<i32>) {
        let (steps, _) = query.as_chunks::<LINE>();
        each_row(codes, rows, sums, |code| {
            let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            let (line_pairs, line) = code.as_chunks::<LINE>().0.as_chunks::<2>();
            let (step_pairs, step) = steps.as_chunks::<2>();
            for ([x0, x1], [y0, y1]) in line_pairs.iter().zip(step_pairs) {
                even = _mm512_add_epi64(even, _mm512_sad_epu8(load_512(x0), load_512(y0)));
                odd = _mm512_add_epi64(odd, _mm512_sad_epu8(load_512(x1), load_512(y1)));
            }
            for (x, y) in line.iter().zip(step) {
                even = _mm512_add_epi64(even, _mm512_sad_epu8(load_512(x), load_512(y)));
            }
            _mm512_reduce_add_epi64(_mm512_add_epi64(even, odd)) as i32
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vector::rows::code_kernels::LINE;

    proptest! {
        #[test]
        fn every_level_gives_the_sums_of_the_definition(
            lines in prop::sample::select(&[1usize, 2, 3, 6, 7, 250][..]), count in 1usize..10,
            seed in prop::collection::vec(any::<(u8, u8)>(), 64..512), extreme: bool,
        ) {
            let stride = lines * LINE;
            let byte = |at: usize| if extreme { [255, 0, 255, 0][at / 3 % 4] } else { seed[at % seed.len()].0.rotate_left(at as u32 % 5) };
            let bytes: Vec<u8> = (0..stride * count).map(byte).collect();
            let query: Vec<u8> = (0..stride).map(|at| if extreme { [0, 255][at % 2] } else { seed[at % seed.len()].1 }).collect();
            let codes = CodeRows { bytes: &bytes, stride };
            let rows: Vec<u32> = (0..count as u32).rev().collect();
            let plain = |row: &u32| -> i32 {
                codes.row(*row).iter().zip(&query).map(|(x, y)| (i32::from(*x) - i32::from(*y)).abs()).sum()
            };
            let expected: Vec<i32> = rows.iter().map(plain).collect();
            for level in CodeLevel::available() {
                let mut sums = Vec::new();
                difference_rows_at(level, &query, codes, &rows, &mut sums);
                prop_assert_eq!(&sums, &expected, "{:?}", level);
            }
        }
    }
}
