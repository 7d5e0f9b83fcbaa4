//! From imported rows to the inventory: a pure function, fed file by file so that rows need not
//! all be in memory at once.
//!
//! What two files say differently of one thing is a [`Conflict`]: settled by the rule that the
//! export whose own field it is counts, else the file imported first, or by somebody's hand.

mod calls;
mod join;
mod licences;
mod merge;
mod numbers;
mod pbx;
mod places;
mod policies;
mod traffic;
mod users;
mod voice;

use crate::import::{ColumnUse, ImportedFile, Row, Rows};
use crate::model::{
    Cloud, FileId, HuntKind, Inventory, LineNumber, PolicyKind, Remark, RemarkKind, SourceKind,
    SourceRef, UserLicence,
};
pub use calls::{CallFile, Calls};
use foldhash::HashMap;
use numbering::Country;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Remarks of one code that are kept; more are counted.
const MOST_REMARKS: usize = 50_000;

/// What an administrator says of the tenant as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Name of the tenant, for reports.
    pub name: String,
    /// Country of national numbers where nothing nearer tells.
    pub country: Option<Country>,
    /// Cloud, where no export tells.
    pub cloud: Option<Cloud>,
    /// Conflicts settled by hand.
    pub resolutions: Vec<HandResolution>,
}

/// A conflict settled by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandResolution {
    /// `user`, `number` or `site`.
    pub kind: String,
    /// Which.
    pub subject: String,
    /// Field.
    pub field: String,
    /// The value that counts: one of those in conflict.
    pub value: String,
    /// Why.
    pub reason: String,
}

/// Where the columns of a file are.
#[derive(Clone, Debug, Default)]
struct Columns {
    by_name: HashMap<String, usize>,
    /// Those that hold policies.
    policies: Vec<(usize, PolicyKind)>,
}

