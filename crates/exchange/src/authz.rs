//! Who may do what: one table. Whose objects an actor sees follows from its
//! role (every query of a face is bound to that tenant or operator), so that
//! another's object is simply not there.

use crate::{Actor, Cx, Role, Scope};
use api_types::{ErrorCode, Problem};
use domain::{OperatorId, TenantId};

/// What a use case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Whose face it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Programme,
    Operator,
    Tenant,
    Edge,
}

/// The whole policy.
pub(crate) fn authorize(actor: &Actor, face: Face, access: Access) -> Result<(), Problem> {
    let of_role = match actor.role {
        Role::ProgrammeOwner => face == Face::Programme,
        Role::OperatorAdmin { .. } => face == Face::Operator,
        Role::TenantAdmin { .. } => face == Face::Tenant,
        Role::Edge => face == Face::Edge,
    };
    if !of_role {
        let reason = format!("the role {} has no part in this face", actor.role.as_str());
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    let needed = match (face, access) {
        (Face::Programme, Access::Read) => Scope::ProgrammeRead,
        (Face::Programme, Access::Write) => Scope::ProgrammeWrite,
        (Face::Operator, Access::Read) => Scope::OperatorRead,
        (Face::Operator, Access::Write) => Scope::OperatorWrite,
        (Face::Tenant, Access::Read) => Scope::TenantRead,
        (Face::Tenant, Access::Write) => Scope::TenantWrite,
        (Face::Edge, _) => Scope::Edge,
    };
    if !actor.scopes.contains(&needed) {
        let reason = format!("the token lacks the scope {}", needed.as_str());
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    Ok(())
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

    pub(crate) fn tenant(&self, access: Access) -> Result<TenantId, Problem> {
        authorize(&self.actor, Face::Tenant, access)?;
        match self.actor.role {
            Role::TenantAdmin { tenant } => Ok(tenant),
            _ => Err(ErrorCode::Forbidden.problem(None, "not a tenant's administrator")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_role_face_access_and_scope() {
        let roles = [
            (Role::ProgrammeOwner, Face::Programme),
            (Role::OperatorAdmin { operator: OperatorId(Uuid::nil()) }, Face::Operator),
            (Role::TenantAdmin { tenant: TenantId(Uuid::nil()) }, Face::Tenant),
            (Role::Edge, Face::Edge),
        ];
        for (role, home) in roles {
            for face in [Face::Programme, Face::Operator, Face::Tenant, Face::Edge] {
                for access in [Access::Read, Access::Write] {
                    for scope in Scope::ALL {
                        let actor = Actor {
                            principal: Uuid::nil(),
                            name: "anyone".into(),
                            role,
                            scopes: vec![scope],
                        };
                        let expect = face == home
                            && scope
                                == match (face, access) {
                                    (Face::Programme, Access::Read) => Scope::ProgrammeRead,
                                    (Face::Programme, Access::Write) => Scope::ProgrammeWrite,
                                    (Face::Operator, Access::Read) => Scope::OperatorRead,
                                    (Face::Operator, Access::Write) => Scope::OperatorWrite,
                                    (Face::Tenant, Access::Read) => Scope::TenantRead,
                                    (Face::Tenant, Access::Write) => Scope::TenantWrite,
                                    (Face::Edge, _) => Scope::Edge,
                                };
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
