//! Use cases: people's local accounts, with a password (argon2id) and a second factor (RFC 6238).

use crate::act::{Fail, HOUSE, Keep, change_other, done, invalid, not_found, now};
use crate::identity::{role_of, session_insert};
use crate::totp::{base32, step_of};
use crate::{Actor, Cx, Exchange, secret};
use api_types::identity::{
    Account, AccountPut, RecoveryCodes, Session, TotpConfirm, TotpRemove, TotpStart, TotpStarted,
};
use api_types::{ErrorCode, Problem};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use std::sync::LazyLock;
use store::{LocalAccountRow, Tx};
use tokio::sync::Semaphore;
use uuid::Uuid;

const SECOND: i64 = 1_000_000;
/// A password's length, in characters (NIST SP 800-63B section 3.1.1.2).
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=200;
/// Failures before an account is locked for a while, …
const FREE_FAILURES: i64 = 5;
/// … which doubles with each further one, seconds.
const SHORTEST_LOCK: i64 = 15;
const LONGEST_LOCK: i64 = 900;
const RECOVERY_CODES: usize = 10;
/// Passwords that are hashed at a time: strangers may ask for it, and each takes memory.
static HANDS: Semaphore = Semaphore::const_new(4);

/// What a wrong login is compared with, so that it takes as long as a wrong password.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hashed(&secret::draw()).expect("argon2 hashes what was just drawn"));

fn hashed(password: &str) -> Result<String, Problem> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| {
        tracing::error!(%error, "a password cannot be hashed");
        ErrorCode::Internal.problem(None, "the password could not be hashed")
    })
}

fn is_it(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept)
        .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

/// Off the threads that serve others: hashing takes some 20 MB and tens of milliseconds.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let hand = HANDS.acquire().await;
    // Whoever asked may be gone before the work is done: it keeps its hand.
    let work = move || {
        let _hand = hand;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "hashing a password failed");
        ErrorCode::Internal.problem(None, "the password could not be hashed")
    })
}

fn login_parse(login: &str) -> Result<String, Problem> {
    let login = login.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+".contains(c);
    if (3..=100).contains(&login.len()) && login.chars().all(plain) {
        return Ok(login);
    }
    Err(invalid("login", "a login is 3 to 100 letters, digits and @._-+, such as an address"))
}

fn password_parse(field: &str, login: &str, password: &str) -> Result<(), Problem> {
    if !PASSWORD.contains(&password.chars().count()) {
        return Err(invalid(field, "a password is 12 to 200 characters long"));
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) || password.to_lowercase().contains(login) {
        return Err(invalid(field, "a password is neither one character nor made of the login"));
    }
    Ok(())
}

fn wrong() -> Problem {
    ErrorCode::LoginInvalid.problem(None, "login, password or one-time code is wrong")
}

/// Too many proofs failed lately.
fn lock_of(account: &LocalAccountRow, at: i64) -> Result<(), Problem> {
    if account.locked_until <= at {
        return Ok(());
    }
    let seconds = (account.locked_until - at).div_euclid(SECOND) + 1;
    let reason = format!("too many sign-ins failed; the next is taken in {seconds} s");
    Err(ErrorCode::LoginLocked.problem(None, reason))
}

/// Counts a proof that failed; from some number of them on none is taken for a while.
async fn count_failure(tx: &mut Tx, account: &LocalAccountRow) -> Result<(), Fail> {
    let failures = account.failures + 1;
    let lock = match failures - FREE_FAILURES {
        ..0 => 0,
        further => (SHORTEST_LOCK << further.min(10)).min(LONGEST_LOCK) * SECOND,
    };
    let until = tx.at() + lock;
    Ok(tx.local_account_failed(account.principal_id, failures, until).await?)
}

/// As people type recovery codes: in any case, with or without the dash.
fn recovery_hash(shown: &str) -> [u8; 32] {
    let plain: String = shown.chars().filter(char::is_ascii_alphanumeric).collect();
    secret::hash(&plain.to_ascii_lowercase())
}

/// 50 random bits, in two groups.
fn recovery_draw() -> String {
    let mut bytes = [0u8; 7];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let text = base32(&bytes).to_ascii_lowercase();
    format!("{}-{}", &text[..5], &text[5..10])
}

