//! How long a config of 10, 1,000 and 10,000 routes takes from text to plan.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use divisor_compiler::{Options, compile};

/// A third literals, a third parameters, a third subtrees.
fn config(routes: usize) -> String {
    let mut text = String::from(
        "listener \"web\" { bind \"127.0.0.1:8080\" }\n\
         pool \"app\" { backend \"http://127.0.0.1:8081\"; probe \"/health\" every=\"5s\" timeout=\"1s\" }\n",
    );
    for route in 0..routes {
        let path = match route % 3 {
            0 => format!("/service-{route}/about"),
            1 => format!("/service-{route}/items/{{id}}"),
            _ => format!("/service-{route}/**"),
        };
        let _ = writeln!(text, "route \"{path}\" pool=\"app\"");
    }
    text
}

fn text_to_plan(criterion: &mut Criterion) {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for routes in [10, 1_000, 10_000] {
        let path = folder.path().join(format!("{routes}.kdl"));
        std::fs::write(&path, config(routes)).expect("the folder can be written");
        group.throughput(Throughput::Elements(routes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(routes), &path, |bench, path| {
            bench.iter(|| {
                let compilation = compile(path, &Options::default()).expect("the config can be read");
                black_box(compilation.plan.expect("the config is good").encode())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, text_to_plan);
criterion_main!(benches);
