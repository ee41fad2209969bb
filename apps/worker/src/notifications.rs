//! Telling customers: events of bookings lead to notifications, and these go out.
//!
//! | job | what |
//! |---|---|
//! | `event.notifications` | plans what an event leads to |
//! | `notification.send` | sends one notification, when it is due |
//! | `promotion.plan` | plans whom an offer is told to, lot by lot |
//! | `line.event` | acts on what a customer did in their chat with a store |

pub mod reports;
mod seldom;
mod till;
pub mod ways;

use crate::outcomes::Outcomes;
use crate::work::Work;
use musubi_booking::desk::Desk;
use musubi_kernel::clock::Clock;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::Pause;
use musubi_notification::chat::{self, Chat};
use musubi_notification::facts::{Links, UnsubscribeLinks};
use musubi_notification::planner::{self, Planner};
use musubi_notification::ports::Channels;
use musubi_notification::promotion::promoter::{self, Promoter};
use musubi_notification::sender::{self, Sender};
use musubi_process::pause::Jittered;
use musubi_sql::SqlStore;
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql::notification::{SqlBook, SqlChats, SqlNotifications};
use std::sync::Arc;
use till::OfDesk;

/// By which ways an installation tells its customers.
#[derive(Clone)]
pub struct Means {
    /// Hands messages over.
    pub channels: Arc<dyn Channels>,
    /// Whether text messages to telephones can be sent.
    pub texts: bool,
    /// Where customers see and change their bookings, if there are such pages.
    pub links: Option<Links>,
    /// Where they take back that they agreed to hear of offers.
    pub unsubscribe: UnsubscribeLinks,
}

/// Telling customers what becomes of bookings in this database.
pub fn work(store: &SqlStore, ids: &Arc<dyn IdGen>, clock: &Arc<dyn Clock>, means: Means) -> Work {
    let pause: Arc<dyn Pause> = Arc::new(Jittered::new(Arc::clone(ids)));
    let book =
        Arc::new(SqlBook::new(store.clone(), Arc::clone(ids), means.texts).with_links(means.links, means.unsubscribe));
    let kept = Arc::new(SqlNotifications::new(store.clone()));
    let planner = Planner::new(planner::Ports {
        book: book.clone(),
        store: kept.clone(),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause: Arc::clone(&pause),
    });
    let sender = Sender::new(sender::Ports {
        book: book.clone(),
        store: kept.clone(),
        promotions: kept.clone(),
        templates: store.entities(),
        channels: Arc::clone(&means.channels),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause: Arc::clone(&pause),
        witness: Arc::new(Outcomes),
    });
    let promoter = Promoter::new(promoter::Ports {
        book: book.clone(),
        store: kept,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause: Arc::clone(&pause),
    });
    let bookings = Arc::new(SqlBookings::new(store.clone(), Arc::clone(ids)));
    let shops = Arc::new(SqlShops::new(store.clone()));
    let desk = Desk::new(shops, bookings, Arc::clone(clock), Arc::clone(ids), Arc::clone(&pause));
    let chat = Chat::new(chat::Ports {
        store: Arc::new(SqlChats::new(store.clone(), Arc::clone(ids))),
        book,
        till: Arc::new(OfDesk(desk)),
        channels: means.channels,
        clock: Arc::clone(clock),
        pause,
    });
    Work::default().subscriber(planner).handler(sender).handler(promoter).handler(chat)
}
