//! What the functions of one statement may make: bounds for a call and for everything that is in use at a time.
//!
//! DataFusion's operators account for what they keep, its expressions for nothing. Results of functions are charged to their
//! statement here for as long as they are alive, so that many expressions side by side cannot take what one may not, and are
//! taken from the account of its connection, so that many connections cannot either.

use std::fmt;
use std::sync::{Arc, Weak};

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::logical_expr::ColumnarValue;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::expr::too_large;
use crate::model::{MemoryAccount, Reservation};
use crate::sql::arrow::memory_pool::cover_measured;

/// Bytes of results that are in use at a time by one statement.
const ALIVE_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Bytes of constants that one statement computes: they stay with its plan.
const CONSTANT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How often a constant lies in a plan: in its expressions, and in what the planner derives of them.
const CONSTANT_COPIES: usize = 4;
/// Results below this size are not worth their accounting: a batch of such ones is small.
const SMALL_BYTES_MAX: usize = 256 * 1024;

/// The results of one statement. Clones share it.
#[derive(Clone)]
pub struct Results {
    held: Arc<Mutex<Held>>,
    account: MemoryAccount,
}

struct Held {
    arrays: Vec<(Weak<dyn Array>, usize)>,
    constant_bytes: usize,
    /// Calls that made too much: the function, and the bytes of its arguments. The planner tries a constant many times.
    refused: Vec<(String, usize, Error)>,
    /// What is alive, and the copies of the constants.
    memory: Reservation,
    /// The plan of the statement.
    plan: Reservation,
}

/// Results that belong to no client.
impl Default for Results {
    fn default() -> Self {
        Results::new(&MemoryAccount::default())
    }
}