impl Exchange {
    /// Signs a person in by login and password, and a one-time or recovery code where the account
    /// asks for one. Answers with the cookie's token.
    ///
    /// # Errors
    /// `login_invalid`, `one_time_code_required`, `login_locked`.
    pub async fn session_create_by_password(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<(String, Session), Problem> {
        let name = login.trim().to_ascii_lowercase();
        if name.chars().any(char::is_control) {
            return Err(wrong());
        }
        let found = self.view(async move |mut db| Ok(db.local_account_of(&name).await?)).await?;
        if let Some(account) = &found {
            lock_of(account, now())?;
        }
        let kept = found.as_ref().map_or_else(|| NOBODYS.clone(), |a| a.password.clone());
        let shown = password.to_owned();
        let good = off(move || is_it(&shown, &kept)).await?;
        let Some(account) = found else { return Err(wrong()) };
        let (principal, proven) = (account.principal_id, &account.password);
        let token = secret::draw();
        let hash = secret::hash(&token);
        let sign_in = self.inner.store.write(async |mut tx: Tx| -> Result<_, Fail> {
            // One after the other: guesses that come at once are counted like any others.
            let account = account_must(&mut tx, principal).await?;
            lock_of(&account, tx.at())?;
            let good = good && account.password == *proven;
            let refused = match (good, account.totp_confirmed, code) {
                (false, ..) => Some(wrong()),
                (true, false, _) => None,
                (true, true, None) => {
                    let reason = "this account has a second factor";
                    let code = ErrorCode::OneTimeCodeRequired;
                    return Err(code.problem(Some("/one_time_code"), reason).into());
                }
                (true, true, Some(code)) => {
                    let used = use_code(&mut tx, &account, code).await?;
                    (!used).then(wrong)
                }
            };
            if let Some(refused) = refused {
                count_failure(&mut tx, &account).await?;
                return Ok(Err(refused));
            }
            let client = tx.principal_get(principal).await?;
            let client = client.filter(|row| row.disabled_at.is_none()).ok_or_else(wrong)?;
            let role = role_of(&client)?;
            if account.failures > 0 {
                tx.local_account_failed(principal, 0, 0).await?;
            }
            session_insert(&mut tx, hash, &client, role).await?;
            change_other(&mut tx, "session", client.id, HOUSE);
            Ok(Ok((client, role)))
        });
        let (client, role) = sign_in.await??;
        let actor =
            Actor { principal: client.id, name: client.name, role, scopes: role.scopes().to_vec() };
        Ok((token, self.session_get(&actor).await?))
    }

    /// One's own account.
    ///
    /// # Errors
    /// `not_found` where one has none.
    pub async fn own_account_get(&self, cx: &Cx) -> Result<Account, Problem> {
        let principal = cx.actor.principal;
        self.view(async move |mut db| {
            let row = db.local_account_get(principal).await?;
            let row = row.ok_or_else(no_account)?;
            let left = db.recovery_code_count(principal).await?;
            Ok(document(&row, left))
        })
        .await
    }

    /// Gives oneself a login and a password, or changes them; other sessions end. `shown` is what
    /// the caller came with: a program's token may not do it.
    ///
    /// # Errors
    /// `invalid_field`, `conflict` where the login is taken, `login_invalid` where the current
    /// password is wrong or missing; `forbidden`.
    pub async fn own_account_put(
        &self,
        cx: &Cx,
        shown: &str,
        put: AccountPut,
    ) -> Result<Account, Problem> {
        let login = login_parse(&put.login)?;
        password_parse("password", &login, &put.password)?;
        let proven = self.account_known(cx, put.current_password.as_deref()).await?;
        let proven = proven.as_deref();
        let password = put.password;
        let password = off(move || hashed(&password)).await??;
        let (login, password, principal) = (&login, &password, cx.actor.principal);
        let with = secret::hash(shown);
        self.act(cx, "account.put", Keep::Answer, async |mut tx| {
            tx.reach_all().await?;
            person_must(&mut tx, principal, with).await?;
            let taken = tx.local_account_of(login).await?;
            if taken.is_some_and(|row| row.principal_id != principal) {
                let reason = "somebody else has this login";
                return Err(ErrorCode::Conflict.problem(Some("/login"), reason).into());
            }
            let at = tx.at();
            let before = account_still(&mut tx, principal, proven).await?;
            let mut row = before.unwrap_or_else(|| LocalAccountRow {
                principal_id: principal,
                login: String::new(),
                password: String::new(),
                totp_secret: None,
                totp_confirmed: false,
                totp_step: 0,
                failures: 0,
                locked_until: 0,
                created_at: at,
            });
            row.login.clone_from(login);
            row.password.clone_from(password);
            tx.local_account_put(&row).await?;
            tx.session_end_others(principal, with, at).await?;
            change_other(&mut tx, "account", principal, HOUSE);
            let left = tx.recovery_code_count(principal).await?;
            done(document(&row, left), principal)
        })
        .await
    }

    /// The account's password is this; an account that is not there has none. Guesses are counted
    /// as those of a sign-in are: whoever found a browser open does not know the password. Answers
    /// with what was proven, for [`account_still`].
    async fn account_known(
        &self,
        cx: &Cx,
        password: Option<&str>,
    ) -> Result<Option<String>, Problem> {
        let principal = cx.actor.principal;
        let row = self.view(async |mut db| Ok(db.local_account_get(principal).await?)).await?;
        let Some(row) = row else { return Ok(None) };
        lock_of(&row, now())?;
        if let Some(shown) = password.map(str::to_owned) {
            let kept = row.password.clone();
            if off(move || is_it(&shown, &kept)).await? {
                return Ok(Some(row.password));
            }
            self.failure_counted(principal).await?;
        }
        let reason = "the account's present password is another";
        Err(ErrorCode::LoginInvalid.problem(Some("/current_password"), reason))
    }

    async fn failure_counted(&self, principal: Uuid) -> Result<(), Problem> {
        let counted = self.inner.store.write(async |mut tx: Tx| -> Result<(), Fail> {
            let account = account_must(&mut tx, principal).await?;
            count_failure(&mut tx, &account).await
        });
        Ok(counted.await?)
    }

    /// Begins to add a second factor: it counts once a code of it was shown. The secret is in the
    /// answer and never again.
    ///
    /// # Errors
    /// `not_found` without an account, `conflict` where there is one already, `login_invalid`.
    pub async fn totp_start(&self, cx: &Cx, ask: TotpStart) -> Result<TotpStarted, Problem> {
        let proven = self.account_known(cx, Some(&ask.current_password)).await?;
        let (principal, proven) = (cx.actor.principal, proven.as_deref());
        let mut bytes = [0u8; 20];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        self.act(cx, "totp.start", Keep::Nothing, async |mut tx| {
            tx.reach_all().await?;
            let row = account_still(&mut tx, principal, proven).await?;
            let mut row = row.ok_or_else(no_account)?;
            if row.totp_confirmed {
                let reason = "the account has a second factor; remove it first";
                return Err(ErrorCode::Conflict.problem(None, reason).into());
            }
            row.totp_secret = Some(bytes.to_vec());
            row.totp_step = 0;
            tx.local_account_put(&row).await?;
            change_other(&mut tx, "account", principal, HOUSE);
            let secret = base32(&bytes);
            let login = row.login.replace('@', "%40").replace('+', "%2B");
            let otpauth_uri =
                format!("otpauth://totp/Meetpoint:{login}?secret={secret}&issuer=Meetpoint");
            done(TotpStarted { secret, otpauth_uri }, principal)
        })
        .await
    }

    /// Adds the second factor, a code of which proves that it works. Answers with recovery codes,
    /// shown this once.
    ///
    /// # Errors
    /// `not_found` without an account, `conflict` where none was begun, `login_invalid` for a
    /// wrong code.
    pub async fn totp_confirm(&self, cx: &Cx, ask: TotpConfirm) -> Result<RecoveryCodes, Problem> {
        let (principal, ask) = (cx.actor.principal, &ask);
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_draw()).collect();
        let codes = &codes;
        self.act(cx, "totp.confirm", Keep::Nothing, async |mut tx| {
            tx.reach_all().await?;
            let mut row = account_must(&mut tx, principal).await?;
            let secret = row.totp_secret.clone().filter(|_| !row.totp_confirmed);
            let Some(secret) = secret else {
                let reason = "no second factor is being added";
                return Err(ErrorCode::Conflict.problem(None, reason).into());
            };
            let seconds = tx.at().div_euclid(SECOND);
            let step = step_of(&secret, ask.one_time_code.trim(), seconds, row.totp_step);
            let Some(step) = step else {
                let reason = "this is not the code of now";
                let code = ErrorCode::LoginInvalid;
                return Err(code.problem(Some("/one_time_code"), reason).into());
            };
            (row.totp_confirmed, row.totp_step) = (true, step);
            tx.local_account_put(&row).await?;
            tx.recovery_code_clear(principal).await?;
            for code in codes {
                tx.recovery_code_insert(principal, recovery_hash(code)).await?;
            }
            change_other(&mut tx, "account", principal, HOUSE);
            done(RecoveryCodes { recovery_codes: codes.clone() }, principal)
        })
        .await
    }

