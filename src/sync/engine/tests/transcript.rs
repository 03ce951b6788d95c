//! Who says what in a test world: one line for each message, request and reply, without anything binary.
//!
//! A line begins with the milliseconds since the world began. Numbers of requests and hashes are left out: they say nothing
//! to a reader.

use crate::error::Result;
use crate::model::{Head, LogRead, PeerId, Run};
use crate::sync::engine::io::EngineAction;
use crate::sync::engine::requests::OwnHead;
use crate::sync::engine::requests::{
    AdoptHeads, ApplyRun, CallMemberBack, CheckOwnHead, CloseView, CollectTombstones, DropCollected, DropUnsigned,
    EngineReply, EngineRequest, KeepPlacement, ListKeys, MergeFetched, MergeStates, OpenView, PruneLog, ReadDigests,
    ReadEntries, ReadFingerprints, ReadLog, ReadPage, RepostEntries, SaveEpoch, SaveMembers, VerifyHeads,
    VerifyStatements,
};
use crate::sync::engine::tests::fake::key_of;
use crate::sync::protocol::message::{
    FetchAnswer, Heartbeat, MemberNews, Message, ReconcileAnswer, ReconcileAsk, StabilityMark, Want,
};

/// Things of one kind, in brackets.
fn list<T>(things: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    format!("[{}]", things.into_iter().map(show).collect::<Vec<_>>().join(", "))
}

fn heads(heads: &[Head]) -> String {
    list(heads, |head| format!("{}:{}", head.origin, head.seq))
}

fn runs(runs: &[Run]) -> String {
    let seq = |delta: Option<&crate::model::Delta>| delta.map_or(0, |delta| delta.seq);
    list(runs, |run| format!("{}:{}..{}", run.origin, seq(run.deltas.first()), seq(run.deltas.last())))
}

fn numbers(numbers: &[(PeerId, u64)]) -> String {
    list(numbers, |(origin, seq)| format!("{origin}:{seq}"))
}

fn wants(wants: &[Want]) -> String {
    list(wants, |want| format!("{}:{}..", want.origin, want.from_seq))
}

/// The words that are true.
fn flags(flags: &[(&str, bool)]) -> String {
    flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| format!(" {name}")).collect()
}

fn heartbeat(heartbeat: &Heartbeat) -> String {
    let said = [
        ("complete", heartbeat.complete),
        ("wants-heads", heartbeat.wants_heads),
        ("ask", heartbeat.ask > 0),
        ("answer", heartbeat.answer > 0),
        ("early", heartbeat.early.is_some()),
    ];
    format!("{}{}", heads(&heartbeat.heads), flags(&said))
}

fn ask(ask: &ReconcileAsk) -> String {
    match ask {
        ReconcileAsk::Open { copies, is_filling, .. } => {
            format!("Open copies {copies}{}", flags(&[("filling", *is_filling)]))
        }
        ReconcileAsk::Tree { collection, level, nodes } => {
            format!("Tree {collection} level {level} nodes {}", nodes.len())
        }
        ReconcileAsk::Digests { collection, .. } => format!("Digests {collection}"),
        ReconcileAsk::Entries { collection, key_hashes, .. } => format!("Entries {collection} {}", key_hashes.len()),
        ReconcileAsk::Page { collection, after } => {
            format!("Page {collection} after {}", after.as_ref().map_or("-".into(), |key| key_of(key).to_string()))
        }
        ReconcileAsk::Close => "Close".into(),
        ReconcileAsk::NextPage { collection } => format!("NextPage {collection}"),
    }
}

fn answer(answer: &ReconcileAnswer) -> String {
    match answer {
        ReconcileAnswer::View { heads: shown, whole, partial, copies, .. } => {
            format!("View {} whole {whole:?} partial {partial:?} copies {copies}", heads(shown))
        }
        ReconcileAnswer::Tree { children } => format!("Tree {} children", children.len()),
        ReconcileAnswer::Digests(digests) => {
            format!("Digests {}{}", digests.digests.len(), flags(&[("more", digests.next.is_some())]))
        }
        ReconcileAnswer::Entries { entries, next, .. } => {
            format!("Entries {}{}", entries.len(), flags(&[("more", next.is_some())]))
        }
        ReconcileAnswer::Refused => "Refused".into(),
    }
}

