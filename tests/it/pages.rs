//! What the pages under `docs/` show is what happens: every command of a block marked `console` is run by bash, on a fresh
//! machine as far as that can be had (an empty home directory, free ports), and answers what the page says.
//!
//! A command stands behind `$ `, further lines of it behind `> `. A command that ends with `&` serves on; the next one waits
//! until it is ready. In what is expected, `…` stands for anything within a line, and alone for any lines. With
//! UPDATE_GOLDEN=1 the pages are written anew. Ports of the pages are replaced by free ones.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::program_path;

/// A page that takes longer hangs.
const PAGE_SECONDS_MAX: u32 = 240;
/// Longest wait for a server that a page starts.
const READY_SECONDS_MAX: u32 = 60;
/// What pages call the ports of their servers: for clients, for health, for peers.
const PORTS: [&str; 7] = ["5433", "5434", "5435", "8433", "4001", "4002", "4003"];

/// One command and the lines that follow it.
struct Step {
    command: String,
    /// Lines of the page: the first one below the command, and the first one behind its output.
    output: std::ops::Range<usize>,
}

fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("```") {
            inside = *line == "```console";
        } else if inside && line.starts_with("$ ") {
            steps.push(Step { command: line[2..].to_string(), output: at + 1..at + 1 });
        } else if inside {
            let step = steps.last_mut().expect("a block begins with a command");
            match line.strip_prefix("> ") {
                Some(more) if step.output.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                    step.output = at + 1..at + 1;
                }
                _ => step.output.end = at + 1,
            }
        }
    }
    steps
}

/// The script that runs all commands in one shell, the output of each in a file of its own.
fn script(steps: &[Step], ports: &BTreeMap<&str, String>) -> String {
    let mut script = String::from("trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n");
    for (number, step) in steps.iter().enumerate() {
        let command = with_numbers(&step.command, |number| ports.get(number).cloned());
        // The shell's own words about its jobs are no output of a page.
        writeln!(script, "{{ {command}\n}} >\"$OUTPUTS/{number}\" 2>&1 </dev/null").expect("text grows");
        if step.command.ends_with('&') {
            writeln!(
                script,
                "for _ in $(seq {}); do grep -q '^ready ' \"$OUTPUTS/{number}\" && break; sleep 0.05; done",
                READY_SECONDS_MAX * 20
            )
            .expect("text grows");
        }
    }
    script
}

/// A text with other numbers in the place of some. A number is a whole run of digits, and no fraction: the digits of a port may
/// well stand within those of a distance.
fn with_numbers(text: &str, other: impl Fn(&str) -> Option<String>) -> String {
    let (mut changed, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_number) = rest.split_at(start);
        let end = from_number.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_number.len());
        let (number, behind) = from_number.split_at(end);
        changed.push_str(before);
        let is_fraction = changed.ends_with('.');
        changed.push_str(&other(number).filter(|_| !is_fraction).unwrap_or_else(|| number.to_string()));
        rest = behind;
    }
    changed + rest
}

#[test]
fn ports_are_whole_numbers() {
    let other = |number: &str| (number == "42137").then(|| "5433".to_string());
    assert_eq!(with_numbers("0.141421374 142137 127.0.0.1:42137/", other), "0.141421374 142137 127.0.0.1:5433/");
    assert_eq!(with_numbers("port 42137, 0.42137 of 42137", other), "port 5433, 0.42137 of 5433");
}

/// What the commands said, as the page calls the ports.
fn run(steps: &[Step]) -> Vec<Vec<String>> {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (home, outputs) = (place.path().join("home"), place.path().join("outputs"));
    let programs = place.path().join("bin");
    for folder in [&home, &outputs, &programs] {
        std::fs::create_dir(folder).expect("a folder");
    }
    std::os::unix::fs::symlink(program_path(), programs.join("nebulusdb")).expect("a link");
    let listeners: Vec<TcpListener> = PORTS.iter().map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port().to_string();
    let ports: BTreeMap<&str, String> = PORTS.into_iter().zip(listeners.iter().map(port)).collect();
    drop(listeners);
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("PATH"));
    let status = Command::new("timeout")
        .args(["-k", "5", &PAGE_SECONDS_MAX.to_string(), "bash", "-c", &script(steps, &ports)])
        .env_clear()
        .envs([("PATH", path.as_str()), ("LANG", "C.UTF-8"), ("PSQLRC", "/dev/null"), ("PAGER", "cat")])
        .env("HOME", &home)
        .env("OUTPUTS", &outputs)
        .env("NEBULUSDB_LISTEN", format!("127.0.0.1:{}", ports["5433"]))
        .env("NEBULUSDB_URL", format!("postgresql://nebulus@127.0.0.1:{}/nebulus", ports["5433"]))
        .env("NEBULUSDB_P2P_LISTEN", format!("/ip4/127.0.0.1/udp/{}/quic-v1", ports["4001"]))
        .current_dir(&home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("bash runs");
    assert!(status.code() != Some(124) && status.code() != Some(137), "the page did not end in {PAGE_SECONDS_MAX} s");
    let names: BTreeMap<&str, &str> = ports.iter().map(|(name, port)| (port.as_str(), *name)).collect();
    let as_the_page_says = |text: String| {
        let text = text.replace(&home.display().to_string(), "/home/you");
        with_numbers(&text, |number| names.get(number).map(ToString::to_string))
    };
    (0..steps.len())
        .map(|number| {
            let output = std::fs::read(outputs.join(number.to_string())).unwrap_or_default();
            let output = as_the_page_says(String::from_utf8_lossy(&output).into_owned());
            // Tables end with an empty line, which pages leave out.
            output.trim_end().lines().map(|line| line.trim_end().to_string()).collect()
        })
        .collect()
}

