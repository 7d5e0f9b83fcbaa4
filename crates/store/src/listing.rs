//! Lists that are filtered and sorted: which fields each names, by which index, and the statement
//! that reads a page. No text of a caller comes into a statement: it is put together from the
//! constants here, and values are bound.
//!
//! A page goes on from the last row's own place (its sorted field, then its id), never from a
//! count: what is added or taken away meanwhile shifts nothing.

use crate::StoreError;
use crate::db::Db;
use crate::value::{Arg, FromRow};
use uuid::Uuid;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text of which upper and lower case are the same: it is kept in lower case.
    Folded,
    /// One of these words.
    Word(&'static [&'static str]),
    /// ISO 3166-1 alpha-2.
    Country,
    /// A public id.
    Id,
    /// Microseconds since 1970 UTC; RFC 3339 for callers.
    Time,
    /// A telephone number.
    Number,
}

/// A field that filters may name.
#[derive(Debug)]
pub struct Field {
    /// On the wire; empty where only the use cases know it.
    pub name: &'static str,
    /// Where it stands. Of several columns any may be the one that is asked for.
    columns: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// A list can be sorted by it: it is never null.
    pub sorts: bool,
    /// The index that answers for it.
    pub index: &'static str,
}

/// A value as it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A time or a number.
    Int(i64),
    /// A text or word.
    Text(String),
    /// An id.
    Id(Uuid),
}

impl Key {
    fn arg(&self) -> Arg {
        match self {
            Self::Int(value) => Arg::Int(Some(*value)),
            Self::Text(value) => Arg::Text(Some(value.clone())),
            Self::Id(value) => Arg::Uuid(Some(*value)),
        }
    }
}

/// How a field is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The same.
    Is(Key),
    /// One of them.
    In(Vec<Key>),
    /// `<`
    Below(Key),
    /// `<=`
    AtMost(Key),
    /// `>`
    Above(Key),
    /// `>=`
    AtLeast(Key),
    /// Within one of these, both ends included, in their order.
    Within(Vec<(i64, i64)>),
}

/// One demand on a row.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Which field.
    pub field: &'static Field,
    /// How it compares.
    pub test: Test,
}

/// Which rows, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Pick {
    /// All of them must hold.
    pub demands: Vec<Demand>,
    /// The field to sort by, `true` for the greatest first; the list's own order without.
    pub sort: Option<(&'static Field, bool)>,
    /// Go on after this place: the sorted field's key, unless the list is sorted by its id, and
    /// the id.
    pub after: Option<(Option<Key>, Key)>,
}

/// A list as one face has it.
#[derive(Debug)]
pub struct Listing {
    /// For messages.
    pub name: &'static str,
    /// Up to its `WHERE`.
    select: &'static str,
    /// The column that says whose rows they are; empty where they are everybody's.
    whose: &'static str,
    /// The column that tells two rows apart.
    id: &'static str,
    /// Its own order: by this field, or by the id, and whether the greatest comes first.
    order: (Option<&'static Field>, bool),
    /// What filters and sorts may name.
    pub fields: &'static [Field],
}

impl Listing {
    /// A field by its name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name && !name.is_empty())
    }

    /// The order of a pick: by which field, unless it is the id, and which way.
    fn order(&self, pick: &Pick) -> (Option<&'static Field>, bool) {
        let (field, descending) = match pick.sort {
            Some((field, descending)) => (Some(field), descending),
            None => self.order,
        };
        (field.filter(|field| field.columns[0] != self.id), descending)
    }

    /// Does the pick's order go by a key before the id?
    pub fn is_keyed(&self, pick: &Pick) -> bool {
        self.order(pick).0.is_some()
    }

    /// What tells two rows apart.
    pub fn id_kind(&self) -> Kind {
        if self.id == "n.number" { Kind::Number } else { Kind::Id }
    }

    /// What the key before the id is, where there is one.
    pub fn sort_kind(&self, pick: &Pick) -> Option<Kind> {
        self.order(pick).0.map(|field| field.kind)
    }

