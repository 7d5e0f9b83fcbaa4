//! Use cases: a tenant's own gateways (Direct Routing; operator-connect.md 1.6).

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, new_id, not_found, page, raced,
};
use crate::authz::Access;
use crate::programme::{limit_of, trunk_parse, within};
use crate::{Cx, Exchange, ListQuery, records};
use api_types::gateway::{Gateway, GatewayCreate, GatewayUpdate};
use api_types::operator::TrunkCreate;
use api_types::{ErrorCode, Page, Problem};
use domain::{OperatorId, TenantId, TrunkId};
use feed::change::Change;
use numbering::Country;
use std::net::{IpAddr, SocketAddr};
use store::{Db, GatewayRow, PeerAddressRow, TrunkRow, Tx};
use uuid::Uuid;

/// Most gateways of a tenant. Public documents set no limit that counts here: every edge asks each
/// of them how it is.
const MOST_GATEWAYS: i64 = 100;

fn document(row: &GatewayRow) -> Gateway {
    Gateway {
        id: row.id.0,
        fqdn: row.fqdn.clone(),
        address: row.address.clone(),
        sources: row.sources.0.clone(),
        match_port: row.match_port,
        transport: row.transport.clone(),
        country: row.country.to_string(),
        voice_app: row.voice_app,
        enabled: row.enabled,
        failover_time_seconds: row.failover_time_seconds,
        options_interval_seconds: row.options_interval_seconds,
        send_options: row.send_options,
        max_uri: row.max_uri,
        single_early_dialog: row.single_early_dialog,
        max_concurrent_calls: row.max_concurrent_calls,
        max_calls_per_second: row.max_calls_per_second,
        version: row.version,
    }
}

fn country_parse(text: &str) -> Result<Country, Problem> {
    Country::parse(text).map_err(|error| invalid("country", format!("{text:?}: {error}")))
}

/// A tenant names where the edges send to: not what stands on their own host or link.
fn sendable(field: &str, ip: IpAddr) -> Result<(), Problem> {
    let inside = match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.is_unspecified()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || ip.is_unspecified()
        }
    };
    if inside {
        return Err(invalid(field, format!("{ip} is no address of a gateway")));
    }
    Ok(())
}

fn parse(tenant: TenantId, new: &GatewayCreate) -> Result<GatewayRow, Problem> {
    let trunk = TrunkCreate {
        fqdn: new.fqdn.clone(),
        address: new.address.clone(),
        sources: new.sources.clone(),
        match_port: new.match_port,
        transport: new.transport.clone(),
        failover_time_seconds: new.failover_time_seconds,
        options_interval_seconds: new.options_interval_seconds,
        send_options: new.send_options,
        max_uri: new.max_uri,
        single_early_dialog: new.single_early_dialog,
        max_concurrent_calls: new.max_concurrent_calls,
        max_calls_per_second: new.max_calls_per_second,
    };
    let mut trunk = trunk_parse(OperatorId::DIRECT_ROUTING, &trunk)?;
    trunk.id = TrunkId(new_id());
    if trunk.match_port && trunk.transport == "tcp" {
        let reason = "a connection comes from any port: by TCP a gateway needs its own address";
        return Err(invalid("match_port", reason));
    }
    trunk.enabled = new.enabled;
    let row = GatewayRow::new(tenant, country_parse(&new.country)?, new.voice_app, trunk);
    let peer = Peer::of(&row.address, &row.sources.0, row.match_port);
    sendable("address", peer.address.ip())?;
    for ip in &peer.sources {
        sendable("sources", *ip)?;
    }
    Ok(row)
}

/// From where a trunk or gateway sends.
struct Peer {
    address: SocketAddr,
    sources: Vec<IpAddr>,
    match_port: bool,
}

impl Peer {
    /// What does not parse was refused when it came.
    fn of(address: &str, sources: &[String], match_port: bool) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            address: address.parse().unwrap_or(nowhere),
            sources: sources.iter().filter_map(|text| text.parse().ok()).collect(),
            match_port,
        }
    }

    fn ips(&self) -> impl Iterator<Item = IpAddr> {
        let own = std::iter::once(self.address.ip());
        own.chain(self.sources.iter().copied()).map(|ip| ip.to_canonical())
    }

    /// Might a packet be of either? Two share an address only where both are told apart by
    /// their ports.
    fn meets(&self, other: &Self) -> bool {
        let shares = self.ips().any(|ip| other.ips().any(|theirs| theirs == ip));
        let apart =
            self.match_port && other.match_port && self.address.port() != other.address.port();
        shares && !apart
    }
}

