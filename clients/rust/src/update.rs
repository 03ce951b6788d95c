//! Changes of facts, which one UPDATE of the server makes, so that no change of another writer is lost.

use serde_json::{Value, json};
use tokio_postgres::types::Type;

use crate::compile::{FACTS, Parameters};
use crate::entry::vector_text;
use crate::error::{Error, Result};
use crate::filter::{Field, Root, Step};

/// What an update changes. Each field is changed once.
///
/// A field of some depth (`fact("author").at("name")`) gets the objects around it where there are none; where a text or a number
/// stands in its way, nothing is changed there.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a change does nothing until it is given to update()"]
pub struct Update {
    changes: Vec<(Field, Change)>,
    vector: Option<Vec<f32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Change {
    Set(Value),
    Unset,
    Increase(Value),
    Multiply(Value),
    Least(Value),
    Greatest(Value),
    Push(Vec<Value>),
    AddToSet(Value),
    Pull(String),
    Pop,
    Shift,
    Rename(Field),
}

impl Update {
    /// An update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `$set`: gives the field this value.
    pub fn set(self, field: impl Into<Field>, value: impl Into<Value>) -> Self {
        self.with(field, Change::Set(value.into()))
    }

    /// `$unset`: takes the field away.
    pub fn unset(self, field: impl Into<Field>) -> Self {
        self.with(field, Change::Unset)
    }

    /// `$inc`: adds to a number; a missing one counts as 0.
    pub fn increase(self, field: impl Into<Field>, by: impl Into<Value>) -> Self {
        self.with(field, Change::Increase(by.into()))
    }

    /// `$mul`: multiplies a number; a missing one counts as 0.
    pub fn multiply(self, field: impl Into<Field>, by: impl Into<Value>) -> Self {
        self.with(field, Change::Multiply(by.into()))
    }

    /// `$min`: the number that is there, or this one where that is less or nothing is there.
    pub fn at_most(self, field: impl Into<Field>, number: impl Into<Value>) -> Self {
        self.with(field, Change::Least(number.into()))
    }

    /// `$max`: the number that is there, or this one where that is greater or nothing is there.
    pub fn at_least(self, field: impl Into<Field>, number: impl Into<Value>) -> Self {
        self.with(field, Change::Greatest(number.into()))
    }

    /// `$push`: puts a value at the end of an array, which is made where there is none.
    pub fn push(self, field: impl Into<Field>, value: impl Into<Value>) -> Self {
        self.with(field, Change::Push(vec![value.into()]))
    }

    /// `$push` with `$each`: puts several values at the end of an array.
    pub fn push_each<V: Into<Value>>(self, field: impl Into<Field>, values: impl IntoIterator<Item = V>) -> Self {
        self.with(field, Change::Push(values.into_iter().map(Into::into).collect()))
    }

    /// `$addToSet`: puts a value at the end of an array that does not hold it.
    pub fn add_to_set(self, field: impl Into<Field>, value: impl Into<Value>) -> Self {
        self.with(field, Change::AddToSet(value.into()))
    }

    /// `$pull`: takes a text out of an array, wherever it stands there.
    pub fn pull(self, field: impl Into<Field>, text: impl Into<String>) -> Self {
        self.with(field, Change::Pull(text.into()))
    }

    /// `$pop` by 1: takes the last element off an array.
    pub fn pop(self, field: impl Into<Field>) -> Self {
        self.with(field, Change::Pop)
    }

    /// `$pop` by -1: takes the first element off an array.
    pub fn shift(self, field: impl Into<Field>) -> Self {
        self.with(field, Change::Shift)
    }

    /// `$rename`: moves what is there to another field.
    pub fn rename(self, field: impl Into<Field>, to: impl Into<Field>) -> Self {
        let to = to.into();
        self.with(field, Change::Rename(to))
    }

    /// Gives the entries this vector.
    pub fn vector(mut self, vector: impl Into<Vec<f32>>) -> Self {
        self.vector = Some(vector.into());
        self
    }

    fn with(mut self, field: impl Into<Field>, change: Change) -> Self {
        self.changes.push((field.into(), change));
        self
    }

