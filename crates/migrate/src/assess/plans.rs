//! Service plans: what an account may do, by plan and provisioning status, never by product name
//! (migration.md sections 2.1 and 2.3, statement 11).

use crate::model::{PlanState, PlanStatus, Sku, UserLicence};

/// What a service plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanClass {
    /// Teams Phone.
    Phone,
    /// Teams Phone of a resource account.
    ResourceAccount,
    /// A Calling Plan.
    CallingPlan,
    /// Audio Conferencing.
    Conferencing,
    /// Teams itself.
    Teams,
    /// Management of meeting rooms, by which rooms' products are known.
    Rooms,
}

/// Plans by id and by name (migration.md section 2.1). MCOFMC1 (Teams Phone Mobile) and MCOPSTNC
/// (Communications Credits) decide nothing here: neither gives a person a telephone, nor does the
/// latter bind a number.
const PLANS: &[(PlanClass, &str, &str)] = &[
    (PlanClass::Phone, "4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "MCOEV"),
    (PlanClass::Phone, "ed777b71-af04-42ca-9798-84344c66f7c6", "MCOEVSMB"),
    (PlanClass::Phone, "db23fce2-a974-42ef-9002-d78dd42a0f22", "MCOEV_GOV"),
    (PlanClass::ResourceAccount, "f47330e9-c134-43b3-9993-e7f004506889", "MCOEV_VIRTUALUSER"),
    (PlanClass::ResourceAccount, "0628a73f-3b4a-4989-bd7b-0f8823144313", "MCOEV_VIRTUALUSER_GOV"),
    (PlanClass::CallingPlan, "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8", "MCOPSTN1"),
    (PlanClass::CallingPlan, "5a10155d-f5c1-411a-a8ec-e99aae125390", "MCOPSTN2"),
    (PlanClass::CallingPlan, "6b340437-d6f9-4dc5-8cc2-99163f7f83d6", "MCOPSTN3"),
    (PlanClass::CallingPlan, "54a152dc-90de-4996-93d2-bc47e670fc06", "MCOPSTN5"),
    (PlanClass::CallingPlan, "346d83bf-6fe6-42ca-b424-b9300d2e21bf", "MCOPSTN6"),
    (PlanClass::CallingPlan, "16935b20-87c0-4908-934a-22aa267d0d26", "MCOPSTN8"),
    (PlanClass::CallingPlan, "156a1efe-17cd-4b03-9f17-2eb512298fb3", "MCOPSTN_PAYG_1"),
    (PlanClass::CallingPlan, "3c8a8792-7866-409b-bb61-1b20ace0368b", "MCOPSTN1_GOV"),
    (PlanClass::CallingPlan, "7861360b-dc3b-4eba-a3fc-0d323a035746", "MCOPSTNEAU"),
    (PlanClass::Conferencing, "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40", "MCOMEETADV"),
    (PlanClass::Conferencing, "f544b08d-1645-4287-82de-8d91f37c02a1", "MCOMEETADV_GOV"),
    (PlanClass::Conferencing, "f1e3613f-3818-4254-9b5e-f02d803384e0", "MCOMEETADV_AR_GCCHigh"),
    (PlanClass::Conferencing, "bb038288-76ab-49d6-afc1-eaa6c222c65a", "MCOMEETACPEA"),
    (PlanClass::Teams, "57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"),
    (PlanClass::Teams, "304767db-7d23-49e8-a945-4a7eb65f9f28", "TEAMS_GOV"),
    (PlanClass::Rooms, "ecc74eae-eeb7-4ad5-9c88-e8b2bfca75b8", "MTRProManagement"),
    (PlanClass::Rooms, "bdaa59a3-74fd-4137-981a-31d4f84eb8a0", "MMR_P1"),
];

/// What a plan is for; `None` if it decides nothing here. An id decides before a name.
pub fn class(plan: &PlanState) -> Option<PlanClass> {
    let by_id = |wanted: &str| {
        PLANS.iter().find(|(_, id, _)| id.eq_ignore_ascii_case(wanted)).map(|(class, ..)| *class)
    };
    let by_name = |wanted: &str| {
        PLANS.iter().find(|(.., name)| name.eq_ignore_ascii_case(wanted)).map(|(class, ..)| *class)
    };
    if plan.id.trim().is_empty() { by_name(plan.name.trim()) } else { by_id(plan.id.trim()) }
}

/// The best state of a class of plans over all licences of an account. The worst first, so that
/// the best is the greatest; what was lost outweighs everything that does not work, since the lost
/// cell might hold the plan that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanFound {
    /// No licence has such a plan.
    None,
    /// There, and switched off.
    Disabled,
    /// There, and failed.
    Error,
    /// There, and waiting.
    Pending,
    /// Cannot be told: a licence's plans were lost, never exported, or in a word not known.
    Unknown,
    /// Works for the time being.
    Warning,
    /// Works.
    Success,
}

