//! Writing collections into a file, from one state of the database.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tokio_postgres::SimpleQueryMessage;

use crate::client::{ClientSession, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{create_file_in_private, file_error};
use crate::transfer::content::{Content, TransferRow};
use crate::transfer::json_lines::JsonWriter;
use crate::transfer::parquet_writer::ParquetWriter;
use crate::transfer::postgres::{BEGIN, fetch};
use crate::transfer::shape::{BLOB, TableShape, quoted};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// JSON lines
    Jsonl,
    Parquet,
}

/// What is exported, and where to.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// `None`: all but secrets.
    pub collection: Option<String>,
    pub format: ExportFormat,
    /// `-` is standard output.
    pub file: PathBuf,
}

enum Writer {
    Json(JsonWriter<Box<dyn Write + Send>>),
    Parquet(Box<ParquetWriter<Box<dyn Write + Send>>>),
}

/// Exports collections; how many there were, and how many rows. `watch` is told after some rows how many are done, and of how
/// many. A file is there when it is whole.
///
/// # Errors
/// 42501 for secrets, 42P01, 0A000 for more than one collection in Parquet, 42710 for a file that is there, 53100, 58030.
pub async fn export(
    session: &ClientSession,
    options: &ExportOptions,
    mut watch: impl FnMut(u64, u64),
) -> Result<(usize, u64)> {
    let to_file = options.file != Path::new("-");
    if to_file && options.file.exists() {
        return Err(Error::new(ErrorKind::DuplicateObject, format!("{} is there already", options.file.display()))
            .with_hint("Name another file, or remove that one first."));
    }
    session.client.batch_execute(BEGIN).await.map_err(|error| failure(&error))?;
    let names = collections(session, options.collection.as_deref()).await?;
    if options.format == ExportFormat::Parquet && names.len() != 1 {
        return Err(Error::unsupported(
            format!("a Parquet file has the rows of one collection, and there are {}", names.len()),
            "Name the collection, or export JSON lines.",
        ));
    }
    let unfinished = part_of(&options.file);
    let out: Box<dyn Write + Send> = if to_file {
        let file = create_file_in_private(&unfinished).map_err(|error| file_error(&unfinished, error))?;
        Box::new(BufWriter::new(file))
    } else {
        Box::new(BufWriter::new(std::io::stdout()))
    };
    let written = write_all(session, options.format, out, &names, &mut watch).await;
    let finished =
        written.and_then(|rows| if to_file { name(&unfinished, &options.file).map(|()| rows) } else { Ok(rows) });
    if finished.is_err() && to_file {
        // A part that cannot be removed is written over by the next export.
        drop(std::fs::remove_file(&unfinished));
    }
    let rows = finished?;
    session.client.batch_execute("COMMIT").await.map_err(|error| failure(&error))?;
    Ok((names.len(), rows))
}

async fn write_all(
    session: &ClientSession,
    format: ExportFormat,
    out: Box<dyn Write + Send>,
    names: &[String],
    watch: &mut impl FnMut(u64, u64),
) -> Result<u64> {
    let mut total = 0;
    for name in names {
        let count = format!("SELECT count(*) FROM {}", quoted(name));
        let row = session.client.query_one(&count, &[]).await.map_err(|error| failure(&error))?;
        let count: i64 = row.try_get(0).map_err(|error| failure(&error))?;
        total += u64::try_from(count).unwrap_or(0);
    }
    let mut shapes = Vec::with_capacity(names.len());
    for name in names {
        let shape = TableShape::load(&session.client, name).await?;
        shapes.push(shape.ok_or_else(|| undefined(name))?);
    }
    let mut writer = match (format, shapes.first()) {
        (ExportFormat::Parquet, Some(shape)) => Writer::Parquet(Box::new(ParquetWriter::new(out, shape)?)),
        _ => Writer::Json(JsonWriter::new(out)),
    };
    let mut done = 0;
    for shape in &shapes {
        if let Writer::Json(writer) = &mut writer {
            writer.begin(shape)?;
        }
        declare(session, shape).await?;
        loop {
            let rows = fetch(session, shape).await?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                if shape.is_memory() {
                    fill_blob(session, shape, &mut row).await?;
                }
                match &mut writer {
                    Writer::Json(writer) => writer.write(shape, &row)?,
                    Writer::Parquet(writer) => writer.write(row)?,
                }
                done += 1;
            }
            watch(done, total);
        }
        session.client.batch_execute("CLOSE export").await.map_err(|error| failure(&error))?;
    }
    let mut out = match writer {
        Writer::Json(writer) => writer.finish()?,
        Writer::Parquet(writer) => writer.finish()?,
    };
    out.flush()?;
    Ok(done)
}