    /// The statement of a page with what it binds.
    fn statement(&self, whose: Option<Uuid>, pick: &Pick, limit: u32) -> (String, Vec<Arg>) {
        let mut built = Built::default();
        if let Some(whose) = whose {
            let own = built.bind(Arg::Uuid(Some(whose)));
            built.demand(&format!("{} = {own}", self.whose));
        }
        for demand in &pick.demands {
            built.test(demand);
        }
        let (field, descending) = self.order(pick);
        let (sign, way) = if descending { ("<", " DESC") } else { (">", "") };
        match (&pick.after, field) {
            (Some((Some(key), id)), Some(field)) => {
                let (key, id) = (built.bind(key.arg()), built.bind(id.arg()));
                let columns = (field.columns[0], self.id);
                built.demand(&format!("({}, {}) {sign} ({key}, {id})", columns.0, columns.1));
            }
            (Some((_, id)), _) => {
                let id = built.bind(id.arg());
                built.demand(&format!("{} {sign} {id}", self.id));
            }
            (None, _) => {}
        }
        let limit = built.bind(Arg::Int(Some(i64::from(limit))));
        let mut sql = self.select.to_owned();
        if !built.demands.is_empty() {
            sql += " WHERE ";
            sql += &built.demands.join(" AND ");
        }
        sql += " ORDER BY ";
        if let Some(field) = field {
            sql += &format!("{}{way}, ", field.columns[0]);
        }
        sql += &format!("{}{way} LIMIT {limit}", self.id);
        (sql, built.args)
    }
}

#[derive(Default)]
struct Built {
    demands: Vec<String>,
    args: Vec<Arg>,
}

impl Built {
    fn bind(&mut self, arg: Arg) -> String {
        self.args.push(arg);
        format!("${}", self.args.len())
    }

    fn demand(&mut self, demand: &str) {
        self.demands.push(demand.to_owned());
    }

    fn test(&mut self, demand: &Demand) {
        let columns = demand.field.columns;
        let mut any = |sign: &str, value: &str| {
            let each: Vec<String> = columns
                .iter()
                .map(|column| match column.split_once("{}") {
                    // A demand of its own shape, with the comparison in several places.
                    Some(_) => column.replace("{}", &format!("{sign} {value}")),
                    None => format!("{column} {sign} {value}"),
                })
                .collect();
            let each = each.join(" OR ");
            self.demands.push(if columns.len() > 1 { format!("({each})") } else { each });
        };
        match &demand.test {
            Test::Is(key) => {
                self.args.push(key.arg());
                let at = format!("${}", self.args.len());
                any("=", &at);
            }
            Test::In(keys) => {
                let mut places = Vec::with_capacity(keys.len());
                for key in keys {
                    self.args.push(key.arg());
                    places.push(format!("${}", self.args.len()));
                }
                any("IN", &format!("({})", places.join(", ")));
            }
            Test::Below(key) | Test::AtMost(key) | Test::Above(key) | Test::AtLeast(key) => {
                let sign = match demand.test {
                    Test::Below(_) => "<",
                    Test::AtMost(_) => "<=",
                    Test::Above(_) => ">",
                    _ => ">=",
                };
                self.args.push(key.arg());
                let at = format!("${}", self.args.len());
                any(sign, &at);
            }
            Test::Within(ranges) => {
                let mut each = Vec::with_capacity(ranges.len());
                for (first, last) in ranges {
                    self.args.push(Arg::Int(Some(*first)));
                    self.args.push(Arg::Int(Some(*last)));
                    let (low, high) = (self.args.len() - 1, self.args.len());
                    each.push(format!("{} BETWEEN ${low} AND ${high}", columns[0]));
                }
                self.demands.push(format!("({})", each.join(" OR ")));
            }
        }
    }
}

