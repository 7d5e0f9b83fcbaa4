//! What a caller may hold open.

use crate::server::Server;
use api::ApiConfig;
use reqwest::{Method, StatusCode};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn a_request_half_sent_does_not_keep_its_seat() {
    let config = ApiConfig {
        header_timeout: Duration::from_millis(300),
        connections: 1,
        ..ApiConfig::default()
    };
    let server = Server::with(config).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    for half in ["", "GET /healthz HTTP/1.1\r\nHost:"] {
        let mut slow = TcpStream::connect(&address).await.expect("it listens");
        slow.write_all(half.as_bytes()).await.expect("it is read");
        let next = server.bare(Method::GET, "/healthz").send();
        let next = timeout(Duration::from_secs(10), next).await.expect("the seat is free again");
        assert_eq!(next.expect("answers").status(), StatusCode::OK);
        let mut rest = Vec::new();
        let end = timeout(Duration::from_secs(10), slow.read_to_end(&mut rest)).await;
        // Reset or ended: either way it is over.
        let _ = end.unwrap_or_else(|_| panic!("{half:?} is held open"));
    }
    server.stop().await;
}