/// Refuses an operator's trunk that bears a gateway's name, or may send from where one does: what
/// came from there would be the operator's from now on, and calls for help with it.
pub(crate) async fn apart(tx: &mut Tx, trunk: &TrunkRow) -> Result<(), Fail> {
    tx.gateways_lock().await?;
    let is_named = tx.gateway_named(&trunk.fqdn).await?.is_some();
    let own = Peer::of(&trunk.address, &trunk.sources.0, trunk.match_port);
    Ok(free((&trunk.fqdn, is_named), (&trunk.address, &own), &tx.gateway_addresses().await?)?)
}

/// Refuses a name that another has, and an address from which another may send.
fn free(
    (fqdn, is_named): (&str, bool),
    (address, own): (&str, &Peer),
    others: &[PeerAddressRow],
) -> Result<(), Problem> {
    if is_named {
        let reason = format!("{fqdn:?} is the name of another gateway or trunk");
        return Err(ErrorCode::Conflict.problem(Some("/fqdn"), reason));
    }
    if others.iter().any(|other| own.meets(&peer(other))) {
        let reason = format!("{address} or a source is another's");
        return Err(ErrorCode::AddressTaken.problem(Some("/address"), reason));
    }
    Ok(())
}

fn peer(row: &PeerAddressRow) -> Peer {
    Peer::of(&row.address, &row.sources.0, row.match_port)
}

async fn gateway_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<GatewayRow, Fail> {
    let row = db.gateway_get(tenant, TrunkId(id)).await?;
    Ok(row.ok_or_else(|| not_found("gateway", id))?)
}