/// A message: its name, and what matters of it.
pub(super) fn message(message: &Message) -> String {
    match message {
        Message::SyncRequest(request) => format!("SyncRequest {}", wants(&request.wants)),
        Message::SyncResponse(response) => {
            format!(
                "SyncResponse {} served {} pruned {}",
                runs(&response.runs),
                response.served,
                wants(&response.pruned)
            )
        }
        Message::Operation(operation) => {
            format!("Operation {} pushed-to {}", runs(&operation.runs), operation.pushed_to.len())
        }
        Message::Heartbeat(told) => format!("Heartbeat {}", heartbeat(told)),
        Message::CollectionAnnounce(announce) => {
            format!("CollectionAnnounce {}", list(&announce.collections, |collection| collection.name.clone()))
        }
        Message::CollectionRequest => "CollectionRequest".into(),
        Message::Members(told) => {
            format!("Members {}", list(&told.members, |news: &MemberNews| news.peer.to_string()))
        }
        Message::Stability(told) => {
            let mark = |mark: &StabilityMark| format!("{}:{}..{}", mark.origin, mark.least, mark.greatest);
            let contributed: u32 = told.contributed.iter().map(|byte| byte.count_ones()).sum();
            format!(
                "Stability round {} contributed {contributed} marks {} whole {:?}",
                told.round,
                list(&told.marks, mark),
                told.whole
            )
        }
        Message::Epoch(news) => match &news.secret {
            Some(key) => format!("Epoch charter and secret of {}", key.epoch),
            None => "Epoch charter".into(),
        },
        Message::ReconcileRequest(request) => format!("ReconcileRequest {}", ask(&request.ask)),
        Message::ReconcileResponse(response) => format!("ReconcileResponse {}", answer(&response.answer)),
        Message::FetchRequest(request) => {
            format!("FetchRequest {} {}", request.collection, list(&request.keys, |key| key_of(key).to_string()))
        }
        Message::FetchResponse(response) => {
            let of = |answer: &FetchAnswer| match answer {
                FetchAnswer::Found { is_whole, .. } => format!("found{}", flags(&[("whole", *is_whole)])),
                FetchAnswer::Absent => "absent".into(),
                FetchAnswer::Unknown => "unknown".into(),
            };
            format!("FetchResponse {} heads {}", list(&response.answers, of), heads(&response.heads))
        }
        Message::KeysRequest(request) => format!("KeysRequest {}", request.collection),
        Message::KeysResponse(response) => {
            format!("KeysResponse {}{}", response.keys.len(), flags(&[("more", response.is_more)]))
        }
        Message::Votes(told) => {
            let signers: u32 = told.signers.iter().map(|byte| byte.count_ones()).sum();
            format!(
                "Votes round {} signers {signers} votes {}",
                told.round,
                list(&told.votes, |v| v.position.to_string())
            )
        }
        Message::HeadTimes(told) => {
            format!("HeadTimes {}", list(&told.times, |time| format!("{}:{}", time.origin, time.seq)))
        }
    }
}

/// What is asked of the database.
pub(super) fn request(request: &EngineRequest) -> String {
    match request {
        EngineRequest::PostStaged(_) => "PostStaged".into(),
        EngineRequest::ReadLog(ReadLog { origin, from_seq, .. }) => format!("ReadLog {origin}:{from_seq}.."),
        EngineRequest::ApplyRun(ApplyRun { run, .. }) => format!("ApplyRun {}", runs(std::slice::from_ref(run))),
        EngineRequest::DropUnsigned(DropUnsigned { origin }) => format!("DropUnsigned {origin}"),
        EngineRequest::OpenView(OpenView { peer }) => format!("OpenView for {peer}"),
        EngineRequest::CloseView(CloseView { peer }) => format!("CloseView for {peer}"),
        EngineRequest::ReadFingerprints(ReadFingerprints { view, collection }) => {
            format!("ReadFingerprints {collection}{}", of_view(view.as_ref()))
        }
        EngineRequest::ReadDigests(ReadDigests { view, collection, .. }) => {
            format!("ReadDigests {collection}{}", of_view(view.as_ref()))
        }
        EngineRequest::ReadPage(ReadPage { view, collection, key_hashes, .. }) => {
            let which = key_hashes.as_ref().map_or("page".into(), |hashes| hashes.len().to_string());
            format!("ReadPage {collection} {which}{}", of_view(Some(view)))
        }
        EngineRequest::MergeStates(MergeStates { collection, offer, .. }) => {
            format!("MergeStates {collection} {}", offer.entries.len())
        }
        EngineRequest::DropCollected(DropCollected { collection, keys, .. }) => {
            format!("DropCollected {collection} {}", keys.len())
        }
        EngineRequest::RepostEntries(RepostEntries { collection, keys }) => {
            format!("RepostEntries {collection} {}", keys.len())
        }
        EngineRequest::AdoptHeads(AdoptHeads { adoption, ends_return, .. }) => {
            let ends = flags(&[("ends-return", *ends_return)]);
            format!("AdoptHeads {} partial {:?}{ends}", heads(&adoption.heads), adoption.partial)
        }
        EngineRequest::VerifyHeads(VerifyHeads { heads: shown }) => format!("VerifyHeads {}", heads(shown)),
        EngineRequest::CollectTombstones(CollectTombstones { stable }) => {
            format!("CollectTombstones {}", numbers(stable))
        }
        EngineRequest::KeepPlacement(KeepPlacement { placement }) => {
            format!("KeepPlacement {:?}", placement.collections)
        }
        EngineRequest::DrawEvictable(_) => "DrawEvictable".into(),
        EngineRequest::EvictEntries(_) => "EvictEntries".into(),
        EngineRequest::ReadEntries(ReadEntries { collection, keys }) => {
            format!("ReadEntries {collection} {}", list(keys, |key| key_of(key).to_string()))
        }
        EngineRequest::ListKeys(ListKeys { collection, .. }) => format!("ListKeys {collection}"),
        EngineRequest::MergeFetched(MergeFetched { collection, offer, absent, .. }) => {
            format!("MergeFetched {collection} {} absent {}", offer.entries.len(), absent.len())
        }
        EngineRequest::PruneLog(PruneLog { acknowledged }) => format!("PruneLog {}", numbers(acknowledged)),
        EngineRequest::SaveMembers(SaveMembers { members }) => {
            format!("SaveMembers {}", list(members, |member| member.peer.to_string()))
        }
        EngineRequest::SignStatement(_) => "SignStatement".into(),
        EngineRequest::VerifyStatements(VerifyStatements { signed }) => {
            format!("VerifyStatements {}", list(signed, |each| each.peer.to_string()))
        }
        EngineRequest::ReadEpoch(_) => "ReadEpoch".into(),
        EngineRequest::SaveEpoch(SaveEpoch { news }) => {
            format!("SaveEpoch{}", flags(&[("with-secret", news.secret.is_some())]))
        }
        EngineRequest::CheckOwnHead(CheckOwnHead { head }) => {
            format!("CheckOwnHead {}", heads(std::slice::from_ref(head)))
        }
        EngineRequest::RenewEarlyOrigin(_) => "RenewEarlyOrigin".into(),
        EngineRequest::CallMemberBack(CallMemberBack { peer }) => format!("CallMemberBack {peer}"),
        EngineRequest::MergeSchemas(_) => "MergeSchemas".into(),
    }
}