    /// The list behind SET.
    pub(crate) fn to_sql(&self, parameters: &mut Parameters) -> Result<String> {
        let mut paths = Vec::new();
        for (field, change) in &self.changes {
            paths.push(path(field)?);
            if let Change::Rename(to) = change {
                paths.push(path(to)?);
            }
        }
        for (at, one) in paths.iter().enumerate() {
            if let Some(other) =
                paths.iter().skip(at + 1).find(|other| one.starts_with(other) || other.starts_with(one))
            {
                return Err(Error::input(format!(
                    "{one:?} and {other:?} are changed by one update: change each field once"
                )));
            }
        }
        let mut sets = Vec::new();
        if !self.changes.is_empty() {
            sets.push(format!("{FACTS} = {}", self.facts(parameters)?));
        }
        if let Some(vector) = &self.vector {
            sets.push(format!("vector = {}::vector", parameters.text(vector_text(vector)?)));
        }
        if sets.is_empty() {
            return Err(Error::input("the update changes nothing: name a change"));
        }
        Ok(sets.join(", "))
    }

    /// The facts afterwards, an expression over those before.
    fn facts(&self, parameters: &mut Parameters) -> Result<String> {
        let mut text = format!("coalesce({FACTS}, '{{}}'::jsonb)");
        // The objects around what is set deeper, the outer ones first.
        let mut around: Vec<Vec<String>> = Vec::new();
        for (field, change) in &self.changes {
            let target = match change {
                Change::Unset | Change::Pop | Change::Shift | Change::Pull(_) => continue,
                Change::Rename(to) => path(to)?,
                _ => path(field)?,
            };
            around.extend((1..target.len()).filter_map(|length| target.get(..length).map(<[String]>::to_vec)));
        }
        around.sort_by_key(Vec::len);
        around.dedup();
        for outer in around {
            let place = parameters.add(outer, Type::TEXT_ARRAY);
            text = format!("jsonb_set({text}, {place}, coalesce({FACTS} #> {place}, '{{}}'::jsonb))");
        }
        for (field, change) in &self.changes {
            let place = parameters.add(path(field)?, Type::TEXT_ARRAY);
            let before = format!("({FACTS} #> {place})");
            let set = |value: String| format!("jsonb_set({text}, {place}, {value})");
            let array = format!("coalesce({before}, '[]'::jsonb)");
            text = match change {
                Change::Set(value) => set(parameters.json(value.clone())),
                Change::Unset => format!("({text}) #- {place}"),
                Change::Increase(by) => set(format!("to_jsonb({} + {})", number(&place, "0"), amount(by, parameters)?)),
                Change::Multiply(by) => set(format!("to_jsonb({} * {})", number(&place, "0"), amount(by, parameters)?)),
                Change::Least(other) => {
                    let other = amount(other, parameters)?;
                    set(format!("to_jsonb(least({}, {other}))", number(&place, &other)))
                }
                Change::Greatest(other) => {
                    let other = amount(other, parameters)?;
                    set(format!("to_jsonb(greatest({}, {other}))", number(&place, &other)))
                }
                Change::Push(values) => set(format!("{array} || {}", parameters.json(Value::Array(values.clone())))),
                Change::AddToSet(value) => {
                    let value = parameters.json(json!([value]));
                    set(format!("CASE WHEN {array} @> {value} THEN {array} ELSE {array} || {value} END"))
                }
                Change::Pull(element) => {
                    let element = parameters.text(element);
                    format!("CASE WHEN {before} IS NULL THEN {text} ELSE {} END", set(format!("{before} - {element}")))
                }
                Change::Pop => format!("({text}) #- ({place} || '{{-1}}'::text[])"),
                Change::Shift => format!("({text}) #- ({place} || '{{0}}'::text[])"),
                Change::Rename(to) => {
                    let to = parameters.add(path(to)?, Type::TEXT_ARRAY);
                    format!(
                        "CASE WHEN {before} IS NULL THEN {text} ELSE jsonb_set(({text}) #- {place}, {to}, {before}) END"
                    )
                }
            };
        }
        Ok(text)
    }
}

/// The number at a place, or another where there is none.
fn number(place: &str, missing: &str) -> String {
    format!("coalesce(({FACTS} #>> {place})::numeric, {missing})")
}

fn amount(value: &Value, parameters: &mut Parameters) -> Result<String> {
    match value {
        Value::Number(number) => Ok(format!("{}::numeric", parameters.text(number.to_string()))),
        other => Err(Error::input(format!("{other} is no number"))),
    }
}

fn path(field: &Field) -> Result<Vec<String>> {
    match &field.root {
        Root::Facts => Ok(field
            .steps
            .iter()
            .map(|step| match step {
                Step::Name(name) => name.clone(),
                Step::Place(place) => place.to_string(),
            })
            .collect()),
        Root::Column(name) => {
            Err(Error::input(format!("an update changes facts and the vector; for the column {name:?} use SQL")))
        }
    }
}
