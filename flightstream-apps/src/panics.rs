use std::cell::Cell;
use std::panic;

thread_local! {
    static UNSEEN: Cell<bool> = const { Cell::new(false) };
}

/// Lets [`unseen`] keep a panic's text from standard error.
pub(crate) fn install() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if UNSEEN.get() {
            tracing::debug!("{info}");
        } else {
            print(info);
        }
    }));
}

/// Runs what catches the panics of a library below it and makes errors of them: the error is told, the panic is not.
pub(crate) fn unseen<T>(run: impl FnOnce() -> T) -> T {
    UNSEEN.set(true);
    let outcome = run();
    UNSEEN.set(false);
    outcome
}