    /// Takes the second factor away.
    ///
    /// # Errors
    /// `not_found` without an account, `conflict` without a second factor, `login_invalid`.
    pub async fn totp_remove(&self, cx: &Cx, ask: TotpRemove) -> Result<(), Problem> {
        let proven = self.account_known(cx, Some(&ask.current_password)).await?;
        let (principal, proven, ask) = (cx.actor.principal, proven.as_deref(), &ask);
        let removed = self.act(cx, "totp.remove", Keep::Answer, async |mut tx| {
            tx.reach_all().await?;
            let row = account_still(&mut tx, principal, proven).await?.ok_or_else(no_account)?;
            if !row.totp_confirmed {
                let reason = "the account has no second factor";
                return Err(ErrorCode::Conflict.problem(None, reason).into());
            }
            if !use_code(&mut tx, &row, &ask.one_time_code).await? {
                let code = ErrorCode::LoginInvalid;
                return Err(code.problem(Some("/one_time_code"), "the code is wrong").into());
            }
            let row = LocalAccountRow { totp_secret: None, totp_confirmed: false, ..row };
            tx.local_account_put(&row).await?;
            tx.recovery_code_clear(principal).await?;
            change_other(&mut tx, "account", principal, HOUSE);
            done((), principal)
        });
        let removed = removed.await;
        if removed.as_ref().is_err_and(|refused| refused.code == ErrorCode::LoginInvalid.code()) {
            self.failure_counted(principal).await?;
        }
        removed
    }

