//! The bytes of one change on its way to peers: whose entry it is, and its state with all values inside.
//!
//! ```text
//! body:   u16 length, name of the collection in the network (and of a table a zero byte and a tag of the shape of its
//!         keys; and a second zero byte where it begins a life of the entry); u16 length, encoded primary key; state
//! state:  a record (record.rs) of format 1 with vectors inline, version 0 and no flags: nothing in it speaks of this node alone
//! ```
//!
//! What comes from outside passes [`decode_state`], which refuses everything that no write could have made.

use crate::error::{Error, ErrorKind, Result};
use crate::merge::validate;
use crate::model::{Field, FieldKey, Stage, State};
use crate::store::record::record::{Publicity, RecordField, RecordHeader, encode_sorted_record};
use crate::store::record::record_view::RecordView;
use crate::store::record::value_codec::Stored;
use crate::types::limits::{KEY_BYTES_MAX, VECTOR_DIMENSION_MAX};
use crate::types::{Value, check_json};

/// A body, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaBody<'a> {
    pub collection: &'a str,
    /// Of the keys' shape; empty where its writer's version knew none, and for collections that are no tables.
    pub shape: &'a str,
    /// Whether its origin says to have begun the life of the entry that it speaks of.
    pub begins: bool,
    /// The encoded primary key.
    pub key: &'a [u8],
    /// For [`decode_state`].
    pub state: &'a [u8],
}

/// Writes a body.
///
/// # Errors
/// 54000 for a key or a state over the limits of an entry.
pub fn encode_body(collection: &str, key: &[u8], state: &State) -> Result<Vec<u8>> {
    let length = |bytes: usize| {
        u16::try_from(bytes)
            .map(u16::to_le_bytes)
            .map_err(|_| Error::new(ErrorKind::LimitExceeded, format!("a key of {bytes} bytes cannot be shared")))
    };
    let state = encode_state(state)?;
    let mut out = Vec::with_capacity(collection.len() + key.len() + state.len() + 4);
    out.extend_from_slice(&length(collection.len())?);
    out.extend_from_slice(collection.as_bytes());
    out.extend_from_slice(&length(key.len())?);
    out.extend_from_slice(key);
    out.extend_from_slice(&state);
    Ok(out)
}

impl<'a> DeltaBody<'a> {
    /// # Errors
    /// `Corrupted` for bytes that are no body.
    pub fn parse(bytes: &'a [u8]) -> Result<DeltaBody<'a>> {
        let (collection, rest) = split_text(bytes)?;
        let (key, state) = split_text(rest)?;
        let collection = std::str::from_utf8(collection).map_err(|_| damaged("its collection is not UTF-8"))?;
        let (collection, tag) = collection.split_once('\0').unwrap_or((collection, ""));
        let (shape, begins) = tag.strip_suffix('\0').map_or((tag, false), |shape| (shape, true));
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(damaged("its key has no possible length"));
        }
        Ok(DeltaBody { collection, shape, begins, key, state })
    }
}

fn split_text(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk().ok_or_else(|| damaged("it is cut off"))?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or_else(|| damaged("it is cut off"))
}

