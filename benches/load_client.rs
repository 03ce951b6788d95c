//! A client in machine code for `make bench`: sends messages that were made before over one or many connections, and counts.
//!
//!     load_client ADDRESS MESSAGES CONNECTIONS SECONDS [--once]
//!
//! `MESSAGES` is a file: first the bytes that each connection begins with (startup, settings, Parse), then the executions, each of
//! these with its length before it, 32 bits little-endian. Every connection is a thread that sends one execution, reads until
//! ReadyForQuery, and goes on with the next: all of them in turn, or with `--once` those only that no other connection sends.
//! It prints one line of JSON: executions, seconds, latencies in microseconds, and the processor time of this process.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Bytes of one read.
const READ_BYTES: usize = 256 * 1024;
/// Executions of which the latency is kept, per connection.
const LATENCIES_MAX: usize = 4_000_000;

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    fn open(address: &str, beginning: &[u8]) -> Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut connection = Connection { stream, buffer: vec![0; READ_BYTES], filled: 0 };
        // One part at a time, as clients do: a server may drop what comes before it has answered.
        let mut rest = beginning;
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (part, after) = tail.split_at(u32::from_le_bytes(*length) as usize);
            connection.send(part)?;
            rest = after;
        }
        Ok(connection)
    }

    /// Sends and reads until the server is ready again.
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)?;
        loop {
            let mut at = 0;
            while let Some(header) = self.buffer[at..self.filled].first_chunk::<5>() {
                let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize + 1;
                if at + length > self.filled {
                    break;
                }
                match header[0] {
                    b'Z' => {
                        self.filled = 0;
                        return Ok(());
                    }
                    b'E' => {
                        let text = String::from_utf8_lossy(&self.buffer[at + 5..at + length]).replace('\0', " ");
                        return Err(Error::new(ErrorKind::Other, text));
                    }
                    _ => at += length,
                }
            }
            self.buffer.copy_within(at..self.filled, 0);
            self.filled -= at;
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            match self.stream.read(&mut self.buffer[self.filled..])? {
                0 => return Err(Error::from(ErrorKind::UnexpectedEof)),
                read => self.filled += read,
            }
        }
    }
}

fn parts(file: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let mut rest = file;
    let mut parts = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (part, after) = tail.split_at(u32::from_le_bytes(*length) as usize);
        parts.push(part);
        rest = after;
    }
    let beginning = parts.remove(0);
    (beginning, parts)
}

fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, messages, connections, seconds, rest @ ..] = &arguments[..] else {
        return Err(Error::new(ErrorKind::InvalidInput, "load_client ADDRESS MESSAGES CONNECTIONS SECONDS [--once]"));
    };
    let (count, seconds): (usize, f64) = (connections.parse().unwrap_or(1), seconds.parse().unwrap_or(1.0));
    let once = rest.iter().any(|argument| argument == "--once");
    let file = std::fs::read(messages)?;
    let (beginning, executions) = parts(&file);
    let opened: Result<Vec<Connection>> = (0..count).map(|_| Connection::open(address, beginning)).collect();
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(seconds);
    let run = |(number, mut connection): (usize, Connection)| -> Result<Vec<u32>> {
        let mut latencies = Vec::new();
        // Each begins somewhere else, so that no two ask the same at once.
        let first = if once { number } else { number * executions.len() / count };
        let step = if once { count } else { 1 };
        let mut at = first;
        let mut now = Instant::now();
        while now < end && latencies.len() < LATENCIES_MAX && (!once || at < executions.len()) {
            connection.send(executions[at % executions.len()])?;
            let answered = Instant::now();
            latencies.push(u32::try_from((answered - now).as_nanos() / 10).unwrap_or(u32::MAX));
            (now, at) = (answered, at + step);
        }
        Ok(latencies)
    };
    let results: Vec<Result<Vec<u32>>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            opened?.into_iter().enumerate().map(|each| scope.spawn(move || run(each))).collect();
        Ok::<_, Error>(threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(ErrorKind::Other.into()))).collect())
    })?;
    let elapsed = started.elapsed().as_secs_f64();
    let mut latencies = Vec::new();
    for result in results {
        latencies.extend(result?);
    }
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = ((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1));
        latencies.get(place).map_or(0.0, |tens| f64::from(*tens) / 100.0)
    };
    println!(
        "{{\"executions\": {}, \"seconds\": {elapsed:.4}, \"p50_us\": {:.2}, \"p99_us\": {:.2}, \"client_cpu_s\": {:.2}}}",
        latencies.len(),
        at(0.5),
        at(0.99),
        processor_seconds()
    );
    Ok(())
}
