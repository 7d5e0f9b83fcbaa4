//! What may be done to a number now, and why not: the rules of the use cases themselves, put to one
//! number (operator-connect.md 1.7.3, 1.8, 2.1, 2.2).

use crate::assign::{AssignNumber, AssignRefusal, Assignee, HoldRefusal};
use crate::assign::{check, check_release, check_unassign};
use crate::block::{Block, BlockAsk, BlockRefusal, lift, set};
use crate::edit::{
    EditRefusal, LocationEdit, UpdateEdit, UsageEdit, check_location, check_update, check_usage,
};
use crate::freeze::is_frozen;
use crate::number::Usage;
use crate::offer::words;
use crate::order::{OrderKind, Side};
use crate::tag::{MAX_TAGS, TagRefusal};

words! {
    /// Something that is done to a number.
    Act {
        /// It is given to a person or a queue.
        Assign = "assign",
        /// It is taken back.
        Unassign = "unassign",
        /// It gets another emergency location.
        SetLocation = "set_location",
        /// It loses its emergency location.
        ClearLocation = "clear_location",
        /// What is for people is for queues from then on, and the other way round.
        ChangeUsage = "change_usage",
        /// It gets one more tag.
        Tag = "tag",
        /// It is kept from being assigned.
        Block = "block",
        /// It is no more.
        Unblock = "unblock",
        /// The operator takes it out of the tenant's inventory.
        Release = "release",
        /// The operator gives it another emergency location.
        UpdateLocation = "update_location",
        /// The operator says that it is for something else.
        UpdateUsage = "update_usage",
    }
}

/// How an act is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once, under this name in the audit log.
    Once(&'static str),
    /// By an order of this kind.
    Order(OrderKind),
}

impl Act {
    /// Whose act it is.
    pub const fn side(self) -> Side {
        match self {
            Self::Release | Self::UpdateLocation | Self::UpdateUsage => Side::Operator,
            _ => Side::Tenant,
        }
    }

    /// How it is done.
    pub const fn way(self) -> Way {
        match self {
            Self::Assign => Way::Once("number.assign"),
            Self::Unassign => Way::Once("number.unassign"),
            Self::Tag => Way::Once("number.tag"),
            Self::Block => Way::Once("number.block"),
            Self::Unblock => Way::Once("number.unblock"),
            Self::SetLocation | Self::ClearLocation => Way::Order(OrderKind::Location),
            Self::ChangeUsage => Way::Order(OrderKind::Usage),
            Self::Release => Way::Order(OrderKind::Release),
            Self::UpdateLocation | Self::UpdateUsage => Way::Order(OrderKind::Update),
        }
    }

    /// Whether a change freeze refuses it.
    pub fn can_be_frozen(self) -> bool {
        match self.way() {
            Way::Once(action) => is_frozen(action),
            Way::Order(kind) => kind.can_be_frozen(),
        }
    }
}

/// All that the rules want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActFacts {
    /// The number as an assignment would find it.
    pub assign: AssignNumber,
    /// Whom it would be given to.
    pub assignee: Assignee,
    /// A person has it.
    pub has_person: bool,
    /// It has an emergency location.
    pub has_location: bool,
    /// The location that would be set lies in the number's country.
    pub new_location_in_country: bool,
    /// The location that would be set is another than it has.
    pub new_location_differs: bool,
    /// The location that it has lies in its country.
    pub location_in_country: bool,
    /// Free for the caller.
    pub toll_free: bool,
    /// How many tags it has.
    pub tags: usize,
    /// What keeps it from being assigned.
    pub block: Block,
    /// Now, microseconds since 1970 UTC.
    pub now: i64,
    /// Its calling profile has two active trunks.
    pub profile_usable: bool,
}

