//! How much a client may ask for at all.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_so_many_connections_over_all_workers() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"max-connections-per-client 3; proxy-protocol "127.0.0.1""#;
    let _server = site(&port, listener, &backend, "").run();
    let from = async |client: &str| {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        let header = format!("PROXY TCP4 {client} 10.0.0.1 4711 80\r\n");
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(format!("{header}{request}").as_bytes()).await.unwrap();
        let mut start = [0; 12];
        let served = timeout(PATIENCE, stream.read_exact(&mut start)).await.unwrap().is_ok();
        served.then_some(stream)
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(from("203.0.113.9").await.expect("a place is free"));
    }
    assert!(from("203.0.113.9").await.is_none(), "one too many");
    assert!(from("203.0.113.10").await.is_some(), "another client is untouched");
    held.pop();
    until("the place is free again", async || from("203.0.113.9").await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_too_long_is_414() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"http h2=#true max-target-size="256B""#;
    let _server = site(&port, listener, &backend, "").run();
    let fits = format!("/{}?q={}", "a".repeat(200), "b".repeat(52));
    assert_eq!(fits.len(), 256);
    let clients = [Client::connect(port.address).await, Client::connect_h2(port.address).await];
    for mut client in clients {
        assert_eq!(client.get(&fits).await.status, 200);
        assert_eq!(client.get(&format!("{fits}b")).await.status, 414);
        assert_eq!(client.get("/").await.status, 200, "the connection goes on");
    }
    assert_eq!(backend.requests(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_body_over_the_limit_is_413_before_the_backend_hears_of_it() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, "http h2=#true", &backend, r#"body-limit "1KiB""#).run();
    let too_large = "x".repeat(1025);
    for mut client in [Client::connect(port.address).await, Client::connect_h2(port.address).await] {
        assert_eq!(client.send("POST", "/", &[], &too_large).await.unwrap().status, 413);
    }
    assert_eq!(backend.requests(), 0);
}
