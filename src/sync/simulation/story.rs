//! What happens in a simulation, in a few words for who reads its story.

use crate::model::PeerId;
use crate::sync::engine::io::EngineEvent;
use crate::sync::engine::requests::{CollectTombstones, EngineReply, EngineRequest, PruneLog};
use crate::sync::protocol::message::Message;

/// The end of a peer id.
pub(super) fn short(peer: &PeerId) -> &str {
    peer.as_str().get(peer.as_str().len().saturating_sub(5)..).unwrap_or_default()
}

/// Under which name an event is counted, and how often it counts.
pub(super) fn note_of(event: &EngineEvent) -> Option<(&'static str, u64)> {
    Some(match event {
        EngineEvent::Posted { .. } => ("postings", 1),
        EngineEvent::Forked { .. } => ("forks", 1),
        EngineEvent::Quarantined { .. } => ("quarantines", 1),
        EngineEvent::ReconciliationEnded { .. } => ("reconciliations", 1),
        EngineEvent::Evicted { count } => ("entries dropped that others hold", *count),
        EngineEvent::HoldersFailed { peers } => ("holders that failed a challenge", peers.len() as u64),
        EngineEvent::TombstonesCollected { count } => ("tombstones collected", *count),
        EngineEvent::LogPruned { count } => ("deltas pruned", *count),
        EngineEvent::EpochAdopted { .. } => ("epochs adopted", 1),
        EngineEvent::Renewed { .. } => ("renewed identities", 1),
        EngineEvent::MemberSilent { .. } => ("silences told of", 1),
        _ => return None,
    })
}

pub(super) fn what(request: &EngineRequest) -> String {
    match request {
        EngineRequest::ApplyRun(request) => {
            let run = &request.run;
            let seq = |delta: Option<&crate::model::Delta>| delta.map_or(0, |delta| delta.seq);
            let (first, last) = (seq(run.deltas.first()), seq(run.deltas.last()));
            format!("applies {} {first} to {last}", short(&run.origin))
        }
        EngineRequest::ReadLog(request) => {
            format!("reads the log of {} from {}", short(&request.origin), request.from_seq)
        }
        EngineRequest::MergeStates(request) => {
            format!("merges {} states of {}", request.offer.entries.len(), request.collection)
        }
        EngineRequest::DropUnsigned(request) => format!("drops what waits of {}", short(&request.origin)),
        EngineRequest::DropCollected(request) => format!("drops {} entries", request.keys.len()),
        EngineRequest::AdoptHeads(request) => {
            let adoption = &request.adoption;
            format!("adopts {} heads, partial {:?}", adoption.heads.len(), adoption.partial)
        }
        EngineRequest::CollectTombstones(CollectTombstones { stable })
        | EngineRequest::PruneLog(PruneLog { acknowledged: stable }) => {
            let numbers: Vec<_> = stable.iter().map(|(origin, seq)| (short(origin), seq)).collect();
            let what =
                if matches!(request, EngineRequest::PruneLog(_)) { "prunes the log" } else { "collects tombstones" };
            format!("{what} up to {numbers:?}")
        }
        other => format!("{other:?}").chars().take(60).collect(),
    }
}

pub(super) fn brief(reply: &EngineReply) -> String {
    match reply {
        EngineReply::ReadFingerprints(_) => "fingerprints".to_string(),
        EngineReply::ReadDigests(Ok((digests, _))) => format!("{} digests", digests.len()),
        EngineReply::ReadLog(Ok(crate::model::LogRead::Deltas(deltas))) => {
            format!("{} deltas", deltas.len())
        }
        EngineReply::PostStaged(Ok(head)) => format!("{:?}", head.as_ref().map(|head| head.seq)),
        EngineReply::ApplyRun(Ok(applied)) => format!("{:?}, head {}", applied.verdict, applied.head.seq),
        other => format!("{other:?}").chars().take(80).collect(),
    }
}

/// A message in a few words.
pub(super) fn gist(message: &Message) -> String {
    let runs = |runs: &[crate::model::Run]| {
        let of = |run: &crate::model::Run| {
            format!("{} {}+{}", short(&run.origin), run.deltas.first().map_or(0, |delta| delta.seq), run.deltas.len())
        };
        runs.iter().map(of).collect::<Vec<_>>().join(", ")
    };
    match message {
        Message::Operation(operation) => format!("operation {}", runs(&operation.runs)),
        Message::SyncResponse(response) => format!("response {} {}", response.number, runs(&response.runs)),
        Message::SyncRequest(request) => {
            let wants: Vec<_> = request.wants.iter().map(|want| (short(&want.origin), want.from_seq)).collect();
            format!("request {} {wants:?}", request.number)
        }
        Message::Heartbeat(heartbeat) => {
            let heads: Vec<_> = heartbeat.heads.iter().map(|head| (short(&head.origin), head.seq)).collect();
            format!("heartbeat {heads:?} ask {} answer {}", heartbeat.ask, heartbeat.answer)
        }
        Message::ReconcileRequest(request) => format!("{:?}", request.ask).chars().take(60).collect(),
        other => other.message_type().name().to_string(),
    }
}
