//! Who asks, and what comes with every request.

use crate::act::invalid;
use api_types::Problem;
use domain::{OperatorId, TenantId};
use jiff::Timestamp;
use store::Reach;
use uuid::Uuid;

/// What an actor may stand for; the boundary of what it can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs Meetpoint: admits operators, sees every call.
    ProgrammeOwner,
    /// Helps from there: looks at everything but credentials and the audit log, numbers masked.
    ProgrammeSupport,
    /// Acts for one operator.
    OperatorAdmin {
        /// Which.
        operator: OperatorId,
    },
    /// Looks for one operator.
    OperatorReader {
        /// Which.
        operator: OperatorId,
    },
    /// Acts for one tenant: its telephony administrator.
    TenantAdmin {
        /// Which.
        tenant: TenantId,
    },
    /// Helps one tenant's people: looks and explains, numbers of calls masked, and hands out
    /// phone credentials.
    TenantHelpdesk {
        /// Which.
        tenant: TenantId,
    },
    /// Looks for one tenant.
    TenantReader {
        /// Which.
        tenant: TenantId,
    },
    /// A running edge: takes the feed, brings call records.
    Edge,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `programme.read`
    ProgrammeRead,
    /// `programme.write`
    ProgrammeWrite,
    /// `programme.help`
    ProgrammeHelp,
    /// `operator.read`
    OperatorRead,
    /// `operator.write`
    OperatorWrite,
    /// `tenant.read`
    TenantRead,
    /// `tenant.write`
    TenantWrite,
    /// `tenant.help`
    TenantHelp,
    /// `tenant.directory`: the people and groups of SCIM, and nothing else.
    TenantDirectory,
    /// `edge`
    Edge,
    /// `ProvisioningAPI.Read`, of the compatible face as all that follow.
    ProvisioningRead,
    /// `ProvisioningAPI.Write`
    ProvisioningWrite,
    /// `ProvisioningAPI.Delete`
    ProvisioningDelete,
    /// `ProvisioningAPI.Admin`: all three.
    ProvisioningAdmin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 14] = [
        Self::ProgrammeRead,
        Self::ProgrammeWrite,
        Self::ProgrammeHelp,
        Self::OperatorRead,
        Self::OperatorWrite,
        Self::TenantRead,
        Self::TenantWrite,
        Self::TenantHelp,
        Self::TenantDirectory,
        Self::Edge,
        Self::ProvisioningRead,
        Self::ProvisioningWrite,
        Self::ProvisioningDelete,
        Self::ProvisioningAdmin,
    ];

    /// The roles of the compatible face (operator-connect.md 3).
    pub const PROVISIONING: [Self; 4] = [
        Self::ProvisioningRead,
        Self::ProvisioningWrite,
        Self::ProvisioningDelete,
        Self::ProvisioningAdmin,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProgrammeRead => "programme.read",
            Self::ProgrammeWrite => "programme.write",
            Self::ProgrammeHelp => "programme.help",
            Self::OperatorRead => "operator.read",
            Self::OperatorWrite => "operator.write",
            Self::TenantRead => "tenant.read",
            Self::TenantWrite => "tenant.write",
            Self::TenantHelp => "tenant.help",
            Self::TenantDirectory => "tenant.directory",
            Self::Edge => "edge",
            Self::ProvisioningRead => "ProvisioningAPI.Read",
            Self::ProvisioningWrite => "ProvisioningAPI.Write",
            Self::ProvisioningDelete => "ProvisioningAPI.Delete",
            Self::ProvisioningAdmin => "ProvisioningAPI.Admin",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

impl Role {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProgrammeOwner => "programme_owner",
            Self::ProgrammeSupport => "programme_support",
            Self::OperatorAdmin { .. } => "operator_admin",
            Self::OperatorReader { .. } => "operator_reader",
            Self::TenantAdmin { .. } => "tenant_admin",
            Self::TenantHelpdesk { .. } => "tenant_helpdesk",
            Self::TenantReader { .. } => "tenant_reader",
            Self::Edge => "edge",
        }
    }

    /// The scopes a client of this role may ask for.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::ProgrammeOwner => {
                &[Scope::ProgrammeRead, Scope::ProgrammeWrite, Scope::ProgrammeHelp]
            }
            Self::ProgrammeSupport => &[Scope::ProgrammeRead, Scope::ProgrammeHelp],
            Self::OperatorAdmin { .. } => &[Scope::OperatorRead, Scope::OperatorWrite],
            Self::OperatorReader { .. } => &[Scope::OperatorRead],
            Self::TenantAdmin { .. } => {
                &[Scope::TenantRead, Scope::TenantWrite, Scope::TenantHelp, Scope::TenantDirectory]
            }
            Self::TenantHelpdesk { .. } => &[Scope::TenantRead, Scope::TenantHelp],
            Self::TenantReader { .. } => &[Scope::TenantRead],
            Self::Edge => &[Scope::Edge],
        }
    }

    /// The operator it acts for.
    pub const fn operator(self) -> Option<OperatorId> {
        match self {
            Self::OperatorAdmin { operator } | Self::OperatorReader { operator } => Some(operator),
            _ => None,
        }
    }

    /// The tenant it acts for.
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::TenantAdmin { tenant }
            | Self::TenantHelpdesk { tenant }
            | Self::TenantReader { tenant } => Some(tenant),
            _ => None,
        }
    }

    /// Whether it is shown the numbers of calls masked (design section 5).
    pub(crate) const fn sees_masked(self) -> bool {
        matches!(self, Self::ProgrammeSupport | Self::TenantHelpdesk { .. })
    }

    /// The role of this name, with whom it acts for.
    ///
    /// # Errors
    /// `invalid_field` names `/role`, `/operator_id` or `/tenant_id`.
    pub fn parse(
        role: &str,
        operator: Option<OperatorId>,
        tenant: Option<TenantId>,
    ) -> Result<Self, Problem> {
        let needs = |field: &str, what: &str| {
            Err(invalid(field, format!("{role} acts for {what}: name it")))
        };
        let parsed = match (role, operator, tenant) {
            ("programme_owner", ..) => Self::ProgrammeOwner,
            ("programme_support", ..) => Self::ProgrammeSupport,
            ("edge", ..) => Self::Edge,
            ("operator_admin", Some(operator), _) => Self::OperatorAdmin { operator },
            ("operator_reader", Some(operator), _) => Self::OperatorReader { operator },
            ("operator_admin" | "operator_reader", None, _) => {
                return needs("operator_id", "an operator");
            }
            ("tenant_admin", _, Some(tenant)) => Self::TenantAdmin { tenant },
            ("tenant_helpdesk", _, Some(tenant)) => Self::TenantHelpdesk { tenant },
            ("tenant_reader", _, Some(tenant)) => Self::TenantReader { tenant },
            ("tenant_admin" | "tenant_helpdesk" | "tenant_reader", _, None) => {
                return needs("tenant_id", "a tenant");
            }
            _ => {
                let reason = format!("a role is one of {}", Self::NAMES.join(", "));
                return Err(invalid("role", reason));
            }
        };
        if operator.is_some() && parsed.operator().is_none() {
            return Err(invalid("operator_id", format!("a {role} belongs to no operator")));
        }
        if tenant.is_some() && parsed.tenant().is_none() {
            return Err(invalid("tenant_id", format!("a {role} belongs to no tenant")));
        }
        Ok(parsed)
    }

    /// Every role's name.
    pub const NAMES: [&str; 8] = [
        "programme_owner",
        "programme_support",
        "operator_admin",
        "operator_reader",
        "tenant_admin",
        "tenant_helpdesk",
        "tenant_reader",
        "edge",
    ];
}