impl Db {
    /// A page of a list.
    pub(crate) async fn list_page<T: FromRow>(
        &mut self,
        list: &'static Listing,
        whose: Option<Uuid>,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        // Ranges of the very column that the page is sorted by follow one another: each is read
        // in its turn, so that none of them is sorted.
        let (field, descending) = list.order(pick);
        let sorted_by = field.map_or(list.id, |field| field.columns[0]);
        let within = pick.demands.iter().position(|demand| {
            matches!(demand.test, Test::Within(_)) && demand.field.columns[0] == sorted_by
        });
        let Some(within) = within else {
            let (sql, args) = list.statement(whose, pick, limit);
            return self.all_built(sql, args).await;
        };
        let Test::Within(mut ranges) = pick.demands[within].test.clone() else {
            return Ok(Vec::new());
        };
        if descending {
            ranges.reverse();
        }
        let (mut pick, mut rows) = (pick.clone(), Vec::new());
        for range in ranges {
            let left = limit - u32::try_from(rows.len()).unwrap_or(limit);
            if left == 0 {
                break;
            }
            pick.demands[within].test = Test::Within(vec![range]);
            let (sql, args) = list.statement(whose, &pick, left);
            rows.extend(self.all_built(sql, args).await?);
        }
        Ok(rows)
    }
}

const fn sorted(
    name: &'static str,
    columns: &'static [&'static str],
    kind: Kind,
    index: &'static str,
) -> Field {
    Field { name, columns, kind, sorts: true, index }
}

const fn plain(
    name: &'static str,
    columns: &'static [&'static str],
    kind: Kind,
    index: &'static str,
) -> Field {
    Field { name, columns, kind, sorts: false, index }
}

const STATUS: &str = "CASE WHEN n.person_id IS NOT NULL THEN 'UserAssigned' \
    WHEN n.account_id IS NOT NULL THEN 'VoiceApplicationAssigned' \
    WHEN n.bridge_id IS NOT NULL THEN 'ConferenceAssigned' \
    WHEN n.policy_id IS NOT NULL THEN 'PolicyAssigned' ELSE 'Unassigned' END";
/// Each of them has an index of its own, and neither database takes all for an `OR` beside the
/// tenant.
const ASSIGNED: &str = "n.number IN (SELECT x.number FROM number x WHERE x.person_id {} \
    UNION ALL SELECT x.number FROM number x WHERE x.account_id {} \
    UNION ALL SELECT x.number FROM number x WHERE x.bridge_id {} \
    UNION ALL SELECT x.number FROM number x WHERE x.policy_id {})";
const TAGGED: &str = "n.number IN (SELECT t.number FROM number_tag t \
    WHERE t.tenant_id = n.tenant_id AND t.folded {})";
const STATUSES: &[&str] = &[
    "Unassigned",
    "UserAssigned",
    "VoiceApplicationAssigned",
    "ConferenceAssigned",
    "PolicyAssigned",
];
const CONSENTS: &[&str] = &["Active", "Suspended", "Removed"];
const RELATIONSHIPS: &[&str] = &[
    "ConsentAcknowledged",
    "CustomerContacted",
    "AgreementSigned",
    "ConsentDeclined",
    "ContractTerminated",
];
const KINDS: &[&str] = &["inbound", "outbound", "internal", "emergency"];
const OPERATOR_KINDS: &[&str] = &["upload", "release", "update"];
const TENANT_KINDS: &[&str] = &["assign", "unassign", "location", "tags", "usage"];
const ORDER_STATES: &[&str] = &["pending", "in_progress", "success", "partial_success", "error"];

/// What `category=` compares: numbers that people have. It has no index of its own, as usage has
/// none.
pub static NUMBER_CATEGORY: Field =
    plain("", &["CASE WHEN n.person_id IS NOT NULL THEN n.category END"], Kind::Text, "");
/// What `usage=` compares, which has no index of its own.
pub static NUMBER_USAGE: Field = plain("", &["n.usage"], Kind::Text, "");
/// What `prefix=`, `status=`, `country=`, `operator_id=` and `assigned_to_id=` compare, on
/// whichever face.
pub static NUMBER_NUMBER: Field = plain("", &["n.number"], Kind::Number, "");
/// See [`NUMBER_NUMBER`].
pub static NUMBER_STATUS: Field = plain("", &[STATUS], Kind::Text, "");
/// See [`NUMBER_NUMBER`].
pub static NUMBER_COUNTRY: Field = plain("", &["n.country"], Kind::Country, "");
/// See [`NUMBER_NUMBER`].
pub static NUMBER_OPERATOR: Field = plain("", &["n.operator_id"], Kind::Id, "");
/// What `tag=` compares.
pub static NUMBER_TAG: Field = plain("", &[TAGGED], Kind::Folded, "");
/// See [`NUMBER_NUMBER`].
pub static NUMBER_ASSIGNED: Field = plain("", &[ASSIGNED], Kind::Id, "");
/// What `number=` compares in a call.
pub static CALL_PARTY: Field =
    plain("", &["c.caller", "c.callee", "'+' || CAST(c.number AS TEXT)"], Kind::Text, "");
