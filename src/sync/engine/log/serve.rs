//! Serving: answering what peers ask of the log, one read at a time for each peer.

use std::collections::VecDeque;

use crate::error::Result;
use crate::model::{LogRead, PeerId, Run};
use crate::sync::engine::Engine;
use crate::sync::engine::limits::{POINTS_FLOOD, SERVES_PER_PEER_MAX};
use crate::sync::engine::requests::ReadLog;
use crate::sync::protocol::message::{
    Message, RUN_DELTAS_MAX, RUNS_MAX, SYNC_BATCH_BYTES, SyncRequest, SyncResponse, Want,
};

/// A request being answered.
#[derive(Debug)]
pub(in crate::sync::engine) struct Serve {
    wants: VecDeque<Want>,
    /// Bytes that still fit.
    room: usize,
    response: SyncResponse,
}

impl Engine {
    pub(in crate::sync::engine) fn sync_request(&mut self, peer: &PeerId, request: SyncRequest) {
        let room = usize::try_from(request.bytes_max).unwrap_or(usize::MAX).clamp(1, SYNC_BATCH_BYTES);
        let response = SyncResponse { number: request.number, served: 0, runs: Vec::new(), pruned: Vec::new() };
        let Some(session) = self.sessions.get_mut(peer) else { return };
        if session.serving.len() >= SERVES_PER_PEER_MAX {
            return self.strike(peer, POINTS_FLOOD, "asked for too much at once");
        }
        session.serving.push_back(Serve { wants: request.wants.into(), room, response });
        if session.serving.len() == 1 {
            self.serve(peer);
        }
    }

    /// Goes on with the first request of a peer: reads the next run, or sends what is there.
    fn serve(&mut self, peer: &PeerId) {
        loop {
            let Some(serve) = self.sessions.get_mut(peer).and_then(|session| session.serving.front_mut()) else {
                return;
            };
            let is_full = serve.room == 0 || serve.response.runs.len() >= RUNS_MAX;
            let Some(want) = serve.wants.front().filter(|_| !is_full) else {
                let session = self.sessions.get_mut(peer);
                let Some(served) = session.and_then(|session| session.serving.pop_front()) else { return };
                let deltas: usize = served.response.runs.iter().map(|run| run.deltas.len()).sum();
                self.counters.deltas_sent += u64::try_from(deltas).unwrap_or(0);
                self.send(peer, Message::SyncResponse(served.response));
                continue;
            };
            if self.heads.seq(&want.origin) < want.from_seq {
                serve.wants.pop_front();
                serve.response.served += 1;
                continue;
            }
            let (peer, want) = (peer.clone(), want.clone());
            let request = ReadLog { origin: want.origin.clone(), from_seq: want.from_seq, bytes_max: serve.room };
            return self.request(request, move |engine, reply| engine.on_read_served_done(&peer, &want, reply));
        }
    }

    fn on_read_served_done(&mut self, peer: &PeerId, read: &Want, result: Result<LogRead>) {
        // A session may have ended and begun anew meanwhile; what waits of it now waits for something else.
        let serve = self.sessions.get_mut(peer).and_then(|session| session.serving.front_mut());
        let serve = serve.filter(|serve| serve.wants.front() == Some(read));
        let Some((serve, want)) = serve.and_then(|serve| serve.wants.pop_front().map(|want| (serve, want))) else {
            return;
        };
        serve.response.served += 1;
        match result {
            Ok(LogRead::Deltas(mut deltas)) => {
                deltas.truncate(RUN_DELTAS_MAX);
                let is_asked = deltas.first().is_some_and(|delta| delta.seq == want.from_seq);
                let run = Run { origin: want.origin, deltas };
                serve.room = serve.room.saturating_sub(run.bytes());
                if is_asked {
                    serve.response.runs.push(run);
                }
            }
            Ok(LogRead::Pruned { floor }) => {
                serve.response.pruned.push(Want { origin: want.origin, from_seq: floor });
            }
            Err(error) => self.failed("reading the log", &error),
        }
        self.serve(peer);
    }
}
