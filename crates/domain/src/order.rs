//! Number orders: which kinds there are, whose they are, how much each may carry, and what
//! undoes one (operator-connect.md 1.8).

use crate::assign::OtherHolder;
use crate::block::Block;
use crate::ids::{CallingProfileId, LocationId, ResourceAccountId, UserId};
use crate::line::AssignmentCategory;
use crate::number::Usage;
use serde::{Deserialize, Serialize};

/// Who places an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The operator whose numbers they are.
    Operator,
    /// The tenant that holds them.
    Tenant,
}

/// How an order's entries arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// In one JSON document.
    Document,
    /// In one CSV file.
    File,
}

/// What an order does to each of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// The operator brings numbers into a tenant's inventory.
    Upload,
    /// The operator takes numbers out of it.
    Release,
    /// The operator changes usage, calling profile, location or who may set it.
    Update,
    /// The tenant gives numbers to people or resource accounts.
    Assign,
    /// The tenant takes them back.
    Unassign,
    /// The tenant sets or removes emergency locations.
    Location,
    /// The tenant adds and removes tags.
    Tags,
    /// The tenant turns people's numbers into service numbers, or back.
    Usage,
}

impl OrderKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Upload,
        Self::Release,
        Self::Update,
        Self::Assign,
        Self::Unassign,
        Self::Location,
        Self::Tags,
        Self::Usage,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Release => "release",
            Self::Update => "update",
            Self::Assign => "assign",
            Self::Unassign => "unassign",
            Self::Location => "location",
            Self::Tags => "tags",
            Self::Usage => "usage",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whose order it is.
    pub const fn side(self) -> Side {
        match self {
            Self::Upload | Self::Release | Self::Update => Side::Operator,
            Self::Assign | Self::Unassign | Self::Location | Self::Tags | Self::Usage => {
                Side::Tenant
            }
        }
    }

    /// Most entries. A document carries 1,000 of any kind (operator-connect.md 1.8); a file of
    /// operators 10,000, as a portal's CSV does; files that assign or take back a whole
    /// company 100,000, and what else a tenant may change in bulk is 1,000 there too.
    pub const fn most(self, by: By) -> usize {
        match (by, self) {
            (By::Document, _) => 1000,
            (By::File, Self::Assign | Self::Unassign) => 100_000,
            (By::File, Self::Upload | Self::Release | Self::Update) => 10_000,
            (By::File, Self::Location | Self::Tags | Self::Usage) => 1000,
        }
    }

    /// Whether a change freeze refuses it: not what sets right where help comes to.
    pub const fn can_be_frozen(self) -> bool {
        !matches!(self, Self::Location)
    }

    /// The kind of the order that undoes one of this kind.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Upload => Self::Release,
            Self::Release => Self::Upload,
            Self::Assign => Self::Unassign,
            Self::Unassign => Self::Assign,
            same @ (Self::Update | Self::Location | Self::Tags | Self::Usage) => same,
        }
    }
}

/// What an act may change about a number, tags apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberState {
    /// The person who has it.
    pub person: Option<UserId>,
    /// The resource account that has it.
    pub account: Option<ResourceAccountId>,
    /// Who else has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherHolder>,
    /// What it is to the person who has it; of what nobody has, primary.
    #[serde(default, skip_serializing_if = "AssignmentCategory::is_primary")]
    pub category: AssignmentCategory,
    /// Where it is in an emergency.
    pub location: Option<LocationId>,
    /// What it is for.
    pub usage: Usage,
    /// Which trunks carry it.
    pub profile: CallingProfileId,
    /// The tenant may set the location.
    pub tenant_may_update_location: bool,
    /// Who may not get it, and until when.
    pub block: Block,
}

impl NumberState {
    /// Somebody has it.
    pub const fn is_assigned(&self) -> bool {
        self.person.is_some() || self.account.is_some() || self.other.is_some()
    }

    /// This state with what an act of this kind touches taken from another: an act undone
    /// leaves alone what it never touched.
    #[must_use]
    pub fn with(self, kind: OrderKind, from: &Self) -> Self {
        match kind {
            OrderKind::Assign | OrderKind::Unassign => Self {
                person: from.person,
                account: from.account,
                category: from.category,
                location: from.location,
                block: from.block,
                ..self
            },
            OrderKind::Location => Self { location: from.location, ..self },
            OrderKind::Usage => Self { usage: from.usage, ..self },
            OrderKind::Update => Self {
                usage: from.usage,
                profile: from.profile,
                location: from.location,
                tenant_may_update_location: from.tenant_may_update_location,
                ..self
            },
            OrderKind::Tags | OrderKind::Upload | OrderKind::Release => self,
        }
    }
}

/// What an act did to one number, as far as it can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// How the number was.
    pub before: NumberState,
    /// How the act left it.
    pub after: NumberState,
    /// Tags that it had not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags_added: Vec<String>,
    /// Tags that it has no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags_removed: Vec<String>,
}

