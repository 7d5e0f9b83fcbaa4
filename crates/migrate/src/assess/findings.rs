//! Where rules put what they found.

use crate::model::{Finding, Inventory, Severity, SourceRef};

use super::rules::Rule;
use super::settings::Settings;

/// Findings in the making: weighs them as the project wants and keeps one for each rule and subject.
pub struct Findings<'a> {
    inventory: &'a Inventory,
    settings: &'a Settings,
    kept: Vec<(Rule, Finding)>,
    /// What a rule that is switched off writes into.
    unheard: Finding,
}

impl<'a> Findings<'a> {
    pub fn new(inventory: &'a Inventory, settings: &'a Settings) -> Self {
        let unheard = Finding {
            code: String::new(),
            area: crate::model::Area::Other,
            severity: Severity::Info,
            subject: String::new(),
            message: String::new(),
            fix: String::new(),
            cost: String::new(),
            source: None,
        };
        Self { inventory, settings, kept: Vec::new(), unheard }
    }

    /// A rule speaks about a subject. The answer can be given another fix or a cost.
    pub fn add(
        &mut self,
        rule: Rule,
        subject: &str,
        at: Option<SourceRef>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.put(rule, rule.severity(), subject, at, message.into())
    }

    /// As [`Findings::add`], with a milder or graver severity than the rule's own.
    pub fn add_as(
        &mut self,
        rule: Rule,
        severity: Severity,
        subject: &str,
        at: Option<SourceRef>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.put(rule, severity, subject, at, message.into())
    }

    /// A rule cannot be judged about a subject for want of data.
    pub fn unknown(
        &mut self,
        rule: Rule,
        subject: &str,
        at: Option<SourceRef>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.put(rule, Severity::Unknown, subject, at, message.into())
    }

    fn put(
        &mut self,
        rule: Rule,
        severity: Severity,
        subject: &str,
        at: Option<SourceRef>,
        message: String,
    ) -> &mut Finding {
        let change = self.settings.rules.get(rule.code());
        if change.is_some_and(|change| change.off) {
            return &mut self.unheard;
        }
        let weighed = match change.and_then(|change| change.severity) {
            Some(wanted) if severity != Severity::Unknown => wanted,
            _ => severity,
        };
        let finding = Finding {
            code: rule.code().to_owned(),
            area: rule.area(),
            severity: weighed,
            subject: subject.to_owned(),
            message,
            fix: rule.fix().to_owned(),
            cost: String::new(),
            source: at.and_then(|at| self.inventory.line(at)),
        };
        self.kept.push((rule, finding));
        let at = self.kept.len() - 1;
        &mut self.kept[at].1
    }

    /// Takes over what was found beside.
    pub fn join(&mut self, other: Findings<'_>) {
        self.kept.extend(other.kept);
    }

    /// The findings, the worst first, one for each rule and subject.
    pub fn finish(mut self) -> Vec<Finding> {
        self.kept.sort_by(|(a_rule, a), (b_rule, b)| {
            (a_rule, &a.subject, std::cmp::Reverse(a.severity)).cmp(&(
                b_rule,
                &b.subject,
                std::cmp::Reverse(b.severity),
            ))
        });
        self.kept.dedup_by(|(rule, later), (other, first)| {
            rule == other && later.subject == first.subject
        });
        let mut findings: Vec<Finding> = self.kept.into_iter().map(|(_, f)| f).collect();
        // Stable: within a severity the order of the catalogue stays.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}
