//! Telling customers: events of bookings lead to notifications, and these go out.
//!
//! | job | what |
//! |---|---|
//! | `event.notifications` | plans what an event leads to |
//! | `notification.send` | sends one notification, when it is due |

pub mod ways;

use crate::work::Work;
use musubi_kernel::clock::Clock;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::Pause;
use musubi_notification::planner::{self, Planner};
use musubi_notification::ports::Channels;
use musubi_notification::sender::{self, Sender};
use musubi_process::pause::Jittered;
use musubi_sql::SqlStore;
use musubi_sql::notification::{SqlBook, SqlNotifications};
use std::sync::Arc;

/// By which ways an installation tells its customers.
#[derive(Clone)]
pub struct Means {
    /// Hands messages over.
    pub channels: Arc<dyn Channels>,
    /// Whether text messages to telephones can be sent.
    pub texts: bool,
}

/// Telling customers what becomes of bookings in this database.
pub fn work(store: &SqlStore, ids: &Arc<dyn IdGen>, clock: &Arc<dyn Clock>, means: Means) -> Work {
    let pause: Arc<dyn Pause> = Arc::new(Jittered::new(Arc::clone(ids)));
    let book = Arc::new(SqlBook::new(store.clone(), Arc::clone(ids), means.texts));
    let kept = Arc::new(SqlNotifications::new(store.clone()));
    let planner = Planner::new(planner::Ports {
        book: book.clone(),
        store: kept.clone(),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause: Arc::clone(&pause),
    });
    let sender = Sender::new(sender::Ports {
        book,
        store: kept,
        templates: store.entities(),
        channels: means.channels,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause,
    });
    Work::default().subscriber(planner).handler(sender)
}
