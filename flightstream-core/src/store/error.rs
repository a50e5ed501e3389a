use std::path::PathBuf;

use thiserror::Error;

/// What can be wrong with a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An entry of the changelog cannot be read: another program writes to that topic, or the types have changed.
    /// Give the store a new name to begin anew, or empty it with [`App::reset_store`](crate::runtime::App::reset_store).
    #[error("an entry of the changelog cannot be read: {0}")]
    Decode(#[source] postcard::Error),
    /// A value has no stored form: its `Serialize` failed.
    #[error("an entry cannot be written to the changelog: {0}")]
    Encode(#[source] postcard::Error),
    /// The stores take more memory than the app allows them.
    #[error(
        "the app's stores take {bytes} bytes, store {name:?} among them {of_store}, and may take \
         {budget}; allow more with App::state_budget, let entries expire, or use persistent stores"
    )]
    OverBudget {
        /// What they take.
        bytes: u64,
        /// What they may take.
        budget: u64,
        /// The largest store of the task that noticed.
        name: String,
        /// What that takes.
        of_store: u64,
    },
    /// A persistent store cannot be read or written. The task is started again and, if it is damaged, its state read back
    /// from the changelog.
    #[error("the state in {} cannot be used: {what}; it is read back from the changelog", path.display())]
    Persistent {
        /// The directory of the task's state.
        path: PathBuf,
        /// What went wrong.
        what: String,
    },
    /// The changelog was written by a store of other types.
    #[error(
        "store {name:?} was written as {recorded}, but the program declares {declared}; empty it \
         with App::reset_store or give it a new name to begin anew, or write what topic \
         {changelog:?} holds into a store of the new types"
    )]
    SchemaDiffers {
        /// The store.
        name: String,
        /// What the changelog says.
        recorded: String,
        /// What the program says.
        declared: String,
        /// The changelog's topic.
        changelog: String,
    },
}
