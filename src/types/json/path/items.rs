//! What a path finds: JSON, and times that a method made.

use std::rc::Rc;

use crate::error::Result;
use crate::types::column_type::ColumnType;
use crate::types::json::convert::json_text_of_value;
use crate::types::json::jsonb;
use crate::types::json::path::times::PathTime;
use crate::types::numeric::Numeric;
use crate::types::value::Value;

/// An item.
#[derive(Clone, Debug)]
pub enum Item {
    /// JSON in canonical form.
    Json(Rc<str>),
    Time(PathTime),
}

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
    Time,
}

impl Item {
    pub fn json(text: &str) -> Item {
        Item::Json(text.into())
    }

    pub fn string(text: &str) -> Item {
        Item::Json(json_text_of_value(&Value::text(text)).as_ref().into())
    }

    pub fn number(number: &Numeric) -> Item {
        Item::json(&number.to_string())
    }

    pub fn truth(truth: Option<bool>) -> Item {
        Item::json(match truth {
            None => "null",
            Some(true) => "true",
            Some(false) => "false",
        })
    }

    pub fn kind(&self) -> ItemKind {
        match self {
            Item::Time(_) => ItemKind::Time,
            Item::Json(text) => match jsonb::type_name(text) {
                "null" => ItemKind::Null,
                "boolean" => ItemKind::Bool,
                "number" => ItemKind::Number,
                "string" => ItemKind::String,
                "array" => ItemKind::Array,
                _ => ItemKind::Object,
            },
        }
    }

    /// The JSON of the item; a time is a string.
    pub fn text(&self) -> Rc<str> {
        match self {
            Item::Json(text) => Rc::clone(text),
            Item::Time(time) => json_text_of_value(&Value::text(time.to_string())).as_ref().into(),
        }
    }

    pub fn is_array(&self) -> bool {
        self.kind() == ItemKind::Array
    }

    /// The text of a string.
    pub fn as_string(&self) -> Option<String> {
        match self {
            Item::Json(text) if self.kind() == ItemKind::String => {
                jsonb::as_text(text).map(std::borrow::Cow::into_owned)
            }
            _ => None,
        }
    }

    /// The value of a number.
    ///
    /// # Errors
    /// 22003 for one that numeric cannot hold.
    pub fn as_number(&self) -> Result<Option<Numeric>> {
        match self {
            Item::Json(text) if self.kind() == ItemKind::Number => {
                match Value::parse_text(&ColumnType::Numeric(None), text)? {
                    Value::Numeric(number) => Ok(Some(number)),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// The elements of an array.
    pub fn elements(&self) -> Vec<Item> {
        match self {
            Item::Json(text) => jsonb::elements(text).map(Item::json).collect(),
            Item::Time(_) => Vec::new(),
        }
    }

    /// The values in an array or an object.
    pub fn children(&self) -> Vec<Item> {
        match (self, self.kind()) {
            (Item::Json(text), ItemKind::Object) => jsonb::members(text).map(|(_, value)| Item::json(value)).collect(),
            _ => self.elements(),
        }
    }
}
