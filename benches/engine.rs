//! The three templates of `benches/shapes` in this engine, the crate `liquid` and minijinja.
//!
//! With `--rates FOLDER`, prints one line per measurement instead, for `benches/peers/run`, and
//! leaves the rendered output in that folder.

#[path = "support/engines.rs"]
mod engines;

use criterion::{BenchmarkId, Criterion};
use engines::{Crate, Jinja, Ours, Shape, agree};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// The allocator of servers (the feature `jemalloc`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How an engine is measured.
type Work<'a> = Box<dyn Fn() -> String + 'a>;

/// Every measurement of every engine, ours first: method, engine, work.
fn works<'a>(
    ours: &'a Ours<'_>,
    theirs: &'a Crate<'_>,
    jinja: &'a Jinja<'_>,
) -> Vec<(&'static str, &'static str, Work<'a>)> {
    vec![
        ("render", "sluicegate", Box::new(|| ours.render())),
        ("render", "liquid crate", Box::new(|| theirs.render())),
        ("render", "minijinja", Box::new(|| jinja.render())),
        ("compile+render", "sluicegate", Box::new(|| ours.compile_and_render())),
        ("compile+render", "liquid crate", Box::new(|| theirs.compile_and_render())),
        ("compile+render", "minijinja", Box::new(|| jinja.compile_and_render())),
        ("from JSON", "sluicegate", Box::new(|| ours.render_json())),
        ("from JSON", "liquid crate", Box::new(|| theirs.render_json())),
        ("from JSON", "minijinja", Box::new(|| jinja.render_json())),
    ]
}

fn criterion(criterion: &mut Criterion) {
    for shape in Shape::all() {
        agree(&shape);
        let (ours, theirs, jinja) = (Ours::new(&shape), Crate::new(&shape), Jinja::new(&shape));
        for (way, engine, work) in works(&ours, &theirs, &jinja) {
            let mut group = criterion.benchmark_group(format!("{}/{way}", shape.name));
            group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
            group.bench_function(BenchmarkId::from_parameter(engine), |b| b.iter(&work));
            group.finish();
        }
    }
}

/// Short rounds, so that some of them have the processor to themselves on a shared machine; the
/// best one counts.
const ROUND: Duration = Duration::from_millis(20);
const ROUNDS: u32 = 40;

/// Renders per second of several engines, one round of each in turn.
fn race(works: &[&Work<'_>]) -> Vec<f64> {
    let mut best = vec![0.0_f64; works.len()];
    for _ in 0..ROUNDS {
        for (work, best) in works.iter().zip(&mut best) {
            let begun = Instant::now();
            let mut count = 0_u32;
            while begun.elapsed() < ROUND {
                black_box(work());
                count += 1;
            }
            *best = best.max(f64::from(count) / begun.elapsed().as_secs_f64());
        }
    }
    best
}

fn rates(folder: &Path) {
    for shape in Shape::all() {
        agree(&shape);
        let (ours, theirs, jinja) = (Ours::new(&shape), Crate::new(&shape), Jinja::new(&shape));
        let file = folder.join(format!("sluicegate-{}.txt", shape.name));
        std::fs::write(file, ours.render()).expect("the folder is there");
        let works = works(&ours, &theirs, &jinja);
        for way in works.chunk_by(|one, other| one.0 == other.0) {
            let rates = race(&way.iter().map(|(_, _, work)| work).collect::<Vec<_>>());
            for ((way, engine, _), rate) in way.iter().zip(rates) {
                println!("{engine}\t{}\t{way}\t{rate:.0}", shape.name);
            }
        }
    }
}

fn main() {
    let mut arguments = std::env::args();
    if arguments.any(|one| one == "--rates") {
        let folder = arguments.next().expect("a folder behind --rates");
        return rates(Path::new(&folder));
    }
    let mut all = Criterion::default().configure_from_args();
    criterion(&mut all);
    all.final_summary();
}
