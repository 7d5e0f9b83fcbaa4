//! Who may do what: one table, one function. What an actor sees follows from its role (every
//! query of a face is bound to that tenant or operator), so that another's object is simply not
//! there. `docs/access.csv` shows what comes of it for every operation, and a test holds it.

use crate::act::{HOUSE, not_found, of_operator, of_tenant};
use crate::{Actor, Cx, Role, Scope};
use api_types::{ErrorCode, Problem};
use domain::{OperatorId, TenantId};
use store::{ChangeOwner, Reach};
use uuid::Uuid;

/// What a use case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Looks.
    Read,
    /// Looks at what is not for those who help others: contracts, contacts, credentials'
    /// owners, who did what.
    Private,
    /// Helps somebody: a new phone password, a block lifted.
    Help,
    /// Changes something.
    Write,
    /// Told apart from writing on the compatible face alone.
    Delete,
}

/// Whose face it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `/programme/v1`
    Programme,
    /// `/operator/v1`
    Operator,
    /// `/tenant/v1`
    Tenant,
    /// `/scim/v2`, for a tenant's identity provider.
    Directory,
    /// `/edge/v1`
    Edge,
    /// The compatible one, for operators.
    Provisioning,
}

/// What is acted on: a face's things, with whom they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Programme,
    Operator(OperatorId),
    Tenant(TenantId),
    Directory(TenantId),
    Edge,
    Provisioning(OperatorId),
}

impl Object {
    const fn face(self) -> Face {
        match self {
            Self::Programme => Face::Programme,
            Self::Operator(_) => Face::Operator,
            Self::Tenant(_) => Face::Tenant,
            Self::Directory(_) => Face::Directory,
            Self::Edge => Face::Edge,
            Self::Provisioning(_) => Face::Provisioning,
        }
    }
}

/// What a role may do on a face.
const fn granted(role: Role, face: Face) -> &'static [Access] {
    use Access::{Delete, Help, Private, Read, Write};
    match (face, role) {
        (Face::Programme, Role::ProgrammeOwner)
        | (Face::Operator | Face::Provisioning, Role::OperatorAdmin { .. })
        | (Face::Tenant | Face::Directory, Role::TenantAdmin { .. })
        | (Face::Edge, Role::Edge) => &[Read, Private, Help, Write, Delete],
        (Face::Programme, Role::ProgrammeSupport) | (Face::Tenant, Role::TenantHelpdesk { .. }) => {
            &[Read, Help]
        }
        (Face::Operator | Face::Provisioning, Role::OperatorReader { .. })
        | (Face::Tenant, Role::TenantReader { .. }) => &[Read, Private],
        _ => &[],
    }
}

/// The scopes of which a token must carry one.
pub const fn scopes_for(face: Face, access: Access) -> &'static [Scope] {
    use Access::{Delete, Help, Private, Read, Write};
    match (face, access) {
        (Face::Programme, Read | Private) => &[Scope::ProgrammeRead],
        (Face::Programme, Help) => &[Scope::ProgrammeHelp, Scope::ProgrammeWrite],
        (Face::Programme, Write | Delete) => &[Scope::ProgrammeWrite],
        (Face::Operator, Read | Private) => &[Scope::OperatorRead],
        (Face::Operator, Help | Write | Delete) => &[Scope::OperatorWrite],
        (Face::Tenant, Read | Private) => &[Scope::TenantRead],
        (Face::Tenant, Help) => &[Scope::TenantHelp, Scope::TenantWrite],
        (Face::Tenant, Write | Delete) => &[Scope::TenantWrite],
        (Face::Directory, _) => &[Scope::TenantDirectory],
        (Face::Edge, _) => &[Scope::Edge],
        (Face::Provisioning, Read | Private) => {
            &[Scope::ProvisioningRead, Scope::ProvisioningAdmin]
        }
        (Face::Provisioning, Help | Write) => &[Scope::ProvisioningWrite, Scope::ProvisioningAdmin],
        (Face::Provisioning, Delete) => &[Scope::ProvisioningDelete, Scope::ProvisioningAdmin],
    }
}

