//! Distance kernels over `f32` slices: the inner loops of graph building and search.
//!
//! Each kernel is one plain loop over 32 independent sums, compiled twice: for AVX2 with fused multiply-add, where the
//! compiler turns it into vector instructions, and for any machine. The first call on a capable processor takes the
//! former; results differ only by rounding. Slices of unequal length are compared over the shorter one; callers
//! guarantee equal lengths. Sums are of `f32` and may overflow to infinity or NaN: callers order NaN last.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

/// Independent sums a kernel keeps: four AVX2 registers, enough to hide the latency of an addition.
const LANES: usize = 32;

/// Folds `step` over pairs of components. Inlined into each compiled variant, so that it uses that variant's instructions.
#[inline(always)]
fn fold(a: &[f32], b: &[f32], step: impl Fn(f32, f32, f32) -> f32 + Copy) -> f32 {
    let mut sums = [0f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] = step(sums[lane], x[lane], y[lane]);
        }
    }
    let mut rest = 0f32;
    for (x, y) in a_rest.iter().zip(b_rest) {
        rest = step(rest, *x, *y);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

/// Defines a public kernel with its two compiled variants.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident, $fused:expr, $portable:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name(a: &[f32], b: &[f32]) -> f32 {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn fused(a: &[f32], b: &[f32]) -> f32 {
                    fold(a, b, $fused)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor was just seen to have both features `fused` is compiled for.
                    return unsafe { fused(a, b) };
                }
            }
            fold(a, b, $portable)
        }
    };
}

kernel!(
    /// Sum of products.
    dot,
    |sum, x, y| x.mul_add(y, sum),
    |sum, x, y| sum + x * y
);
kernel!(
    /// Sum of squared differences.
    l2_squared,
    |sum, x, y| (x - y).mul_add(x - y, sum),
    |sum, x, y| sum + (x - y) * (x - y)
);
kernel!(
    /// Sum of absolute differences.
    l1,
    |sum, x, y| sum + (x - y).abs(),
    |sum, x, y| sum + (x - y).abs()
);

/// Adding this to a float of magnitude below 2^21 leaves the nearest integer in its low bits, in one instruction that
/// vectorises; `round` is a function call on processors without SSE 4.1, for which the program is compiled.
const ROUNDER: f32 = 12_582_912.0;

/// What is added to each component of a code, so that it is a byte without a sign.
pub const OFFSET: u8 = 128;

/// The nearest integer of a float within `i8`; anything for others.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "takes the low bits, which hold the integer")]
pub fn nearest_i8(value: f32) -> i8 {
    (value + ROUNDER).to_bits() as i8
}

/// Appends the nearest integers of `vector * factor`, which callers keep between -127 and 127, each with the offset of a code.
pub fn encode(vector: &[f32], factor: f32, into: &mut Vec<u8>) {
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "the offset brings every byte above zero")]
    fn append(vector: &[f32], factor: f32, into: &mut Vec<u8>) {
        into.extend(vector.iter().map(|x| (nearest_i8(x * factor) as u8).wrapping_add(OFFSET)));
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide(vector: &[f32], factor: f32, into: &mut Vec<u8>) {
            append(vector, factor, into);
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just seen to have the feature `wide` is compiled for.
            return unsafe { wide(vector, factor, into) };
        }
    }
    append(vector, factor, into);
}

/// The squared Euclidean distance of a vector to its code with this scale.
pub fn distance_to_code(vector: &[f32], code: &[u8], scale: f32) -> f32 {
    let centred = |byte: &u8| f32::from(i16::from(*byte) - i16::from(OFFSET));
    let decoded: Vec<f32> = code.iter().map(|byte| centred(byte) * scale).collect();
    l2_squared(vector, &decoded)
}

/// A sum of products as a float; rounding is far below the error of the codes.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "the codes are less precise")]
pub fn to_f32(sum: i32) -> f32 {
    sum as f32
}

/// Asks the processor to bring a row into its cache; a hint without effect on results.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "there is no portable prefetch"))]
pub fn prefetch<T>(row: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(const { 64 / size_of::<T>() }) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch never faults and reads nothing the program can observe; the address is inside a live slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
