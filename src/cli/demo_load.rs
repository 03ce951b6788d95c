//! `nebulusdb demo-load`: loads the sample of `data/` into the collection `memory` over the wire, with a progress bar.
//!
//! Rows travel as any driver would send them: one prepared INSERT, executed in a pipeline, a transaction a batch. The
//! sample is `packages-sample.jsonl.zst` (facts) and `packages-sample.f16` (vectors, half floats in the order of the
//! lines). An entry's id is the package's name, its metadata are the other facts.

#![expect(clippy::print_stderr, reason = "a command speaks to the person who ran it")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures::future::try_join_all;
use half::f16;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use crate::client::{ClientSession, URL_DEFAULT, describe, reason};
use crate::error::{Error, ErrorKind, Result};

const FACTS_FILE: &str = "packages-sample.jsonl.zst";
const VECTORS_FILE: &str = "packages-sample.f16";
/// More than the sample needs, little enough that a damaged file cannot fill the memory.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Rows of one transaction, all in flight at once.
const BATCH_ROWS: usize = 250;

const INSERT: &str = "INSERT INTO memory (id, metadata, vector) VALUES ($1, $2::jsonb, $3::vector)";

/// The options of `nebulusdb demo-load`.
#[derive(Debug, clap::Args)]
pub struct DemoLoadArgs {
    /// The folder that holds the sample
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// The server; a missing password is taken from NEBULUSDB_PASSWORD
    #[arg(long, env = "NEBULUSDB_URL", hide_env_values = true, default_value = URL_DEFAULT)]
    pub url: String,
}

/// One entry, in the text forms that travel: id, JSON, `[x,y,…]`.
type Entry = [String; 3];

/// Loads the sample; says on standard error how far it is and how long it took.
///
/// # Errors
/// 58030 where the sample cannot be read or the server refuses it, 22000 for lines or vectors that are damaged; as
/// `Session::connect`.
pub async fn run(args: &DemoLoadArgs) -> Result<()> {
    let entries = read_sample(&args.data)?;
    let session = ClientSession::connect(&args.url).await?;
    // Text parameters need no knowledge of the vector type in the client.
    let insert = session.client.prepare_typed(INSERT, &[Type::TEXT, Type::TEXT, Type::TEXT]).await.map_err(failed)?;

    let started = Instant::now();
    let bar = ProgressBar::new(entries.len() as u64).with_style(style()?);
    for batch in entries.chunks(BATCH_ROWS) {
        load_batch(&session, &insert, batch).await?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("loaded {} entries in {seconds:.1} s ({:.0} rows/s)", entries.len(), entries.len() as f64 / seconds);
    session.close().await
}

async fn load_batch(session: &ClientSession, insert: &Statement, batch: &[Entry]) -> Result<()> {
    session.client.batch_execute("BEGIN").await.map_err(failed)?;
    let inserts = batch.iter().map(|entry| async move { session.client.execute_raw(insert, entry).await });
    try_join_all(inserts).await.map_err(failed)?;
    session.client.batch_execute("COMMIT").await.map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(report) => Error::new(ErrorKind::Io, format!("loading failed: {}", describe(report, INSERT))),
        None => Error::new(ErrorKind::Io, format!("loading failed: {}", reason(&error))),
    }
}

fn style() -> Result<ProgressStyle> {
    ProgressStyle::with_template("loading {bar:40} {pos}/{len} entries, {per_sec}, {eta} left")
        .map_err(|error| Error::internal(format!("the progress bar's template is wrong: {error}")))
}

fn read_sample(folder: &Path) -> Result<Vec<Entry>> {
    let facts = read_facts(&folder.join(FACTS_FILE))?;
    let path = folder.join(VECTORS_FILE);
    let mut bytes = Vec::new();
    open(&path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let vector_bytes = bytes.len().checked_div(facts.len()).unwrap_or(0);
    if vector_bytes < 2 || !vector_bytes.is_multiple_of(2) || vector_bytes * facts.len() != bytes.len() {
        let message = format!(
            "{} has {} bytes, which is no vector for each of {} facts",
            path.display(),
            bytes.len(),
            facts.len()
        );
        return Err(Error::new(ErrorKind::DataException, message));
    }
    let vectors = bytes.chunks_exact(vector_bytes).map(vector_text);
    Ok(facts.into_iter().zip(vectors).map(|((id, metadata), vector)| [id, metadata, vector]).collect())
}

/// Each line's id, and its other facts as JSON.
fn read_facts(path: &Path) -> Result<Vec<(String, String)>> {
    let reader = zstd::stream::read::Decoder::new(open(path)?)?.take(FILE_BYTES_MAX);
    let mut facts = Vec::new();
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let wrong = |what: String| {
            Error::new(ErrorKind::DataException, format!("{}, line {}: {what}", path.display(), index + 1))
        };
        let mut fields: Map<String, Value> = serde_json::from_str(&line?).map_err(|error| wrong(error.to_string()))?;
        let Some(Value::String(id)) = fields.shift_remove("id") else {
            return Err(wrong("there is no text \"id\"".to_string()));
        };
        facts.push((id, Value::Object(fields).to_string()));
    }
    Ok(facts)
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot open {}: {error}", path.display()))
            .with_hint("give the folder that holds the sample by --data")
    })
}

/// `[x,y,…]` of little-endian half floats.
fn vector_text(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let components: Vec<String> = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32().to_string()).collect();
    format!("[{}]", components.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_repository_is_whole() {
        let entries = read_sample(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).expect("the sample is readable");
        assert_eq!(entries.len(), 5000);
        let [id, metadata, vector] = entries.first().expect("it is not empty");
        assert_eq!(id, "389-ds");
        assert!(metadata.starts_with("{\"version\":\"2.3.1+dfsg1-1+deb12u1\",\"section\":\"net\""), "{metadata}");
        assert_eq!(vector.split(',').count(), 384);
    }

    #[test]
    fn a_missing_folder_says_what_to_do() {
        let error = read_sample(Path::new("/nonexistent")).expect_err("there is nothing");
        assert!(error.to_string().contains("--data"), "{error}");
    }
}
