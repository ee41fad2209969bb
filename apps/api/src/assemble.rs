//! From ports to the application.

use crate::booking::SlotPages;
use crate::catalog::Catalog;
use crate::contact::ContactReads;
use crate::limits::{Gate, RateLimiter, Readers};
use crate::notification::Notifications;
use crate::origin::Origins;
use crate::ports::{Answers, ContactLog, Database};
use crate::schema::Schemas;
use crate::state::{App, Parts};
use crate::task::OnRuntime;
use musubi_booking::desk::Desk;
use musubi_booking::ports::{BookingStore, ShopBook};
use musubi_cache::Gathered;
use musubi_cache::directory::RememberedDirectory;
use musubi_cache::keys::RememberedKeys;
use musubi_cache::request::PerRequest;
use musubi_cache::shops::RememberedShops;
use musubi_catalog::absence::Absence;
use musubi_catalog::calendar::{Calendar, CalendarDay};
use musubi_catalog::menu::Menu;
use musubi_catalog::menu_option::MenuOption;
use musubi_catalog::menus::Menus;
use musubi_catalog::ports::{OptionBook, ResourceBook, StoreDirectory};
use musubi_catalog::resource::Resource;
use musubi_catalog::store::Store;
use musubi_catalog::tenant::Tenant;
use musubi_customer::customer::Customer;
use musubi_identity::admins::Admins;
use musubi_identity::admins::ports::AdminStore;
use musubi_identity::age_group::AgeGroupBook;
use musubi_identity::api_keys::ApiKeys;
use musubi_identity::ephemeral::Ephemeral;
use musubi_identity::issuer::Issuers;
use musubi_identity::issuer::redirects::Redirects;
use musubi_identity::message::Courier;
use musubi_identity::passkey::port::Passkeys;
use musubi_identity::password_hasher::PasswordHasher;
use musubi_identity::people::by_issuer::ByIssuer;
use musubi_identity::people::ports::PeopleStore;
use musubi_identity::people::{self, People};
use musubi_identity::ports::ApiKeyStore;
use musubi_identity::staff::ports::StaffStore;
use musubi_identity::staff::{self, Staff};
use musubi_identity::standing::StandingBook;
use musubi_identity::wordpress_link::{WordPressLinkStore, WordPressLinks};
use musubi_kernel::audit::AuditBook;
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::{Entity, EntityStore, Keeper};
use musubi_kernel::id::IdGen;
use musubi_kernel::job::queue::JobQueue;
use musubi_kernel::outbox::Outbox;
use musubi_kernel::retry::Pause;
use musubi_kernel::revision::Revisions;
use musubi_kernel::secret::Cipher;
use musubi_notification::chat::intake::Intake;
use musubi_notification::chat::ports::ChatStore;
use musubi_notification::consent::{self, ConsentStore, Consents};
use musubi_notification::desk as notification_desk;
use musubi_notification::inbox::{Inbox, InboxStore};
use musubi_notification::ports::{Book, NotificationStore};
use musubi_notification::promotion::desk::{self as promotion_desk, Promotions};
use musubi_notification::promotion::ports::PromotionStore;
use musubi_notification::sender::Reports;
use musubi_notification::template::Template;
use musubi_notification::templates::Templates;
use musubi_notification::webhook;
use musubi_notification::webhook::endpoints::Endpoints;
use musubi_notification::webhook::ports::{Guard, WebhookStore};
use musubi_worker::metrics::Depths;
use musubi_worker::notifications::reports::SmsReports;
use musubi_worker::outcomes::Outcomes;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Everything the application stands on that is not storage.
#[derive(Clone)]
pub struct Ground {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids.
    pub ids: Arc<dyn IdGen>,
    /// The pause between two attempts.
    pub pause: Arc<dyn Pause>,
    /// Counts calls without credentials.
    pub limiter: Arc<dyn RateLimiter>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Takes messages to people about their sign-ins.
    pub courier: Arc<dyn Courier>,
    /// Asks passkeys, and checks their answers.
    pub passkeys: Arc<dyn Passkeys>,
    /// How the installation wants sign-ins.
    pub sign_ins: people::Settings,
    /// Through whom people may sign in.
    pub issuers: Arc<dyn Issuers>,
    /// Where those may send people back to.
    pub redirects: Redirects,
    /// Who tells what became of text messages, if anybody.
    pub sms_reports: Option<SmsReports>,
    /// Which addresses webhooks of tenants may have.
    pub webhook_guard: Arc<dyn Guard>,
    /// How many reverse proxies stand in front.
    pub trusted_proxies: usize,
    /// Web pages of others that may call with a person's cookies.
    pub allowed_origins: Origins,
    /// How long a request may take.
    pub request_time: Duration,
    /// How long a request's body may take to arrive.
    pub body_time: Duration,
    /// How many requests are worked on at once.
    pub max_requests: usize,
    /// How many bytes, about, are kept of answers that are remembered.
    pub cache_bytes: u64,
}

