//! Stamps of the present for writes that a wrong clock has dated into the future and that nobody else has seen.

use crate::model::{Hlc, PeerId, State};

/// Gives what lies beyond `latest_millis` in `news`, which only its writer knows, the time `now` and its writer's present id,
/// or the next time behind what `base`, the state that others know, says of the same field; whether there was any. The last
/// write of `news` follows its fields.
pub fn restamp(news: &mut State, base: &State, latest_millis: u64, (now, peer): (Hlc, &PeerId)) -> bool {
    if news.timestamp.millis() <= latest_millis {
        // No field is stamped later than the last write.
        return false;
    }
    for (name, field) in &mut news.fields {
        if field.stamp.hlc.millis() > latest_millis {
            let known = base.fields.get(name).filter(|known| known.stamp.causal_length == field.stamp.causal_length);
            field.stamp.hlc = known.map_or(now, |known| now.max(known.stamp.hlc.next(0)));
            field.stamp.peer_id = peer.clone();
        }
    }
    let stamps = news.fields.values().map(|field| (field.stamp.hlc, &field.stamp.peer_id));
    let (timestamp, peer_id) = stamps.chain([(now, peer)]).max().unwrap_or((now, peer));
    (news.timestamp, news.peer_id) = (timestamp, peer_id.clone());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::edit::{WriteContext, insert, update};
    use crate::merge::states::{merge, validate};
    use crate::types::Value;

    fn by(millis: u64) -> WriteContext {
        WriteContext { hlc: Hlc::new(millis, 0), peer_id: PeerId::new("a") }
    }

    #[test]
    fn what_lies_in_the_future_gets_the_present_and_stays_behind_what_is_known() {
        let base = insert(None, [("x".to_string(), Value::Int8(1)), ("y".to_string(), Value::Int8(1))], &by(10));
        let later = update(&base, [("x".to_string(), Some(Value::Int8(2)))], &by(9_000));
        let mut news = crate::merge::states::delta(&base, &later);
        let me = PeerId::new("b");
        assert!(!restamp(&mut news.clone(), &base, 9_000, (Hlc::new(20, 0), &me)));
        assert!(restamp(&mut news, &base, 100, (Hlc::new(20, 0), &me)));
        validate(&news).unwrap();
        assert_eq!((news.timestamp, news.peer_id.as_str()), (Hlc::new(20, 0), "b"));
        assert_eq!(merge(&base, &news).value("x"), Some(&Value::Int8(2)));
        // Behind a stamp of the future that others know it must stay.
        let mut again =
            crate::merge::states::delta(&later, &update(&later, [("x".to_string(), Some(Value::Int8(3)))], &by(9_500)));
        assert!(restamp(&mut again, &later, 100, (Hlc::new(20, 0), &me)));
        assert_eq!(merge(&later, &again).value("x"), Some(&Value::Int8(3)));
    }
}
