//! Use cases: the data transfer notice. Consents say which version they accepted; a newer one is
//! asked for anew, and stops no call (operator-connect.md 1.4).

use crate::act::{HOUSE, Keep, change_other, cursor, done, invalid, limit, page, time};
use crate::authz::Access;
use crate::{Cx, Exchange, ListQuery};
use api_types::tenant::{Notice, NoticeCreate};
use api_types::{Page, Problem};
use store::{Db, NoticeRow};

/// Longest notice, characters.
const MAX_TEXT: usize = 20_000;
/// What there is while nobody has written one.
const NONE_WRITTEN: &str =
    "The contacts, the company and the needs that you name here are passed on to the operator.";

fn document(row: NoticeRow) -> Notice {
    Notice { version: row.version, text: row.body, published_at: Some(time(row.published_at)) }
}

impl Exchange {
    /// The notice in force; version 0 while the programme has written none.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn notice_get(&self, cx: &Cx) -> Result<Notice, Problem> {
        cx.tenant(Access::Read)?;
        let rows = self.view_as(cx, async |mut db: Db| Ok(db.notice_list(None, 1).await?)).await?;
        Ok(rows.into_iter().next().map_or_else(
            || Notice { version: 0, text: NONE_WRITTEN.to_owned(), published_at: None },
            document,
        ))
    }

    /// Every version there was, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn notice_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Notice>, Problem> {
        cx.programme(Access::Read)?;
        let (limit, before) = (limit(&list)?, cursor::<i64>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.notice_list(before, limit + 1).await?))
            .await?;
        Ok(page(rows, limit, |row| row.version, document))
    }

    /// Writes a new version, which is in force at once: tenants are asked to accept it.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`.
    pub async fn notice_create(&self, cx: &Cx, new: NoticeCreate) -> Result<Notice, Problem> {
        cx.programme(Access::Write)?;
        let text = new.text.trim();
        // Lines and tabs are a text's own.
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(control) {
            let reason = format!("a notice has 1 to {MAX_TEXT} characters");
            return Err(invalid("text", reason));
        }
        self.act(cx, "notice.create", Keep::Answer, async |mut tx| {
            let newest = tx.notice_list(None, 1).await?.first().map_or(0, |row| row.version);
            let row =
                NoticeRow { version: newest + 1, body: text.to_owned(), published_at: tx.at() };
            tx.notice_insert(&row).await?;
            change_other(&mut tx, "notice", row.version, HOUSE);
            let version = row.version;
            done(document(row), version)
        })
        .await
    }
}