/// Where everything is stored.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the store of what its name says")]
pub struct Storage {
    pub tenants: Arc<dyn EntityStore<Tenant>>,
    pub stores: Arc<dyn EntityStore<Store>>,
    pub directory: Arc<dyn StoreDirectory>,
    pub resources: Arc<dyn EntityStore<Resource>>,
    pub resource_book: Arc<dyn ResourceBook>,
    pub absences: Arc<dyn EntityStore<Absence>>,
    pub menus: Arc<dyn EntityStore<Menu>>,
    pub menu_options: Arc<dyn EntityStore<MenuOption>>,
    /// The options of many menus at a time.
    pub option_book: Arc<dyn OptionBook>,
    pub calendar: Arc<dyn EntityStore<CalendarDay>>,
    pub customers: Arc<dyn EntityStore<Customer>>,
    /// Stores' own wordings.
    pub templates: Arc<dyn EntityStore<Template>>,
    pub notifications: Arc<dyn NotificationStore>,
    pub promotions: Arc<dyn PromotionStore>,
    /// Who agrees to hear of offers.
    pub consents: Arc<dyn ConsentStore>,
    pub inbox: Arc<dyn InboxStore>,
    /// What customers do in their chats with stores.
    pub chats: Arc<dyn ChatStore>,
    /// Stores as they are told of, for previews.
    pub notification_book: Arc<dyn Book>,
    pub shops: Arc<dyn ShopBook>,
    pub bookings: Arc<dyn BookingStore>,
    pub keys: Arc<dyn ApiKeyStore>,
    pub people: Arc<dyn PeopleStore>,
    /// What lasts for minutes.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Makes the digests of short codes.
    pub cipher: Arc<dyn Cipher>,
    pub staff: Arc<dyn StaffStore>,
    pub standings: Arc<dyn StandingBook>,
    pub admins: Arc<dyn AdminStore>,
    pub wordpress: Arc<dyn WordPressLinkStore>,
    pub age_groups: Arc<dyn AgeGroupBook>,
    pub webhooks: Arc<dyn WebhookStore>,
    pub audit: Arc<dyn AuditBook>,
    pub answers: Arc<dyn Answers>,
    pub contact_log: Arc<dyn ContactLog>,
    pub database: Arc<dyn Database>,
    pub revisions: Arc<dyn Revisions>,
    /// Jobs, for their figures.
    pub queue: Arc<dyn JobQueue>,
    /// Events, for their figures.
    pub outbox: Arc<dyn Outbox>,
}

/// Of the memory for answers, finished answers of the slot search get a half, menus and what goes with them a quarter,
/// keys and stores an eighth each.
const PARTS: u64 = 8;

/// The application on this ground, with this storage. Called on the runtime that serves it.
pub fn assemble(ground: Ground, storage: Storage) -> App {
    let part = ground.cache_bytes / PARTS;
    let per_request = PerRequest::new(Arc::new(Gathered::new(storage.revisions)));
    let revisions: Arc<dyn Revisions> = Arc::new(per_request.clone());
    let directory = RememberedDirectory::new(storage.directory, Arc::clone(&revisions), part);
    let shops = RememberedShops::new(storage.shops, per_request.clone(), part * 2);
    let keys = RememberedKeys::new(storage.keys, Arc::clone(&revisions), part);
    let catalog = Catalog {
        tenants: keeper(&ground, storage.tenants),
        stores: keeper(&ground, storage.stores),
        directory: Arc::new(directory),
        resources: keeper(&ground, storage.resources),
        absences: keeper(&ground, storage.absences),
        menus: Menus::new(keeper(&ground, storage.menus), storage.resource_book),
        menu_options: keeper(&ground, storage.menu_options),
        option_book: storage.option_book,
        calendar: Calendar::new(keeper(&ground, storage.calendar)),
    };
    let customers = keeper(&ground, storage.customers);
    let people = People::new(
        people::Ports {
            store: storage.people,
            passwords: ground.passwords.clone(),
            courier: Arc::clone(&ground.courier),
            ephemeral: Arc::clone(&storage.ephemeral),
            cipher: Arc::clone(&storage.cipher),
            passkeys: Arc::clone(&ground.passkeys),
            clock: Arc::clone(&ground.clock),
            ids: Arc::clone(&ground.ids),
            pause: Arc::clone(&ground.pause),
        },
        ground.sign_ins.clone(),
    );
    let staff = staff(&ground, storage.staff, &storage.ephemeral, Arc::clone(&storage.cipher));
    let shared = || (Arc::clone(&ground.clock), Arc::clone(&ground.ids), Arc::clone(&ground.pause));
    let (clock, ids, pause) = shared();
    let admins = Admins::new(storage.admins, clock, ids, pause);
    let (clock, ids, pause) = shared();
    let wordpress = WordPressLinks::new(storage.wordpress, clock, ids, pause);
    let webhooks = endpoints(&ground, storage.webhooks);
    let told = (storage.notifications, storage.inbox, storage.chats);
    let offers =
        offers(&ground, storage.promotions, storage.consents, (Arc::clone(&storage.notification_book), storage.cipher));
    let notifications = notifications(&ground, told, offers, storage.templates, storage.notification_book);
    let by_issuer = ByIssuer::new(people.clone(), ground.issuers, ground.redirects);
    let Ground {
        clock,
        ids,
        pause,
        limiter,
        trusted_proxies,
        allowed_origins,
        request_time,
        body_time,
        max_requests,
        ..
    } = ground;
    let desk = Desk::new(Arc::new(shops), storage.bookings, Arc::clone(&clock), Arc::clone(&ids), Arc::clone(&pause));
    let contact_reads =
        ContactReads::new(storage.contact_log, Arc::clone(&clock), Arc::clone(&ids), Arc::clone(&pause));
    App::new(Parts {
        catalog,
        customers,
        contact_reads,
        slot_pages: SlotPages::new(revisions, Arc::clone(&clock), part * 4),
        per_request,
        ephemeral: storage.ephemeral,
        desk: desk.with_lines(Arc::new(OnRuntime(Handle::current()))),
        keys: ApiKeys::new(Arc::new(keys), Arc::clone(&clock), Arc::clone(&ids), pause),
        webhooks,
        people,
        by_issuer,
        staff,
        standings: storage.standings,
        admins,
        wordpress,
        age_groups: storage.age_groups,
        audit: storage.audit,
        answers: storage.answers,
        database: storage.database,
        depths: Depths::new(storage.queue, storage.outbox, Arc::clone(&clock)),
        clock,
        ids,
        limiter,
        gate: Gate::default(),
        readers: Readers::default(),
        trusted_proxies,
        allowed_origins,
        request_time,
        body_time,
        room: Semaphore::new(max_requests),
        notifications,
        schemas: Schemas::default(),
    })
}

