//! Enumerated types and their values.
//!
//! A value is the position of its label: a number that the label gets when it is added and keeps for good, such that the positions
//! of a type are in the order of its labels. So values compare, sort and lie in keys of indexes by themselves, a label that comes between
//! two others takes a number between theirs and leaves every stored value and key right, and another name for a label changes no value.
//! The type alone knows the names: values read from the store take it from their column.
//!
//! A type is spelled for the planner, which knows types by texts alone, as the number of this very definition in the process, so
//! that each statement goes on with the labels that it began with.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::types::Value;
use crate::types::limits::IDENTIFIER_BYTES_MAX;

/// The OID of the first enumerated type; each takes this one and the next, which is that of its arrays.
const OID_FIRST: u32 = 0x1000_0000;
/// What lies between the positions of labels that are added one behind the other: so many halves fit between any two.
const STEP: i64 = 1 << 40;
/// Labels of one type, at most.
pub const ENUM_LABELS_MAX: usize = 10_000;
/// What the spelling of an enumerated type begins with, which is the name of no type.
const SPELLING: &str = "\u{1}enum ";

/// The definitions that values and plans hold, by their numbers.
static DEFINITIONS: LazyLock<Mutex<HashMap<u64, Weak<EnumType>>>> = LazyLock::new(Mutex::default);
static NEXT_DEFINITION: AtomicU64 = AtomicU64::new(1);

/// One definition of an enumerated type. Definitions of one type are equal, whatever their labels.
#[derive(Debug)]
pub struct EnumType {
    oid: u32,
    name: String,
    /// In the order of their positions.
    labels: Vec<EnumLabel>,
    /// Its number in this process; 0 of a type of which only the OID is known.
    definition: u64,
}

/// A label with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumLabel {
    pub position: i64,
    pub name: String,
}

impl EnumLabel {
    /// `enumsortorder`: labels of CREATE TYPE have 1, 2 and so on.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "it is shown, and orders nothing here"
    )]
    pub fn sort_order(&self) -> f32 {
        (self.position as f64 / STEP as f64) as f32
    }
}

/// A value of an enumerated type. Values are equal where their positions are: those of two types do not meet.
#[derive(Clone, Debug)]
pub struct EnumValue {
    pub ty: Arc<EnumType>,
    pub position: i64,
}

/// Where a new label goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelPlace {
    Last,
    Before(String),
    After(String),
}

impl PartialEq for EnumType {
    fn eq(&self, other: &Self) -> bool {
        self.oid == other.oid
    }
}

impl Eq for EnumType {}

impl Hash for EnumType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.oid.hash(state);
    }
}

impl PartialEq for EnumValue {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Drop for EnumType {
    fn drop(&mut self) {
        if self.definition != 0 {
            DEFINITIONS.lock().remove(&self.definition);
        }
    }
}

impl EnumType {
    /// A definition; the labels are in the order of their positions.
    pub fn new(number: u32, name: impl Into<String>, labels: Vec<EnumLabel>) -> Arc<EnumType> {
        let definition = NEXT_DEFINITION.fetch_add(1, Ordering::Relaxed);
        let oid = EnumType::oid_of(number);
        let ty = Arc::new(EnumType { oid, name: name.into(), labels, definition });
        DEFINITIONS.lock().insert(definition, Arc::downgrade(&ty));
        ty
    }

    /// A type of which only the OID is known, 0 for none: it has no labels until its column says them.
    pub fn unresolved(oid: u32) -> Arc<EnumType> {
        static NONE: LazyLock<Arc<EnumType>> = LazyLock::new(|| EnumType::bare(0));
        if oid == 0 { Arc::clone(&NONE) } else { EnumType::bare(oid) }
    }

    fn bare(oid: u32) -> Arc<EnumType> {
        Arc::new(EnumType { oid, name: String::new(), labels: Vec::new(), definition: 0 })
    }

    /// Whether its labels are known.
    pub fn is_resolved(&self) -> bool {
        self.definition != 0
    }

    /// The OID of the type of a number, which is one of those that collections share.
    pub fn oid_of(number: u32) -> u32 {
        OID_FIRST.saturating_add(number.saturating_mul(2))
    }

    /// The number of the type of an OID, or of its arrays; `None` for an OID that is of no enumerated type.
    pub fn number_of(oid: u32) -> Option<u32> {
        oid.checked_sub(OID_FIRST).map(|beyond| beyond / 2)
    }

    /// Whether an OID is of an enumerated type, and not of arrays of one.
    pub fn is_oid(oid: u32) -> bool {
        oid >= OID_FIRST && oid.is_multiple_of(2)
    }

    /// The type of the elements of arrays of an OID.
    pub fn element_of(oid: u32) -> Option<u32> {
        (oid >= OID_FIRST && !oid.is_multiple_of(2)).then(|| oid - 1)
    }