impl PlanFound {
    /// Does it work today?
    pub fn works(self) -> bool {
        self >= Self::Warning
    }
}

/// The best state of a class of plans; `known` is whether any export covers the account.
pub fn found(licences: &[UserLicence], known: bool, wanted: PlanClass) -> PlanFound {
    if !known {
        return PlanFound::Unknown;
    }
    let mut best = PlanFound::None;
    for licence in licences {
        let state = match licence.plans.get() {
            None if licence.plans.is_empty() => PlanFound::None,
            None => PlanFound::Unknown,
            Some(plans) => plans
                .iter()
                .filter(|plan| class(plan) == Some(wanted))
                .map(|plan| match plan.status {
                    PlanStatus::Success => PlanFound::Success,
                    PlanStatus::Warning => PlanFound::Warning,
                    PlanStatus::PendingInput
                    | PlanStatus::PendingActivation
                    | PlanStatus::PendingProvisioning => PlanFound::Pending,
                    PlanStatus::Error => PlanFound::Error,
                    PlanStatus::Disabled => PlanFound::Disabled,
                    PlanStatus::Other => PlanFound::Unknown,
                })
                .max()
                .unwrap_or(PlanFound::None),
        };
        best = best.max(state);
    }
    best
}

/// Does the product contain a plan of the class? `None` where its plans are not known.
pub fn sku_has(sku: &Sku, wanted: PlanClass) -> Option<bool> {
    let plans = sku.plans.get()?;
    Some(plans.iter().any(|plan| class(plan) == Some(wanted)))
}

/// The product of an account by which a plan of the class works or would work.
pub fn product(licences: &[UserLicence], wanted: PlanClass) -> Option<&UserLicence> {
    licences.iter().find(|licence| {
        licence.plans.get().is_some_and(|plans| plans.iter().any(|p| class(p) == Some(wanted)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cell, SourceRef};

    fn licence(plans: Cell<Vec<PlanState>>) -> UserLicence {
        UserLicence { plans, ..UserLicence::default() }
    }

    fn plan(id: &str, name: &str, status: PlanStatus) -> PlanState {
        PlanState { id: id.into(), name: name.into(), status }
    }

    #[test]
    fn an_id_decides_before_a_name_and_a_name_where_there_is_no_id() {
        let mcoev = "4828C8EC-DC2E-4779-B502-87AC9CE28AB7";
        assert_eq!(class(&plan(mcoev, "", PlanStatus::Success)), Some(PlanClass::Phone));
        assert_eq!(class(&plan("", " MCOEVSMB ", PlanStatus::Success)), Some(PlanClass::Phone));
        let unknown = plan("00000000-0000-0000-0000-00000000abcd", "MCOEV", PlanStatus::Success);
        assert_eq!(class(&unknown), None);
    }

    #[test]
    fn the_best_state_wins_and_what_was_lost_is_never_a_pass() {
        let at = SourceRef::default();
        let of = |status| licence(Cell::given(vec![plan("", "MCOEV", status)], at));
        let lost = licence(Cell::Lost { at });
        for (licences, known, wanted) in [
            (vec![], true, PlanFound::None),
            (vec![], false, PlanFound::Unknown),
            (vec![of(PlanStatus::Disabled)], true, PlanFound::Disabled),
            (vec![of(PlanStatus::Disabled), of(PlanStatus::Success)], true, PlanFound::Success),
            (vec![of(PlanStatus::PendingInput)], true, PlanFound::Pending),
            (vec![of(PlanStatus::Error)], true, PlanFound::Error),
            (vec![of(PlanStatus::Warning)], true, PlanFound::Warning),
            (vec![of(PlanStatus::Disabled), lost.clone()], true, PlanFound::Unknown),
            (vec![lost.clone(), of(PlanStatus::Success)], true, PlanFound::Success),
            (vec![licence(Cell::Absent)], true, PlanFound::Unknown),
            (vec![licence(Cell::Empty { at })], true, PlanFound::None),
            (vec![of(PlanStatus::Other)], true, PlanFound::Unknown),
        ] {
            assert_eq!(found(&licences, known, PlanClass::Phone), wanted, "{licences:?}");
        }
    }
}
