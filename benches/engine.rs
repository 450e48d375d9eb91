//! The three shapes of `benches/shapes` through this engine, the crate `liquid` and minijinja.
//!
//! With `--rates FOLDER` it prints a line a measurement instead, for `benches/peers/run`, and
//! leaves what it rendered in that folder.

#[path = "support/engines.rs"]
mod engines;

use criterion::{BenchmarkId, Criterion};
use engines::{Crate, Jinja, Ours, Shape, agree};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// How an engine is measured.
type Work<'a> = Box<dyn Fn() -> String + 'a>;

/// Every way of every engine, ours first: way, engine, work.
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

/// Renders a second: the best of a few rounds, for a machine that others use as well.
fn rate(work: &Work<'_>) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_millis(150) {
        black_box(work());
        count += 1;
    }
    let rounds = (0..6).map(|_| {
        let begun = Instant::now();
        (0..count).for_each(|_| drop(black_box(work())));
        f64::from(count) / begun.elapsed().as_secs_f64()
    });
    rounds.fold(0.0, f64::max)
}

fn rates(folder: &Path) {
    for shape in Shape::all() {
        agree(&shape);
        let (ours, theirs, jinja) = (Ours::new(&shape), Crate::new(&shape), Jinja::new(&shape));
        let file = folder.join(format!("sluicegate-{}.txt", shape.name));
        std::fs::write(file, ours.render()).expect("the folder is there");
        for (way, engine, work) in works(&ours, &theirs, &jinja) {
            println!("{engine}\t{}\t{way}\t{:.0}", shape.name, rate(&work));
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
