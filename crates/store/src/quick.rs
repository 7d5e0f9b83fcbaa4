//! What is asked alone and with every request. In a transaction of its own each of them would
//! take four messages to PostgreSQL and back (begin, whom it acts for, question, end); here it
//! takes one: every connection has the statements prepared, and whom one acts for is set in the
//! message that asks. The server runs both as one transaction.

use crate::db::Db;
use crate::identity::TOKEN_GET;
use crate::numbers::NUMBER_GET;
use crate::open::Backend;
use crate::value::{FromRow, Row};
use crate::walls::Reach;
use crate::{NumberRow, Store, StoreError, TokenRow};
use numbering::E164;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool};
use std::fmt::Write;

/// Their names on a connection, the types of their parameters, and what they are.
const PREPARED_PG: [(&str, &str, &str); 2] =
    [("token_get", "bytea", TOKEN_GET), ("number_get", "bigint", NUMBER_GET)];

/// Prepares them on a connection.
pub(crate) async fn prepare_pg(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for (name, types, sql) in PREPARED_PG {
        let prepare = format!("PREPARE {name} ({types}) AS {sql}");
        connection.execute(AssertSqlSafe(prepare)).await?;
    }
    Ok(())
}

/// Asks one of them; what it is called with is a number or hexadecimal digits of ours.
async fn ask_pg<T: FromRow>(
    pool: &PgPool,
    reach: Reach,
    call: &str,
) -> Result<Option<T>, StoreError> {
    let mut connection = pool.acquire().await?;
    let sql = format!("{}; EXECUTE {call}", reach.settings_pg());
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
    rows.into_iter().next().map(|row| T::from_row(&Row::Pg(row))).transpose()
}

impl Store {
    /// As [`Db::token_get`], alone.
    pub async fn token_seen(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let Backend::Pg { pool } = &self.backend else {
            let mut db: Db = self.read().await?;
            return db.token_get(hash).await;
        };
        let mut call = "token_get('\\x".to_owned();
        for byte in hash {
            write!(call, "{byte:02x}").expect("writing to a string does not fail");
        }
        call.push_str("')");
        ask_pg(pool, Reach::All, &call).await
    }

    /// As [`Db::number_get`], alone.
    pub async fn number_seen(
        &self,
        reach: Reach,
        number: E164,
    ) -> Result<Option<NumberRow>, StoreError> {
        let Backend::Pg { pool } = &self.backend else {
            let mut db: Db = self.read_as(reach).await?;
            return db.number_get(number).await;
        };
        ask_pg(pool, reach, &format!("number_get({})", number.value())).await
    }
}
