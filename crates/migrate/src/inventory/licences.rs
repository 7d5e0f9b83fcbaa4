//! Products and plans.

use super::users::{field, plan, plans};
use super::{Builder, Columns};
use crate::import::Row;
use crate::model::{Cell, PlanState, PlanStatus, Sku, SkuStatus, UserLicence};
use crate::read;
use serde_json::Value;

impl Builder {
    pub(super) fn sku(&mut self, row: &Row<'_>, columns: &Columns) {
        let status =
            self.word(row, columns.get("status"), SkuStatus::read, |s| *s == SkuStatus::Other);
        let prepaid = row.cell(columns.get("prepaid"), read::objects);
        let units =
            |name: &str, names: &[&str]| match (&prepaid, row.cell(columns.get(name), read::count))
            {
                (Cell::Given { value, at }, Cell::Absent) => value
                    .first()
                    .and_then(|units| field(units, names).parse().ok())
                    .map_or(Cell::Absent, |count| Cell::given(count, *at)),
                (Cell::Lost { at }, Cell::Absent) => Cell::Lost { at: *at },
                (_, told) => told,
            };
        let sku = Sku {
            // Two part numbers of Microsoft's own table end in blanks (migration.md section 2.2).
            part_number: row.str(columns.get("part_number")).trim().to_owned(),
            sku_id: row.cell(columns.get("sku_id"), read::id),
            status,
            consumed: row.cell(columns.get("consumed"), read::count),
            enabled: units("enabled", &["Enabled", "enabled"]),
            warning: units("warning", &["Warning", "warning"]),
            suspended: units("suspended", &["Suspended", "suspended"]),
            locked_out: units("locked_out", &["LockedOut", "lockedOut"]),
            plans: row.cell(columns.get("plans"), plans),
            at: row.at(),
        };
        let known =
            |own: &Sku| own.part_number == sku.part_number && own.sku_id.get() == sku.sku_id.get();
        match self.inventory.skus.iter_mut().find(|own| known(own)) {
            Some(own) if own.at.file == sku.at.file => {}
            Some(own) => *own = sku,
            None => self.inventory.skus.push(sku),
        }
    }

    /// A row per user, product and plan, or one per user and product with its plans inside, or
    /// one per user with all of them inside.
    pub(super) fn licence(&mut self, row: &Row<'_>, columns: &Columns) {
        let key = row.str(columns.get("upn")).to_lowercase();
        if let Some(details) = row.cell(columns.get("licence_details"), read::objects).get() {
            for detail in details {
                let inside = detail.get("servicePlans").or_else(|| detail.get("ServicePlans"));
                let plans: Vec<PlanState> = inside
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_object)
                    .map(plan)
                    .collect();
                let sku_id = read::id(&field(detail, &["skuId", "SkuId"]));
                let licence = UserLicence {
                    part_number: field(detail, &["skuPartNumber", "SkuPartNumber"]),
                    sku_id: sku_id.map_or(Cell::Absent, |id| Cell::given(id, row.at())),
                    plans: Cell::given(plans, row.at()),
                    at: row.at(),
                    ..UserLicence::default()
                };
                self.add_licence(key.clone(), licence);
            }
            self.licences.entry(key).or_default();
            return;
        }
        let single = row.str(columns.get("plan_name"));
        let plans = if single.is_empty() && row.str(columns.get("plan_id")).is_empty() {
            row.cell(columns.get("plans"), plans)
        } else {
            let status = self.word(row, columns.get("plan_status"), PlanStatus::read, |status| {
                *status == PlanStatus::Other
            });
            let id = read::id(row.str(columns.get("plan_id"))).unwrap_or_default();
            let name = single.to_owned();
            match status {
                Cell::Given { value: status, at } => {
                    Cell::given(vec![PlanState { id, name, status }], at)
                }
                Cell::Absent => Cell::Absent,
                Cell::Empty { at } | Cell::Lost { at } => Cell::Lost { at },
            }
        };
        let licence = UserLicence {
            part_number: row.str(columns.get("part_number")).trim().to_owned(),
            sku_id: row.cell(columns.get("sku_id"), read::id),
            plans,
            at: row.at(),
            ..UserLicence::default()
        };
        self.add_licence(key, licence);
    }

    /// Rows of one product come one per plan: they are one licence.
    fn add_licence(&mut self, key: String, new: UserLicence) {
        let own = self.licences.entry(key).or_default();
        let same = own.iter_mut().find(|licence| {
            licence.part_number == new.part_number && licence.sku_id.get() == new.sku_id.get()
        });
        let Some(licence) = same else {
            own.push(new);
            return;
        };
        match (&mut licence.plans, new.plans) {
            (Cell::Given { value, .. }, Cell::Given { value: more, .. }) => {
                for plan in more {
                    let known = value.iter().any(|own| own.id == plan.id && own.name == plan.name);
                    if !known {
                        value.push(plan);
                    }
                }
            }
            (mine @ (Cell::Absent | Cell::Empty { .. }), plans) => *mine = plans,
            _ => {}
        }
    }

    /// Licences to their accounts; products that Graph only names get the tenant's plans of
    /// that product, without those switched off.
    pub(super) fn join_licences(&mut self) {
        for (key, sku, off, at) in std::mem::take(&mut self.assigned) {
            let product = self
                .inventory
                .skus
                .iter()
                .find(|own| own.sku_id.get().is_some_and(|id| *id == sku));
            let plans = match product.map(|product| &product.plans) {
                Some(Cell::Given { value, .. }) => Cell::given(
                    value
                        .iter()
                        .map(|plan| PlanState {
                            status: if off.contains(&plan.id) {
                                PlanStatus::Disabled
                            } else {
                                PlanStatus::Success
                            },
                            ..plan.clone()
                        })
                        .collect(),
                    at,
                ),
                Some(Cell::Lost { .. }) => Cell::Lost { at },
                _ => Cell::Absent,
            };
            let part_number = product.map(|p| p.part_number.clone()).unwrap_or_default();
            let own = self.licences.entry(key).or_default();
            let known = own.iter().any(|licence| licence.sku_id.get() == Some(&sku));
            if !known {
                let sku_id = Cell::given(sku, at);
                own.push(UserLicence { part_number, sku_id, plans, at, ..UserLicence::default() });
            }
        }
    }
}