fn staff(
    ground: &Ground,
    store: Arc<dyn StaffStore>,
    ephemeral: &Arc<dyn Ephemeral>,
    cipher: Arc<dyn Cipher>,
) -> Staff {
    let ports = staff::Ports {
        store,
        courier: Arc::clone(&ground.courier),
        ephemeral: Arc::clone(ephemeral),
        cipher,
        clock: Arc::clone(&ground.clock),
        ids: Arc::clone(&ground.ids),
        pause: Arc::clone(&ground.pause),
    };
    Staff::new(ports, ground.sign_ins.lifetimes)
}

fn endpoints(ground: &Ground, store: Arc<dyn WebhookStore>) -> Endpoints {
    let (clock, ids) = (Arc::clone(&ground.clock), Arc::clone(&ground.ids));
    let ports = webhook::endpoints::Ports { store, clock, ids, pause: Arc::clone(&ground.pause) };
    Endpoints::new(ports, Arc::clone(&ground.webhook_guard))
}

fn offers(
    ground: &Ground,
    promotions: Arc<dyn PromotionStore>,
    consents: Arc<dyn ConsentStore>,
    (book, cipher): (Arc<dyn Book>, Arc<dyn Cipher>),
) -> (Promotions, Consents) {
    let consents = consent::Ports {
        store: consents,
        promotions: Arc::clone(&promotions),
        cipher,
        clock: Arc::clone(&ground.clock),
        pause: Arc::clone(&ground.pause),
    };
    let promotions = promotion_desk::Ports {
        book,
        store: promotions,
        clock: Arc::clone(&ground.clock),
        ids: Arc::clone(&ground.ids),
        pause: Arc::clone(&ground.pause),
    };
    (Promotions::new(promotions), Consents::new(consents))
}

fn notifications(
    ground: &Ground,
    (told, inbox, chats): (Arc<dyn NotificationStore>, Arc<dyn InboxStore>, Arc<dyn ChatStore>),
    (promotions, consents): (Promotions, Consents),
    templates: Arc<dyn EntityStore<Template>>,
    book: Arc<dyn Book>,
) -> Notifications {
    let clock = || Arc::clone(&ground.clock);
    let reports = Reports {
        book: Arc::clone(&book),
        store: Arc::clone(&told),
        clock: clock(),
        ids: Arc::clone(&ground.ids),
        pause: Arc::clone(&ground.pause),
        witness: Arc::new(Outcomes),
    };
    Notifications {
        reports,
        sms_reports: ground.sms_reports.clone(),
        intake: Intake::new(chats, clock(), Arc::clone(&ground.ids), Arc::clone(&ground.pause)),
        desk: notification_desk::Desk::new(told, clock(), Arc::clone(&ground.ids), Arc::clone(&ground.pause)),
        templates: Templates::new(keeper(ground, templates), book, clock()),
        promotions,
        consents,
        inbox: Inbox::new(inbox, clock()),
    }
}

fn keeper<E: Entity>(ground: &Ground, store: Arc<dyn EntityStore<E>>) -> Keeper<E> {
    Keeper::new(store, Arc::clone(&ground.clock), Arc::clone(&ground.ids), Arc::clone(&ground.pause))
}