    pub fn oid(&self) -> u32 {
        self.oid
    }

    /// The OID of its arrays.
    pub fn array_oid(&self) -> u32 {
        self.oid.saturating_add(1)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// In their order.
    pub fn labels(&self) -> &[EnumLabel] {
        &self.labels
    }

    /// The label at a position.
    pub fn label(&self, position: i64) -> Option<&str> {
        let place = self.labels.binary_search_by_key(&position, |label| label.position).ok()?;
        self.labels.get(place).map(|label| label.name.as_str())
    }

    /// The value of a label.
    ///
    /// # Errors
    /// 22P02 for a text that is none of its labels.
    pub fn read(self: &Arc<Self>, text: &str) -> Result<EnumValue> {
        match self.labels.iter().find(|label| label.name == text) {
            Some(label) => Ok(EnumValue { ty: Arc::clone(self), position: label.position }),
            None => {
                let message = format!("invalid input value for enum {}: \"{text}\"", self.name);
                Err(Error::new(ErrorKind::InvalidTextRepresentation, message))
            }
        }
    }

    /// The spelling that [`EnumType::spelled`] reads in this process, and as a type without labels in any other one.
    pub fn spelling(&self) -> String {
        format!("{SPELLING}{} {}", self.oid, self.definition)
    }

    /// The spelling that is stored: it names the type and no definition of it.
    pub fn stored_spelling(&self) -> String {
        format!("{SPELLING}{} 0", self.oid)
    }

    /// The type of a spelling; `None` for a text that is none.
    pub fn spelled(text: &str) -> Option<Arc<EnumType>> {
        let (oid, definition) = text.strip_prefix(SPELLING)?.split_once(' ')?;
        let (oid, definition) = (oid.parse().ok()?, definition.parse::<u64>().ok()?);
        let known = DEFINITIONS.lock().get(&definition).and_then(Weak::upgrade);
        Some(known.filter(|ty| ty.oid == oid).unwrap_or_else(|| EnumType::unresolved(oid)))
    }

    /// The name that the type of an OID was given last, or that of its arrays, for messages.
    pub fn name_of(oid: u32) -> Option<String> {
        let found = |oid: u32| {
            let definitions = DEFINITIONS.lock();
            let all: Vec<Arc<EnumType>> = definitions.values().filter_map(Weak::upgrade).collect();
            drop(definitions);
            let newest = all.iter().filter(|ty| ty.oid == oid).max_by_key(|ty| ty.definition);
            newest.map(|ty| ty.name.clone())
        };
        match EnumType::element_of(oid) {
            Some(element) => found(element).map(|name| format!("{name}[]")),
            None => found(oid),
        }
    }
}

impl EnumValue {
    /// A value of which nobody knows the type yet.
    pub fn unresolved(position: i64) -> EnumValue {
        EnumValue { ty: EnumType::unresolved(0), position }
    }

    /// Its label; an empty one where the type does not say it.
    pub fn label(&self) -> &str {
        self.ty.label(self.position).unwrap_or_default()
    }

    /// The value with the labels of a definition of its type.
    ///
    /// # Errors
    /// XX000 for one that has no such label.
    pub fn of(self, ty: &Arc<EnumType>) -> Result<EnumValue> {
        if ty.is_resolved() && ty.label(self.position).is_none() {
            return Err(Error::internal(format!("invalid internal value for enum {}: {}", ty.name, self.position)));
        }
        Ok(EnumValue { ty: Arc::clone(ty), position: self.position })
    }
}

impl Value {
    /// The position of a value of an enumerated type.
    pub fn label_position(&self) -> Option<i64> {
        match self {
            Value::Enum(value) => Some(value.position),
            _ => None,
        }
    }

