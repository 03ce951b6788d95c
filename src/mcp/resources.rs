//! What an agent can read by address: `nebulus://collections`, `nebulus://networks`, `nebulus://collection/NAME` and
//! `nebulus://entry/COLLECTION/KEY`.

use rmcp::model::{Resource, ResourceTemplate};
use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::mcp::answer::{Answer, DATA_NOTICE, answer};
use crate::mcp::collection::ToolCollection;
use crate::mcp::list::{collections, describe, networks};
use crate::mcp::pool::ConnectionLease;
use crate::mcp::recall::{FoundEntry, entries};
use crate::mcp::statement::{rows, run};

const SCHEME: &str = "nebulus://";
pub(super) const JSON: &str = "application/json";
/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;
/// Collections that the list of resources has.
const LISTED_MAX: usize = 100;

/// What an address names.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Collections,
    Networks,
    Collection(String),
    Entry { collection: String, key: String },
}

/// The resources that have a fixed address.
///
/// # Errors
/// What the server says.
pub(super) async fn listed(lease: &ConnectionLease) -> Result<Vec<Resource>> {
    let fixed = |path: &str, title: &str, about: &str| {
        Resource::new(format!("{SCHEME}{path}"), path).with_title(title).with_description(about).with_mime_type(JSON)
    };
    let mut all = vec![
        fixed("collections", "Collections", "The collections with their columns, facts and numbers of entries"),
        fixed("networks", "Networks", "The networks of peers, their members, and what waits to be sent"),
    ];
    for row in rows(lease, "SHOW COLLECTIONS").await?.into_iter().take(LISTED_MAX) {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let (name, entry_type) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        if entry_type != "AUTH" {
            let about = format!("What the collection {name} holds");
            all.push(fixed(&format!("collection/{}", encoded(&name)), &name, &about));
        }
    }
    Ok(all)
}

/// The forms of addresses.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |path: &str, name: &str, about: &str| {
        ResourceTemplate::new(format!("{SCHEME}{path}"), name).with_description(about).with_mime_type(JSON)
    };
    vec![
        template("collection/{name}", "collection", "One collection: its columns, facts and number of entries"),
        template("entry/{collection}/{key}", "entry", "One memory: its facts, who wrote it, and when"),
    ]
}

/// Reads what an address names.
///
/// # Errors
/// 42704 for what is not there, and what the server says.
pub(super) async fn read(uri: &str, lease: &ConnectionLease) -> Result<Answer> {
    let address = Address::of(uri)?;
    run(lease, "BEGIN READ ONLY").await?;
    match address {
        Address::Collections => collections(lease).await,
        Address::Networks => networks(lease).await,
        Address::Collection(name) => {
            let collection = ToolCollection::find(&name, lease).await?;
            describe(&collection.name, "MEMORY", lease).await
        }
        Address::Entry { collection, key } => {
            let collection = ToolCollection::find(&collection, lease).await?;
            let found = entries(&collection, &[FoundEntry { key, distance: None }], false, lease).await?;
            let entry = found.into_iter().next().ok_or_else(|| absent(uri))?;
            Ok(answer([("notice", json!(DATA_NOTICE)), ("collection", json!(collection.name)), ("memory", entry)]))
        }
    }
}

/// A resource as text.
pub(super) fn text_of(answer: Answer) -> String {
    Value::Object(answer).to_string()
}

fn absent(uri: &str) -> Error {
    Error::new(ErrorKind::UndefinedObject, format!("there is nothing at {uri}"))
        .with_hint("Addresses are nebulus://collections, nebulus://networks, nebulus://collection/NAME, nebulus://entry/COLLECTION/KEY.")
}

impl Address {
    fn of(uri: &str) -> Result<Address> {
        if uri.len() > ADDRESS_BYTES_MAX {
            let message = format!("the address has {} bytes, allowed are {ADDRESS_BYTES_MAX}", uri.len());
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        let path = uri.strip_prefix(SCHEME).ok_or_else(|| absent(uri))?;
        let parts = path.splitn(3, '/').map(decoded).collect::<Option<Vec<String>>>().ok_or_else(|| absent(uri))?;
        match parts.as_slice() {
            [one] if one == "collections" => Ok(Address::Collections),
            [one] if one == "networks" => Ok(Address::Networks),
            [kind, name] if kind == "collection" && !name.is_empty() => Ok(Address::Collection(name.clone())),
            [kind, collection, key] if kind == "entry" && !collection.is_empty() && !key.is_empty() => {
                Ok(Address::Entry { collection: collection.clone(), key: key.clone() })
            }
            _ => Err(absent(uri)),
        }
    }
}

/// A part of an address with `%41` for what is no plain letter (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The text of a part of an address; `None` for what is none.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        let digits =
            std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let name = "a/b %ü";
        assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
        let entry = Address::of("nebulus://entry/memory/a%2Fb/c").unwrap();
        assert_eq!(entry, Address::Entry { collection: "memory".to_string(), key: "a/b/c".to_string() });
        assert_eq!(Address::of("nebulus://collections").unwrap(), Address::Collections);
        for uri in [
            "",
            "nebulus://",
            "http://collections",
            "nebulus://entry/memory/",
            "nebulus://entry/%zz/a",
            "nebulus://collection/%00",
        ] {
            assert!(Address::of(uri).is_err(), "{uri}");
        }
    }
}
