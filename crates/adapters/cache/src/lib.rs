//! Answers that are remembered, and yet never stale.
//!
//! | module | what it is |
//! |---|---|
//! | [`remembered`] | a bounded map of answers, each with the revisions that it is right for |
//! | [`gathered`] | questions for revisions, merged: many callers share one round trip |
//! | [`request`] | one question for all that a request will look at |
//! | [`keys`], [`directory`], [`shops`] | the ports that are worth it, remembered |
//!
//! Nothing is ever told to forget, and no time-to-live is guessed: whoever asks first asks the database how often what
//! the answer rests on was written (see [`musubi_kernel::revision`]), by a question that was sent after they asked. So
//! an answer is as fresh as one that was read, whichever node or program made the last change, and costs a share of
//! one small question.

pub mod directory;
pub mod gathered;
pub mod keys;
pub mod remembered;
pub mod request;
pub mod shops;

pub use gathered::Gathered;
pub use remembered::Remembered;
