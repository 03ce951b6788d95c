//! Rows gathered to be compared with others: their codes in blocks for the kernels, or their numbers where there are no codes.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::tiles::{BLOCK, BLOCKS, GROUP, Kernel, LEFTS, TileStep};
use crate::vector::graph::row_distance::RowDistances;
use crate::vector::rows::kernels;

/// Reused from one set of rows to the next.
pub struct GatheredRows<'a> {
    distances: &'a RowDistances<'a>,
    kernel: Kernel,
    ids: Vec<u32>,
    /// Steps of a block.
    steps: usize,
    blocks: Vec<TileStep>,
    /// By lane, what a code leaves out of its row, and the component it lacks.
    scales: Vec<f32>,
    squares: Vec<f32>,
    lacking: Vec<f32>,
}

impl<'a> GatheredRows<'a> {
    pub fn new(distances: &'a RowDistances<'a>, kernel: Kernel) -> GatheredRows<'a> {
        let steps = distances.rows.dimension().div_ceil(GROUP);
        let (scales, squares, lacking) = (Vec::new(), Vec::new(), Vec::new());
        GatheredRows { distances, kernel, ids: Vec::new(), steps, blocks: Vec::new(), scales, squares, lacking }
    }

    /// Takes these rows in the place of those before.
    pub fn gather(&mut self, ids: impl IntoIterator<Item = u32>) {
        self.ids.clear();
        self.ids.extend(ids);
        let width = self.width();
        let Some(codes) = self.distances.codes else { return };
        self.blocks.clear();
        self.blocks.resize(width / BLOCK * self.steps, TileStep::ZERO);
        for lanes in [&mut self.scales, &mut self.squares, &mut self.lacking] {
            lanes.clear();
            // Lanes behind the last row are far from everything.
            lanes.resize(width, 0.0);
        }
        self.squares[self.ids.len()..].fill(f32::INFINITY);
        for (at, id) in self.ids.iter().enumerate() {
            if let Some(ahead) = self.ids.get(at + 1) {
                kernels::prefetch(codes.code(*ahead));
            }
            (self.scales[at], self.squares[at]) = codes.shape(*id);
            self.lacking[at] = self.distances.lacking(*id);
            let block = &mut self.blocks[at / BLOCK * self.steps..][..self.steps];
            for (step, group) in block.iter_mut().zip(codes.code(*id).as_chunks::<GROUP>().0) {
                step.0[at % BLOCK] = group.map(|byte| (byte ^ kernels::OFFSET).cast_signed());
            }
        }
    }

    /// Rows gathered.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Distances that one row on the left takes: the rows gathered, rounded up to whole blocks.
    pub fn width(&self) -> usize {
        self.ids.len().next_multiple_of(BLOCK)
    }

    /// The distances of rows on the left to all that are gathered, `width` for each; infinite behind the last row.
    pub fn measure(&self, lefts: &[u32], out: &mut [f32]) {
        let width = self.width();
        if self.distances.codes.is_none() {
            for (left, out) in lefts.iter().zip(out.chunks_exact_mut(width)) {
                self.measure_exactly(*left, out);
            }
            return;
        }
        let (eights, rest) = lefts.as_chunks::<LEFTS>();
        let (out, rest_out) = out.split_at_mut(eights.len() * LEFTS * width);
        for (eight, out) in eights.iter().zip(out.chunks_exact_mut(LEFTS * width)) {
            for at in 0..width / BLOCK {
                self.measure_tile(*eight, at, |left, lanes| {
                    out[left * width + at * BLOCK..][..BLOCK].copy_from_slice(&lanes)
                });
            }
        }
        for (left, out) in rest.iter().zip(rest_out.chunks_exact_mut(width)) {
            self.measure_one(*left, out);
        }
    }

    /// The distances of one row to all that are gathered, as [`GatheredRows::measure`].
    pub fn measure_one(&self, left: u32, out: &mut [f32]) {
        let Some(codes) = self.distances.codes else { return self.measure_exactly(left, out) };
        let blocks = self.width() / BLOCK;
        let mut at = 0;
        while at + BLOCKS <= blocks {
            let four = std::array::from_fn::<_, BLOCKS, _>(|more| self.block(at + more));
            let [dots] = self.kernel.dots([codes.code(left)], four);
            for (more, dots) in dots.iter().enumerate() {
                out[(at + more) * BLOCK..][..BLOCK].copy_from_slice(&self.lanes(left, at + more, dots));
            }
            at += BLOCKS;
        }
        while at < blocks {
            self.measure_tile([left], at, |_, lanes| out[at * BLOCK..][..BLOCK].copy_from_slice(&lanes));
            at += 1;
        }
    }

    #[inline(always)]
    fn measure_tile<const L: usize>(&self, lefts: [u32; L], at: usize, mut take: impl FnMut(usize, [f32; BLOCK])) {
        let Some(codes) = self.distances.codes else { return };
        let dots = self.kernel.dots(lefts.map(|left| codes.code(left)), [self.block(at)]);
        for (number, (left, [dots])) in lefts.iter().zip(&dots).enumerate() {
            take(number, self.lanes(*left, at, dots));
        }
    }

    #[inline(always)]
    fn block(&self, at: usize) -> &[TileStep] {
        &self.blocks[at * self.steps..(at + 1) * self.steps]
    }

    /// The distances that products with a block make, by the formula of `Codes::l2_squared` to the last bit.
    #[inline(always)]
    fn lanes(&self, left: u32, at: usize, dots: &[i32; BLOCK]) -> [f32; BLOCK] {
        let (scale, square) = self.distances.codes.map_or((0.0, 0.0), |codes| codes.shape(left));
        let range = at * BLOCK..(at + 1) * BLOCK;
        let (scales, squares) = (&self.scales[range.clone()], &self.squares[range.clone()]);
        let mut lanes = [0f32; BLOCK];
        for (lane, ((dot, other_scale), other_square)) in lanes.iter_mut().zip(dots.iter().zip(scales).zip(squares)) {
            let product = scale * other_scale * kernels::to_f32(*dot);
            *lane = (square + other_square - 2.0 * product).max(0.0);
        }
        if !self.distances.lacking.is_empty() {
            let lacking = self.distances.lacking(left);
            for (lane, other) in lanes.iter_mut().zip(&self.lacking[range]) {
                *lane += (lacking - other) * (lacking - other);
            }
        }
        lanes
    }

    fn measure_exactly(&self, left: u32, out: &mut [f32]) {
        let (near, behind) = out.split_at_mut(self.ids.len());
        for (out, id) in near.iter_mut().zip(&self.ids) {
            *out = self.distances.exact(left, *id);
        }
        behind.fill(f32::INFINITY);
    }
}
