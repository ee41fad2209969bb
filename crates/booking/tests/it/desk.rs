//! The use cases, over the ports in memory and a clock that stands still until it is moved.

mod change;
mod hold;
mod life;
mod line;
mod race;
mod reach;
mod trail;
mod who;
