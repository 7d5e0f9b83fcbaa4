//! Use cases: what tenants find in the stock of an operator that they consented to.

use crate::act::{Fail, cursor, limit};
use crate::authz::Access;
use crate::numbers::USAGES;
use crate::orders::{refusal_code, upload_context};
use crate::stock::amount_text;
use crate::{Cx, Exchange, ListQuery};
use api_types::shop::ShopNumber;
use api_types::{ErrorCode, Page, Problem};
use domain::number::Usage;
use domain::stock::{Blocks, Blockwise, MOST_BLOCK, Pattern, StockKind};
use domain::upload::{UploadRefusal, check_order};
use domain::{OperatorId, TenantId};
use numbering::{Country, E164};
use store::{Db, StockRow, StockWay};
use uuid::Uuid;

/// Rows that one page of a search looks at, at most: where nothing of what is wanted is among
/// them, the page is short and the next one goes on.
const LOOKED_AT: usize = 10_000;
const BATCH: u32 = 1000;

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct ShopSearch {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// City, region or network; upper and lower case are the same.
    pub area: Option<String>,
    /// `Geographic`, `Mobile`, `TollFree`, `Other`.
    pub kind: Option<String>,
    /// Usage.
    pub usage: Option<String>,
    /// Digits, `?` and `*` over the whole number.
    pub pattern: Option<String>,
    /// So many that follow one another.
    pub block: Option<u32>,
    /// Blocks that begin at a multiple of their size.
    pub aligned: bool,
}

/// A search that was understood.
struct Search {
    country: Country,
    way: StockWay,
    area: Option<String>,
    kind: Option<StockKind>,
    usage: Option<Usage>,
    pattern: Option<Pattern>,
    block: u32,
    aligned: bool,
}

fn parameter(field: &str, reason: impl Into<String>) -> Problem {
    ErrorCode::InvalidParameter.problem(Some(field), reason)
}

impl Search {
    fn read(asked: &ShopSearch) -> Result<Self, Problem> {
        let country = Country::parse(&asked.country).map_err(|error| {
            parameter("country", format!("{:?}: {error}", asked.country.get(..8).unwrap_or("")))
        })?;
        let kind = asked.kind.as_deref().map(|text| {
            StockKind::parse(text)
                .ok_or_else(|| parameter("kind", "a kind is Geographic, Mobile, TollFree or Other"))
        });
        let usage = asked
            .usage
            .as_deref()
            .map(|text| Usage::parse(text).ok_or_else(|| parameter("usage", USAGES)));
        let pattern = asked.pattern.as_deref().map(|text| {
            Pattern::parse(text).map_err(|error| parameter("pattern", error.to_string()))
        });
        let block = asked.block.unwrap_or(1);
        if !(1..=MOST_BLOCK).contains(&block) {
            let reason = format!("a block is 1 to {MOST_BLOCK} numbers");
            return Err(parameter("block", reason));
        }
        let area = asked.area.as_deref().map(domain::tag::fold);
        if area.iter().flat_map(|area| area.chars()).any(char::is_control) {
            return Err(parameter("area", "an area has no control characters"));
        }
        let kind = kind.transpose()?;
        // The narrower of the two indexes: an area is smaller than all geographic numbers.
        let way = match (&area, kind) {
            (Some(area), _) => StockWay::Area(area.clone()),
            (None, Some(kind)) => StockWay::Kind(kind),
            (None, None) => StockWay::Country,
        };
        Ok(Self {
            country,
            way,
            area,
            kind,
            usage: usage.transpose()?,
            pattern: pattern.transpose()?,
            block,
            aligned: asked.aligned,
        })
    }

    fn wants(&self, row: &StockRow) -> bool {
        row.reservation_id.is_none()
            && self.area.as_ref().is_none_or(|area| *area == row.area_folded)
            && self.kind.is_none_or(|kind| kind == row.kind)
            && self.usage.is_none_or(|usage| usage == row.usage)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(row.number))
    }

    /// Where numbers can lie that come after one.
    fn ranges(&self, after: Option<u64>) -> Vec<(u64, u64)> {
        let all = vec![(10, E164::MAX)];
        let ranges = self.pattern.as_ref().map_or(all, Pattern::ranges);
        let first = after.map_or(0, |after| after.saturating_add(1));
        ranges
            .into_iter()
            .filter(|(_, high)| *high >= first)
            .map(|(low, high)| (low.max(first), high))
            .collect()
    }
}

struct Row(StockRow);

impl Blockwise for Row {
    fn number(&self) -> E164 {
        self.0.number
    }

    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        (a.kind, a.usage, a.amount) == (b.kind, b.usage, b.amount)
            && (&a.area_folded, &a.price_note, &a.currency)
                == (&b.area_folded, &b.price_note, &b.currency)
    }
}

/// What was found, and where the search goes on; `None` where it is at its end.
struct Found {
    blocks: Vec<Vec<Row>>,
    reached: Option<u64>,
}

/// Looks at rows in their order until there are so many blocks, or it has looked at enough.
async fn look(
    db: &mut Db,
    operator: OperatorId,
    search: &Search,
    after: Option<u64>,
    most: usize,
) -> Result<Found, Fail> {
    let mut finder = Blocks::new(search.block, search.aligned);
    let mut blocks: Vec<Vec<Row>> = Vec::new();
    let mut looked = 0;
    for (low, high) in search.ranges(after) {
        let mut low = low;
        while low <= high {
            let span = (low.cast_signed(), high.cast_signed());
            let rows = db.stock_scan(operator, search.country, &search.way, span, BATCH).await?;
            let more = rows.len() == BATCH as usize;
            for row in rows {
                low = row.number.value() + 1;
                looked += 1;
                if !search.wants(&row) {
                    finder.skip();
                    continue;
                }
                if let Some(block) = finder.push(Row(row)) {
                    if blocks.len() == most {
                        // There is one more: the page ends with the last that fits.
                        let reached = blocks
                            .last()
                            .and_then(|block| block.last())
                            .map(|row| row.number().value());
                        return Ok(Found { blocks, reached });
                    }
                    blocks.push(block);
                }
            }
            if !more {
                break;
            }
            if looked >= LOOKED_AT {
                // An unfinished block is looked at again from its first number.
                let reached = finder.unfinished().map_or(low, E164::value) - 1;
                return Ok(Found { blocks, reached: Some(reached) });
            }
        }
    }
    Ok(Found { blocks, reached: None })
}

