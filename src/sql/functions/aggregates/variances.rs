//! `var_pop`, `var_samp`, `stddev_pop` and `stddev_samp` of floats, added up as PostgreSQL does (Youngs and Cramer): an infinity
//! or a NaN among the values makes NaN, and far values lose no digits.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature};

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;

/// The aggregates, each with the name that the planner knows and others that PostgreSQL has for it.
const VARIANCES: [(&str, Kind, &[&str]); 4] = [
    ("var_pop", Kind { is_sample: false, is_root: false }, &["var_population"]),
    ("var", Kind { is_sample: true, is_root: false }, &["var_samp", "var_sample", "variance"]),
    ("stddev_pop", Kind { is_sample: false, is_root: true }, &[]),
    ("stddev", Kind { is_sample: true, is_root: true }, &["stddev_samp"]),
];

#[derive(Clone, Copy, Debug)]
struct Kind {
    is_sample: bool,
    is_root: bool,
}

/// One of them over the planner's own, which takes DISTINCT.
#[derive(Debug)]
struct Variance {
    inner: Arc<AggregateUDF>,
    kind: Kind,
    aliases: Vec<String>,
}

/// All of them whose inner aggregate `find` knows.
pub fn variances(find: impl Fn(&str) -> Option<Arc<AggregateUDF>>) -> Vec<AggregateUDF> {
    let over = |(name, kind, aliases): (&str, Kind, &[&str])| {
        let aliases = aliases.iter().map(|alias| (*alias).to_string()).collect();
        Some(AggregateUDF::from(Variance { inner: find(name)?, kind, aliases }))
    };
    VARIANCES.into_iter().filter_map(over).collect()
}

impl PartialEq for Variance {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Variance {}

impl Hash for Variance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

/// Count, sum, and sum of the squares of what lies between the values and their mean.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

fn overflow() -> DataFusionError {
    to_datafusion(Error::new(ErrorKind::NumericOutOfRange, "value out of range: overflow"))
}

impl Moments {
    fn add(&mut self, value: f64) -> DataFusionResult<()> {
        let before = *self;
        self.count += 1.0;
        self.sum += value;
        if before.count == 0.0 {
            if !value.is_finite() {
                self.squares = f64::NAN;
            }
            return Ok(());
        }
        let distance = value * self.count - self.sum;
        self.squares += distance * distance / (self.count * before.count);
        if self.sum.is_infinite() || self.squares.is_infinite() {
            if before.sum.is_finite() && value.is_finite() {
                return Err(overflow());
            }
            self.squares = f64::NAN;
        }
        Ok(())
    }

    fn merge(&mut self, other: Moments) -> DataFusionResult<()> {
        if other.count == 0.0 {
            return Ok(());
        }
        if self.count == 0.0 {
            *self = other;
            return Ok(());
        }
        let (sum, count) = (self.sum + other.sum, self.count + other.count);
        if sum.is_infinite() && self.sum.is_finite() && other.sum.is_finite() {
            return Err(overflow());
        }
        let distance = self.sum / self.count - other.sum / other.count;
        let squares = self.squares + other.squares + self.count * other.count * distance * distance / count;
        if squares.is_infinite() && self.squares.is_finite() && other.squares.is_finite() {
            return Err(overflow());
        }
        *self = Moments { count, sum, squares };
        Ok(())
    }

    fn result(&self, kind: Kind) -> Option<f64> {
        let divisor = if kind.is_sample { self.count - 1.0 } else { self.count };
        let variance = (divisor > 0.0).then(|| self.squares / divisor)?;
        Some(if kind.is_root { variance.sqrt() } else { variance })
    }
}

impl AggregateUDFImpl for Variance {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        self.inner.return_type(types)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        if arguments.is_distinct {
            return self.inner.state_fields(arguments);
        }
        let field = |part: &str| Arc::new(Field::new(format!("{}[{part}]", arguments.name), DataType::Float64, true));
        Ok(["count", "sum", "squares"].map(field).to_vec())
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return self.inner.accumulator(arguments);
        }
        Ok(Box::new(Whole { moments: Moments::default(), kind: self.kind }))
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return self.inner.create_sliding_accumulator(arguments);
        }
        Ok(Box::new(Frame { values: VecDeque::new(), kind: self.kind }))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups { moments: Vec::new(), kind: self.kind }))
    }
}

fn floats(array: &ArrayRef) -> DataFusionResult<&Float64Array> {
    array
        .as_primitive_opt::<Float64Type>()
        .ok_or_else(|| DataFusionError::Internal(format!("a variance of {}", array.data_type())))
}