/// What `user_id=` compares in a call.
pub static CALL_PERSON: Field =
    plain("", &["c.caller_user_id", "c.answer_user_id", "c.callee_user_id"], Kind::Id, "");
/// What `kind=` compares in a call.
pub static CALL_KIND: Field = plain("", &["c.kind"], Kind::Text, "");
/// When a call began, as far as it is known.
pub static CALL_TIME: Field = sorted("", &["c.sort_at"], Kind::Time, "");

/// A tenant's numbers.
pub static NUMBERS_OF_TENANT: Listing = Listing {
    name: "a tenant's numbers",
    select: crate::numbers::NUMBER_SELECT,
    whose: "n.tenant_id",
    id: "n.number",
    order: (None, false),
    fields: &[
        sorted("number", &["n.number"], Kind::Number, "number_by_tenant"),
        sorted("acquired_at", &["n.acquired_at"], Kind::Time, "number_tenant_acquired"),
        plain("country", &["n.country"], Kind::Country, "number_tenant_country"),
        plain("status", &[STATUS], Kind::Word(STATUSES), "number_tenant_status"),
        plain("operator_id", &["n.operator_id"], Kind::Id, "number_by_operator"),
        plain("location_id", &["n.location_id"], Kind::Id, "number_by_location"),
        plain("assigned_to_id", &[ASSIGNED], Kind::Id, "number_of_person"),
        plain("tag", &[TAGGED], Kind::Folded, "number_tag_by_tag"),
    ],
};

/// An operator's numbers.
pub static NUMBERS_OF_OPERATOR: Listing = Listing {
    name: "an operator's numbers",
    select: crate::numbers::NUMBER_SELECT,
    whose: "n.operator_id",
    id: "n.number",
    order: (None, false),
    fields: &[
        sorted("number", &["n.number"], Kind::Number, "number_operator"),
        sorted("acquired_at", &["n.acquired_at"], Kind::Time, "number_operator_acquired"),
        plain("tenant_id", &["n.tenant_id"], Kind::Id, "number_by_operator"),
    ],
};

const RESERVATION_STATES: &[&str] =
    &["Reserved", "Paid", "Accepted", "Completed", "Error", "Cancelled", "Declined", "Expired"];

/// A tenant's reservations.
pub static RESERVATIONS_OF_TENANT: Listing = Listing {
    name: "reservations",
    select: crate::shop::RESERVATION_SELECT,
    whose: "tenant_id",
    id: "id",
    order: (None, true),
    fields: &[plain(
        "state",
        &["state"],
        Kind::Word(RESERVATION_STATES),
        "reservation_tenant_state",
    )],
};

/// Reservations of an operator's stock.
pub static RESERVATIONS_OF_OPERATOR: Listing = Listing {
    name: "reservations",
    select: crate::shop::RESERVATION_SELECT,
    whose: "operator_id",
    id: "id",
    order: (None, true),
    fields: &[plain(
        "state",
        &["state"],
        Kind::Word(RESERVATION_STATES),
        "reservation_operator_state",
    )],
};

/// What an operator has in stock.
pub static STOCK: Listing = Listing {
    name: "an operator's stock",
    select: crate::stock::STOCK_SELECT,
    whose: "n.operator_id",
    id: "n.number",
    order: (None, false),
    fields: &[
        sorted("number", &["n.number"], Kind::Number, "stock_number_pkey"),
        plain("country", &["n.country"], Kind::Country, "stock_by_country"),
    ],
};

