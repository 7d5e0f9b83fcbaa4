//! What a project decides for itself: rules, thresholds, owners, tests.

use std::collections::BTreeMap;

use jiff::civil::Date;
use numbering::Country;
use serde::{Deserialize, Serialize};

use super::rules::Rule;
use crate::model::Severity;

/// A rule weighed otherwise than its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// Switched off.
    #[serde(default)]
    pub off: bool,
    /// Severity instead of the default. What is unknown stays unknown.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Why: the report shows it.
    pub reason: String,
}

/// An emergency call that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyTest {
    /// Site by its name.
    pub site: String,
    /// Model by its word: `DirectRouting`, `CallingPlan`, `OperatorConnect`.
    pub model: String,
    /// Day of the test.
    pub day: Date,
    /// Who tested.
    pub by: String,
}

/// Something that stays where it is, on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Number, line, site or account, exactly as exported.
    pub subject: String,
    /// Who answers for it.
    pub owner: String,
    /// When to look again.
    pub review: Date,
    /// Why it stays.
    pub reason: String,
}

/// Thresholds of the network (`domain/migration.md` section 3). A value must lie below its limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkLimits {
    /// Calls refused at the peak, as a share.
    pub blocking: f64,
    /// Bandwidth of a call, each way, kbit/s.
    pub kbps_per_call: f64,
    /// Factor for layer 2.
    pub overhead: f64,
    /// Factor for growth.
    pub growth: f64,
    /// Share of users on the phone at the peak where no records tell (labelled a guess).
    pub guessed_concurrency: f64,
    /// Hour of the local day taken as the busy one where no records tell (labelled a guess).
    pub guessed_busy_hour: u8,
    /// Share of the usable link that voice may take.
    pub wan_share: f64,
    /// Loss in 15 s, percent.
    pub loss_percent: f64,
    /// Loss in 200 ms, percent.
    pub burst_loss_percent: f64,
    /// Jitter in 15 s, ms.
    pub jitter_ms: f64,
    /// Round trip, ms.
    pub rtt_ms: f64,
    /// One way, ms.
    pub one_way_ms: f64,
    /// Packets out of order, percent.
    pub reorder_percent: f64,
    /// Share of the busy hour's windows that may miss a limit.
    pub missed_share: f64,
    /// Windows in a row that miss a limit and fail the site.
    pub missed_run: usize,
    /// Business days with measurements in the busy hour.
    pub business_days: usize,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            blocking: 0.01,
            kbps_per_call: 76.0,
            overhead: 1.0,
            growth: 1.0,
            guessed_concurrency: 0.12,
            guessed_busy_hour: 10,
            wan_share: 0.75,
            loss_percent: 1.0,
            burst_loss_percent: 10.0,
            jitter_ms: 30.0,
            rtt_ms: 100.0,
            one_way_ms: 50.0,
            reorder_percent: 0.05,
            missed_share: 0.01,
            missed_run: 3,
            business_days: 5,
        }
    }
}

/// Everything a project decides for [`super::assess`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rules switched off or weighed otherwise, by code.
    pub rules: BTreeMap<String, RuleChange>,
    /// Thresholds of the network.
    pub network: NetworkLimits,
    /// Owner of support by model (`DirectRouting`, `CallingPlan`, `OperatorConnect`).
    pub support_owners: BTreeMap<String, String>,
    /// Emergency calls that were tested.
    pub emergency_tests: Vec<EmergencyTest>,
    /// What stays where it is.
    pub exceptions: Vec<Exception>,
    /// Departments whose calls must be recorded.
    pub recorded_departments: Vec<String>,
    /// Countries for which an operator was chosen; `None`: nobody chose yet.
    pub covered_countries: Option<Vec<Country>>,
    /// Links within Teams (queues, delegates, call groups) bind into one move group. `false`: they
    /// are shown and bind nobody, since Teams rings across models (migration.md section 8.1).
    pub teams_links_bind: bool,
    /// Numbers of one billing number bind into one move group; by default they only share a port
    /// date, which is the plan's matter.
    pub billing_numbers_bind: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            network: NetworkLimits::default(),
            support_owners: BTreeMap::new(),
            emergency_tests: Vec::new(),
            exceptions: Vec::new(),
            recorded_departments: Vec::new(),
            covered_countries: None,
            teams_links_bind: true,
            billing_numbers_bind: false,
        }
    }
}

/// Settings that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}. {remedy}")]
pub struct SettingsError {
    /// Stable code.
    pub code: &'static str,
    /// Which setting.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Settings {
    /// Can these settings be followed?
    ///
    /// # Errors
    /// The first one that cannot.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (code, change) in &self.rules {
            let field = format!("rules.{code}");
            if Rule::find(code).is_none() {
                return Err(SettingsError {
                    code: "unknown_rule",
                    field,
                    reason: "there is no rule of this code".into(),
                    remedy: "docs/rules lists every code",
                });
            }
            if change.reason.trim().is_empty() {
                return Err(SettingsError {
                    code: "rule_without_reason",
                    field: format!("{field}.reason"),
                    reason: "a rule is changed and nobody says why".into(),
                    remedy: "give the reason in a sentence: the report shows it",
                });
            }
            if change.severity == Some(Severity::Unknown) {
                return Err(SettingsError {
                    code: "rule_severity",
                    field: format!("{field}.severity"),
                    reason: "`unknown` is what a rule says for want of data".into(),
                    remedy: "use block, warn or info, or switch the rule off",
                });
            }
        }
        let n = &self.network;
        let positive = [
            ("kbps_per_call", n.kbps_per_call),
            ("overhead", n.overhead),
            ("growth", n.growth),
            ("guessed_concurrency", n.guessed_concurrency),
            ("wan_share", n.wan_share),
            ("loss_percent", n.loss_percent),
            ("burst_loss_percent", n.burst_loss_percent),
            ("jitter_ms", n.jitter_ms),
            ("rtt_ms", n.rtt_ms),
            ("one_way_ms", n.one_way_ms),
            ("reorder_percent", n.reorder_percent),
        ];
        let shares = [("blocking", n.blocking), ("missed_share", n.missed_share)];
        let bad = positive
            .into_iter()
            .find(|(_, value)| !(value.is_finite() && *value > 0.0))
            .or_else(|| shares.into_iter().find(|(_, v)| !(*v > 0.0 && *v < 1.0)))
            .map(|(name, _)| name)
            .or_else(|| (n.guessed_busy_hour > 23).then_some("guessed_busy_hour"))
            .or_else(|| (n.missed_run == 0).then_some("missed_run"));
        match bad {
            None => Ok(()),
            Some(name) => Err(SettingsError {
                code: "limit_out_of_range",
                field: format!("network.{name}"),
                reason: "no such limit makes sense".into(),
                remedy: "limits are above 0, shares below 1, hours 0 to 23",
            }),
        }
    }
}
