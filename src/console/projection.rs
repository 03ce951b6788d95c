//! Principal component analysis: the two directions in which vectors differ most, by power iteration (Golub and Van Loan,
//! Matrix Computations, section 8.2). Pure, and the same for the same vectors.

use std::sync::Arc;

/// Rounds of the iteration. Components whose variances are close stay a mixture of each other, which shows a plane as good.
const ROUNDS: usize = 40;

/// Vectors on a plane.
pub(super) struct Projection {
    /// Where each vector is.
    pub points: Vec<[f32; 2]>,
    /// The parts of the whole variance along the two axes.
    pub explained: [f64; 2],
}

/// Projects vectors of one dimension.
pub(super) fn project(vectors: &[Arc<[f32]>]) -> Projection {
    let dimension = vectors.first().map_or(0, |vector| vector.len());
    let count = vectors.len().max(1) as f64;
    let mut mean = vec![0.0; dimension];
    for vector in vectors {
        mean.iter_mut().zip(vector.iter()).for_each(|(sum, value)| *sum += f64::from(*value) / count);
    }
    let centred: Vec<Vec<f64>> = vectors
        .iter()
        .map(|vector| vector.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect())
        .collect();
    let total: f64 = centred.iter().map(|vector| dot(vector, vector)).sum();
    let first = principal(&centred, dimension, None);
    let second = principal(&centred, dimension, Some(&first));
    let share = |axis: &[f64]| {
        let along: f64 = centred.iter().map(|vector| dot(vector, axis).powi(2)).sum();
        if total > 0.0 { along / total } else { 0.0 }
    };
    #[expect(clippy::cast_possible_truncation, reason = "a place on a screen needs no more digits")]
    let points = centred.iter().map(|vector| [dot(vector, &first) as f32, dot(vector, &second) as f32]).collect();
    Projection { points, explained: [share(&first), share(&second)] }
}

/// The direction of most variance, at a right angle to another one.
fn principal(centred: &[Vec<f64>], dimension: usize, other: Option<&[f64]>) -> Vec<f64> {
    // Any start that no symmetry of the data is likely to be at a right angle to.
    let mut axis: Vec<f64> = (0..dimension).map(|place| ((place as f64) * 12.9898).sin() + 0.01).collect();
    normalise(&mut axis, other);
    for _ in 0..ROUNDS {
        let mut next = vec![0.0; dimension];
        for vector in centred {
            let along = dot(vector, &axis);
            next.iter_mut().zip(vector).for_each(|(sum, value)| *sum += along * value);
        }
        normalise(&mut next, other);
        if dot(&next, &next) == 0.0 {
            break;
        }
        axis = next;
    }
    axis
}

/// Takes out what lies along `other`, and brings the rest to length 1; nothing is left of what has no length.
fn normalise(axis: &mut [f64], other: Option<&[f64]>) {
    if let Some(other) = other {
        let along = dot(axis, other);
        axis.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
    }
    let length = dot(axis, axis).sqrt();
    axis.iter_mut().for_each(|value| *value = if length > f64::EPSILON { *value / length } else { 0.0 });
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plane_of_most_variance_is_found() {
        // Far along the second axis, less along the third, hardly along the first.
        let vectors: Vec<Arc<[f32]>> = (0..50)
            .map(|each| {
                let angle = f32::from(u8::try_from(each).expect("small")) * 0.7;
                Arc::from([0.01 * (angle * 3.0).cos(), 10.0 * angle.cos() + 5.0, 3.0 * angle.sin()])
            })
            .collect();
        let Projection { points, explained } = project(&vectors);
        assert!(explained[0] > 0.8 && explained[0] + explained[1] > 0.999, "{explained:?}");
        for (point, vector) in points.iter().zip(&vectors) {
            assert!((point[1].abs() - vector[2].abs()).abs() < 0.2, "{point:?} {vector:?}");
        }
    }

    #[test]
    fn little_data_has_a_map() {
        assert!(project(&[]).points.is_empty());
        let one: Arc<[f32]> = Arc::from([1.0, 2.0]);
        assert_eq!(project(&[Arc::clone(&one), one]).points, [[0.0, 0.0]; 2]);
        assert_eq!(project(&[Arc::from([1.0]), Arc::from([3.0])]).points.len(), 2);
    }
}
