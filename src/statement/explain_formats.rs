//! The tree of a plan as YAML and as XML, in PostgreSQL's layout.

use serde_json::{Map, Value};

/// The space of names of PostgreSQL's documents.
const XML_NAMES: &str = "http://www.postgresql.org/2009/explain";
/// Blanks of a level.
const LEVEL: usize = 2;

/// A document as YAML.
pub fn yaml(document: &Value) -> String {
    let mut out = String::new();
    yaml_list(document.as_array().map(Vec::as_slice).unwrap_or_default(), 0, &mut out);
    out.trim_end_matches('\n').to_string()
}

fn yaml_list(list: &[Value], column: usize, out: &mut String) {
    for item in list {
        out.push_str(&" ".repeat(column));
        out.push_str("- ");
        match item {
            Value::Object(members) => yaml_members(members, column + LEVEL, true, out),
            other => {
                out.push_str(&other.to_string());
                out.push('\n');
            }
        }
    }
}

/// The members at a column, of which the first stands behind the sign of its item.
fn yaml_members(members: &Map<String, Value>, column: usize, is_item: bool, out: &mut String) {
    for (place, (name, value)) in members.iter().enumerate() {
        if place > 0 || !is_item {
            out.push_str(&" ".repeat(column));
        }
        out.push_str(name);
        out.push_str(": ");
        match value {
            Value::Object(inner) => {
                out.push('\n');
                yaml_members(inner, column + LEVEL, false, out);
            }
            Value::Array(list) => {
                out.push('\n');
                yaml_list(list, column + LEVEL, out);
            }
            other => {
                out.push_str(&other.to_string());
                out.push('\n');
            }
        }
    }
}

/// A document as XML.
pub fn xml(document: &Value) -> String {
    let mut out = format!("<explain xmlns=\"{XML_NAMES}\">\n");
    for query in document.as_array().into_iter().flatten() {
        xml_element("Query", query, 1, &mut out);
    }
    out.push_str("</explain>");
    out
}

fn xml_element(name: &str, value: &Value, depth: usize, out: &mut String) {
    let indent = " ".repeat(depth * LEVEL);
    let tag = tag_of(name);
    match value {
        Value::Object(members) => {
            out.push_str(&format!("{indent}<{tag}>\n"));
            members.iter().for_each(|(name, value)| xml_element(name, value, depth + 1, out));
            out.push_str(&format!("{indent}</{tag}>\n"));
        }
        Value::Array(list) => {
            out.push_str(&format!("{indent}<{tag}>\n"));
            for item in list {
                // A list of plans has plans, any other one items.
                let inner = if item.is_object() { name.strip_suffix('s').unwrap_or(name) } else { "Item" };
                xml_element(inner, item, depth + 1, out);
            }
            out.push_str(&format!("{indent}</{tag}>\n"));
        }
        Value::String(text) => out.push_str(&format!("{indent}<{tag}>{}</{tag}>\n", escaped(text))),
        other => out.push_str(&format!("{indent}<{tag}>{other}</{tag}>\n")),
    }
}

/// A name as a tag: what may not stand in one is a hyphen.
fn tag_of(name: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let tag: String = name.chars().map(|letter| if is_name(letter) { letter } else { '-' }).collect();
    if tag.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') { tag } else { format!("_{tag}") }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#x0d;"),
            // What XML has no letters for.
            control if control.is_control() && !matches!(control, '\t' | '\n') => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_laid_out_as_postgresqls() {
        let document = serde_json::json!([{
            "Plan": {"Node Type": "Sort", "Sort Key": ["b"], "Plans": [{"Node Type": "Seq Scan", "Filter": "a < '1'"}]},
            "Planning Time": 0.5
        }]);
        let expected = "- Plan: \n    Node Type: \"Sort\"\n    Plans: \n      - Filter: \"a < '1'\"\n        Node Type: \"Seq Scan\"\n    \
                        Sort Key: \n      - \"b\"\n  Planning Time: 0.5";
        let ordered = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.replace("- ", "  ")).collect();
            lines.sort();
            lines
        };
        assert_eq!(ordered(&yaml(&document)), ordered(expected));
        let xml = xml(&document);
        assert!(
            xml.starts_with("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n    <Plan>\n"),
            "{xml}"
        );
        for part in
            ["<Sort-Key>\n        <Item>b</Item>\n      </Sort-Key>", "<Filter>a &lt; '1'</Filter>", "</explain>"]
        {
            assert!(xml.contains(part), "{xml}");
        }
    }

    #[test]
    fn tags_are_names() {
        assert_eq!((tag_of("Node Type").as_str(), tag_of("1 x<y").as_str()), ("Node-Type", "_1-x-y"));
        assert_eq!(escaped("a\u{1}&\n"), "a\u{fffd}&amp;\n");
    }
}
