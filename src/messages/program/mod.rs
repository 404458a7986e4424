//! Templates as programs: what the template engine has parsed and we have checked is compiled once more, to steps that write straight
//! into one buffer.
//!
//! The engine (handlebars) resolves names by strings, copies values and collects each helper's arguments anew, for every message: two
//! thirds of its time are allocations. A program has its names resolved before: a variable is a list of keys from a known place, a
//! helper a function. The language stays the engine's own:
//!
//! * what the compiler does not know is not compiled, and the engine renders it ([`Program::compile`] gives `None`);
//! * what a program cannot do with the values at hand, an error among them, it leaves to the engine (`Unable`), whose words count;
//! * when a campaign is applied, both render its sample; a program that gives other bytes is dropped.

mod compile;
mod node;
mod run;
#[cfg(test)]
mod tests;

pub(super) use node::Node;

use super::helpers::Compute;

/// A compiled template.
pub(super) struct Program {
    steps: Box<[Step]>,
    /// Bytes of its own text, from which the size of its output is guessed.
    literal: usize,
    /// The deepest nesting of scopes, the outermost counted.
    depth: usize,
    /// Whether values are escaped for HTML.
    html: bool,
}

enum Step {
    Text(Box<str>),
    Show(Term),
    If { term: Term, wanted: bool, then: Box<[Step]>, otherwise: Box<[Step]> },
    Each { list: Path, frame: usize, body: Box<[Step]>, otherwise: Option<Box<[Step]>> },
    With { value: Path, frame: usize, body: Box<[Step]>, otherwise: Option<Box<[Step]>> },
}

/// What gives a value.
enum Term {
    Path(Path),
    /// A variable of the loop in this frame.
    Loop(LoopVariable, usize),
    Literal(Node<'static>),
    /// One of our helpers.
    Call(Compute, Box<[Term]>),
    Compare(Comparison, Box<[Term; 2]>),
    Not(Box<Term>),
    All(Box<[Term]>),
    Any(Box<[Term]>),
}

/// Keys from the value of a frame; frame 0 is the root.
struct Path {
    frame: usize,
    keys: Box<[Box<str>]>,
}

#[derive(Clone, Copy)]
enum LoopVariable {
    Index,
    First,
    Last,
    Key,
    /// The second name of a loop: a list's index, an object's key.
    Place,
}

#[derive(Clone, Copy)]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
}
