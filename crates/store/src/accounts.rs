//! People's local accounts: login, password, second factor.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use uuid::Uuid;

row! {
    /// An account.
    LocalAccountRow {
        principal_id: Uuid,
        login: String,
        password: String,
        totp_secret: Option<Vec<u8>>,
        totp_confirmed: bool,
        totp_step: i64,
        failures: i64,
        locked_until: i64,
        created_at: i64,
    }
}

statements! {
    LOCAL_ACCOUNT_PUT = "INSERT INTO local_account (principal_id, login, password, totp_secret, \
        totp_confirmed, totp_step, failures, locked_until, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (principal_id) DO UPDATE SET login = excluded.login, \
        password = excluded.password, totp_secret = excluded.totp_secret, \
        totp_confirmed = excluded.totp_confirmed, totp_step = excluded.totp_step, \
        failures = excluded.failures, locked_until = excluded.locked_until";
    LOCAL_ACCOUNT_GET = "SELECT principal_id, login, password, totp_secret, totp_confirmed, \
        totp_step, failures, locked_until, created_at FROM local_account WHERE principal_id = $1";
    LOCAL_ACCOUNT_OF_LOGIN = "SELECT principal_id, login, password, totp_secret, totp_confirmed, \
        totp_step, failures, locked_until, created_at FROM local_account WHERE login = $1";
    LOCAL_ACCOUNT_TOUCH = "UPDATE local_account SET failures = failures WHERE principal_id = $1";
    LOCAL_ACCOUNT_FAILED = "UPDATE local_account SET failures = $2, locked_until = $3 \
        WHERE principal_id = $1";
    TOTP_STEP_USE = "UPDATE local_account SET totp_step = $2 \
        WHERE principal_id = $1 AND totp_step < $2";
    RECOVERY_CODE_INSERT = "INSERT INTO recovery_code (principal_id, hash) VALUES ($1, $2)";
    RECOVERY_CODE_USE = "DELETE FROM recovery_code WHERE principal_id = $1 AND hash = $2";
    RECOVERY_CODE_CLEAR = "DELETE FROM recovery_code WHERE principal_id = $1";
    RECOVERY_CODE_COUNT = "SELECT COUNT(*) AS v FROM recovery_code WHERE principal_id = $1";
    SESSION_END_OTHERS = "UPDATE token SET revoked_at = $3 \
        WHERE principal_id = $1 AND hash <> $2 AND kind = 'session' AND revoked_at IS NULL";
}

impl Db {
    /// Makes an account, or writes it anew.
    pub async fn local_account_put(&mut self, a: &LocalAccountRow) -> Result<(), StoreError> {
        let args = args![
            a.principal_id,
            a.login,
            a.password,
            a.totp_secret,
            a.totp_confirmed,
            a.totp_step,
            a.failures,
            a.locked_until,
            a.created_at,
        ];
        self.exec(LOCAL_ACCOUNT_PUT, args).await?;
        Ok(())
    }

    /// A principal's account.
    pub async fn local_account_get(
        &mut self,
        principal: Uuid,
    ) -> Result<Option<LocalAccountRow>, StoreError> {
        self.one(LOCAL_ACCOUNT_GET, args![principal]).await
    }

    /// The account of a login.
    pub async fn local_account_of(
        &mut self,
        login: &str,
    ) -> Result<Option<LocalAccountRow>, StoreError> {
        self.one(LOCAL_ACCOUNT_OF_LOGIN, args![login.to_owned()]).await
    }

    /// Keeps others from proving or changing the account until this transaction ends.
    pub async fn local_account_touch(&mut self, principal: Uuid) -> Result<(), StoreError> {
        self.exec(LOCAL_ACCOUNT_TOUCH, args![principal]).await?;
        Ok(())
    }

    /// Writes how often proofs failed since the last good one, and until when none is taken.
    pub async fn local_account_failed(
        &mut self,
        principal: Uuid,
        failures: i64,
        locked_until: i64,
    ) -> Result<(), StoreError> {
        self.exec(LOCAL_ACCOUNT_FAILED, args![principal, failures, locked_until]).await?;
        Ok(())
    }

    /// Uses the code of a time step up; `false` where it, or a later one, was used before.
    pub async fn totp_step_use(&mut self, principal: Uuid, step: i64) -> Result<bool, StoreError> {
        Ok(self.exec(TOTP_STEP_USE, args![principal, step]).await? > 0)
    }

    /// Adds a recovery code by its hash.
    pub async fn recovery_code_insert(
        &mut self,
        principal: Uuid,
        hash: [u8; 32],
    ) -> Result<(), StoreError> {
        self.exec(RECOVERY_CODE_INSERT, args![principal, hash.to_vec()]).await?;
        Ok(())
    }

    /// Uses a recovery code up; `false` where the principal has none such.
    pub async fn recovery_code_use(
        &mut self,
        principal: Uuid,
        hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        Ok(self.exec(RECOVERY_CODE_USE, args![principal, hash.to_vec()]).await? > 0)
    }

    /// Forgets a principal's recovery codes.
    pub async fn recovery_code_clear(&mut self, principal: Uuid) -> Result<(), StoreError> {
        self.exec(RECOVERY_CODE_CLEAR, args![principal]).await?;
        Ok(())
    }

    /// How many recovery codes a principal has left.
    pub async fn recovery_code_count(&mut self, principal: Uuid) -> Result<i64, StoreError> {
        Ok(self.value(RECOVERY_CODE_COUNT, args![principal]).await?.unwrap_or(0))
    }

    /// Ends every browser session of a principal but the one of this hash.
    pub async fn session_end_others(
        &mut self,
        principal: Uuid,
        but: [u8; 32],
        at: i64,
    ) -> Result<(), StoreError> {
        self.exec(SESSION_END_OTHERS, args![principal, but.to_vec(), at]).await?;
        Ok(())
    }
}
