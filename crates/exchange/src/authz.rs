//! Who may do what: one table. Whose objects an actor sees follows from its
//! role (every query of a face is bound to that tenant or operator), so that
//! another's object is simply not there.

use crate::act::{HOUSE, of_operator, of_tenant};
use crate::{Actor, Cx, Role, Scope};
use api_types::{ErrorCode, Problem};
use domain::{OperatorId, TenantId};
use store::{ChangeOwner, Reach};
use uuid::Uuid;

/// What a use case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// Told apart from writing on the compatible face alone.
    Delete,
}

/// Whose face it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Programme,
    Operator,
    Tenant,
    Edge,
    /// The compatible one, for operators.
    Provisioning,
}

/// The whole policy.
pub(crate) fn authorize(actor: &Actor, face: Face, access: Access) -> Result<(), Problem> {
    let of_role = match actor.role {
        Role::ProgrammeOwner => face == Face::Programme,
        Role::OperatorAdmin { .. } => matches!(face, Face::Operator | Face::Provisioning),
        Role::TenantAdmin { .. } => face == Face::Tenant,
        Role::Edge => face == Face::Edge,
    };
    if !of_role {
        let reason = format!("the role {} has no part in this face", actor.role.as_str());
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    let needed = needed(face, access);
    if !needed.iter().any(|scope| actor.scopes.contains(scope)) {
        let reason = format!("the token lacks the scope {}", needed[0].as_str());
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    Ok(())
}

/// Any one of these will do.
const fn needed(face: Face, access: Access) -> &'static [Scope] {
    match (face, access) {
        (Face::Programme, Access::Read) => &[Scope::ProgrammeRead],
        (Face::Programme, Access::Write | Access::Delete) => &[Scope::ProgrammeWrite],
        (Face::Operator, Access::Read) => &[Scope::OperatorRead],
        (Face::Operator, Access::Write | Access::Delete) => &[Scope::OperatorWrite],
        (Face::Tenant, Access::Read) => &[Scope::TenantRead],
        (Face::Tenant, Access::Write | Access::Delete) => &[Scope::TenantWrite],
        (Face::Edge, _) => &[Scope::Edge],
        (Face::Provisioning, Access::Read) => &[Scope::ProvisioningRead, Scope::ProvisioningAdmin],
        (Face::Provisioning, Access::Write) => {
            &[Scope::ProvisioningWrite, Scope::ProvisioningAdmin]
        }
        (Face::Provisioning, Access::Delete) => {
            &[Scope::ProvisioningDelete, Scope::ProvisioningAdmin]
        }
    }
}

impl Cx {
    pub(crate) fn programme(&self, access: Access) -> Result<(), Problem> {
        authorize(&self.actor, Face::Programme, access)
    }

    pub(crate) fn edge(&self) -> Result<(), Problem> {
        authorize(&self.actor, Face::Edge, Access::Read)
    }

    pub(crate) fn operator(&self, access: Access) -> Result<OperatorId, Problem> {
        authorize(&self.actor, Face::Operator, access)?;
        match self.actor.role {
            Role::OperatorAdmin { operator } => Ok(operator),
            _ => Err(ErrorCode::Forbidden.problem(None, "not an operator's administrator")),
        }
    }

    /// The operator on the compatible face.
    pub(crate) fn provisioning(&self, access: Access) -> Result<OperatorId, Problem> {
        authorize(&self.actor, Face::Provisioning, access)?;
        match self.actor.role {
            Role::OperatorAdmin { operator } => Ok(operator),
            _ => Err(ErrorCode::Forbidden.problem(None, "not an operator's administrator")),
        }
    }

    pub(crate) fn tenant(&self, access: Access) -> Result<TenantId, Problem> {
        authorize(&self.actor, Face::Tenant, access)?;
        match self.actor.role {
            Role::TenantAdmin { tenant } => Ok(tenant),
            _ => Err(ErrorCode::Forbidden.problem(None, "not a tenant's administrator")),
        }
    }
}

/// Who follows the events, or has subscriptions: one of the three faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Programme,
    Operator(OperatorId),
    Tenant(TenantId),
}

impl Party {
    /// Whose changes these are; the programme owner's are everybody's.
    pub(crate) const fn owner(self) -> ChangeOwner {
        match self {
            Self::Programme => HOUSE,
            Self::Operator(operator) => of_operator(operator),
            Self::Tenant(tenant) => of_tenant(tenant),
        }
    }

    /// Whose a subscription is.
    pub(crate) const fn of(owner: ChangeOwner) -> Self {
        match (owner.tenant, owner.operator) {
            (Some(tenant), _) => Self::Tenant(tenant),
            (None, Some(operator)) => Self::Operator(operator),
            (None, None) => Self::Programme,
        }
    }

    /// What of the database it reaches, where nobody acts for it.
    pub(crate) const fn reach(self) -> Reach {
        let principal = Uuid::nil();
        match self {
            Self::Programme => Reach::All,
            Self::Operator(operator) => Reach::Operator { operator, principal },
            Self::Tenant(tenant) => Reach::Tenant { tenant, principal },
        }
    }
}

impl Cx {
    /// Whichever of the three the actor is.
    pub(crate) fn party(&self, access: Access) -> Result<Party, Problem> {
        match self.actor.role {
            Role::OperatorAdmin { .. } => self.operator(access).map(Party::Operator),
            Role::TenantAdmin { .. } => self.tenant(access).map(Party::Tenant),
            Role::ProgrammeOwner | Role::Edge => self.programme(access).map(|()| Party::Programme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_face_access_and_scope() {
        use Scope as S;
        // Face, access, and the scopes that open it.
        let table: [(Face, [&[S]; 3]); 5] = [
            (Face::Programme, [&[S::ProgrammeRead], &[S::ProgrammeWrite], &[S::ProgrammeWrite]]),
            (Face::Operator, [&[S::OperatorRead], &[S::OperatorWrite], &[S::OperatorWrite]]),
            (Face::Tenant, [&[S::TenantRead], &[S::TenantWrite], &[S::TenantWrite]]),
            (Face::Edge, [&[S::Edge], &[S::Edge], &[S::Edge]]),
            (
                Face::Provisioning,
                [
                    &[S::ProvisioningRead, S::ProvisioningAdmin],
                    &[S::ProvisioningWrite, S::ProvisioningAdmin],
                    &[S::ProvisioningDelete, S::ProvisioningAdmin],
                ],
            ),
        ];
        let roles: [(Role, &[Face]); 4] = [
            (Role::ProgrammeOwner, &[Face::Programme]),
            (
                Role::OperatorAdmin { operator: OperatorId(Uuid::nil()) },
                &[Face::Operator, Face::Provisioning],
            ),
            (Role::TenantAdmin { tenant: TenantId(Uuid::nil()) }, &[Face::Tenant]),
            (Role::Edge, &[Face::Edge]),
        ];
        for (role, homes) in roles {
            for (face, opening) in table {
                for (access, opening) in
                    [Access::Read, Access::Write, Access::Delete].into_iter().zip(opening)
                {
                    for scope in Scope::ALL {
                        let actor = Actor {
                            principal: Uuid::nil(),
                            name: "anyone".into(),
                            role,
                            scopes: vec![scope],
                        };
                        let expect = homes.contains(&face) && opening.contains(&scope);
                        let got = authorize(&actor, face, access);
                        assert_eq!(got.is_ok(), expect, "{role:?} {face:?} {access:?} {scope:?}");
                        if let Err(problem) = got {
                            assert_eq!(problem.code, "forbidden");
                        }
                    }
                }
            }
        }
    }
}