/// Why an act is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ActRefusal {
    /// By the rules of assignment.
    #[error(transparent)]
    Assign(#[from] AssignRefusal),
    /// By who has it.
    #[error(transparent)]
    Hold(#[from] HoldRefusal),
    /// By the rules of blocks.
    #[error(transparent)]
    Block(#[from] BlockRefusal),
    /// By the rules of tags.
    #[error(transparent)]
    Tag(#[from] TagRefusal),
    /// By the rules of edits.
    #[error(transparent)]
    Edit(#[from] EditRefusal),
}

/// What a number of this usage would be for after a change.
pub const fn other_usage(usage: Usage) -> Usage {
    match usage {
        Usage::CallingUserAssignment => Usage::FirstPartyAppAssignment,
        Usage::FirstPartyAppAssignment | Usage::ConferenceAssignment => {
            Usage::CallingUserAssignment
        }
    }
}

/// May it be done now?
///
/// # Errors
/// The first rule that refuses.
pub fn may(act: Act, f: &ActFacts) -> Result<(), ActRefusal> {
    let n = &f.assign;
    let usage = |by_tenant| UsageEdit {
        from: n.usage,
        to: other_usage(n.usage),
        assigned: n.assigned,
        toll_free: f.toll_free,
        by_tenant,
    };
    let location = LocationEdit {
        tenant_may_update: n.tenant_may_update_location,
        changes: f.new_location_differs,
        present: true,
        in_country: f.new_location_in_country,
        has_person: f.has_person,
    };
    let update = |usage| UpdateEdit {
        usage,
        location_present: f.has_location,
        has_person: f.has_person,
        location_in_country: f.location_in_country,
        tenant_may_update: n.tenant_may_update_location,
        profile_usable: f.profile_usable,
    };
    match act {
        Act::Assign => check(n, &f.assignee)?,
        Act::Unassign => check_unassign(n.assigned, n.other_holder)?,
        Act::SetLocation => check_location(&location)?,
        Act::ClearLocation => {
            check_location(&LocationEdit { changes: f.has_location, present: false, ..location })?
        }
        Act::ChangeUsage => check_usage(&usage(true))?,
        Act::Tag if f.tags >= MAX_TAGS => return Err(TagRefusal::TooMany.into()),
        Act::Tag => {}
        Act::Block => {
            set(f.block, n.assigned, BlockAsk::Forever, f.now)?;
        }
        Act::Unblock => {
            lift(f.block, f.now)?;
        }
        Act::Release => check_release(n.assigned)?,
        Act::UpdateLocation => {
            let same = UsageEdit { to: n.usage, ..usage(false) };
            check_update(&UpdateEdit {
                location_present: true,
                location_in_country: f.new_location_in_country,
                ..update(same)
            })?;
        }
        Act::UpdateUsage => check_update(&update(usage(false)))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::ConsentStatus;
    use crate::line::{AssignmentCategory, Lines};

    const FREE: ActFacts = ActFacts {
        assign: AssignNumber {
            usage: Usage::CallingUserAssignment,
            category: AssignmentCategory::Primary,
            activated: true,
            assigned: false,
            other_holder: None,
            blocked: false,
            consent: ConsentStatus::Active,
            location_present: true,
            location_changes: false,
            tenant_may_update_location: true,
            location_in_country: true,
        },
        assignee: Assignee::User {
            licensed: true,
            lines: Lines { primary: false, private: false, alternates: 0 },
        },
        has_person: false,
        has_location: true,
        new_location_in_country: true,
        new_location_differs: true,
        location_in_country: true,
        toll_free: false,
        tags: 0,
        block: Block::None,
        now: 1,
        profile_usable: true,
    };

    fn with(change: impl FnOnce(&mut ActFacts)) -> ActFacts {
        let mut facts = FREE;
        change(&mut facts);
        facts
    }

    /// In each state, exactly these acts are refused, each for its reason.
    #[test]
    fn what_each_state_refuses() {
        let free = with(|_| {});
        let assigned = with(|f| {
            f.assign.assigned = true;
            f.has_person = true;
        });
        let blocked = with(|f| {
            f.assign.blocked = true;
            f.block = Block::Forever;
        });
        let suspended = with(|f| f.assign.consent = ConsentStatus::Suspended);
        let locked = with(|f| f.assign.tenant_may_update_location = false);
        let bare = with(|f| {
            f.assign.location_present = false;
            f.has_location = false;
        });
        let full = with(|f| f.tags = MAX_TAGS);
        let drained = with(|f| f.profile_usable = false);
        let toll_free = with(|f| {
            f.assign.usage = Usage::FirstPartyAppAssignment;
            f.assignee = Assignee::ResourceAccount { licensed: true, has_number: false };
            f.toll_free = true;
        });
        let bridge = with(|f| f.assign.usage = Usage::ConferenceAssignment);
        let not_assigned = (Act::Unassign, ActRefusal::Hold(HoldRefusal::NotAssigned));
        let not_blocked = (Act::Unblock, ActRefusal::Block(BlockRefusal::NotBlocked));
        let idle = [not_assigned, not_blocked];
        for (name, facts, more) in [
            ("free", free, vec![]),
            (
                "blocked",
                blocked,
                vec![
                    (Act::Assign, AssignRefusal::Blocked.into()),
                    (Act::Block, BlockRefusal::AlreadyBlocked.into()),
                ],
            ),
            (
                "assigned",
                assigned,
                vec![
                    (Act::Assign, AssignRefusal::AlreadyAssigned.into()),
                    (Act::ClearLocation, EditRefusal::LocationRequired.into()),
                    (Act::ChangeUsage, EditRefusal::Assigned.into()),
                    (Act::Block, BlockRefusal::Assigned.into()),
                    (Act::Release, HoldRefusal::StillAssigned.into()),
                    (Act::UpdateUsage, EditRefusal::Assigned.into()),
                ],
            ),
            ("suspended", suspended, vec![(Act::Assign, AssignRefusal::ConsentNotActive.into())]),
            (
                "locked",
                locked,
                vec![
                    (Act::SetLocation, EditRefusal::LocationLocked.into()),
                    (Act::ClearLocation, EditRefusal::LocationLocked.into()),
                ],
            ),
            (
                "without a location",
                bare,
                vec![(Act::Assign, AssignRefusal::LocationRequired.into())],
            ),
            ("full of tags", full, vec![(Act::Tag, TagRefusal::TooMany.into())]),
            (
                "drained",
                drained,
                vec![
                    (Act::UpdateLocation, EditRefusal::ProfileUnusable.into()),
                    (Act::UpdateUsage, EditRefusal::ProfileUnusable.into()),
                ],
            ),
            (
                "toll-free",
                toll_free,
                vec![
                    (Act::ChangeUsage, EditRefusal::TollFreeUser.into()),
                    (Act::UpdateUsage, EditRefusal::TollFreeUser.into()),
                ],
            ),
            (
                "a bridge's",
                bridge,
                vec![
                    (Act::Assign, AssignRefusal::WrongUsage(Usage::ConferenceAssignment).into()),
                    (
                        Act::ChangeUsage,
                        EditRefusal::UsageNotTenants(Usage::ConferenceAssignment).into(),
                    ),
                ],
            ),
        ] {
            let mut expect: Vec<(Act, ActRefusal)> = more;
            let is_idle = |act: &Act| match act {
                Act::Unassign => !facts.assign.assigned,
                Act::Unblock => facts.block == Block::None,
                _ => false,
            };
            expect.extend(idle.into_iter().filter(|(act, _)| is_idle(act)));
            for act in Act::ALL.iter().copied() {
                let refused = expect.iter().find(|(other, _)| *other == act).map(|(_, why)| *why);
                assert_eq!(may(act, &facts).err(), refused, "{name}: {act:?}");
            }
        }
    }

    #[test]
    fn what_freezes_and_whose_it_is() {
        for (act, side, frozen) in [
            (Act::Assign, Side::Tenant, true),
            (Act::Unassign, Side::Tenant, true),
            (Act::SetLocation, Side::Tenant, false),
            (Act::ClearLocation, Side::Tenant, false),
            (Act::ChangeUsage, Side::Tenant, true),
            (Act::Tag, Side::Tenant, true),
            (Act::Block, Side::Tenant, true),
            (Act::Unblock, Side::Tenant, true),
            (Act::Release, Side::Operator, true),
            (Act::UpdateLocation, Side::Operator, true),
            (Act::UpdateUsage, Side::Operator, true),
        ] {
            assert_eq!((act.side(), act.can_be_frozen()), (side, frozen), "{act:?}");
            assert_eq!(Act::parse(act.as_str()), Some(act));
            if let Way::Order(kind) = act.way() {
                assert_eq!(kind.side(), side, "{act:?}");
            }
        }
    }
}