fn document(block: &[Row]) -> Option<ShopNumber> {
    let (first, last) = (&block.first()?.0, &block.last()?.0);
    Some(ShopNumber {
        first: first.number.to_string(),
        last: last.number.to_string(),
        count: u32::try_from(block.len()).unwrap_or(u32::MAX),
        country: first.country.to_string(),
        area: first.area.clone(),
        kind: first.kind.as_str().to_owned(),
        usage: first.usage.as_str().to_owned(),
        price_note: first.price_note.clone(),
        amount: amount_text(first.amount),
        currency: first.currency.clone(),
    })
}

/// A tenant looks into, and buys from, the stock of an operator that it consented to for the
/// country, while both sides stand by it. `fields` are to blame for the operator and the country.
pub(crate) async fn shop_gate(
    db: &mut Db,
    tenant: TenantId,
    operator: OperatorId,
    country: Country,
    fields: [&str; 2],
) -> Result<(), Fail> {
    let consent = db.consent_get(tenant, operator).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), true);
    let mut checked = check_order(&context);
    if checked.is_ok() && !context.consented_countries.contains(&country) {
        checked = Err(UploadRefusal::CountryNotConsented(country));
    }
    checked.map_err(|refusal| {
        let of_country = matches!(refusal, UploadRefusal::CountryNotConsented(_));
        let (code, _) = refusal_code(refusal);
        code.problem(Some(fields[usize::from(of_country)]), refusal.to_string()).into()
    })
}

impl Exchange {
    /// Numbers, or blocks of them, that can be had from an operator, in their order. A page may be
    /// shorter than asked for though more follow: it looks at so many numbers and no more.
    ///
    /// # Errors
    /// `no_consent`, `consent_suspended`, `relationship_ended`, `country_not_consented`,
    /// `invalid_parameter`, `forbidden`.
    pub async fn shop_number_list(
        &self,
        cx: &Cx,
        operator: Uuid,
        search: ShopSearch,
        list: ListQuery,
    ) -> Result<Page<ShopNumber>, Problem> {
        let (tenant, operator) = (cx.tenant(Access::Read)?, OperatorId(operator));
        let (most, after) = (limit(&list)? as usize, cursor::<u64>(&list)?);
        let search = Search::read(&search)?;
        let found = self
            .view_as(cx, async |mut db: Db| {
                shop_gate(&mut db, tenant, operator, search.country, ["operator_id", "country"])
                    .await?;
                look(&mut db, operator, &search, after, most).await
            })
            .await?;
        let next_cursor = found.reached.map(crate::act::cursor_of);
        let items = found.blocks.iter().filter_map(|block| document(block)).collect();
        Ok(Page { items, next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(asked: ShopSearch) -> Result<Search, String> {
        let asked = ShopSearch { country: "GB".into(), ..asked };
        Search::read(&asked).map_err(|problem| problem.field.unwrap_or_default())
    }

    #[test]
    fn what_is_asked_is_read_or_refused_by_its_field() {
        let ok = |asked| search(asked).unwrap_or_else(|field| panic!("{field}"));
        assert!(matches!(ok(ShopSearch::default()).way, StockWay::Country));
        let both = ShopSearch {
            area: Some(" London ".into()),
            kind: Some("Mobile".into()),
            ..ShopSearch::default()
        };
        assert!(matches!(ok(both).way, StockWay::Area(area) if area == "london"));
        let kind = ShopSearch { kind: Some("TollFree".into()), ..ShopSearch::default() };
        assert!(matches!(ok(kind).way, StockWay::Kind(StockKind::TollFree)));
        for (field, asked) in [
            ("kind", ShopSearch { kind: Some("Fax".into()), ..ShopSearch::default() }),
            ("usage", ShopSearch { usage: Some("Fax".into()), ..ShopSearch::default() }),
            ("pattern", ShopSearch { pattern: Some("*".into()), ..ShopSearch::default() }),
            ("block", ShopSearch { block: Some(0), ..ShopSearch::default() }),
            ("block", ShopSearch { block: Some(1001), ..ShopSearch::default() }),
            ("area", ShopSearch { area: Some("a\u{0}".into()), ..ShopSearch::default() }),
        ] {
            assert_eq!(search(asked).err().as_deref(), Some(field));
        }
        let none = Search::read(&ShopSearch::default()).err().and_then(|problem| problem.field);
        assert_eq!(none.as_deref(), Some("country"));
    }

    #[test]
    fn a_page_goes_on_after_its_last_number() {
        let asked = ShopSearch { pattern: Some("4420794600??".into()), ..ShopSearch::default() };
        let search = search(asked).unwrap_or_else(|field| panic!("{field}"));
        let all = (442_079_460_000, 442_079_460_099);
        assert_eq!(search.ranges(None), [all]);
        assert_eq!(search.ranges(Some(442_079_460_050)), [(442_079_460_051, all.1)]);
        assert!(search.ranges(Some(all.1)).is_empty() && search.ranges(Some(u64::MAX)).is_empty());
    }
}
