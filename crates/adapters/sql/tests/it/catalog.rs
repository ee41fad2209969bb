//! The catalog's ports.

mod absence;
mod calendar;
mod menu;
mod menu_option;
mod resource;
mod store;
mod tenant;
