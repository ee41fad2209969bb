//! What a business offers, in its tables.

mod absence;
mod calendar;
mod directory;
mod menu;
mod menu_option;
mod resource;
mod store;
mod tenant;