impl Columns {
    fn of(file: &ImportedFile) -> Self {
        let own = file.uses.iter().enumerate().filter(|(_, column)| column.index == 0);
        let policy = |(at, column): (usize, &ColumnUse)| match PolicyKind::read(&column.field) {
            PolicyKind::Other => None,
            kind => Some((at, kind)),
        };
        Self {
            by_name: own.map(|(at, column)| (column.field.clone(), at)).collect(),
            policies: file.uses.iter().enumerate().filter_map(policy).collect(),
        }
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

/// A file that was told of.
#[derive(Clone, Debug)]
struct Told {
    /// The file and its columns.
    read: Arc<(ImportedFile, Columns)>,
    /// The same for whoever reads calls, if it is a file of such.
    calls: Option<CallFile>,
    /// How many remarks there were before its first row.
    remarks: usize,
}

/// Builds an inventory.
#[derive(Debug, Default)]
pub struct Builder {
    settings: Settings,
    inventory: Inventory,
    files: Vec<Told>,
    /// Calls that are not read beside.
    calls: Calls,
    users: HashMap<String, usize>,
    /// Numbers by line and type, and the file that told of each last.
    numbers: HashMap<String, (usize, FileId)>,
    sites: HashMap<String, usize>,
    resource_accounts: HashMap<String, usize>,
    associations: HashMap<String, (Vec<String>, SourceRef)>,
    licences: HashMap<String, Vec<UserLicence>>,
    /// Assigned products as Graph tells them: user, product id, plans switched off, place.
    assigned: Vec<(String, String, Vec<String>, SourceRef)>,
    remark_counts: HashMap<String, usize>,
    /// Sites users were said to sit at, by user.
    seats: Vec<(String, String, SourceRef)>,
    /// Inbound routes of a PBX: number as written, what it is, destination, place.
    routes: Vec<(String, Option<LineNumber>, String, SourceRef)>,
    /// Where a conflict of kind, subject and field stands.
    conflicts: HashMap<(&'static str, String, String), usize>,
    /// Where a group of a PBX stands.
    groups: HashMap<(HuntKind, String), usize>,
}

impl Builder {
    /// An empty one.
    pub fn new(settings: Settings) -> Self {
        Self { calls: Calls::new(&settings), settings, ..Self::default() }
    }

    /// The next file, with the remarks made while it was read.
    pub fn file(&mut self, file: ImportedFile, remarks: Vec<Remark>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.inventory.files.push(file.source.clone());
        for mut remark in remarks {
            remark.at.file = id;
            self.keep_remark(remark);
        }
        let (calls, columns) = (CallFile::of(id, &file), Columns::of(&file));
        // All at once, rather than twice as much each time there is no room.
        let rows = usize::try_from(file.source.rows).unwrap_or(0).min(1 << 20);
        match file.source.kind {
            SourceKind::OnlineUsers | SourceKind::DirectoryUsers if self.users.is_empty() => {
                self.inventory.users.reserve(rows);
                // By name, address and object id.
                self.users.reserve(rows * 2);
            }
            SourceKind::NumberAssignments if self.numbers.is_empty() => {
                self.inventory.numbers.reserve(rows);
                self.numbers.reserve(rows);
            }
            _ => {}
        }
        let remarks = self.inventory.remarks.len();
        self.files.push(Told { read: Arc::new((file, columns)), calls, remarks });
        id
    }

    /// Some rows of a file.
    pub fn rows(&mut self, file: FileId, rows: &Rows) {
        let Some(told) = self.files.get(file.0 as usize) else { return };
        if let Some(calls) = &told.calls {
            self.calls.rows(calls, rows);
            return;
        }
        let read = told.read.clone();
        let (imported, columns) = &*read;
        for at in 0..rows.len() {
            let (line, cells) = rows.row(at);
            self.row(&Row { file, line, uses: &imported.uses, cells }, imported, columns);
        }
    }

    fn row(&mut self, row: &Row<'_>, file: &ImportedFile, columns: &Columns) {
        use SourceKind as K;
        match file.source.kind {
            K::OnlineUsers | K::UserConfigurations | K::DirectoryUsers => {
                self.user(row, columns, file.source.kind);
            }
            K::NumberAssignments | K::AcquiredNumbers => self.number(row, columns, file),
            K::AudiocodesNumbers => self.operator_number(row, columns, file),
            K::NumberTenantConfiguration => self.number_configuration(row, columns),
            K::NumberPolicies => self.number_policy(row, columns),
            K::NumberOrder => self.number_order(row, columns),
            K::BatchPolicies => self.batch_policy(row, columns),
            K::ResourceAccounts => self.resource_account(row, columns),
            K::ResourceAssociations => self.association(row, columns),
            K::CallQueues => self.queue(row, columns),
            K::AutoAttendants => self.attendant(row, columns),
            K::CallingSettings => self.calling_settings(row, columns),
            K::SharedCalling => self.shared_calling(row, columns),
            K::CivicAddresses => self.address(row, columns),
            K::LisLocations => self.location(row, columns),
            K::LisSubnets => self.lis_subnet(row, columns),
            K::LisAccessPoints => self.access_point(row, columns),
            K::LisSwitches => self.switch(row, columns),
            K::LisPorts => self.port(row, columns),
            K::NetworkSites | K::Sites => self.site(row, columns, file.source.kind),
            K::NetworkSubnets => self.site_subnet(row, columns),
            K::TrustedAddresses => self.trusted(row, columns),
            K::Buildings => self.building(row, columns),
            K::VoiceRoutes => self.voice_route(row, columns),
            K::PstnUsages => self.pstn_usage(row, columns),
            K::VoiceRoutingPolicies => self.voice_routing_policy(row, columns),
            K::Gateways => self.gateway(row, columns),
            K::GroupPolicies => self.group_policy(row, columns),
            K::UserPolicies => self.user_policy(row, columns),
            K::GroupMembers => self.group_member(row, columns),
            K::SubscribedSkus => self.sku(row, columns),
            K::LicenceDetails => self.licence(row, columns),
            K::Tenant => self.tenant(row, columns),
            // See [`Builder::rows`].
            K::PstnCalls | K::DirectRoutingCalls | K::OtherCalls => {}
            K::Quality => self.quality(row, columns),
            K::TeamsNetworkTool | K::Iperf3 | K::ThousandEyes | K::Measurements => {
                self.measurement(row, columns, file);
            }
            K::CucmPhones => self.cucm_phone(row, columns, file),
            K::CucmGroups => self.cucm_group(row, columns, file),
            K::CucmPatterns => self.cucm_pattern(row, columns),
            K::AvayaStations => self.avaya_station(row, columns, file),
            K::FreepbxExtensions => self.freepbx_extension(row, columns, file),
            K::FreepbxRoutes => self.freepbx_route(row, columns),
            K::FreepbxGroups => self.freepbx_group(row, columns),
            K::AsteriskEndpoints => self.asterisk_endpoint(row, columns, file),
            K::Lines => self.line(row, columns, file),
            K::Devices => self.device(row, columns),
            K::Rooms => self.room(row, columns, file),
            K::Roles => self.role(row, columns),
            K::Assignments => self.seat(row, columns),
            K::BilledNumbers => self.billed(row, columns, file),
            K::Other => {}
        }
    }

    /// Joins everything.
    pub fn finish(mut self) -> Inventory {
        let calls = std::mem::take(&mut self.calls);
        if !calls.is_empty() {
            self.take_over(calls);
        }
        self.join_and_describe();
        let mut counts: Vec<(String, usize)> = std::mem::take(&mut self.remark_counts)
            .into_iter()
            .filter(|(_, count)| *count > MOST_REMARKS)
            .collect();
        counts.sort();
        for (code, count) in counts {
            self.inventory.remarks.push(Remark {
                kind: RemarkKind::Note,
                at: SourceRef::default(),
                message: format!("{} more remarks of {code} are not shown", count - MOST_REMARKS),
                code,
                remedy: String::new(),
            });
        }
        self.inventory
    }

    fn keep_remark(&mut self, remark: Remark) {
        let count = self.remark_counts.entry(remark.code.clone()).or_default();
        *count += 1;
        if *count <= MOST_REMARKS {
            self.inventory.remarks.push(remark);
        }
    }

    fn remark(
        &mut self,
        kind: RemarkKind,
        at: SourceRef,
        code: &str,
        message: String,
        remedy: &str,
    ) {
        let (code, remedy) = (code.to_owned(), remedy.to_owned());
        self.keep_remark(Remark { kind, at, code, message, remedy });
    }

    /// A word of an enum, told about where nobody knows it.
    fn word<T>(
        &mut self,
        row: &Row<'_>,
        at: Option<usize>,
        read: impl Fn(&str) -> T,
        is_other: impl Fn(&T) -> bool,
    ) -> crate::model::Cell<T> {
        let cell = row.cell(at, |text| Some((read(text), text)));
        if let crate::model::Cell::Given { value: (value, text), at } = &cell
            && is_other(value)
        {
            let message = format!("{text:?} is no word this version knows");
            self.remark(RemarkKind::UnknownWord, *at, "unknown_word", message, "");
        }
        cell.map(|(value, _)| value)
    }

    /// Country for national numbers of a row: its site's, its file's, the tenant's.
    fn country_of(&self, file: &ImportedFile, site: &str) -> Option<Country> {
        let of_site = self
            .sites
            .get(&site.to_lowercase())
            .and_then(|at| Country::parse(self.inventory.sites[*at].country.text()).ok());
        of_site.or(file.source.country).or(self.settings.country)
    }
}

/// The inventory of files that are all at hand: what [`Builder`] does file by file.
pub fn build(
    settings: Settings,
    files: impl IntoIterator<Item = (ImportedFile, Vec<Remark>, Vec<Rows>)>,
) -> Inventory {
    let mut builder = Builder::new(settings);
    for (file, remarks, rows) in files {
        let id = builder.file(file, remarks);
        for rows in rows {
            builder.rows(id, &rows);
        }
    }
    builder.finish()
}
