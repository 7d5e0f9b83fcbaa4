//! The tenant's phones: credentials for everybody, and real user agents for
//! those whom the demo plays.

use std::collections::BTreeMap;
use std::time::Duration;

use api_types::tenant::PhoneCredentials;
use serde_json::json;
use softphone::{Answering, Phone, PhoneConfig, Registration, Transport};

use super::Seeded;
use crate::demo::cast::PEOPLE;
use crate::demo::report::{Context, Fault, Notes, poll};
use crate::demo::world::World;

const SOON: Duration = Duration::from_secs(8);

/// Phones by user name.
pub struct Phones {
    /// The ones the demo plays.
    pub played: BTreeMap<&'static str, Phone>,
    /// Everybody's credentials.
    pub credentials: BTreeMap<&'static str, PhoneCredentials>,
}

impl Phones {
    /// A phone the demo plays.
    pub fn of(&self, user: &str) -> Result<&Phone, Fault> {
        self.played.get(user).ok_or_else(|| Fault(format!("{user}'s phone is not played")))
    }
}

/// Makes credentials, starts the phones and registers them.
pub async fn connect(world: &World, seeded: &Seeded, notes: &mut Notes) -> Result<Phones, Fault> {
    let api = &seeded.tenants.contoso.api;
    let (mut played, mut credentials) = (BTreeMap::new(), BTreeMap::new());
    for (index, part) in PEOPLE.iter().enumerate() {
        let path = format!("/tenant/v1/users/{}/phone", seeded.assigned.person(part.user)?.id);
        let made: PhoneCredentials = api.post_empty(&path).await.context(&path)?;
        if part.played {
            // Both transports: whoever comes last over TCP rings like the others.
            let transport = if index % 2 == 0 { Transport::Udp } else { Transport::Tcp };
            let phone = Phone::start(PhoneConfig {
                username: made.username.clone(),
                password: made.password.clone(),
                domain: made.domain.clone(),
                registrar: match transport {
                    Transport::Udp => world.sip_udp()?,
                    Transport::Tcp => world.sip_tcp()?,
                },
                transport,
                bind: [127, 0, 0, 1].into(),
                answering: Answering::Manual,
            })
            .await?;
            let registered = register(&phone).await.context(part.user)?;
            notes.push(
                "registrations",
                json!({
                    "user": part.user, "aor": made.aor, "sip_code": registered.status,
                    "challenges": registered.challenges, "ms": registered.after_ms,
                    "transport": format!("{transport:?}").to_lowercase(),
                }),
            );
            played.insert(part.user, phone);
        }
        credentials.insert(part.user, made);
    }
    Ok(Phones { played, credentials })
}

/// The edge hears of a new phone by its feed; until then it refuses the phone
/// like any stranger.
async fn register(phone: &Phone) -> Result<Registration, Fault> {
    poll("the phone registers", SOON, async || match phone.register(300, SOON).await {
        Ok(registration) => Ok(Some(registration)),
        Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await
}
