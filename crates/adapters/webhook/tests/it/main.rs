//! Events told to endpoints on this computer, and read by the official library.

mod library;
mod stub;
mod tell;
