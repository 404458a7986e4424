//! Progress bars on the terminal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::progress::Progress;

/// One bar for the stage that is going on.
#[derive(Default)]
pub struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    fn put(&self, bar: Option<ProgressBar>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = current.take() {
            done.finish_and_clear();
        }
        *current = bar;
    }
}

impl Progress for Bars {
    fn stage(&self, name: &str, total: Option<u64>) {
        let (bar, look) = match total {
            Some(total) => (ProgressBar::new(total), "{msg:24} [{bar:32}] {human_pos}/{human_len} {eta} {prefix}"),
            None => (ProgressBar::new_spinner(), "{msg:24} {spinner} {human_pos} {elapsed} {prefix}"),
        };
        let style = ProgressStyle::with_template(look).expect("the template is fixed and valid");
        let bar = bar.with_style(style.progress_chars("=> ")).with_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.put(Some(bar));
    }

    fn advance(&self, units: u64) {
        if let Some(bar) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(units);
        }
    }

    fn count(&self, what: &str, number: u64) {
        if let Some(bar) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let rate = number as f64 / bar.elapsed().as_secs_f64().max(0.001);
            bar.set_prefix(format!("{} {what}, {}/s", HumanCount(number), HumanCount(rate as u64)));
        }
    }

    fn finish(&self) {
        self.put(None);
    }
}
