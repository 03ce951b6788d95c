//! COPY: data from the client, chunk by chunk into the session's copy, and data to the client.

use bytes::BytesMut;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::decode::decode_binary;
use crate::pg::codec::encode::encode_binary;
use crate::pg::messages::input::Fields;
use crate::pg::messages::output::COPY_DONE;
use crate::pg::serve::connection::{Connection, Failure};
use crate::session::{SessionCopyIn, SessionCopyOut};
use crate::statement::{BinaryCodec, CommandTag};
use crate::types::{ColumnType, Value};

/// The wire's binary forms, for COPY BINARY.
pub(in crate::pg) const BINARY_CODEC: BinaryCodec =
    BinaryCodec { decode: decode_binary, encode: encode_without_length };

/// Bytes of the length that a field of a DataRow begins with.
const LENGTH_BYTES: usize = 4;

fn encode_without_length(value: &Value, ty: &ColumnType, out: &mut BytesMut) -> Result<()> {
    let mut field = BytesMut::new();
    encode_binary(value, ty, &mut field)?;
    out.extend_from_slice(field.get(LENGTH_BYTES..).unwrap_or_default());
    Ok(())
}

impl Connection {
    /// Takes the client's data; the tag of the finished COPY.
    ///
    /// # Errors
    /// What a row or the commit is refused for, 57014 where the client gives up, 53200 for data without memory for it, 08P01
    /// where the client goes away or sends something else; as `Connection::next_frame`.
    pub async fn copy_in(&mut self, copy: SessionCopyIn) -> Result<CommandTag, Failure> {
        self.is_copying = true;
        let tag = self.take_data(copy).await;
        self.is_copying = false;
        tag
    }

    async fn take_data(&mut self, mut copy: SessionCopyIn) -> Result<CommandTag, Failure> {
        self.output.copy_in(copy.is_binary(), copy.columns())?;
        self.flush().await?;
        loop {
            let Some(frame) = self.next_frame().await? else {
                let gone = Error::new(ErrorKind::ProtocolViolation, "the client went away during COPY");
                return Err(Failure::Connection(gone));
            };
            if let Some(error) = frame.refused {
                return Err(error.into());
            }
            match frame.tag {
                b'd' => self.session.copy_data(&mut copy, &frame.body).await?,
                b'c' => return Ok(self.session.copy_finish(copy).await?),
                b'f' => {
                    let reason = Fields(&frame.body).text()?;
                    let text = format!("COPY from stdin failed: {reason}");
                    return Err(Error::new(ErrorKind::QueryCanceled, text).into());
                }
                // Clients of the extended protocol may have sent these right behind Execute.
                b'S' | b'H' => {}
                tag => {
                    let text = format!("unexpected message type {tag} during COPY from stdin");
                    return Err(Failure::Connection(Error::new(ErrorKind::ProtocolViolation, text)));
                }
            }
        }
    }

    /// Sends a COPY's data; the tag of the finished COPY.
    ///
    /// # Errors
    /// What reading the rows fails with, 53200 for a long row without memory for it, 54011 for too many columns; as
    /// `Connection::flush`.
    pub async fn copy_out(&mut self, mut copy: SessionCopyOut) -> Result<CommandTag, Failure> {
        self.output.copy_out(copy.is_binary(), copy.columns())?;
        while let Some(lines) = copy.next().await? {
            for line in lines {
                self.output.copy_data(&line)?;
                if self.output.is_full() {
                    self.flush().await?;
                }
            }
        }
        self.output.empty(COPY_DONE);
        Ok(copy.tag())
    }
}