impl Held {
    /// Bytes of the results that are alive; the others are forgotten.
    fn alive_bytes(&mut self) -> usize {
        self.arrays.retain(|(array, _)| array.strong_count() > 0);
        self.arrays.iter().fold(0_usize, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Bytes of memory that everything takes where so many are alive.
    fn memory_bytes(&self, alive: usize) -> usize {
        alive.saturating_add(self.constant_bytes.saturating_mul(CONSTANT_COPIES))
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Results")
    }
}

impl Results {
    /// Of a statement that takes its memory from an account.
    pub fn new(account: &MemoryAccount) -> Results {
        let (memory, plan) = (account.nothing(), account.nothing());
        let held = Held { arrays: Vec::new(), constant_bytes: 0, refused: Vec::new(), memory, plan };
        Results { held: Arc::new(Mutex::new(held)), account: account.clone() }
    }

    /// Takes memory for what a call is about to make; to be kept until that is charged. Little is not worth it.
    ///
    /// # Errors
    /// 53200 where the account has none.
    pub fn making(&self, bytes: usize) -> Result<Reservation> {
        if bytes < SMALL_BYTES_MAX {
            return self.account.reserve(0);
        }
        self.settle();
        let memory = self.account.reserve(bytes)?;
        cover_measured(&self.account)?;
        Ok(memory)
    }

    /// Takes memory for the plan of the statement, in place of what was taken for it before; kept as long as the results are.
    ///
    /// # Errors
    /// 53200 where the account has none.
    pub fn take_for_plan(&self, bytes: usize) -> Result<()> {
        self.held.lock().plan.resize(bytes)
    }

    /// Whether an array is accounted here.
    pub fn knows(&self, array: &ArrayRef) -> bool {
        let held = self.held.lock();
        held.arrays.iter().any(|(known, _)| std::ptr::addr_eq(known.as_ptr(), Arc::as_ptr(array)))
    }

    /// Gives back what was taken for results that are gone.
    pub fn settle(&self) {
        let mut held = self.held.lock();
        if held.arrays.is_empty() {
            return;
        }
        let alive = held.alive_bytes();
        let bytes = held.memory_bytes(alive).min(held.memory.bytes());
        let above = held.memory.split_above(bytes);
        drop(held);
        drop(above);
    }

    /// Charges what a function made.
    ///
    /// # Errors
    /// 54000 where the statement holds too much, 53200 where its account has no memory for it.
    pub fn charge(&self, name: &str, result: &ColumnarValue) -> Result<()> {
        match result {
            ColumnarValue::Array(array) => self.charge_array(name, array),
            ColumnarValue::Scalar(scalar) => {
                let bytes = scalar.size();
                if bytes < SMALL_BYTES_MAX {
                    return Ok(());
                }
                let mut held = self.held.lock();
                held.constant_bytes = held.constant_bytes.saturating_add(bytes);
                if held.constant_bytes > CONSTANT_BYTES_MAX {
                    return Err(too_large(name, CONSTANT_BYTES_MAX));
                }
                let alive = held.alive_bytes();
                let wanted = held.memory_bytes(alive);
                held.memory.resize(wanted)
            }
        }
    }

    /// Remembers a call that was refused for its size, so that it is not made again.
    pub fn refuse(&self, name: &str, argument_bytes: usize, error: &Error) {
        self.held.lock().refused.push((name.to_string(), argument_bytes, error.clone()));
    }

    /// Why such a call was refused before.
    pub fn refusal(&self, name: &str, argument_bytes: usize) -> Option<Error> {
        let held = self.held.lock();
        let known = held.refused.iter().find(|(refused, bytes, _)| refused == name && *bytes == argument_bytes);
        known.map(|(_, _, error)| error.clone())
    }

    fn charge_array(&self, name: &str, array: &ArrayRef) -> Result<()> {
        let bytes = array.get_buffer_memory_size();
        if bytes < SMALL_BYTES_MAX {
            return Ok(());
        }
        let mut held = self.held.lock();
        let alive = held.alive_bytes().saturating_add(bytes);
        if alive > ALIVE_BYTES_MAX {
            return Err(too_large(name, ALIVE_BYTES_MAX));
        }
        let wanted = held.memory_bytes(alive);
        held.memory.resize(wanted)?;
        held.arrays.push((Arc::downgrade(array), bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringArray;
    use datafusion::common::ScalarValue;

    use super::*;
    use crate::model::Budget;

    #[test]
    fn only_what_is_alive_counts() {
        let results = Results::default();
        let make = || ColumnarValue::Array(Arc::new(StringArray::from(vec!["x".repeat(100 << 20)])));
        for _ in 0..10 {
            results.charge("repeat", &make()).unwrap();
        }
        let kept: Vec<_> = (0..5).map(|_| make()).collect();
        kept.iter().for_each(|each| results.charge("repeat", each).unwrap());
        assert_eq!(results.charge("repeat", &make()).unwrap_err().sqlstate(), "54000");
    }

    #[test]
    fn what_is_alive_is_taken_from_the_account() {
        let budget = Budget::new(1 << 20, 1);
        let results = Results::new(&budget.account());
        let make = |bytes: usize| Arc::new(StringArray::from(vec!["x".repeat(bytes)])) as ArrayRef;
        let array = make(400 << 10);
        results.charge("repeat", &ColumnarValue::Array(Arc::clone(&array))).unwrap();
        assert!(budget.bytes() >= 400 << 10 && results.knows(&array) && !results.knows(&make(1)));
        let other = ColumnarValue::Array(make(800 << 10));
        assert_eq!(results.charge("repeat", &other).unwrap_err().sqlstate(), "53200");
        assert_eq!(results.making(800 << 10).unwrap_err().sqlstate(), "53200");
        drop(array);
        results.settle();
        assert_eq!(budget.bytes(), 0);
        results.charge("repeat", &other).unwrap();
    }

    #[test]
    fn constants_stay() {
        let results = Results::default();
        let constant = ColumnarValue::Scalar(ScalarValue::Utf8(Some("x".repeat(100 << 20))));
        results.charge("repeat", &constant).unwrap();
        assert_eq!(results.charge("repeat", &constant).unwrap_err().sqlstate(), "54000");
    }
}