/// Whether an actor may do this on a face at all, whatever it is done to.
///
/// # Errors
/// `forbidden`.
pub fn admit(actor: &Actor, face: Face, access: Access) -> Result<(), Problem> {
    let role = actor.role.as_str();
    let needed = scopes_for(face, access);
    if !needed.iter().any(|scope| actor.scopes.contains(scope)) {
        let reason = format!(
            "this needs the scope {}; the token of {} ({role}) does not carry it",
            needed[0].as_str(),
            actor.name,
        );
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    if !granted(actor.role, face).contains(&access) {
        let reason = format!("the role {role} does not cover this");
        return Err(ErrorCode::Forbidden.problem(None, reason));
    }
    Ok(())
}

/// The whole policy. Another's object is not there, rather than forbidden: that it exists is
/// nobody else's business.
pub(crate) fn authorize(actor: &Actor, access: Access, object: Object) -> Result<(), Problem> {
    admit(actor, object.face(), access)?;
    let owned = match object {
        Object::Programme | Object::Edge => true,
        Object::Operator(id) | Object::Provisioning(id) => actor.role.operator() == Some(id),
        Object::Tenant(id) | Object::Directory(id) => actor.role.tenant() == Some(id),
    };
    if owned { Ok(()) } else { Err(not_found("object", "of that name")) }
}

impl Cx {
    pub(crate) fn programme(&self, access: Access) -> Result<(), Problem> {
        authorize(&self.actor, access, Object::Programme)
    }

    pub(crate) fn edge(&self) -> Result<(), Problem> {
        authorize(&self.actor, Access::Read, Object::Edge)
    }

    /// The operator the actor acts for; whoever acts for none is refused by the policy.
    pub(crate) fn operator(&self, access: Access) -> Result<OperatorId, Problem> {
        let own = self.actor.role.operator().unwrap_or(OperatorId(Uuid::nil()));
        authorize(&self.actor, access, Object::Operator(own)).map(|()| own)
    }

    /// The operator on the compatible face.
    pub(crate) fn provisioning(&self, access: Access) -> Result<OperatorId, Problem> {
        let own = self.actor.role.operator().unwrap_or(OperatorId(Uuid::nil()));
        authorize(&self.actor, access, Object::Provisioning(own)).map(|()| own)
    }

    /// The tenant the actor acts for; whoever acts for none is refused by the policy.
    pub(crate) fn tenant(&self, access: Access) -> Result<TenantId, Problem> {
        let own = self.actor.role.tenant().unwrap_or(TenantId(Uuid::nil()));
        authorize(&self.actor, access, Object::Tenant(own)).map(|()| own)
    }
}

impl Cx {
    /// The tenant whose directory the actor keeps.
    pub(crate) fn directory(&self, access: Access) -> Result<TenantId, Problem> {
        let own = self.actor.role.tenant().unwrap_or(TenantId(Uuid::nil()));
        authorize(&self.actor, access, Object::Directory(own)).map(|()| own)
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
        let role = self.actor.role;
        match (role.operator(), role.tenant()) {
            (Some(_), _) => self.operator(access).map(Party::Operator),
            (None, Some(_)) => self.tenant(access).map(Party::Tenant),
            (None, None) => self.programme(access).map(|()| Party::Programme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn roles() -> impl Iterator<Item = Role> {
        Role::NAMES.into_iter().map(|name| {
            let operator = name.starts_with("operator").then_some(OperatorId(OWN));
            let tenant = name.starts_with("tenant").then_some(TenantId(OWN));
            Role::parse(name, operator, tenant).expect("a role")
        })
    }

    fn actor(role: Role, scopes: &[Scope]) -> Actor {
        Actor { principal: OWN, name: "anyone".into(), role, scopes: scopes.to_vec() }
    }

    const ACCESS: [Access; 5] =
        [Access::Read, Access::Private, Access::Help, Access::Write, Access::Delete];

    /// Each role with all of its scopes: what it may do where, in the order of [`ACCESS`].
    #[test]
    fn every_role_on_every_face() {
        let all = Scope::ALL;
        let faces = [
            Object::Programme,
            Object::Operator(OperatorId(OWN)),
            Object::Tenant(TenantId(OWN)),
            Object::Edge,
            Object::Provisioning(OperatorId(OWN)),
        ];
        let expect = [
            ("programme_owner", ["rphwd", "", "", "", ""]),
            ("programme_support", ["rh", "", "", "", ""]),
            ("operator_admin", ["", "rphwd", "", "", "rphwd"]),
            ("operator_reader", ["", "rp", "", "", "rp"]),
            ("tenant_admin", ["", "", "rphwd", "", ""]),
            ("tenant_helpdesk", ["", "", "rh", "", ""]),
            ("tenant_reader", ["", "", "rp", "", ""]),
            ("edge", ["", "", "", "rphwd", ""]),
        ];
        for (role, (name, allowed)) in roles().zip(expect) {
            assert_eq!(role.as_str(), name);
            for (object, allowed) in faces.into_iter().zip(allowed) {
                for (access, letter) in ACCESS.into_iter().zip("rphwd".chars()) {
                    let got = authorize(&actor(role, &all), access, object);
                    assert_eq!(
                        got.is_ok(),
                        allowed.contains(letter),
                        "{name} {access:?} {object:?}"
                    );
                    if let Err(problem) = got {
                        assert_eq!(problem.code, "forbidden");
                    }
                }
            }
        }
    }

    #[test]
    fn anothers_object_is_not_there() {
        for (role, own, other) in [
            (
                Role::OperatorAdmin { operator: OperatorId(OWN) },
                Object::Operator(OperatorId(OWN)),
                Object::Operator(OperatorId(OTHER)),
            ),
            (
                Role::TenantReader { tenant: TenantId(OWN) },
                Object::Tenant(TenantId(OWN)),
                Object::Tenant(TenantId(OTHER)),
            ),
        ] {
            let actor = actor(role, &Scope::ALL);
            authorize(&actor, Access::Read, own).expect("its own");
            let refused = authorize(&actor, Access::Read, other).expect_err("another's");
            assert_eq!((refused.code.as_str(), refused.status), ("not_found", 404));
        }
    }

    #[test]
    fn a_token_opens_what_one_of_its_scopes_opens() {
        for role in roles() {
            for face in
                [Face::Programme, Face::Operator, Face::Tenant, Face::Edge, Face::Provisioning]
            {
                for access in ACCESS {
                    for scope in Scope::ALL {
                        let got = admit(&actor(role, &[scope]), face, access);
                        let expect = granted(role, face).contains(&access)
                            && scopes_for(face, access).contains(&scope);
                        assert_eq!(got.is_ok(), expect, "{role:?} {face:?} {access:?} {scope:?}");
                    }
                }
            }
            // A role's own scopes open all that it is granted.
            for face in [Face::Programme, Face::Operator, Face::Tenant, Face::Edge] {
                for access in granted(role, face) {
                    admit(&actor(role, role.scopes()), face, *access).expect("its own scopes");
                }
            }
        }
    }
}