/// An operator's orders.
pub static ORDERS: Listing = Listing {
    name: "number orders",
    select: crate::orders::ORDER_SELECT,
    whose: "operator_id",
    id: "id",
    order: (None, true),
    fields: &[
        sorted("created_at", &["created_at"], Kind::Time, "number_order_created"),
        plain("status", &["status"], Kind::Word(ORDER_STATES), "number_order_status"),
        plain("kind", &["kind"], Kind::Word(OPERATOR_KINDS), "number_order_kind"),
        plain("tenant_id", &["tenant_id"], Kind::Id, "number_order_tenant"),
        plain("ticket_id", &["ticket_id"], Kind::Text, "number_order_ticket"),
    ],
};

/// Of which tenant an order is that no operator placed.
const BY_TENANT: &str = "(CASE WHEN operator_id IS NULL THEN tenant_id END)";

/// The orders a tenant has placed.
pub static ORDERS_OF_TENANT: Listing = Listing {
    name: "number orders",
    select: crate::orders::ORDER_SELECT,
    whose: BY_TENANT,
    id: "id",
    order: (None, true),
    fields: &[
        sorted("created_at", &["created_at"], Kind::Time, "number_order_tenant_created"),
        plain("status", &["status"], Kind::Word(ORDER_STATES), "number_order_tenant_status"),
        plain("kind", &["kind"], Kind::Word(TENANT_KINDS), "number_order_tenant_kind"),
    ],
};

/// What failed in an operator's orders.
pub static ORDER_MESSAGES: Listing = Listing {
    name: "order messages",
    select: crate::orders::MESSAGE_SELECT,
    whose: "operator_id",
    id: "id",
    order: (None, true),
    fields: &[
        plain("tenant_id", &["tenant_id"], Kind::Id, "order_message_tenant"),
        plain("order_id", &["order_id"], Kind::Id, "order_message_order"),
        plain("code", &["code"], Kind::Text, "order_message_code"),
    ],
};

/// A tenant's consents.
pub static CONSENTS_OF_TENANT: Listing = Listing {
    name: "a tenant's consents",
    select: crate::tenants::CONSENT_SELECT,
    whose: "c.tenant_id",
    id: "c.id",
    order: (None, false),
    fields: &[
        sorted("modified_at", &["c.modified_at"], Kind::Time, "consent_tenant_modified"),
        plain("status", &["c.status"], Kind::Word(CONSENTS), "consent_tenant_status"),
        plain(
            "relationship",
            &["c.relationship"],
            Kind::Word(RELATIONSHIPS),
            "consent_tenant_relationship",
        ),
    ],
};

/// Consents to an operator.
pub static CONSENTS_OF_OPERATOR: Listing = Listing {
    name: "consents to an operator",
    select: crate::tenants::CONSENT_SELECT,
    whose: "c.operator_id",
    id: "c.id",
    order: (None, false),
    fields: &[
        sorted("modified_at", &["c.modified_at"], Kind::Time, "consent_operator_modified"),
        plain("status", &["c.status"], Kind::Word(CONSENTS), "consent_operator_status"),
        plain(
            "relationship",
            &["c.relationship"],
            Kind::Word(RELATIONSHIPS),
            "consent_operator_relationship",
        ),
    ],
};

/// A tenant's calls.
pub static CALLS_OF_TENANT: Listing = Listing {
    name: "a tenant's calls",
    select: crate::cdr::CALL_SELECT,
    whose: "c.tenant_id",
    id: "c.id",
    order: (Some(&CALL_TIME), true),
    fields: &[
        sorted("started_at", &["c.sort_at"], Kind::Time, "cdr_by_tenant"),
        plain("kind", &["c.kind"], Kind::Word(KINDS), "cdr_tenant_kind"),
        plain("number", &["c.number"], Kind::Number, "cdr_tenant_number"),
    ],
};

/// An operator's calls.
pub static CALLS_OF_OPERATOR: Listing = Listing {
    name: "an operator's calls",
    select: crate::cdr::CALL_SELECT,
    whose: "c.operator_id",
    id: "c.id",
    order: (Some(&CALL_TIME), true),
    fields: &[
        sorted("started_at", &["c.sort_at"], Kind::Time, "cdr_by_operator"),
        plain("kind", &["c.kind"], Kind::Word(KINDS), "cdr_operator_kind"),
        plain("number", &["c.number"], Kind::Number, "cdr_operator_number"),
        plain("tenant_id", &["c.tenant_id"], Kind::Id, "cdr_operator_tenant"),
    ],
};

