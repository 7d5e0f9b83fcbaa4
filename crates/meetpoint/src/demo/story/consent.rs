//! Step 2: a tenant finds an operator, consents, and is taken care of.

use api_types::identity::{ClientCreate, ClientCredentials};
use api_types::operator::DirectoryEntry;
use api_types::tenant::{
    Consent, ConsentCreate, Contact, RelationshipUpdate, Requirement, Tenant, TenantCreate,
};
use serde_json::json;

use super::operators::{AdmittedOperator, Operators};
use crate::demo::cast::{OTHER_TENANT, TENANT};
use crate::demo::client::Client;
use crate::demo::report::{Context, Fault, Notes, ensure};
use crate::demo::world::World;

/// A tenant and its admin's program.
pub struct AdmittedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Credentials of its program.
    pub credentials: ClientCredentials,
    /// The program.
    pub api: Client,
}

/// Both tenants.
pub struct Tenants {
    /// The one of the story.
    pub contoso: AdmittedTenant,
    /// The one that holds a number the story's operator uploads again.
    pub fabrikam: AdmittedTenant,
}

pub async fn run(
    world: &World,
    operators: Option<&Operators>,
    notes: &mut Notes,
) -> Result<Tenants, Fault> {
    let operators = super::needed(operators)?;
    let (a, b) = (&operators.a, &operators.b);
    let contoso = admit(world, TENANT).await?;
    let fabrikam = admit(world, OTHER_TENANT).await?;
    notes.set("tenant_id", contoso.tenant.id.to_string());

    // The directory, as someone who needs British numbers browses it.
    for (filter, expected) in [
        ("", vec![a, b]),
        ("?country=GB", vec![a]),
        ("?country=DE&service=Calling", vec![b]),
        ("?service=AudioConferencing", vec![a]),
        ("?country=FR", vec![]),
    ] {
        let path = format!("/tenant/v1/operators{filter}");
        let found: Vec<DirectoryEntry> = contoso.api.list(&path).await.context(&path)?;
        let mut names: Vec<&str> = found.iter().map(|e| e.name.as_str()).collect();
        let mut expected: Vec<&str> = expected.iter().map(|o| o.part.name).collect();
        names.sort_unstable();
        expected.sort_unstable();
        ensure!(names == expected, "{path} lists {names:?}, not {expected:?}");
        notes.push("directory", json!({ "filter": filter, "operators": names }));
    }

    let hasty = consent_of(a, &["GB"], false);
    let hasty = contoso.api.post::<Consent>("/tenant/v1/consents", &hasty).await;
    let refused = hasty.as_ref().err().and_then(|refusal| refusal.code());
    ensure!(
        refused == Some("notice_not_accepted"),
        "a consent without the notice was not refused: {hasty:?}"
    );

    for (tenant, operator, countries) in
        [(&contoso, a, &["GB", "US"][..]), (&contoso, b, &["DE"]), (&fabrikam, a, &["GB"])]
    {
        let consent = agree(tenant, operator, countries).await?;
        notes.push(
            "consents",
            json!({
                "id": consent.id, "tenant": consent.tenant_name, "operator": consent.operator_name,
                "status": consent.status, "relationship_status": consent.relationship_status,
                "countries": consent.countries,
            }),
        );
    }
    Ok(Tenants { contoso, fabrikam })
}

async fn admit(world: &World, (name, domain): (&str, &str)) -> Result<AdmittedTenant, Fault> {
    let create = TenantCreate { name: name.to_owned(), domain: domain.to_owned() };
    let tenant: Tenant = world.owner.post("/programme/v1/tenants", &create).await?;
    let client = ClientCreate {
        name: format!("{name} admin"),
        role: "tenant_admin".to_owned(),
        tenant_id: Some(tenant.id),
        ..ClientCreate::default()
    };
    let credentials: ClientCredentials = world.owner.post("/programme/v1/clients", &client).await?;
    let api = world.sign_in(&credentials).await?;
    Ok(AdmittedTenant { tenant, credentials, api })
}

fn consent_of(operator: &AdmittedOperator, countries: &[&str], notice: bool) -> ConsentCreate {
    let requirement = |country: &&str| Requirement {
        country: (*country).to_owned(),
        number_type: "user".to_owned(),
        quantity: 20,
        source: "new".to_owned(),
        wanted_on: jiff::civil::Date::new(2030, 1, 31).ok(),
    };
    ConsentCreate {
        operator_id: operator.id,
        countries: countries.iter().map(|&c| c.to_owned()).collect(),
        requirements: countries.iter().map(requirement).collect(),
        contacts: vec![Contact {
            full_name: "Terry Telecom".to_owned(),
            email: "terry@contoso.example".to_owned(),
            phone_number: None,
        }],
        company_name: TENANT.0.to_owned(),
        company_size: "L50_U249".to_owned(),
        notice_accepted: notice,
        notice_version: None,
        terms_version: None,
        escalation_contacts: Vec::new(),
        lead_id: None,
    }
}

/// The tenant consents; the operator sees it and moves the relationship forward;
/// the tenant sees that.
async fn agree(
    tenant: &AdmittedTenant,
    operator: &AdmittedOperator,
    countries: &[&str],
) -> Result<Consent, Fault> {
    let who = operator.part.name;
    let create = consent_of(operator, countries, true);
    let given: Consent = tenant.api.post("/tenant/v1/consents", &create).await.context(who)?;
    ensure!(given.status == "Active", "the consent to {who} is {}", given.status);

    let seen: Vec<Consent> = operator.api.list("/operator/v1/consents").await?;
    let seen = seen.into_iter().find(|c| c.tenant_id == tenant.tenant.id);
    let Some(mut seen) = seen else {
        return Err(Fault(format!("{who} does not see the consent")));
    };
    ensure!(
        seen.requirements == create.requirements && seen.contacts == create.contacts,
        "{who} sees other requirements than were given: {seen:?}"
    );
    let path = format!("/operator/v1/consents/{}", tenant.tenant.id);
    for status in ["ConsentAcknowledged", "CustomerContacted", "AgreementSigned"] {
        let step = RelationshipUpdate { status: status.to_owned(), comment: None };
        seen = operator.api.patch(&path, seen.version, &step).await.context(status)?;
    }
    let path = format!("/tenant/v1/consents/{}", operator.id);
    let shown: Consent = tenant.api.get(&path).await?;
    ensure!(
        shown.relationship_status == "AgreementSigned",
        "the tenant sees the relationship as {}",
        shown.relationship_status
    );
    Ok(shown)
}
