//! The request path: the walk alone, and a whole exchange over the loopback interface, for 10, 1,000 and 10,000
//! routes. Both stay flat.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use divisor_compiler::{Options, compile};
use divisor_runtime::control::Control;
use divisor_schema::plan::Plan;

const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// A plan with so many routes to one backend.
fn plan(routes: usize, port: u16, backend: u16) -> Plan {
    let mut text = format!(
        "listener \"web\" {{ bind \"127.0.0.1:{port}\" }}\n\
         pool \"app\" {{ backend \"http://127.0.0.1:{backend}\" }}\n"
    );
    for route in 0..routes {
        let _ = writeln!(text, "route \"/service-{route}/items/{{id}}\" pool=\"app\"");
    }
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("bench.kdl");
    std::fs::write(&path, text).expect("the folder can be written");
    let compilation = compile(&path, &Options::default()).expect("the config can be read");
    compilation.plan.expect("the config is good")
}

fn walk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("walk");
    for routes in SIZES {
        let plan = plan(routes, 8080, 8081);
        let path = format!("/service-{}/items/42", routes / 2);
        group.bench_with_input(BenchmarkId::from_parameter(routes), &plan, |bench, plan| {
            bench.iter(|| plan.tables.walk(plan.hosts[0].root, black_box(&path)).len());
        });
    }
    group.finish();
}

fn exchange(criterion: &mut Criterion) {
    let backend = backend();
    let mut group = criterion.benchmark_group("exchange");
    for routes in SIZES {
        let port = free_port();
        let bytes = plan(routes, port, backend.port()).encode();
        let _server = Server::start(bytes);
        let mut client = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        client.set_nodelay(true).expect("a socket option");
        let request = format!("GET /service-{}/items/42 HTTP/1.1\r\nHost: bench\r\n\r\n", routes / 2);
        let mut buffer = [0; 4096];
        group.bench_function(BenchmarkId::from_parameter(routes), |bench| {
            bench.iter(|| {
                client.write_all(request.as_bytes()).expect("the server reads");
                let length = client.read(&mut buffer).expect("the server answers");
                assert!(buffer[..length].starts_with(b"HTTP/1.1 200"));
            });
        });
    }
    group.finish();
}

/// A backend that answers each request of each connection, one after the other.
fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
            return;
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A load balancer with a thread of its own; stops when it is dropped.
struct Server(Option<std::sync::mpsc::Sender<()>>, Option<std::thread::JoinHandle<()>>);

impl Server {
    fn start(plan: Vec<u8>) -> Self {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let control = Control::start(&plan, Path::new(".")).await.expect("the plan serves");
                ready.send(()).expect("the bench waits");
                let _ = stopped.recv(); // an error is the sender's end
                control.drain().await;
            });
        });
        is_ready.recv().expect("the server starts");
        Self(Some(stop), Some(thread))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.take();
        let _ = self.1.take().map(std::thread::JoinHandle::join); // a panic there has been printed
    }
}

criterion_group!(benches, walk, exchange);
criterion_main!(benches);
