//! Serving: answering what peers ask of the log, one read at a time for each peer.

use std::collections::{BTreeMap, VecDeque};

use crate::error::Result;
use crate::model::{LogRead, PeerId, Run};
use crate::sync::engine::core::EngineCore;
use crate::sync::engine::limits::{POINTS_FLOOD, SERVES_PER_PEER_MAX};
use crate::sync::engine::requests::ReadLog;
use crate::sync::protocol::message::{
    Message, RUN_DELTAS_MAX, RUNS_MAX, SYNC_BATCH_BYTES, SyncRequest, SyncResponse, Want,
};

/// A request being answered.
#[derive(Debug)]
struct Serve {
    wants: VecDeque<Want>,
    /// Bytes that still fit.
    room: usize,
    response: SyncResponse,
}

/// What peers have asked for that waits for the log, by peer; the first of each is under way.
#[derive(Debug, Default)]
pub(in crate::sync::engine) struct Serving {
    waiting: BTreeMap<PeerId, VecDeque<Serve>>,
}

impl Serving {
    /// The session with a peer has ended, or nothing more is given to it.
    pub fn forget_peer(&mut self, peer: &PeerId) {
        self.waiting.remove(peer);
    }

    pub fn on_sync_request(&mut self, core: &mut EngineCore, peer: &PeerId, request: SyncRequest) {
        let room = usize::try_from(request.bytes_max).unwrap_or(usize::MAX).clamp(1, SYNC_BATCH_BYTES);
        let response = SyncResponse { number: request.number, served: 0, runs: Vec::new(), pruned: Vec::new() };
        let waiting = self.waiting.entry(peer.clone()).or_default();
        if waiting.len() >= SERVES_PER_PEER_MAX {
            return core.penalise(peer, POINTS_FLOOD, "asked for too much at once");
        }
        waiting.push_back(Serve { wants: request.wants.into(), room, response });
        if waiting.len() == 1 {
            self.serve(core, peer);
        }
    }

    /// Goes on with the first request of a peer: reads the next run, or sends what is there.
    fn serve(&mut self, core: &mut EngineCore, peer: &PeerId) {
        loop {
            let Some(serve) = self.waiting.get_mut(peer).and_then(VecDeque::front_mut) else {
                return;
            };
            let is_full = serve.room == 0 || serve.response.runs.len() >= RUNS_MAX;
            let Some(want) = serve.wants.front().filter(|_| !is_full) else {
                let Some(served) = self.waiting.get_mut(peer).and_then(VecDeque::pop_front) else { return };
                let deltas: usize = served.response.runs.iter().map(|run| run.deltas.len()).sum();
                core.counters.deltas_sent += u64::try_from(deltas).unwrap_or(0);
                core.send(peer, Message::SyncResponse(served.response));
                continue;
            };
            if core.heads.seq(&want.origin) < want.from_seq {
                serve.wants.pop_front();
                serve.response.served += 1;
                continue;
            }
            let (peer, want) = (peer.clone(), want.clone());
            let request = ReadLog { origin: want.origin.clone(), from_seq: want.from_seq, bytes_max: serve.room };
            return core.request(request, move |engine, reply| {
                engine.serving.on_read_served_done(&mut engine.core, &peer, &want, reply)
            });
        }
    }

    fn on_read_served_done(&mut self, core: &mut EngineCore, peer: &PeerId, read: &Want, result: Result<LogRead>) {
        // A session may have ended and begun anew meanwhile; what waits of it now waits for something else.
        let serve = self.waiting.get_mut(peer).and_then(VecDeque::front_mut);
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
            Err(error) => core.failed("reading the log", &error),
        }
        self.serve(core, peer);
    }
}