impl Exchange {
    /// The tenant's gateways.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn gateway_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Gateway>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.gateway_list(tenant, after, most + 1).await?))
            .await?;
        Ok(page(rows, most, |row| row.id.0, |row| document(&row)))
    }

    /// One gateway.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn gateway_get(&self, cx: &Cx, id: Uuid) -> Result<Gateway, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.view_as(cx, async |mut db: Db| Ok(document(&gateway_must(&mut db, tenant, id).await?)))
            .await
    }

    /// Adds a gateway. Its address must be nobody else's: a packet from there is its tenant's.
    ///
    /// # Errors
    /// `invalid_field` names the field; `conflict`, `address_taken`, `forbidden`.
    pub async fn gateway_create(&self, cx: &Cx, new: GatewayCreate) -> Result<Gateway, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let row = parse(tenant, &new)?;
        self.act(cx, "gateway.create", Keep::Answer, async |mut tx| {
            tx.gateways_lock().await?;
            if tx.gateway_count(tenant).await? >= MOST_GATEWAYS {
                let reason = format!("a tenant has at most {MOST_GATEWAYS} gateways");
                return Err(invalid("fqdn", reason).into());
            }
            // Other tenants' and operators' addresses are looked at, and none is told.
            tx.reach_all().await?;
            let named = tx.gateway_named(&row.fqdn).await?;
            let is_named = named.or(tx.trunk_named(&row.fqdn).await?).is_some();
            let own = Peer::of(&row.address, &row.sources.0, row.match_port);
            free((&row.fqdn, is_named), (&row.address, &own), &tx.peer_addresses().await?)?;
            tx.gateway_insert(&row).await?;
            change(&mut tx, &Change::GatewayPut(records::gateway(&row)?));
            done(document(&row), row.id)
        })
        .await
    }

    /// Drains a gateway or takes it into use, sets its limits and where it stands.
    ///
    /// # Errors
    /// `invalid_field` names the field; `version_mismatch`, `version_required`, `not_found`,
    /// `forbidden`.
    pub async fn gateway_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: GatewayUpdate,
    ) -> Result<Gateway, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let country = edit.country.as_deref().map(country_parse).transpose()?;
        self.act(cx, "gateway.update", Keep::Answer, async |mut tx| {
            let mut row = gateway_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, true)?;
            row.enabled = edit.enabled.unwrap_or(row.enabled);
            row.country = country.unwrap_or(row.country);
            row.send_options = edit.send_options.unwrap_or(row.send_options);
            row.single_early_dialog = edit.single_early_dialog.unwrap_or(row.single_early_dialog);
            row.failover_time_seconds = within(
                "failover_time_seconds",
                edit.failover_time_seconds,
                row.failover_time_seconds,
                1..=60,
            )?;
            let (calls, rate) = (edit.max_concurrent_calls, edit.max_calls_per_second);
            row.max_concurrent_calls =
                limit_of("max_concurrent_calls", calls, row.max_concurrent_calls)?;
            row.max_calls_per_second =
                limit_of("max_calls_per_second", rate, row.max_calls_per_second)?;
            raced(tx.gateway_update(&row).await?)?;
            row.version += 1;
            change(&mut tx, &Change::GatewayPut(records::gateway(&row)?));
            done(document(&row), id)
        })
        .await
    }

    /// Removes a gateway that no voice route, no conference bridge and no voice target names.
    ///
    /// # Errors
    /// `gateway_in_use`, `version_mismatch`, `not_found`, `forbidden`.
    pub async fn gateway_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<Gateway, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "gateway.remove", Keep::Answer, async |mut tx| {
            // No route comes to name it meanwhile.
            tx.voice_routing_lock(tenant).await?;
            let row = gateway_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, false)?;
            let routing = tx.voice_routing_get(tenant).await?;
            let mut routes = routing.iter().flat_map(|routing| &routing.rules.0.routes);
            if let Some(route) = routes.find(|route| route.gateways.contains(&row.id)) {
                let reason = format!("the voice route {:?} names it", route.name);
                return Err(ErrorCode::GatewayInUse.problem(None, reason).into());
            }
            tx.bridges_lock(tenant).await?;
            let bridges = tx.bridge_list(tenant, None, u32::MAX).await?;
            if let Some(bridge) = bridges.iter().find(|b| b.gateways.0.contains(&row.id)) {
                let reason = format!("the conference bridge {:?} is answered by it", bridge.name);
                return Err(ErrorCode::GatewayInUse.problem(None, reason).into());
            }
            if let Some(field) = crate::voice_targets::names(&mut tx, tenant, row.id).await? {
                let reason = format!("{field} of the voice targets names it");
                return Err(ErrorCode::GatewayInUse.problem(None, reason).into());
            }
            tx.gateway_delete(tenant, row.id).await?;
            change(&mut tx, &Change::GatewayRemoved { tenant, id: row.id });
            done(document(&row), id)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_packets_could_be_mistaken() {
        let peer = |address: &str, source: &str, match_port| {
            let sources = if source.is_empty() { Vec::new() } else { vec![source.to_owned()] };
            Peer::of(address, &sources, match_port)
        };
        for (a, b, meets) in [
            (("192.0.2.1:5060", "", false), ("192.0.2.2:5060", "", false), false),
            (("192.0.2.1:5060", "", false), ("192.0.2.1:5070", "", false), true),
            (("192.0.2.1:5060", "", true), ("192.0.2.1:5070", "", false), true),
            (("192.0.2.1:5060", "", true), ("192.0.2.1:5070", "", true), false),
            (("192.0.2.1:5060", "", true), ("192.0.2.1:5060", "", true), true),
            (("192.0.2.1:5060", "192.0.2.9", false), ("192.0.2.9:5060", "", false), true),
            (("[::ffff:192.0.2.1]:5060", "", false), ("192.0.2.1:5060", "", false), true),
        ] {
            let (one, other) = (peer(a.0, a.1, a.2), peer(b.0, b.1, b.2));
            assert_eq!(one.meets(&other), meets, "{a:?} {b:?}");
            assert_eq!(other.meets(&one), meets, "{b:?} {a:?}");
        }
    }

    #[test]
    fn where_edges_send_to_and_where_not() {
        for (ip, good) in [
            ("192.0.2.1", true),
            ("10.0.0.1", true),
            ("2001:db8::1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("fe80::1", false),
            ("::ffff:127.0.0.1", false),
        ] {
            let found = sendable("address", ip.parse().expect("an address"));
            assert_eq!(found.is_ok(), good, "{ip}");
        }
    }
}
