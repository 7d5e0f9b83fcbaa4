//! Use cases: trusted networks of a tenant.

use crate::act::{Keep, change, done, invalid, not_found};
use crate::authz::Access;
use crate::{Cx, Exchange, records};
use api_types::Problem;
use api_types::network::{TrustedNetwork as Document, TrustedNetworks};
use domain::trusted::{IpPrefix, PrefixError, TrustedNetwork};
use feed::change::Change;
use numbering::Country;
use store::{Json, TenantRow};

/// Most networks of a tenant: all of them travel in one record.
const MOST: usize = 1_000;
/// Longest description, characters.
const MOST_TEXT: usize = 100;

fn parse(at: usize, given: &Document) -> Result<TrustedNetwork, Problem> {
    let field = |name: &str| format!("networks/{at}/{name}");
    let prefix = IpPrefix::parse(&given.ip_address, given.mask_bits).map_err(|error| {
        let name = match error {
            PrefixError::NotAnAddress | PrefixError::NoSource => "ip_address",
            PrefixError::TooManyBits | PrefixError::TooLarge => "mask_bits",
        };
        invalid(&field(name), error.to_string())
    })?;
    let country = Country::parse(&given.country)
        .map_err(|error| invalid(&field("country"), format!("{:?}: {error}", given.country)))?;
    let description = given.description.trim();
    if description.chars().count() > MOST_TEXT || description.chars().any(char::is_control) {
        let reason = format!("a description is at most {MOST_TEXT} characters on one line");
        return Err(invalid(&field("description"), reason));
    }
    Ok(TrustedNetwork {
        prefix,
        country,
        description: description.to_owned(),
        unproven_help: given.unproven_emergency_calls,
    })
}

fn parse_all(given: &TrustedNetworks) -> Result<Vec<TrustedNetwork>, Problem> {
    if given.networks.len() > MOST {
        return Err(invalid("networks", format!("a tenant has at most {MOST} networks")));
    }
    let mut all: Vec<TrustedNetwork> = Vec::with_capacity(given.networks.len());
    for (at, network) in given.networks.iter().enumerate() {
        let network = parse(at, network)?;
        if all.iter().any(|other| other.prefix == network.prefix) {
            let reason = format!("{} is named twice", network.prefix);
            return Err(invalid(&format!("networks/{at}/ip_address"), reason));
        }
        all.push(network);
    }
    Ok(all)
}

fn document(row: &TenantRow) -> TrustedNetworks {
    let of = |n: &TrustedNetwork| Document {
        ip_address: n.prefix.address().to_string(),
        mask_bits: Some(n.prefix.bits()),
        country: n.country.to_string(),
        description: n.description.clone(),
        unproven_emergency_calls: n.unproven_help,
    };
    let networks = row.trusted_networks.as_ref().map(|set| set.0.iter().map(of).collect());
    TrustedNetworks { networks: networks.unwrap_or_default() }
}

impl Exchange {
    /// The tenant's trusted networks, in the order they were given in.
    ///
    /// # Errors
    /// `forbidden` for anybody but one of the tenant's.
    pub async fn trusted_networks_get(&self, cx: &Cx) -> Result<TrustedNetworks, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row = self.view_as(cx, async |mut db| Ok(db.tenant_get(tenant).await?)).await?;
        row.as_ref().map(document).ok_or_else(|| not_found("tenant", tenant))
    }

    /// Replaces them (emergency.md sections 1.5 and 7).
    ///
    /// # Errors
    /// `invalid_field` names the network and its field; `forbidden`.
    pub async fn trusted_networks_put(
        &self,
        cx: &Cx,
        put: TrustedNetworks,
    ) -> Result<TrustedNetworks, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let set = parse_all(&put)?;
        self.act(cx, "trusted_networks.put", Keep::Answer, async |mut tx| {
            let found = tx.tenant_get(tenant).await?;
            let mut row = found.ok_or_else(|| not_found("tenant", tenant))?;
            row.trusted_networks = (!set.is_empty()).then(|| Json(set.clone()));
            tx.tenant_trusted_networks(&row).await?;
            change(&mut tx, &Change::TenantPut(records::tenant(&row)));
            done(document(&row), tenant)
        })
        .await
    }
}