/// The moments that columns of a state hold, one of each row.
fn moments_of(states: &[ArrayRef]) -> DataFusionResult<Vec<Moments>> {
    let [count, sum, squares] = states else {
        return Err(DataFusionError::Internal("a variance has three parts".to_string()));
    };
    let (counts, sums, squares) = (floats(count)?, floats(sum)?, floats(squares)?);
    let all = counts.values().iter().zip(sums.values()).zip(squares.values());
    Ok(all.map(|((count, sum), squares)| Moments { count: *count, sum: *sum, squares: *squares }).collect())
}

#[derive(Debug)]
struct Whole {
    moments: Moments,
    kind: Kind,
}

impl Accumulator for Whole {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let Some(values) = values.first() else { return Ok(()) };
        floats(values)?.iter().flatten().try_for_each(|value| self.moments.add(value))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        moments_of(states)?.into_iter().try_for_each(|other| self.moments.merge(other))
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let Moments { count, sum, squares } = self.moments;
        Ok([count, sum, squares].map(|part| ScalarValue::Float64(Some(part))).to_vec())
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        Ok(ScalarValue::Float64(self.moments.result(self.kind)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The rows of a frame that slides: what has left it cannot be taken out of the sums, so they are made anew.
#[derive(Debug)]
struct Frame {
    values: VecDeque<f64>,
    kind: Kind,
}

impl Accumulator for Frame {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        if let Some(values) = values.first() {
            self.values.extend(floats(values)?.iter().flatten());
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        if let Some(values) = values.first() {
            let gone = values.len() - values.null_count();
            self.values.drain(..gone.min(self.values.len()));
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> DataFusionResult<()> {
        Err(DataFusionError::Internal("frames are not merged".to_string()))
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        Err(DataFusionError::Internal("frames have no state".to_string()))
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let mut moments = Moments::default();
        self.values.iter().try_for_each(|value| moments.add(*value))?;
        Ok(ScalarValue::Float64(moments.result(self.kind)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}

#[derive(Debug)]
struct Groups {
    moments: Vec<Moments>,
    kind: Kind,
}

impl Groups {
    fn taken(&mut self, emit: EmitTo) -> Vec<Moments> {
        emit.take_needed(&mut self.moments)
    }

    fn at(&mut self, group: usize) -> DataFusionResult<&mut Moments> {
        self.moments.get_mut(group).ok_or_else(|| DataFusionError::Internal("a group is none".to_string()))
    }
}

/// Whether a filter lets a row through.
fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.moments.resize(total, Moments::default());
        let Some(values) = values.first() else { return Ok(()) };
        for (row, (value, group)) in floats(values)?.iter().zip(groups).enumerate() {
            if let Some(value) = value.filter(|_| passes(filter, row)) {
                self.at(*group)?.add(value)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.moments.resize(total, Moments::default());
        for (other, group) in moments_of(states)?.into_iter().zip(groups) {
            self.at(*group)?.merge(other)?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> DataFusionResult<ArrayRef> {
        let kind = self.kind;
        let results: Float64Array = self.taken(emit).iter().map(|moments| moments.result(kind)).collect();
        Ok(Arc::new(results))
    }

    fn state(&mut self, emit: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        let moments = self.taken(emit);
        let column = |part: fn(&Moments) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(moments.iter().map(part)))
        };
        Ok(vec![column(|one| one.count), column(|one| one.sum), column(|one| one.squares)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let Some(values) = values.first() else { return Ok(Vec::new()) };
        let mut single = Groups { moments: Vec::new(), kind: self.kind };
        let rows: Vec<usize> = (0..values.len()).collect();
        single.update_batch(std::slice::from_ref(values), &rows, filter, values.len())?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.moments.capacity() * size_of::<Moments>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Kind = Kind { is_sample: true, is_root: false };
    const POPULATION: Kind = Kind { is_sample: false, is_root: false };

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add(*value).unwrap());
        moments
    }

    #[test]
    fn far_values_keep_their_digits() {
        let far = moments(&[100_000_003.0, 100_000_004.0, 100_000_006.0, 100_000_007.0]);
        assert_eq!(far.result(POPULATION), Some(2.5));
        let mut halves = moments(&[100_000_003.0, 100_000_004.0]);
        halves.merge(moments(&[100_000_006.0, 100_000_007.0])).unwrap();
        assert_eq!(halves.result(POPULATION), Some(2.5));
    }

    #[test]
    fn what_is_not_finite_makes_nan() {
        for values in [&[f64::INFINITY][..], &[f64::NAN], &[1.0, f64::INFINITY], &[f64::INFINITY, f64::INFINITY]] {
            assert!(moments(values).result(POPULATION).is_some_and(f64::is_nan), "{values:?}");
        }
        assert_eq!(moments(&[f64::INFINITY]).result(SAMPLE), None);
        assert_eq!(moments(&[]).result(POPULATION), None);
        let mut large = moments(&[1e300]);
        assert!(large.add(-1e300).is_err());
    }
}
