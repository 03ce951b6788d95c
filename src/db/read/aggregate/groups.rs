//! The groups of a query while their entries come: what each is grouped by, and the state of its aggregates.
//!
//! Everything is held in memory and drawn from the account of the statement, group by group as they appear.

use std::collections::HashMap;

use crate::db::read::aggregate::accumulator::Accumulator;
use crate::db::read::aggregate::group_key::{encode, encode_text};
use crate::db::read::aggregate::query::{AggregateFunction, BoundAggregate, BoundCall, TypedProgram};
use crate::error::{Error, Result};
use crate::expr::RowAccess;
use crate::model::{MemoryAccount, Reservation};
use crate::types::{ALLOCATION_BYTES, Value};

/// Bytes that groups take of their account's memory at a time.
const GROUP_BYTES_TAKEN: usize = 64 * 1024;

pub(super) struct GroupTable {
    /// The groups by their keys.
    places: HashMap<Box<[u8]>, usize>,
    /// What each group is grouped by, one group behind the other.
    values: Vec<Value>,
    /// The states of its aggregates, likewise.
    accumulators: Vec<Accumulator>,
    count: usize,
    bytes: usize,
    memory: Reservation,
    /// Room for the key of the next entry, and for that of a value.
    key: Vec<u8>,
    value_key: Vec<u8>,
}

impl TypedProgram {
    /// The value for a row, of the type that was said.
    ///
    /// # Errors
    /// As [`Program::value`](crate::expr::Program::value) and [`Value::cast`].
    pub fn value<R: RowAccess>(&self, row: &R) -> Result<Value> {
        self.typed(self.program.value(row)?)
    }

    /// A value as one of the type that was said.
    ///
    /// # Errors
    /// As [`Value::cast`].
    pub fn typed(&self, value: Value) -> Result<Value> {
        if value.is_of(&self.ty) { Ok(value) } else { value.cast(&self.ty, false) }
    }

    /// Appends the key of the value; a text is not copied for it.
    fn encode<R: RowAccess>(&self, row: &R, key: &mut Vec<u8>) -> Result<()> {
        if self.ty.is_text()
            && let Some(operand) = self.program.operand()
            && let Some(text) = row.stored_text(operand)?
        {
            encode_text(text, key);
            return Ok(());
        }
        encode(&self.value(row)?, key)
    }
}

impl BoundCall {
    fn tells_different_ones(&self) -> bool {
        self.function == AggregateFunction::CountDistinct
    }

    fn is_extreme(&self) -> bool {
        matches!(self.function, AggregateFunction::Min | AggregateFunction::Max)
    }
}

impl GroupTable {
    pub fn new(account: &MemoryAccount) -> GroupTable {
        GroupTable {
            places: HashMap::new(),
            values: Vec::new(),
            accumulators: Vec::new(),
            count: 0,
            bytes: 0,
            memory: account.nothing(),
            key: Vec::new(),
            value_key: Vec::new(),
        }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Takes an entry that passed the filter.
    ///
    /// # Errors
    /// What its expressions fail with; 53200 where there is no memory for another group; 22003 for a sum out of range.
    pub fn add<R: RowAccess>(&mut self, query: &BoundAggregate, row: &R) -> Result<()> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        for group in &query.groups {
            group.encode(row, &mut key)?;
        }
        let values = || query.groups.iter().map(|group| group.value(row)).collect();
        let place = self.place(query, &key, values)?;
        self.key = key;
        for (position, call) in query.calls.iter().enumerate() {
            if !call.filter.as_ref().map_or(Ok(true), |filter| filter.accepts(row))? {
                continue;
            }
            self.add_to_call(query, place, position, row)?;
        }
        Ok(())
    }

    /// Gives an aggregate of a group its value of an entry.
    fn add_to_call<R: RowAccess>(
        &mut self,
        query: &BoundAggregate,
        place: usize,
        position: usize,
        row: &R,
    ) -> Result<()> {
        let Some(call) = query.calls.get(position) else { return Ok(()) };
        let Some(argument) = &call.argument else {
            self.accumulator(query, place, position)?.add_count(1);
            return Ok(());
        };
        if call.tells_different_ones() {
            let mut key = std::mem::take(&mut self.value_key);
            key.clear();
            argument.encode(row, &mut key)?;
            // The first byte tells NULL.
            let more = match key.first() {
                None | Some(0) => 0,
                Some(_) => self.accumulator(query, place, position)?.add_key(&key),
            };
            self.value_key = key;
            return self.grow(more);
        }
        let value = argument.value(row)?;
        if value.is_null() {
            return Ok(());
        }
        let accumulator = self.accumulator(query, place, position)?;
        if !call.is_extreme() {
            return accumulator.add(call, value);
        }
        let before = accumulator.held_bytes();
        accumulator.add(call, value)?;
        let more = accumulator.held_bytes().saturating_sub(before);
        self.grow(more)
    }

    /// The place of the group with a key, made where there was none.
    ///
    /// # Errors
    /// As `values`; 53200 where there is no memory for another group.
    pub fn place(
        &mut self,
        query: &BoundAggregate,
        key: &[u8],
        values: impl FnOnce() -> Result<Vec<Value>>,
    ) -> Result<usize> {
        if let Some(place) = self.places.get(key) {
            return Ok(*place);
        }
        let values = values()?;
        let made = query.calls.iter().map(Accumulator::new).collect::<Result<Vec<_>>>()?;
        let held = values.iter().map(Value::held_bytes).chain(made.iter().map(Accumulator::held_bytes));
        let own =
            size_of::<(Box<[u8]>, usize)>() + ALLOCATION_BYTES + key.len() + made.len() * size_of::<Accumulator>();
        self.grow(held.fold(own, usize::saturating_add))?;
        let place = self.count;
        self.places.insert(key.into(), place);
        self.values.extend(values);
        self.accumulators.extend(made);
        self.count += 1;
        Ok(place)
    }

    /// The state of an aggregate of a group.
    ///
    /// # Errors
    /// XX000 for a place or a position beyond the last one.
    pub fn accumulator(&mut self, query: &BoundAggregate, place: usize, position: usize) -> Result<&mut Accumulator> {
        let index = place * query.calls.len() + position;
        self.accumulators.get_mut(index).ok_or_else(|| Error::internal("an aggregate of a group is missing"))
    }

    /// Takes so many bytes more of the account.
    ///
    /// # Errors
    /// 53200 where it has none.
    pub fn grow(&mut self, more: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(more);
        if self.bytes > self.memory.bytes() {
            self.memory.resize(self.bytes.saturating_add(GROUP_BYTES_TAKEN))?;
        }
        Ok(())
    }

    /// What a group is grouped by, then the results of its aggregates.
    ///
    /// # Errors
    /// 22003 for a result that its type does not hold.
    pub fn row(&self, query: &BoundAggregate, place: usize) -> Result<Vec<Value>> {
        let (groups, calls) = (query.groups.len(), query.calls.len());
        let mut row = Vec::with_capacity(groups + calls);
        row.extend(self.values.iter().skip(place * groups).take(groups).cloned());
        for (call, accumulator) in query.calls.iter().zip(self.accumulators.iter().skip(place * calls)) {
            row.push(accumulator.result(call)?);
        }
        Ok(row)
    }
}
