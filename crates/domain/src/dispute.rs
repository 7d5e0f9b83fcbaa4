//! Disputes on number authority: an operator uploads a number that another operator's tenant holds
//! (design section 9). Both sides and the programme see it; who may end it how is decided here.

/// How a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisputeState {
    /// Nobody has decided.
    Open,
    /// The claimant gave up.
    Withdrawn,
    /// The holder gave in: it releases the number.
    Conceded,
    /// The programme decided for the claimant: the holder has to release the number.
    Upheld,
    /// The programme decided for the holder.
    Rejected,
}

/// Who ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisputeParty {
    /// The operator that wants the number.
    Claimant,
    /// The operator that has it.
    Holder,
    /// The programme owner.
    Programme,
}

/// Why a step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DisputeRefusal {
    /// It is over.
    #[error("the dispute is over")]
    Over,
    /// That is another's to say.
    #[error("a claimant withdraws, a holder concedes, the programme upholds or rejects")]
    NotYours,
    /// A decision needs its reason.
    #[error("the programme's decision needs a comment")]
    CommentMissing,
}

impl DisputeState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Withdrawn, Self::Conceded, Self::Upheld, Self::Rejected];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Withdrawn => "withdrawn",
            Self::Conceded => "conceded",
            Self::Upheld => "upheld",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// May this party end it so?
    ///
    /// # Errors
    /// [`DisputeRefusal`].
    pub fn end(self, to: Self, by: DisputeParty, commented: bool) -> Result<(), DisputeRefusal> {
        use DisputeParty::{Claimant, Holder, Programme};
        if self != Self::Open {
            return Err(DisputeRefusal::Over);
        }
        match (to, by) {
            (Self::Withdrawn, Claimant) | (Self::Conceded, Holder) => Ok(()),
            (Self::Upheld | Self::Rejected, Programme) if commented => Ok(()),
            (Self::Upheld | Self::Rejected, Programme) => Err(DisputeRefusal::CommentMissing),
            _ => Err(DisputeRefusal::NotYours),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_party_ends_a_dispute_in_its_own_way() {
        use DisputeParty::{Claimant, Holder, Programme};
        use DisputeState::{Conceded, Open, Rejected, Upheld, Withdrawn};
        for by in [Claimant, Holder, Programme] {
            for to in DisputeState::ALL {
                let good = matches!(
                    (to, by),
                    (Withdrawn, Claimant) | (Conceded, Holder) | (Upheld | Rejected, Programme)
                );
                let expect = if good { Ok(()) } else { Err(DisputeRefusal::NotYours) };
                assert_eq!(Open.end(to, by, true), expect, "{to:?} by {by:?}");
                for over in [Withdrawn, Conceded, Upheld, Rejected] {
                    assert_eq!(over.end(to, by, true), Err(DisputeRefusal::Over));
                }
                assert_eq!(DisputeState::parse(to.as_str()), Some(to));
            }
        }
        assert_eq!(Open.end(Upheld, Programme, false), Err(DisputeRefusal::CommentMissing));
        assert_eq!(Open.end(Withdrawn, Claimant, false), Ok(()));
    }
}
