//! One statement on whichever database it is: the text is written once, the
//! call is compiled for both.

use crate::StoreError;
use crate::pools::Turn;
use crate::tokens::changes_access;
use crate::value::{Arg, Column, FromRow, Row};
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

/// An open transaction on either database. All that can be read or written is
/// a method of it.
pub struct Db {
    pub(crate) inner: Inner,
    /// Something was done that may change what a token opens.
    pub(crate) changes_access: bool,
    /// Of PostgreSQL's connection.
    _turn: Turn,
}

pub(crate) enum Inner {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

/// Compiles the same code once for each database.
macro_rules! on_both {
    ($db:expr, $sql:expr, $args:expr, |$query:ident, $conn:ident, $wrap:ident| $body:expr) => {
        match &mut $db.inner {
            Inner::Lite(transaction) => {
                #[allow(unused_imports)]
                use Row::Lite as $wrap;
                let mut $query = sqlx::query::<Sqlite>($sql);
                for arg in $args {
                    $query = match arg {
                        Arg::Int(v) => $query.bind(v),
                        Arg::Text(v) => $query.bind(v),
                        Arg::Uuid(v) => $query.bind(v),
                        Arg::Bytes(v) => $query.bind(v),
                        Arg::Bool(v) => $query.bind(v),
                    };
                }
                let $conn = &mut **transaction;
                $body
            }
            Inner::Pg(transaction) => {
                #[allow(unused_imports)]
                use Row::Pg as $wrap;
                let mut $query = sqlx::query::<Postgres>($sql);
                for arg in $args {
                    $query = match arg {
                        Arg::Int(v) => $query.bind(v),
                        Arg::Text(v) => $query.bind(v),
                        Arg::Uuid(v) => $query.bind(v),
                        Arg::Bytes(v) => $query.bind(v),
                        Arg::Bool(v) => $query.bind(v),
                    };
                }
                let $conn = &mut **transaction;
                $body
            }
        }
    };
}

impl Db {
    pub(crate) fn lite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self { inner: Inner::Lite(transaction), changes_access: false, _turn: None }
    }

    pub(crate) fn pg((transaction, turn): (Transaction<'static, Postgres>, Turn)) -> Self {
        Self { inner: Inner::Pg(transaction), changes_access: false, _turn: turn }
    }

    pub(crate) fn is_pg(&self) -> bool {
        matches!(self.inner, Inner::Pg(_))
    }

    /// Rows touched.
    pub(crate) async fn exec(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        self.changes_access |= changes_access(sql);
        on_both!(self, sql, args, |query, conn, _Row| {
            Ok(query.execute(conn).await?.rows_affected())
        })
    }

    pub(crate) async fn all<T: FromRow>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        self.changes_access |= changes_access(sql);
        on_both!(self, sql, args, |query, conn, wrap| {
            let mut rows = query.fetch(conn);
            let mut out = Vec::new();
            while let Some(row) = rows.try_next().await? {
                out.push(T::from_row(&wrap(row))?);
            }
            Ok(out)
        })
    }

    /// The same by a statement that was put together from constants (`listing.rs`).
    pub(crate) async fn all_built<T: FromRow>(
        &mut self,
        sql: String,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        on_both!(self, AssertSqlSafe(sql), args, |query, conn, wrap| {
            let mut rows = query.fetch(conn);
            let mut out = Vec::new();
            while let Some(row) = rows.try_next().await? {
                out.push(T::from_row(&wrap(row))?);
            }
            Ok(out)
        })
    }

    pub(crate) async fn one<T: FromRow>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, StoreError> {
        self.changes_access |= changes_access(sql);
        on_both!(self, sql, args, |query, conn, wrap| {
            query.fetch_optional(conn).await?.map(|row| T::from_row(&wrap(row))).transpose()
        })
    }

    /// The column `v` of the only row.
    pub(crate) async fn value<T: Column>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, StoreError> {
        self.changes_access |= changes_access(sql);
        on_both!(self, sql, args, |query, conn, wrap| {
            query.fetch_optional(conn).await?.map(|row| wrap(row).get("v")).transpose()
        })
    }

    /// The column `v` of every row.
    pub(crate) async fn values<T: Column>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        self.changes_access |= changes_access(sql);
        on_both!(self, sql, args, |query, conn, wrap| {
            let mut rows = query.fetch(conn);
            let mut out = Vec::new();
            while let Some(row) = rows.try_next().await? {
                out.push(wrap(row).get("v")?);
            }
            Ok(out)
        })
    }

    pub(crate) async fn finish(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Lite(transaction) => Ok(transaction.commit().await?),
            Inner::Pg(transaction) => transaction.commit().await.map_err(StoreError::of_commit),
        }
    }
}

/// Declares a module's statements and lists them for the test that prepares
/// every one on both servers. A name that ends in `_LITE` or `_PG` is a fork.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(pub(crate) const $name: &str = $sql;)*
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}
pub(crate) use statements;