/// The collections that are asked for, without those of secrets.
async fn collections(session: &ClientSession, wanted: Option<&str>) -> Result<Vec<String>> {
    let messages = session.client.simple_query("SHOW COLLECTIONS").await.map_err(|error| failure(&error))?;
    let (mut names, mut is_secret) = (Vec::new(), false);
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let (Some(name), Some(kind)) = (row.get("collection"), row.get("type")) else { continue };
        if kind == "AUTH" {
            is_secret |= wanted == Some(name);
        } else if wanted.is_none_or(|wanted| wanted == name) {
            names.push(name.to_string());
        }
    }
    match wanted {
        Some(name) if is_secret => Err(Error::new(
            ErrorKind::InsufficientPrivilege,
            format!("collection \"{name}\" holds secrets, which are never exported"),
        )
        .with_hint("A backup has them encrypted: nebulusdb backup DIR.")),
        Some(name) if names.is_empty() => Err(undefined(name)),
        _ => Ok(names),
    }
}

fn undefined(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedTable, format!("collection \"{name}\" does not exist"))
        .with_hint("See `nebulusdb query \"SHOW COLLECTIONS\"`.")
}

/// Opens the cursor; for a memory, the hash of its blob stands where the blob will.
async fn declare(session: &ClientSession, shape: &TableShape) -> Result<()> {
    if !shape.is_memory() {
        return crate::transfer::postgres::declare(session, shape, &shape.collection).await;
    }
    let column = |name: &str| match name {
        BLOB => "'\\x' || blob_hash".to_string(),
        name => quoted(name),
    };
    let columns: Vec<String> = shape.columns.iter().map(|each| column(&each.name)).collect();
    let statement =
        format!("DECLARE export CURSOR FOR SELECT {} FROM {}", columns.join(", "), quoted(&shape.collection));
    session.client.batch_execute(&statement).await.map_err(|error| failure(&error))
}

/// Puts the blob of a memory in the place of its hash: one at a time, as they may be long.
async fn fill_blob(session: &ClientSession, shape: &TableShape, row: &mut TransferRow) -> Result<()> {
    let id = shape.place("id").and_then(|at| row.get(at)).cloned().flatten();
    let Some(blob) = shape.place(BLOB).and_then(|at| row.get_mut(at)) else { return Ok(()) };
    let (Some(_), Some(Content::Text(id))) = (&blob, id) else { return Ok(()) };
    let read = session.client.query_one("SELECT blob($1)", &[&id]).await.map_err(|error| failure(&error))?;
    let bytes: Option<Vec<u8>> = read.try_get(0).map_err(|error| failure(&error))?;
    *blob = bytes.map(Content::Bytes);
    Ok(())
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    file.with_file_name(name)
}

/// Gives a complete file its name.
fn name(unfinished: &Path, file: &Path) -> Result<()> {
    let written = File::open(unfinished).and_then(|written| written.sync_all());
    written.map_err(|error| file_error(unfinished, error))?;
    std::fs::rename(unfinished, file).map_err(|error| file_error(file, error))
}
