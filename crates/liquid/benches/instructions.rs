//! Renders one shape of `benches/shapes` in one mode, for `benches/instructions/run`, which counts the
//! instructions. Without arguments it lists the shapes and modes.

#[path = "../../../benches/support/shapes.rs"]
mod shapes;

use shapes::{Ours, Shape};
use std::hint::black_box;

/// The renders that are counted; the first ones prepare what later ones find prepared.
const COUNTED: usize = 20;
const FIRST: usize = 3;

const MODES: [&str; 3] = ["render", "compile+render", "from JSON"];

/// Callgrind counts only inside this function, which it knows by its name.
#[inline(never)]
fn counted_renders(render: &dyn Fn() -> String) {
    for _ in 0..COUNTED {
        black_box(render());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (shape, mode) = match &arguments[..] {
        [shape, mode] => (shape.as_str(), mode.as_str()),
        _ => {
            for shape in Shape::all() {
                MODES.iter().for_each(|mode| println!("{}\t{mode}\t{COUNTED}", shape.name));
            }
            return;
        }
    };
    let shape = Shape::all().into_iter().find(|one| one.name == shape).expect("a shape");
    let ours = Ours::new(&shape);
    let render: Box<dyn Fn() -> String> = match mode {
        "render" => Box::new(|| ours.render()),
        "compile+render" => Box::new(|| ours.compile_and_render()),
        "from JSON" => Box::new(|| ours.render_json()),
        other => panic!("no mode {other}"),
    };
    for _ in 0..FIRST {
        black_box(render());
    }
    counted_renders(&*render);
}
