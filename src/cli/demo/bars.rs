//! Progress of the demo: a bar on a terminal, nothing when piped.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::Progress;

/// One line that shows what is being done.
pub struct Bars {
    bar: ProgressBar,
    round: Mutex<String>,
}

impl Bars {
    /// A bar on the terminal's error stream; hidden when there is none.
    pub fn new() -> Bars {
        let bar = ProgressBar::no_length();
        let shown = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        bar.set_style(spinner());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Bars { bar, round: Mutex::new(String::new()) }
    }

    /// What part of the demo this is; stands before each note.
    pub fn part(&self, name: &str) {
        *self.round.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = format!("{name}: ");
    }

    /// What is being done now.
    pub fn note(&self, what: &str) {
        self.stage(what, None);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Runs something that prints, without the bar in its way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} [{elapsed}]").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counted() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {wide_bar} {human_pos}/{human_len} [{elapsed}]")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bars {
    fn stage(&self, name: &str, total: Option<u64>) {
        let part = self.round.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        self.bar.set_style(if total.is_some() { counted() } else { spinner() });
        self.bar.set_position(0);
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_message(format!("{part}{name}"));
    }

    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }
}
