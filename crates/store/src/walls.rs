//! PostgreSQL's row-level security (design section 3): the role that requests run as, and whom a
//! transaction acts for. The migrations have the policies; what is here makes the role, gives it
//! its rights, and walls in tables that came without a policy of their own.

use crate::db::{Db, statements};
use crate::value::args;
use crate::{OpenError, StoreError};
use domain::{OperatorId, TenantId};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use uuid::Uuid;

/// The role that every connection of the pool takes on: it owns no table, so that the policies
/// hold for it whoever connected.
pub const RUNTIME_ROLE: &str = "meetpoint_runtime";
pub(crate) const SET_ROLE_PG: &str = "SET ROLE meetpoint_runtime";

/// Names the lock under which one node at a time sets up the walls ("meet" and "wal").
const WALLS_LOCK: &str = "SELECT pg_advisory_lock(30796437764137324)";

/// Roles are the cluster's, locks the database's: two databases may get here at once.
const ROLE: &str = "DO $$ BEGIN \
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'meetpoint_runtime') THEN \
        CREATE ROLE meetpoint_runtime NOLOGIN; \
    END IF; \
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; \
    END $$; \
    DO $$ BEGIN \
    IF NOT pg_has_role(current_user, 'meetpoint_runtime', CASE \
        WHEN CAST(current_setting('server_version_num') AS INTEGER) >= 160000 THEN 'SET' \
        ELSE 'MEMBER' END) THEN \
        EXECUTE format('GRANT meetpoint_runtime TO %I', current_user); \
    END IF; \
    END $$;";

/// Rights on what is there now, and the common wall around tables of a tenant or an operator
/// that no migration gave a policy.
const RIGHTS: &str = "DO $$ DECLARE t RECORD; rule TEXT; BEGIN \
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO meetpoint_runtime', current_schema()); \
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I \
        TO meetpoint_runtime', current_schema()); \
    EXECUTE format('GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA %I TO meetpoint_runtime', \
        current_schema()); \
    REVOKE ALL ON _sqlx_migrations FROM meetpoint_runtime; \
    FOR t IN SELECT c.relname, \
            bool_or(a.attname = 'tenant_id') AS tenants, \
            bool_or(a.attname = 'operator_id') AS operators \
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
        WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace n \
                WHERE n.nspname = current_schema()) \
            AND c.relkind = 'r' \
            AND NOT a.attisdropped AND a.attname IN ('tenant_id', 'operator_id') \
            AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) \
        GROUP BY c.relname \
    LOOP \
        rule := '(SELECT reaches_all())' \
            || CASE WHEN t.tenants THEN ' OR tenant_id = (SELECT acting_tenant())' ELSE '' END \
            || CASE WHEN t.operators THEN ' OR operator_id = (SELECT acting_operator())' \
                ELSE '' END; \
        EXECUTE format('CREATE POLICY own ON %I USING (%s)', t.relname, rule); \
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.relname); \
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t.relname); \
    END LOOP; END $$;";

/// Whom a transaction acts for: what of the database it reaches. SQLite, where everything is
/// one process and one file, has no such wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The house itself: the programme, edges, workers.
    All,
    /// One tenant's.
    Tenant {
        /// Whose.
        tenant: TenantId,
        /// Who acts, for what belongs to a principal.
        principal: Uuid,
    },
    /// One operator's.
    Operator {
        /// Whose.
        operator: OperatorId,
        /// Who acts.
        principal: Uuid,
    },
}

impl Reach {
    /// `BEGIN …` with the context of the transaction, in one round trip.
    pub(crate) fn begin_pg(self, begin: &str) -> String {
        format!("{begin}; {}", self.settings_pg())
    }

    /// The context of the transaction. What stands in it is no text of anybody's.
    pub(crate) fn settings_pg(self) -> String {
        match self {
            Self::All => "SET LOCAL meetpoint.reach = 'all'".to_owned(),
            Self::Tenant { tenant, principal } => format!(
                "SET LOCAL meetpoint.tenant = '{tenant}'; \
                 SET LOCAL meetpoint.principal = '{principal}'"
            ),
            Self::Operator { operator, principal } => format!(
                "SET LOCAL meetpoint.operator = '{operator}'; \
                 SET LOCAL meetpoint.principal = '{principal}'"
            ),
        }
    }
}

statements! {
    REACH_ALL_PG = "SELECT set_config('meetpoint.reach', 'all', TRUE) AS v";
}

impl Db {
    /// From here on the transaction reaches everything: for a rule that has to see what is
    /// another's (is this number held elsewhere?) without showing it.
    pub async fn reach_all(&mut self) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<String>(REACH_ALL_PG, args![]).await?;
        }
        Ok(())
    }
}

/// Brings the schema up to date as the database's owner, and the run-time role to its rights.
pub(crate) async fn set_up_pg(
    options: &PgConnectOptions,
    migrations: &Migrator,
) -> Result<(), OpenError> {
    let mut owner = options.connect().await.map_err(OpenError::Connect)?;
    owner.execute(WALLS_LOCK).await.map_err(OpenError::Connect)?;
    // The walls are forced: without it a migration of data would find no rows.
    owner.execute("SET meetpoint.reach = 'all'").await.map_err(OpenError::Connect)?;
    // The migrator takes its own lock.
    migrations.run(&mut owner).await?;
    owner.execute(ROLE).await.map_err(OpenError::Role)?;
    owner.execute(RIGHTS).await.map_err(OpenError::Role)?;
    owner.execute(SET_ROLE_PG).await.map_err(OpenError::Role)?;
    owner.close().await.map_err(OpenError::Connect)
}