fn of_view(view: Option<&PeerId>) -> String {
    view.map_or(String::new(), |peer| format!(" of the view for {peer}"))
}

fn told<T>(result: &Result<T>, show: impl Fn(&T) -> String) -> String {
    match result {
        Ok(value) => show(value),
        Err(error) => format!("failed: {error}"),
    }
}

/// What the database says to that.
pub(super) fn reply(reply: &EngineReply) -> String {
    match reply {
        EngineReply::PostStaged(result) => {
            told(result, |head| head.as_ref().map_or("nothing".into(), |head| heads(std::slice::from_ref(head))))
        }
        EngineReply::ReadLog(result) => told(result, |read| match read {
            LogRead::Deltas(deltas) => format!("{} deltas", deltas.len()),
            LogRead::Pruned { floor } => format!("pruned below {floor}"),
        }),
        EngineReply::ApplyRun(result) => {
            told(result, |applied| format!("{:?} {}", applied.verdict, heads(std::slice::from_ref(&applied.head))))
        }
        EngineReply::OpenView(result) => told(result, |view| heads(&view.heads)),
        EngineReply::ReadDigests(result) => told(result, |(digests, _)| format!("{} digests", digests.len())),
        EngineReply::ReadPage(result) => told(result, |(offer, _)| format!("{} entries", offer.entries.len())),
        EngineReply::VerifyHeads(result) => told(result, |verified| heads(&verified.heads)),
        EngineReply::MergeStates(result) => told(result, |merged| format!("{} news", merged.news)),
        EngineReply::AdoptHeads(result) => told(result, |adopted| heads(&adopted.heads)),
        EngineReply::CollectTombstones(result)
        | EngineReply::DropCollected(result)
        | EngineReply::MergeFetched(result)
        | EngineReply::PruneLog(result) => told(result, u64::to_string),
        EngineReply::ReadEntries(result) => told(result, |(_, offer)| format!("{} entries", offer.entries.len())),
        EngineReply::VerifyStatements(result) => {
            told(result, |right| format!("{} right", right.iter().filter(|is_right| **is_right).count()))
        }
        EngineReply::SaveEpoch(result) => told(result, |adoption| format!("{adoption:?}")),
        EngineReply::CheckOwnHead(result) => told(result, |own| match own {
            OwnHead::Known(known) => format!("known {}", heads(known)),
            OwnHead::Forged => "forged".into(),
            OwnHead::Renewed(peer) => format!("renewed as {peer}"),
        }),
        _ => "done".into(),
    }
}

/// What an engine wants of its driver besides; nothing of what other lines say.
pub(super) fn action(action: &EngineAction) -> Option<String> {
    Some(match action {
        EngineAction::Disconnect { peer, reason, .. } => format!("disconnects {peer}: {reason}"),
        EngineAction::SyncDone { report, .. } => {
            format!("SYNC done: posted {} peers {} received {}", report.posted, report.peers, report.received)
        }
        EngineAction::FetchDone { result, .. } => {
            format!(
                "fetch done: {}",
                told(result, |nowhere| { format!("nowhere {}", list(nowhere, |key| key_of(key).to_string())) })
            )
        }
        EngineAction::KeysListed { result, .. } => {
            format!("keys listed: {}", told(result, |page| page.keys.len().to_string()))
        }
        EngineAction::Renewed { peer } => format!("goes on as {peer}"),
        EngineAction::Event(event) => format!("event {event:?}"),
        EngineAction::Send { .. } | EngineAction::Request(_) => return None,
    })
}