    /// On the host: a new password for a login, drawn here; every session of it ends. With
    /// `remove_totp` its second factor goes too.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn password_reset(&self, login: &str, remove_totp: bool) -> Result<String, Problem> {
        let login = login.trim().to_ascii_lowercase();
        let password = secret::draw();
        let drawn = password.clone();
        let hash = off(move || hashed(&drawn)).await??;
        let (login, hash) = (&login, &hash);
        let reset = self.inner.store.write(async |mut tx: Tx| -> Result<(), Fail> {
            let row = tx.local_account_of(login).await?;
            let mut row = row.ok_or_else(|| not_found("account with the login", login))?;
            row.password.clone_from(hash);
            (row.failures, row.locked_until) = (0, 0);
            if remove_totp {
                (row.totp_secret, row.totp_confirmed) = (None, false);
                tx.recovery_code_clear(row.principal_id).await?;
            }
            tx.local_account_put(&row).await?;
            let at = tx.at();
            tx.session_end_others(row.principal_id, [0; 32], at).await?;
            change_other(&mut tx, "account", row.principal_id, HOUSE);
            tx.audit(None, "account.reset", &row.principal_id.to_string(), None).await?;
            Ok(())
        });
        reset.await?;
        Ok(password)
    }
}

fn document(row: &LocalAccountRow, left: i64) -> Account {
    Account {
        login: row.login.clone(),
        has_totp: row.totp_confirmed,
        recovery_codes_left: u32::try_from(left).unwrap_or(0),
    }
}

/// The account, which nobody else changes until the transaction ends.
async fn account_must(tx: &mut Tx, principal: Uuid) -> Result<LocalAccountRow, Fail> {
    tx.local_account_touch(principal).await?;
    let row = tx.local_account_get(principal).await?;
    Ok(row.ok_or_else(no_account)?)
}

fn no_account() -> Problem {
    not_found("account", "of yours")
}

/// The account, if there is one, as it was when its password was proven: hashing took a while in
/// which guesses beside this one may have locked it, or the host given it another password.
async fn account_still(
    tx: &mut Tx,
    principal: Uuid,
    proven: Option<&str>,
) -> Result<Option<LocalAccountRow>, Fail> {
    tx.local_account_touch(principal).await?;
    let row = tx.local_account_get(principal).await?;
    if row.as_ref().map(|row| row.password.as_str()) != proven {
        let reason = "the account has another password since";
        return Err(ErrorCode::LoginInvalid.problem(Some("/current_password"), reason).into());
    }
    if let Some(row) = &row {
        lock_of(row, tx.at())?;
    }
    Ok(row)
}

/// A person who signed in here, and not a program's token.
async fn person_must(tx: &mut Tx, principal: Uuid, with: [u8; 32]) -> Result<(), Fail> {
    let client = tx.principal_get(principal).await?;
    let vouched = client.is_none_or(|row| row.issuer_id.is_some() || row.role == "edge");
    let token = tx.token_get(with).await?;
    if token.as_ref().is_some_and(|row| row.revoked_at.is_some()) {
        return Err(ErrorCode::TokenRevoked.problem(None, "it was revoked meanwhile").into());
    }
    if vouched || token.is_none_or(|row| row.token_name.is_some()) {
        let reason = "an account is for a person who signed in here, not for a program's token, \
            an edge, or whom an issuer vouches for";
        return Err(ErrorCode::Forbidden.problem(None, reason).into());
    }
    Ok(())
}

/// Uses a one-time or a recovery code up; `false` where it is neither, or was used before.
async fn use_code(tx: &mut Tx, account: &LocalAccountRow, shown: &str) -> Result<bool, Fail> {
    let (secret, shown) = (account.totp_secret.as_deref().unwrap_or_default(), shown.trim());
    let seconds = tx.at().div_euclid(SECOND);
    if let Some(step) = step_of(secret, shown, seconds, account.totp_step) {
        return Ok(tx.totp_step_use(account.principal_id, step).await?);
    }
    Ok(tx.recovery_code_use(account.principal_id, recovery_hash(shown)).await?)
}
