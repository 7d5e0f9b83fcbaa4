//! An exchange with people in it, for the tests to act on.

use api_types::identity::{ClientCreate, ClientCredentials};
use api_types::operator::{Operator, OperatorCreate};
use exchange::{Actor, Cx, Exchange, ExchangeConfig};

/// What comes with a request of this actor.
pub fn cx(actor: &Actor) -> Cx {
    Cx { actor: actor.clone(), request_id: "test".into(), idempotency_key: None }
}

/// The same under an idempotency key; `body` stands for the request.
pub fn cx_key(actor: &Actor, key: &str, body: u8) -> Cx {
    Cx { idempotency_key: Some((key.into(), [body; 32])), ..cx(actor) }
}

/// An exchange on this database.
pub async fn open(db: &testkit::Database) -> Exchange {
    Exchange::open(ExchangeConfig::new(&db.url)).await.expect("the exchange opens")
}

/// Signs a client in.
pub async fn sign_in(exchange: &Exchange, client: &ClientCredentials) -> Actor {
    let id = client.client_id.to_string();
    let answer = exchange.token_issue(&id, &client.client_secret, None).await.expect("a token");
    exchange.actor_from_token(&answer.access_token).await.expect("an actor")
}

/// The first programme owner.
pub async fn owner(exchange: &Exchange) -> Actor {
    let client = exchange.bootstrap().await.expect("bootstraps").expect("the first time");
    sign_in(exchange, &client).await
}

/// Admits an operator.
pub async fn operator(exchange: &Exchange, owner: &Actor, name: &str) -> Operator {
    let new = OperatorCreate { name: name.into() };
    exchange.operator_create(&cx(owner), new).await.expect("an operator")
}

/// A client of any role.
pub fn client(role: &str) -> ClientCreate {
    ClientCreate { name: role.into(), role: role.into(), operator_id: None, tenant_id: None }
}
