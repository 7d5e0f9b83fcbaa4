//! What plays and records for a tenant, and the screening that names announcements.

use super::{World, sent};
use crate::furnished::doc;
use crate::model::code;
use serde_json::{Value, json};
use uuid::Uuid;

const TITLES: [&str; 2] = ["Closed", "Moved"];

#[derive(Debug, Default)]
pub struct Voices {
    voicemail: Option<Uuid>,
    announcements: Vec<(&'static str, Uuid)>,
    version: i64,
    /// Which announcements call screening names.
    named: Vec<&'static str>,
    screening: i64,
}

impl Voices {
    pub fn voicemail(&self) -> bool {
        self.voicemail.is_some()
    }

    /// Do they lead by this gateway?
    pub fn names(&self, gateway: Uuid) -> bool {
        self.voicemail == Some(gateway) || self.announcements.iter().any(|a| a.1 == gateway)
    }
}

impl World {
    pub async fn voices(&mut self) -> String {
        if self.dice.one_in(3) {
            return self.screening().await;
        }
        let tenant = self.dice.below(2);
        let (who, may) = self.any_writer(tenant);
        let gateways: Vec<(usize, Uuid)> =
            self.rest.gateways.iter().map(|g| (g.tenant, g.id)).collect();
        let own: Vec<(usize, Uuid)> = gateways.iter().filter(|g| g.0 == tenant).copied().collect();
        let any = |world: &mut Self| match world.dice.one_in(10) || own.is_empty() {
            _ if gateways.is_empty() => None,
            true => Some(world.dice.of(&gateways)),
            false => Some(world.dice.of(&own)),
        };
        let voicemail = if self.dice.one_in(4) { None } else { any(self) };
        let mut announcements = Vec::new();
        for title in TITLES {
            if !self.dice.one_in(3)
                && let Some(gateway) = any(self)
            {
                announcements.push((title, gateway));
            }
        }
        let uri = |user: &str| format!("sip:{user}@media.example");
        let target = |gateway: &(usize, Uuid)| json!({ "uri": uri("vm"), "gateway_id": gateway.1 });
        let mut named: Vec<Value> = announcements
            .iter()
            .map(|(name, gateway)| {
                json!({ "name": name, "uri": uri("play"), "gateway_id": gateway.1 })
            })
            .collect();
        let unread = !named.is_empty() && self.dice.one_in(12);
        if unread {
            if self.dice.one_in(2) {
                named.push(named[0].clone());
            } else {
                named[0]["uri"] = json!("sip:play@media.example:5060");
            }
        }
        let put = json!({ "voicemail": voicemail.as_ref().map(target), "announcements": named });
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, self.rest.voices[tenant].version);
        let got = self.town.exchange.voice_targets_put(&who, if_match, doc(put.clone())).await;
        let all = voicemail.iter().chain(announcements.iter().map(|(_, gateway)| gateway));
        let lost = |name: &&str| !announcements.iter().any(|a| a.0 == *name);
        let expect = match () {
            () if !may => "forbidden",
            () if unread => "invalid_field",
            () if !stale.is_empty() => stale,
            () if all.clone().any(|gateway| gateway.0 != tenant) => "unknown_gateway",
            () if self.rest.voices[tenant].named.iter().any(lost) => "announcement_in_use",
            () => "",
        };
        assert_eq!(code(&got), expect, "{tenant}: {put}");
        if expect.is_empty() {
            let voices = &mut self.rest.voices[tenant];
            voices.voicemail = voicemail.map(|gateway| gateway.1);
            voices.announcements = announcements.into_iter().map(|(n, g)| (n, g.1)).collect();
            voices.version += 1;
        }
        format!("voices: {expect}")
    }

    async fn screening(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_writer(tenant);
        let named: Vec<&'static str> = TITLES.into_iter().filter(|_| self.dice.one_in(3)).collect();
        let blocked = |name: &&str| json!({ "name": name, "pattern": r"^\+1900", "redirect_to_announcement": name });
        let put = json!({ "blocked": named.iter().map(blocked).collect::<Vec<_>>() });
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, self.rest.voices[tenant].screening);
        let got = self.town.exchange.screening_put(&who, if_match, doc(put.clone())).await;
        let there = &self.rest.voices[tenant].announcements;
        let expect = match () {
            () if !may => "forbidden",
            () if !stale.is_empty() => stale,
            () if !named.iter().all(|name| there.iter().any(|a| a.0 == *name)) => {
                "unknown_announcement"
            }
            () => "",
        };
        assert_eq!(code(&got), expect, "{tenant}: {put}");
        if expect.is_empty() {
            let voices = &mut self.rest.voices[tenant];
            voices.named = named;
            voices.screening += 1;
        }
        format!("screen: {expect}")
    }

    pub async fn compare_voices(&self, tenant: usize) {
        let who = self.tenant_cx(tenant);
        let told = self.town.exchange.voice_targets_get(&who).await.expect("reads");
        let expect = &self.rest.voices[tenant];
        let announcements = told.announcements.iter().map(|a| (a.name.as_str(), a.gateway_id));
        assert_eq!(announcements.collect::<Vec<_>>(), expect.announcements);
        let voicemail = told.voicemail.map(|voicemail| voicemail.gateway_id);
        assert_eq!((voicemail, told.version), (expect.voicemail, expect.version));
    }
}