    /// Whether it is of an enumerated type, or an array of one, whose labels nobody knows.
    pub fn lacks_labels(&self) -> bool {
        match self {
            Value::Enum(value) => !value.ty.is_resolved(),
            // As deep as arrays are nested, at most six.
            Value::Array(element, values) => element.enumerated().is_some() && values.iter().any(Value::lacks_labels),
            _ => false,
        }
    }
}

/// The labels of a new type.
///
/// # Errors
/// 42602 for a label that is too long, 23505 for one that is there twice, 54000 for too many.
pub fn first_labels(names: &[String]) -> Result<Vec<EnumLabel>> {
    check_count(names.len())?;
    let mut labels = Vec::with_capacity(names.len());
    let mut position = 0_i64;
    for (place, name) in names.iter().enumerate() {
        check_label(name)?;
        if names.iter().take(place).any(|other| other == name) {
            let message = "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"";
            let detail = format!("Key (enumlabel)=({name}) already exists.");
            return Err(Error::new(ErrorKind::UniqueViolation, message).with_detail(detail));
        }
        position = position.saturating_add(STEP);
        labels.push(EnumLabel { position, name: name.clone() });
    }
    Ok(labels)
}

/// The labels with one more, which is not among them.
///
/// # Errors
/// 42602 for a label that is too long, 22023 for a neighbour that is none, 54000 where there are too many, or no place is left between two.
pub fn with_label(labels: &[EnumLabel], name: &str, place: &LabelPlace) -> Result<Vec<EnumLabel>> {
    check_label(name)?;
    check_count(labels.len().saturating_add(1))?;
    let at = match place {
        LabelPlace::Last => labels.len(),
        LabelPlace::Before(neighbour) => place_of(labels, neighbour)?,
        LabelPlace::After(neighbour) => place_of(labels, neighbour)?.saturating_add(1),
    };
    let position_at = |at: Option<usize>| at.and_then(|at| labels.get(at)).map(|label| label.position);
    let position = match (position_at(at.checked_sub(1)), position_at(Some(at))) {
        (None, None) => Some(STEP),
        (Some(before), None) => before.checked_add(STEP),
        (None, Some(after)) => after.checked_sub(STEP),
        (Some(before), Some(after)) => {
            let middle = before.midpoint(after);
            (middle != before && middle != after).then_some(middle)
        }
    };
    let Some(position) = position else {
        let message = format!("there is no place left for the enum label \"{name}\" between its neighbors");
        return Err(Error::new(ErrorKind::LimitExceeded, message)
            .with_hint("Make a type of all the labels anew, and ALTER TABLE ... ALTER COLUMN ... TYPE ... USING."));
    };
    let mut all = labels.to_vec();
    all.insert(at.min(all.len()), EnumLabel { position, name: name.to_string() });
    Ok(all)
}

fn place_of(labels: &[EnumLabel], name: &str) -> Result<usize> {
    labels.iter().position(|label| label.name == name).ok_or_else(|| no_label(name))
}

/// 22023 for a label that a type has not.
pub fn no_label(name: &str) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, format!("\"{name}\" is not an existing enum label"))
}

/// # Errors
/// 42602 for a label that is too long.
pub fn check_label(name: &str) -> Result<()> {
    if name.len() <= IDENTIFIER_BYTES_MAX {
        return Ok(());
    }
    let error = Error::new(ErrorKind::InvalidName, format!("invalid enum label \"{name}\""));
    Err(error.with_detail(format!("Labels must be {IDENTIFIER_BYTES_MAX} bytes or less.")))
}

fn check_count(count: usize) -> Result<()> {
    if count <= ENUM_LABELS_MAX {
        return Ok(());
    }
    Err(Error::new(ErrorKind::LimitExceeded, format!("an enum can have at most {ENUM_LABELS_MAX} labels")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[EnumLabel]) -> Vec<&str> {
        assert!(labels.is_sorted_by(|a, b| a.position < b.position));
        labels.iter().map(|label| label.name.as_str()).collect()
    }

    #[test]
    fn labels_that_come_later_leave_the_others_where_they_are() {
        let first = first_labels(&["a".to_string(), "z".to_string()]).unwrap();
        let mut labels = first.clone();
        labels = with_label(&labels, "m", &LabelPlace::Before("z".to_string())).unwrap();
        labels = with_label(&labels, "0", &LabelPlace::Before("a".to_string())).unwrap();
        labels = with_label(&labels, "b", &LabelPlace::After("a".to_string())).unwrap();
        labels = with_label(&labels, "~", &LabelPlace::Last).unwrap();
        assert_eq!(names(&labels), ["0", "a", "b", "m", "z", "~"]);
        assert!(first.iter().all(|label| labels.contains(label)));
    }

    #[test]
    fn a_gap_that_is_used_up_is_refused() {
        let mut labels = first_labels(&["a".to_string(), "z".to_string()]).unwrap();
        let mut added = 0;
        let error = loop {
            match with_label(&labels, &format!("i{added}"), &LabelPlace::Before("z".to_string())) {
                Ok(more) => labels = more,
                Err(error) => break error,
            }
            added += 1;
        };
        assert_eq!((error.sqlstate(), added), ("54000", 40));
        assert_eq!(names(&labels).len(), 42);
    }

    #[test]
    fn a_spelling_leads_back_to_its_definition_while_that_is_held() {
        let labels = first_labels(&["a".to_string()]).unwrap();
        let ty = EnumType::new(20, "mood", labels);
        assert_eq!(EnumType::spelled(&ty.spelling()).unwrap().labels(), ty.labels());
        assert!(!EnumType::spelled(&ty.stored_spelling()).unwrap().is_resolved());
        let spelling = ty.spelling();
        drop(ty);
        assert!(!EnumType::spelled(&spelling).unwrap().is_resolved());
        assert!(EnumType::spelled("mood").is_none());
    }
}