/// The number is no longer as the act left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number has changed since: it is not as the act left it")]
pub struct MovedOn;

impl Trace {
    /// The state to go back to, where the number is still as an act of this kind left it. A
    /// block that has run out meanwhile is one that the clock has taken away, and no change.
    ///
    /// # Errors
    /// [`MovedOn`].
    pub fn undone(
        &self,
        kind: OrderKind,
        now: &NumberState,
        at: i64,
    ) -> Result<NumberState, MovedOn> {
        let seen = |state: &NumberState| NumberState { block: state.block.at(at), ..*state };
        let (now, after) = (seen(now), seen(&self.after));
        if now.with(kind, &after) == now {
            Ok(now.with(kind, &seen(&self.before)))
        } else {
            Err(MovedOn)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_kind_has_a_name_a_side_and_a_limit() {
        for (kind, name, side, document, file, opposite) in [
            (OrderKind::Upload, "upload", Side::Operator, 1000, 10_000, "release"),
            (OrderKind::Release, "release", Side::Operator, 1000, 10_000, "upload"),
            (OrderKind::Update, "update", Side::Operator, 1000, 10_000, "update"),
            (OrderKind::Assign, "assign", Side::Tenant, 1000, 100_000, "unassign"),
            (OrderKind::Unassign, "unassign", Side::Tenant, 1000, 100_000, "assign"),
            (OrderKind::Location, "location", Side::Tenant, 1000, 1000, "location"),
            (OrderKind::Tags, "tags", Side::Tenant, 1000, 1000, "tags"),
            (OrderKind::Usage, "usage", Side::Tenant, 1000, 1000, "usage"),
        ] {
            assert_eq!((kind.as_str(), kind.side()), (name, side));
            assert_eq!(OrderKind::parse(name), Some(kind));
            assert_eq!((kind.most(By::Document), kind.most(By::File)), (document, file), "{name}");
            assert_eq!(kind.opposite().as_str(), opposite);
        }
        assert_eq!(OrderKind::parse("port"), None);
    }

    fn state() -> NumberState {
        NumberState {
            person: None,
            account: None,
            other: None,
            category: AssignmentCategory::Primary,
            location: None,
            usage: Usage::CallingUserAssignment,
            profile: CallingProfileId(Uuid::from_u128(1)),
            tenant_may_update_location: true,
            block: Block::None,
        }
    }

    #[test]
    fn what_is_as_it_was_left_goes_back_and_nothing_else() {
        let person = Some(UserId(Uuid::from_u128(2)));
        let here = Some(LocationId(Uuid::from_u128(3)));
        let there = Some(LocationId(Uuid::from_u128(4)));
        let given = NumberState { person, location: here, ..state() };
        let second = NumberState { category: AssignmentCategory::Alternate, ..given };
        let blocked = NumberState { block: Block::Until(100), location: here, ..state() };
        let app = NumberState { usage: Usage::FirstPartyAppAssignment, ..state() };
        let trace = |before, after| Trace {
            before,
            after,
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
        };
        let assign = trace(state(), given);
        let promote = trace(second, given);
        let unassign = trace(given, blocked);
        let usage = trace(state(), app);
        for (name, trace, kind, now, at, expect) in [
            ("given", &assign, OrderKind::Assign, given, 1, Ok(state())),
            ("another line since", &assign, OrderKind::Assign, second, 1, Err(MovedOn)),
            ("another line", &promote, OrderKind::Assign, given, 1, Ok(second)),
            ("taken back since", &assign, OrderKind::Assign, state(), 1, Err(MovedOn)),
            (
                "moved since",
                &assign,
                OrderKind::Assign,
                NumberState { location: there, ..given },
                1,
                Err(MovedOn),
            ),
            (
                "something else changed",
                &assign,
                OrderKind::Assign,
                NumberState { tenant_may_update_location: false, ..given },
                1,
                Ok(NumberState { tenant_may_update_location: false, ..state() }),
            ),
            ("taken back with a block", &unassign, OrderKind::Unassign, blocked, 1, Ok(given)),
            ("whose block has run out", &unassign, OrderKind::Unassign, blocked, 100, Ok(given)),
            (
                "whose block was lifted",
                &unassign,
                OrderKind::Unassign,
                NumberState { block: Block::None, ..blocked },
                1,
                Err(MovedOn),
            ),
            ("usage", &usage, OrderKind::Usage, app, 1, Ok(state())),
            (
                "usage beside a location",
                &usage,
                OrderKind::Usage,
                NumberState { location: there, ..app },
                1,
                Ok(NumberState { location: there, ..state() }),
            ),
            ("usage changed since", &usage, OrderKind::Usage, state(), 1, Err(MovedOn)),
        ] {
            assert_eq!(trace.undone(kind, &now, at), expect, "{name}");
        }
    }
}