/// Whether a line is as expected, `…` standing for anything.
fn line_fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether an output is as expected, a line `…` standing for any lines.
fn output_fits(expected: &[&str], output: &[String]) -> bool {
    match expected.split_first() {
        None => output.is_empty(),
        Some((&"…", rest)) => (0..=output.len()).any(|skipped| output_fits(rest, &output[skipped..])),
        Some((first, rest)) => {
            output.split_first().is_some_and(|(line, others)| line_fits(first, line) && output_fits(rest, others))
        }
    }
}

/// Every page, from the book's table of contents.
fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).expect("docs/SUMMARY.md");
    let named = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    named.map(|name| docs.join(name)).collect()
}

fn holds(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let text = std::fs::read_to_string(&path).expect("a page");
    let lines: Vec<&str> = text.lines().collect();
    let steps = steps(&lines);
    assert!(!steps.is_empty(), "{name} has no commands");
    let outputs = run(&steps);
    let (mut differences, mut written, mut at) = (String::new(), Vec::new(), 0);
    for (step, output) in steps.iter().zip(&outputs) {
        let expected = &lines[step.output.clone()];
        // What a server that serves on says comes whenever it comes.
        if step.command.ends_with('&') || output_fits(expected, output) {
            written.extend(lines[at..step.output.end].iter().map(ToString::to_string));
        } else {
            written.extend(lines[at..step.output.start].iter().map(ToString::to_string));
            written.extend(output.iter().cloned());
            writeln!(differences, "$ {}\n{}\n", step.command, output.join("\n")).expect("text grows");
        }
        at = step.output.end;
    }
    written.extend(lines[at..].iter().map(ToString::to_string));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, written.join("\n") + "\n").expect("the page can be written");
    } else {
        assert!(differences.is_empty(), "{name} says otherwise (UPDATE_GOLDEN=1 writes it anew):\n{differences}");
    }
}

#[test]
fn the_first_ten_minutes_go_as_the_page_says() {
    holds("first-ten-minutes.md");
}

#[test]
fn concepts_are_as_the_page_says() {
    holds("concepts.md");
}

#[test]
fn sql_and_pgvector_are_as_the_page_says() {
    holds("sql.md");
}

#[test]
fn networks_are_as_the_page_says() {
    holds("networks.md");
}

#[test]
fn conflicts_are_as_the_page_says() {
    holds("conflicts.md");
}

#[test]
fn roles_are_as_the_page_says() {
    holds("roles.md");
}

#[test]
fn knirvgraph_is_as_the_page_says() {
    holds("knirvgraph.md");
}

#[test]
fn moving_goes_as_the_page_says() {
    holds("moving.md");
}

#[test]
fn agents_are_as_the_page_says() {
    holds("agents.md");
}

#[test]
fn operations_are_as_the_page_says() {
    holds("operations.md");
}

#[test]
fn backups_exports_and_imports_are_as_the_page_says() {
    holds("backup.md");
}

#[test]
fn recipes_are_as_the_page_says() {
    holds("recipes.md");
}

#[test]
fn every_page_is_in_the_table_of_contents_and_every_link_leads_somewhere() {
    let pages = pages();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for file in std::fs::read_dir(&docs).expect("docs").map(|file| file.expect("a file").path()) {
        let is_page = file.extension().is_some_and(|extension| extension == "md") && !file.ends_with("SUMMARY.md");
        assert!(!is_page || pages.contains(&file), "{} is not in SUMMARY.md", file.display());
    }
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap_or_else(|_| panic!("no page {}", page.display()));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_here = !link.contains("://") && !file.is_empty() && !file.contains(char::is_whitespace);
            let target = page.parent().expect("a folder").join(file);
            assert!(!is_here || target.exists(), "{} leads to {link}, which is not there", page.display());
        }
    }
}

/// Statements are shown as commands with their answers, which `holds` runs. The change feed's are run by `documents`.
#[test]
fn no_statement_of_a_page_goes_untried() {
    const OF_INTERNALS: [&str; 2] = ["query-path.md", "write-path.md"];
    let source = include_str!("pages.rs");
    for page in pages() {
        let name = page.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("no page {name}"));
        let is_tried = name == "change-feed.md" || OF_INTERNALS.contains(&name.as_str());
        assert!(is_tried || !text.contains("```sql"), "{name}: a block marked sql is run by nobody; mark it console");
        let is_held = source.contains(&format!("holds(\"{name}\")"));
        assert!(is_held || !text.contains("```console"), "{name} has commands, and no test runs them");
    }
}

#[test]
fn what_stands_for_anything() {
    assert!(line_fits("a…c", "abbc") && line_fits("…", "") && line_fits("abc", "abc") && !line_fits("a…c", "ab"));
    let output = ["one", "two", "three"].map(String::from);
    assert!(output_fits(&["one", "…", "th…"], &output) && !output_fits(&["one", "two"], &output));
}
