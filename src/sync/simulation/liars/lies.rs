//! The kinds of lies, and those that still get through.

use crate::sync::protocol::seeded_random::Random;

/// A kind of lie. A seed chooses a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lie {
    /// Any field of a message is another one, but for those that another kind is about.
    Changed,
    /// Bytes of a frame are.
    Damaged,
    /// Something that was said before, by anybody, is said again.
    Replayed,
    /// Something is not said.
    Withheld,
    /// Deltas, their numbers and signatures. An origin whose delta is passed on with another body and its true signature is taken
    /// for one that tells two stories: nothing is lost by it, since states come all the same.
    Deltas,
    /// States outside of any log.
    States,
    /// The same, each with a delta of who wrote it last that it never wrote.
    Forged,
    /// Entries that nobody wrote stand among others: from the future, of many lives, with the name of a private blob, under a
    /// key of another type.
    Bait,
    /// The same, posted by the liar itself under its own name and signature.
    OwnBait,
    /// There is nothing where there is something, and the heads count it all.
    Absence,
    /// Heads of others that they never signed.
    Heads,
    /// Signed heads of the liar's own that nothing leads to.
    OwnHead,
    /// Logs that begin behind what is needed, so that states are asked for.
    Pruned,
    /// Members that nobody met, and addresses.
    Members,
    /// What everybody is said to hold.
    Votes,
    /// Epochs that no count of removals led to.
    FarEpoch,
    /// A new secret and removed members.
    Epoch,
    /// Its clock is years ahead.
    Clock,
    /// It signs that entries of others are deleted, that others stand in their place, and that they were its own before.
    Deletes,
    /// More heads than any network has.
    HeadFlood,
    /// More members than any network has.
    MemberFlood,
}

impl Lie {
    pub const ALL: [Lie; 21] = [
        Lie::Changed,
        Lie::Damaged,
        Lie::Replayed,
        Lie::Withheld,
        Lie::Deltas,
        Lie::States,
        Lie::Forged,
        Lie::Bait,
        Lie::OwnBait,
        Lie::Absence,
        Lie::Heads,
        Lie::OwnHead,
        Lie::Pruned,
        Lie::Members,
        Lie::Votes,
        Lie::FarEpoch,
        Lie::Epoch,
        Lie::Clock,
        Lie::Deletes,
        Lie::HeadFlood,
        Lie::MemberFlood,
    ];

    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// Those that a test plays: the ones named by `NEBULUSDB_SIM_LIES` (with commas between them), or all that honest nodes
    /// stand up to.
    pub fn played() -> Vec<Lie> {
        let named = std::env::var("NEBULUSDB_SIM_LIES").ok();
        let is_played = |lie: &Lie| match &named {
            Some(names) => names.split(',').any(|name| name == lie.name()),
            None => NOT_YET.iter().all(|(other, _)| other != lie),
        };
        Lie::ALL.into_iter().filter(is_played).collect()
    }

    /// What a seed plays of them.
    pub fn choose(random: &mut Random) -> Vec<Lie> {
        let mut lies = Lie::played();
        let count = 1 + random.below(4);
        random.choose(&mut lies, usize::try_from(count).unwrap());
        lies
    }

    /// Which kind it is to change the field at this place of a message.
    pub fn about(place: &str) -> Lie {
        let is_within = |name: &str| place.split('/').any(|part| part == name);
        if is_within("Stability") || is_within("Votes") {
            Lie::Votes
        } else if is_within("Epoch") {
            Lie::Epoch
        } else if is_within("Members") {
            Lie::Members
        } else if is_within("heads") || is_within("HeadTimes") {
            Lie::Heads
        } else if is_within("deltas") {
            Lie::Deltas
        } else if is_within("entries") || is_within("body") {
            Lie::States
        } else {
            Lie::Changed
        }
    }
}

/// What still gets through, with the reason.
pub(super) const NOT_YET: &[(Lie, &str)] = &[];
