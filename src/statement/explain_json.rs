//! The lines of a plan as the tree of EXPLAIN (FORMAT JSON) and its like: the names of its members are PostgreSQL's.

use serde_json::{Map, Value};

/// What introduces the line of a step that another one reads.
const ARROW: &str = "->  ";

/// A step and where its text begins; what it reads comes behind it.
struct Step {
    column: usize,
    members: Map<String, Value>,
    below: Vec<Value>,
}

impl Step {
    fn new(column: usize, text: &str) -> Step {
        let (text, notes) = match text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
            Some((text, notes)) => (text, Some(notes)),
            None => (text, None),
        };
        let mut members = Map::new();
        let mut add = |name: &str, value: &str| members.insert(name.to_string(), Value::from(value));
        let is_write = ["Insert", "Update", "Delete", "Upsert"]
            .into_iter()
            .find(|verb| text.strip_prefix(verb).is_some_and(|rest| rest.starts_with(" on ")));
        let (kind, relation) = match text.split_once(" on ") {
            Some((kind, relation)) if !kind.starts_with("Aggregate") => (kind, Some(relation)),
            _ => (text, None),
        };
        let (kind, index) = match kind.split_once(" using ") {
            Some((kind, index)) => (kind, Some(index)),
            None => (kind, None),
        };
        add("Node Type", if is_write.is_some() { "ModifyTable" } else { kind });
        for (name, value) in [("Operation", is_write), ("Index Name", index), ("Relation Name", relation)] {
            if let Some(value) = value {
                add(name, value);
            }
        }
        for note in notes.into_iter().flat_map(|notes| notes.split(", ")) {
            match note.split_once(": ") {
                Some((name, value)) => add(&titled(name), value),
                None if note == "backward" => add("Scan Direction", "Backward"),
                None => add("Note", note),
            };
        }
        Step { column, members, below: Vec::new() }
    }

    fn into_json(mut self) -> Value {
        if !self.below.is_empty() {
            self.members.insert("Plans".to_string(), Value::Array(self.below));
        }
        Value::Object(self.members)
    }
}

/// A name with its first letter large, as PostgreSQL writes names.
fn titled(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The document of a plan, with what running it has shown behind the plan.
pub fn document(lines: &[String], totals: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut open: Vec<Step> = Vec::new();
    for line in lines {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        match text.strip_prefix(ARROW) {
            Some(step) => {
                close(&mut open, indent);
                open.push(Step::new(indent + ARROW.len(), step));
            }
            None if open.is_empty() => open.push(Step::new(indent, text)),
            None => {
                close(&mut open, indent);
                if let Some(step) = open.last_mut() {
                    let (name, value) = text.split_once(": ").unwrap_or(("Note", text));
                    step.members.insert(titled(name), Value::from(value));
                }
            }
        }
    }
    close(&mut open, 0);
    let mut query = Map::new();
    query.insert("Plan".to_string(), open.pop().map_or(Value::Null, Step::into_json));
    query.extend(totals);
    Value::Array(vec![Value::Object(query)])
}

/// Ends the steps that what begins at a column is no part of; the first one stays.
fn close(open: &mut Vec<Step>, column: usize) {
    while open.len() > 1 && open.last().is_some_and(|step| step.column >= column) {
        if let (Some(step), Some(above)) = (open.pop(), open.last_mut()) {
            above.below.push(step.into_json());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_tree() {
        let lines =
            ["Limit", "  ->  Sort", "        ->  Index Scan using i on t", "              Filter: on each entry"];
        let lines = lines.map(str::to_string);
        let json = document(&lines, [("Rows".to_string(), Value::from(3))]);
        let scan = serde_json::json!({
            "Node Type": "Index Scan", "Index Name": "i", "Relation Name": "t", "Filter": "on each entry"
        });
        let sort = serde_json::json!({"Node Type": "Sort", "Plans": [scan]});
        let plan = serde_json::json!({"Node Type": "Limit", "Plans": [sort]});
        assert_eq!(json, serde_json::json!([{"Plan": plan, "Rows": 3}]));
    }

    #[test]
    fn two_sides_of_a_step_are_its_parts() {
        let lines = ["Join: Inner", "  ->  Seq Scan on a (backward)", "  ->  Primary Key Lookup on b (keys: 1)"];
        let json = document(&lines.map(str::to_string), []);
        assert_eq!(json.pointer("/0/Plan/Plans/0/Scan Direction"), Some(&Value::from("Backward")));
        assert_eq!(json.pointer("/0/Plan/Plans/1/Keys"), Some(&Value::from("1")));
    }
}
