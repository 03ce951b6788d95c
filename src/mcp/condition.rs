//! Conditions on entries: equal facts, and conditions of KNIRVQL that an agent writes. Pure.
//!
//! What an agent writes is parsed here before it becomes a part of a statement, so that it can be nothing but a condition.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::knirvql::{self, AstStage, KnirvqlStatement};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::collection::ToolCollection;
use crate::mcp::statement::literal;

/// Longest condition, in bytes.
const CONDITION_BYTES_MAX: usize = 64 * 1024;
/// Longest object of facts that are compared, in bytes.
const FACTS_BYTES_MAX: usize = 64 * 1024;
/// Most words that are looked for.
const WORDS_MAX: usize = 16;
/// Longest text of words, in bytes.
const WORDS_BYTES_MAX: usize = 1024;
/// What stands before a condition where it is parsed.
const BEFORE: &str = "STAGE MEMORY WHERE ";

/// What `facts`, `where`, `key` and `keys` say together, as a condition of KNIRVQL; `None` where none of them is given.
///
/// # Errors
/// 22023, and 42601 for what is no condition, with the place in it.
pub(super) fn condition(arguments: &ToolArguments, collection: &ToolCollection) -> Result<Option<String>> {
    let mut parts = Vec::new();
    let keys = arguments.keys()?;
    if !keys.is_empty() {
        parts.push(one_of(collection, &keys)?);
    }
    if let Some(facts) = arguments.object("facts", FACTS_BYTES_MAX)? {
        parts.extend(equal_facts(facts)?);
    }
    if let Some(text) = arguments.text("where", CONDITION_BYTES_MAX)? {
        check(text)?;
        // The line end ends a comment.
        parts.push(format!("({text}\n)"));
    }
    Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
}

/// The condition that holds for the entries of these keys.
pub(super) fn one_of(collection: &ToolCollection, keys: &[String]) -> Result<String> {
    let keys = keys.iter().map(|key| collection.key_literal(key)).collect::<Result<Vec<String>>>()?;
    Ok(format!("{} IN ({})", collection.key, keys.join(", ")))
}

fn equal_facts(facts: &Map<String, Value>) -> Result<Vec<String>> {
    let equal = |(name, value): (&String, &Value)| {
        let path = format!("metadata.{}", literal(name));
        match value {
            Value::Null => Ok(format!("{path} IS NULL")),
            Value::String(text) => Ok(format!("{path} = {}", literal(text))),
            Value::Bool(_) | Value::Number(_) => Ok(format!("{path} = {value}")),
            Value::Array(_) | Value::Object(_) => {
                Err(refused(format!("facts.{name} is compared with a list or an object")).with_hint(
                    "Compare with texts, numbers, true, false or null, or use where, e.g. metadata.tags CONTAINS 'x'.",
                ))
            }
        }
    };
    facts.iter().map(equal).collect()
}

/// Whether a text is a condition of KNIRVQL and nothing more.
fn check(text: &str) -> Result<()> {
    const HINT: &str =
        "A condition is e.g. metadata.kind = 'note' AND (metadata.pages > 3 OR metadata.title STARTS WITH 'A').";
    match knirvql::parse(&format!("{BEFORE}{text}")) {
        Ok(KnirvqlStatement::Stage(AstStage { network: None, dry_run: false, .. }))
            if !text.trim_end().ends_with(';') =>
        {
            Ok(())
        }
        Ok(_) => Err(refused("where is more than a condition").with_hint(HINT)),
        Err(error) => {
            let place = error.position().and_then(|at| at.checked_sub(BEFORE.len()));
            let place = place.map_or_else(String::new, |at| format!(", at character {at}"));
            let plain = Error::new(error.kind(), format!("where{place}: {}", error.message()));
            // A hint on the whole statement is about one that the agent has not written.
            let hint = error.hint().filter(|hint| !hint.starts_with("STAGE"));
            Err(plain.with_hint(hint.unwrap_or(HINT)))
        }
    }
}

/// The words that are looked for; none where none are given.
pub(super) fn words(arguments: &ToolArguments) -> Result<Vec<String>> {
    let Some(text) = arguments.text("words", WORDS_BYTES_MAX)? else { return Ok(Vec::new()) };
    let words: Vec<String> = text.split_whitespace().map(str::to_string).collect();
    if words.is_empty() || words.len() > WORDS_MAX {
        return Err(refused(format!("words has {} words, allowed are 1 to {WORDS_MAX}", words.len())));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_conditions_become_parts_of_statements() {
        for text in
            ["metadata.a = 1", "metadata.a = 'x' -- note", "id = 'a' OR NOT metadata.b IS NULL", "a CONTAINS 'FOR'"]
        {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "metadata.a = 1; DELETE WHERE id = 'x'",
            "metadata.a = 1 FOR NETWORK 'x'",
            "metadata.a = 1 DRY RUN",
            "metadata.a = 1;",
            "a = 1) OR (b = 2",
            "/*",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        let error = check("metadata.a == 1").unwrap_err();
        assert!(error.message().starts_with("where, at character 13:"), "{error:?}");
    }

    #[test]
    fn facts_are_quoted() {
        let facts = json!({"it's": "a ' b", "n": 1.5, "t": true, "none": null});
        let parts = equal_facts(facts.as_object().unwrap()).unwrap();
        let expected =
            ["metadata.'it''s' = 'a '' b'", "metadata.'n' = 1.5", "metadata.'t' = true", "metadata.'none' IS NULL"];
        assert_eq!(parts, expected);
        assert!(parts.iter().all(|part| check(part).is_ok()));
        assert!(equal_facts(json!({"a": [1]}).as_object().unwrap()).is_err());
    }
}
