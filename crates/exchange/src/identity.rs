//! Use cases: identity.

use crate::*;
use api_types::identity::*;

impl Exchange {
    /// Makes a client; its secret is shown this once.
    pub async fn client_create(
        &self,
        cx: &Cx,
        new: ClientCreate,
    ) -> Result<ClientCredentials, Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// A one-time sign-in for a client's person.
    pub async fn login_code_create(&self, cx: &Cx, client_id: Uuid) -> Result<LoginCode, Problem> {
        let _ = (cx, client_id);
        Err(unbuilt())
    }

    /// OAuth 2.0 client credentials (RFC 6749 section 4.4).
    pub async fn token_issue(
        &self,
        client_id: &str,
        client_secret: &str,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, Problem> {
        let _ = (client_id, client_secret, scope);
        Err(unbuilt())
    }

    /// Who a bearer token or session cookie stands for.
    pub async fn actor_from_token(&self, token: &str) -> Result<Actor, Problem> {
        let _ = (token,);
        Err(unbuilt())
    }

    /// Turns a sign-in code into a session; answers with the cookie's token.
    pub async fn session_create(&self, code: &str) -> Result<(String, Session), Problem> {
        let _ = (code,);
        Err(unbuilt())
    }

    /// Who is signed in.
    pub async fn session_get(&self, actor: &Actor) -> Result<Session, Problem> {
        let _ = (actor,);
        Err(unbuilt())
    }

    /// Signs out.
    pub async fn session_delete(&self, token: &str) -> Result<(), Problem> {
        let _ = (token,);
        Err(unbuilt())
    }

    /// The audit log, newest first.
    pub async fn audit_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<AuditEntry>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }
}