/// Who asks, as proven by a token or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The principal.
    pub principal: Uuid,
    /// Its name, as the audit log shows it.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// What its token may be used for.
    pub scopes: Vec<Scope>,
}

/// What comes with every request.
#[derive(Clone, Debug)]
pub struct Cx {
    /// Who asks.
    pub actor: Actor,
    /// Names the request in logs, problems and the audit log.
    pub request_id: String,
    /// The caller's idempotency key with the SHA-256 of method, path and body.
    pub idempotency_key: Option<(String, [u8; 32])>,
}

impl Cx {
    /// What of the database the actor's use cases reach.
    pub(crate) fn reach(&self) -> Reach {
        let principal = self.actor.principal;
        match (self.actor.role.operator(), self.actor.role.tenant()) {
            (Some(operator), _) => Reach::Operator { operator, principal },
            (None, Some(tenant)) => Reach::Tenant { tenant, principal },
            (None, None) => Reach::All,
        }
    }
}

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to 1,000.
    pub limit: u32,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { cursor: None, limit: 100 }
    }
}

/// Narrows the directory.
#[derive(Clone, Debug, Default)]
pub struct DirectoryFilter {
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// `emea`, `americas`, `apac`.
    pub region: Option<String>,
    /// `Calling`, `AudioConferencing`.
    pub service: Option<String>,
    /// `user`, `service`, `conference`.
    pub number_type: Option<String>,
}

/// Narrows a list of numbers.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    /// `+44207`: numbers that begin so.
    pub prefix: Option<String>,
    /// Assignment status: `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`,
    /// `ConferenceAssigned`, `PolicyAssigned`.
    pub status: Option<String>,
    /// Usage.
    pub usage: Option<String>,
    /// `Primary`, `Private`, `Alternate`: what people have as this.
    pub category: Option<String>,
    /// One operator's.
    pub operator_id: Option<Uuid>,
    /// One country's.
    pub country: Option<String>,
    /// Assigned to this user or account.
    pub assigned_to_id: Option<Uuid>,
    /// Has this tag.
    pub tag: Option<String>,
}

/// Narrows a list of calls.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
    /// `inbound`, `outbound`, `internal`, `emergency`.
    pub kind: Option<String>,
    /// The tenant's number, caller or callee, E.164.
    pub number: Option<String>,
    /// A person in it.
    pub user_id: Option<Uuid>,
}

/// Why changes cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangesError {
    /// The position is of another epoch, ahead of the log, or past retention: take a snapshot (410).
    #[error("the log does not reach back to this position")]
    Gone,
    /// Everything else.
    #[error(transparent)]
    Problem(#[from] Problem),
}

impl From<store::StoreError> for ChangesError {
    fn from(error: store::StoreError) -> Self {
        Self::Problem(crate::act::store_problem(&error))
    }
}

/// Why the exchange does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database URL is neither `sqlite:` nor `postgres:`.
    #[error("the database URL starts with sqlite:// or postgres://: {0}")]
    Url(String),
    /// The database does not answer or its schema cannot be brought up to date.
    #[error("the database does not open: {0}")]
    Store(String),
}