/// Writes a state with all its values inside.
///
/// # Errors
/// 54000 over the limits of an entry, 0A000 for an array.
pub fn encode_state(state: &State) -> Result<Vec<u8>> {
    let header = RecordHeader {
        version: 0,
        causal_length: state.causal_length,
        timestamp: state.timestamp,
        peer_id: state.peer_id.clone(),
        stage: Stage::Private,
        publicity: Publicity::Private,
    };
    let stored = |field: &Field| RecordField {
        stored: field.value.clone().map_or(Stored::Removed, Stored::Value),
        stamp: field.stamp.clone(),
    };
    let fields: Vec<(FieldKey<'_>, RecordField)> =
        state.fields.iter().map(|(name, field)| (FieldKey::Fact(name), stored(field))).collect();
    encode_sorted_record(&header, &state.clock, &fields)
}

/// Reads a state that came from outside.
///
/// # Errors
/// `Corrupted` or 22000 for bytes that are no state, and for states and values that no write makes.
pub fn decode_state(bytes: &[u8]) -> Result<State> {
    let record = RecordView::parse(bytes)?;
    let header = record.header()?;
    if header.version != 0 || header.stage != Stage::Private || header.publicity != Publicity::Private {
        return Err(damaged("its state carries marks of another node"));
    }
    let mut state = State {
        causal_length: header.causal_length,
        fields: Default::default(),
        clock: record.clock()?,
        timestamp: header.timestamp,
        peer_id: header.peer_id,
    };
    for field in record.fields() {
        let (key, RecordField { stored, stamp }) = field?;
        let FieldKey::Fact(name) = key else {
            return Err(damaged("a field has no name that others know"));
        };
        let value = match stored {
            Stored::Removed => None,
            Stored::Value(value) => Some(value),
            Stored::Vector { .. } => return Err(damaged("a vector is not inside of it")),
        };
        value.as_ref().map(check_value).transpose()?;
        let is_in_order = state.fields.last_key_value().is_none_or(|(last, _)| last.as_str() < name);
        if !is_in_order {
            return Err(damaged("its fields are not in order"));
        }
        state.fields.insert(name.to_string(), Field { value, stamp });
    }
    validate(&state)?;
    Ok(state)
}

/// Refuses a value that this program would not have stored.
fn check_value(value: &Value) -> Result<()> {
    match value {
        Value::Vector(vector) if vector.is_empty() || vector.len() > VECTOR_DIMENSION_MAX => {
            Err(damaged("a vector has no possible dimension"))
        }
        Value::Vector(vector) if vector.iter().any(|component| !component.is_finite()) => {
            Err(damaged("a vector has a component that is not finite"))
        }
        Value::Json(text) => check_json(text).map(drop),
        Value::Text(text) if text.contains('\0') => Err(damaged("a text holds a NUL")),
        // Arrays are not nested, which is checked where they are read.
        Value::Array(_, values) => values.iter().try_for_each(check_value),
        _ => Ok(()),
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("a delta is malformed: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{WriteContext, insert};
    use crate::model::{Hlc, PeerId};
    use crate::types::ColumnType;

    fn entry() -> State {
        let fields = [
            ("name".to_string(), Value::text("one")),
            ("$vector".to_string(), Value::Vector(vec![1.0, 2.0].into())),
            ("tags".to_string(), Value::Json("{\"a\": 1}".into())),
        ];
        insert(None, fields, &WriteContext { hlc: Hlc::new(10, 0), peer_id: PeerId::new("a") })
    }

    #[test]
    fn a_state_comes_back_whole() {
        let body = encode_body("memory", b"key", &entry()).unwrap();
        let parsed = DeltaBody::parse(&body).unwrap();
        assert_eq!((parsed.collection, parsed.key), ("memory", b"key".as_slice()));
        assert_eq!(decode_state(parsed.state).unwrap(), entry());
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_an_error_or_a_state() {
        let body = encode_body("memory", b"key", &entry()).unwrap();
        for end in 0..body.len() {
            let cut = DeltaBody::parse(&body[..end]).and_then(|parsed| decode_state(parsed.state));
            assert!(cut.is_err(), "cut at {end}");
        }
        for at in 0..body.len() {
            let mut flipped = body.clone();
            flipped[at] ^= 0x55;
            drop(DeltaBody::parse(&flipped).and_then(|parsed| decode_state(parsed.state)));
        }
    }

    #[test]
    fn what_goes_to_peers_is_of_format_1_and_a_column_of_another_node_is_refused() {
        let state = entry();
        assert_eq!(encode_state(&state).unwrap()[0], 1);
        let header = RecordHeader {
            version: 0,
            causal_length: state.causal_length,
            timestamp: state.timestamp,
            peer_id: state.peer_id.clone(),
            stage: Stage::Private,
            publicity: Publicity::Private,
        };
        let field = RecordField { stored: Stored::Value(Value::Bool(true)), stamp: header.stamp() };
        let by_id = [(FieldKey::Column(crate::model::ColumnId(3)), field)];
        let bytes = encode_sorted_record(&header, &state.clock, &by_id).unwrap();
        let error = decode_state(&bytes).unwrap_err();
        assert!(error.message().contains("a field has no name that others know"), "{error:?}");
    }

    #[test]
    fn values_that_no_write_makes_are_refused() {
        for value in [
            Value::Vector(vec![f32::NAN].into()),
            Value::Vector(Vec::new().into()),
            Value::Json("{".into()),
            Value::text("a\0b"),
            Value::Array(Box::new(ColumnType::Text), vec![Value::Null, Value::text("a\0b")]),
            Value::Array(Box::new(ColumnType::Int4), vec![Value::text("another type")]),
        ] {
            let mut state = entry();
            state.fields.get_mut("name").unwrap().value = Some(value);
            assert!(decode_state(&encode_state(&state).unwrap()).is_err());
        }
    }
}