/// Every call.
pub static CALLS: Listing = Listing {
    name: "all calls",
    select: crate::cdr::CALL_SELECT,
    whose: "",
    id: "c.id",
    order: (Some(&CALL_TIME), true),
    fields: &[
        sorted("started_at", &["c.sort_at"], Kind::Time, "cdr_by_time"),
        plain("tenant_id", &["c.tenant_id"], Kind::Id, "cdr_by_tenant"),
        plain("operator_id", &["c.operator_id"], Kind::Id, "cdr_by_operator"),
    ],
};

/// A tenant's people.
pub static PEOPLE: Listing = Listing {
    name: "people",
    select: crate::people::PERSON_SELECT,
    whose: "p.tenant_id",
    id: "p.id",
    order: (None, false),
    fields: &[
        sorted("upn", &["p.upn"], Kind::Text, "person_tenant_upn"),
        sorted("display_name", &["p.display_name"], Kind::Text, "person_tenant_name"),
        plain("country", &["p.country"], Kind::Country, "person_tenant_country"),
    ],
};

/// Every tenant.
pub static TENANTS: Listing = Listing {
    name: "tenants",
    select: crate::operators::TENANT_SELECT,
    whose: "",
    id: "id",
    order: (None, false),
    fields: &[
        sorted("name", &["name"], Kind::Text, "tenant_name"),
        sorted("domain", &["domain"], Kind::Text, "tenant_domain"),
    ],
};

/// Every operator.
pub static OPERATORS: Listing = Listing {
    name: "operators",
    select: crate::operators::OPERATOR_SELECT,
    whose: "",
    id: "id",
    order: (None, false),
    fields: &[sorted("name", &["name"], Kind::Text, "operator_name")],
};

/// Every list there is.
pub static LISTINGS: &[&Listing] = &[
    &NUMBERS_OF_TENANT,
    &NUMBERS_OF_OPERATOR,
    &STOCK,
    &RESERVATIONS_OF_TENANT,
    &RESERVATIONS_OF_OPERATOR,
    &ORDERS,
    &ORDERS_OF_TENANT,
    &ORDER_MESSAGES,
    &CONSENTS_OF_TENANT,
    &CONSENTS_OF_OPERATOR,
    &CALLS_OF_TENANT,
    &CALLS_OF_OPERATOR,
    &CALLS,
    &PEOPLE,
    &TENANTS,
    &OPERATORS,
];

/// A statement for each way that a list names a field, with the index that is to answer it, for
/// the test that asks both databases for their plans.
pub fn listing_statements() -> Vec<(String, &'static str, String)> {
    let mut out = Vec::new();
    for list in LISTINGS {
        let whose = (!list.whose.is_empty()).then(Uuid::nil);
        for field in list.fields {
            let key = match field.kind {
                Kind::Id => Key::Id(Uuid::nil()),
                Kind::Time | Kind::Number => Key::Int(0),
                Kind::Text | Kind::Folded | Kind::Country | Kind::Word(_) => {
                    Key::Text("GB".to_owned())
                }
            };
            let demands = vec![Demand { field, test: Test::Is(key.clone()) }];
            let pick = Pick { demands, ..Pick::default() };
            let said = format!("{}: {} eq", list.name, field.name);
            out.push((said, field.index, list.statement(whose, &pick, 101).0));
            if !field.sorts {
                continue;
            }
            for descending in [false, true] {
                let id = match list.id_kind() {
                    Kind::Number => Key::Int(0),
                    _ => Key::Id(Uuid::nil()),
                };
                let mut pick = Pick { sort: Some((field, descending)), ..Pick::default() };
                let said = format!("{}: sort {}", list.name, field.name);
                out.push((said.clone(), field.index, list.statement(whose, &pick, 101).0));
                pick.after = Some((list.is_keyed(&pick).then(|| key.clone()), id));
                let said = format!("{said}, next page");
                out.push((said, field.index, list.statement(whose, &pick, 101).0));
            }
        }
    }
    out
}
