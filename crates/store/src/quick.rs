//! What is asked alone and with every request. In a transaction of its own each of them would
//! take four messages to PostgreSQL and back (begin, whom it acts for, question, end); here it
//! takes one: every connection has the statements prepared, and whom one acts for is set in the
//! message that asks. The server runs both as one transaction.

use crate::db::Db;
use crate::identity::TOKEN_GET;
use crate::numbers::{NUMBER_SEEN_PG, NUMBER_TAGS};
use crate::open::Backend;
use crate::pools::Pools;
use crate::value::{FromRow, Row};
use crate::walls::Reach;
use crate::{NumberRow, NumberTagRow, Store, StoreError, TokenRow};
use futures_util::TryStreamExt;
use numbering::E164;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Either, Executor, PgConnection};
use std::fmt::Write;
use std::time::Instant;

/// Their names on a connection, the types of their parameters, and what they are.
const PREPARED_PG: [(&str, &str, &str); 3] = [
    ("token_get", "bytea", TOKEN_GET),
    ("number_seen", "bigint", NUMBER_SEEN_PG),
    ("number_tags", "bigint", NUMBER_TAGS),
];

/// Prepares them on a connection.
pub(crate) async fn prepare_pg(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for (name, types, sql) in PREPARED_PG {
        let prepare = format!("PREPARE {name} ({types}) AS {sql}");
        connection.execute(AssertSqlSafe(prepare)).await?;
    }
    Ok(())
}

/// Asks some of them at once, and gives the rows of each; what they are called with is a number or
/// hexadecimal digits of ours.
async fn ask_pg<const N: usize>(
    pools: &Pools,
    reach: Reach,
    calls: [String; N],
) -> Result<[Vec<PgRow>; N], StoreError> {
    let (mut connection, _turn) = pools.acquire().await?;
    let mut sql = reach.settings_pg();
    for call in &calls {
        sql.push_str("; EXECUTE ");
        sql.push_str(call);
    }
    let mut rows = [const { Vec::new() }; N];
    let mut answers = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut *connection);
    // Settings answer with their end alone, each question with its rows and its end.
    let settings = reach.settings_pg().split(';').count();
    let mut ended = 0usize;
    while let Some(answer) = answers.try_next().await? {
        match answer {
            Either::Left(_) => ended += 1,
            Either::Right(row) => {
                if let Some(rows) = rows.get_mut(ended.saturating_sub(settings)) {
                    rows.push(row);
                }
            }
        }
    }
    Ok(rows)
}

fn read<T: FromRow>(rows: Vec<PgRow>) -> impl Iterator<Item = Result<T, StoreError>> {
    rows.into_iter().map(|row| T::from_row(&Row::Pg(row)))
}

impl Store {
    /// As [`Db::token_get`], alone; on PostgreSQL as it was seen a moment ago, unless anybody
    /// changed it since (`tokens.rs`).
    pub async fn token_seen(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let Backend::Pg { pools } = &self.backend else {
            let mut db: Db = self.read().await?;
            return db.token_get(hash).await;
        };
        let age = match self.shared.tokens.get(&hash, Instant::now()) {
            Ok(row) => return Ok(Some(row)),
            Err(age) => age,
        };
        let mut call = "token_get('\\x".to_owned();
        for byte in hash {
            write!(call, "{byte:02x}").expect("writing to a string does not fail");
        }
        call.push_str("')");
        let [rows] = ask_pg(pools, Reach::All, [call]).await?;
        let row = read(rows).next().transpose()?;
        if let Some(row) = &row {
            self.shared.tokens.keep(hash, row, age, Instant::now());
        }
        Ok(row)
    }

    /// As [`Db::number_get`] with [`Db::tags_of`], alone.
    pub async fn number_seen(
        &self,
        reach: Reach,
        number: E164,
    ) -> Result<Option<(NumberRow, Vec<NumberTagRow>)>, StoreError> {
        let Backend::Pg { pools } = &self.backend else {
            let mut db: Db = self.read_as(reach).await?;
            let Some(row) = db.number_get(number).await? else { return Ok(None) };
            return Ok(Some((row, db.tags_of(&[number]).await?)));
        };
        let n = number.value();
        let calls = [format!("number_seen({n})"), format!("number_tags({n})")];
        let [rows, tags] = ask_pg(pools, reach, calls).await?;
        let Some(row) = read(rows).next().transpose()? else { return Ok(None) };
        Ok(Some((row, read(tags).collect::<Result<_, _>>()?)))
    }
}
