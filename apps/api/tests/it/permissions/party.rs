//! Who calls, and the shop that they call.

use crate::app::{Call, TestApp};
use crate::booked::Booked;
use crate::isolation::Operation;
use crate::person::{Person, letter, long_ago};
use crate::staff::hire;
use axum::http::Method;
use musubi_identity::message::MessageKind;
use musubi_identity::totp::TotpSecret;
use serde_json::{Value, json};

/// Somebody who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Nobody,
    OtherTenantsKey,
    WeakKey,
    OtherCustomer,
    Customer,
    Reception,
    Staff,
    Manager,
    Owner,
    TenantsKey,
    Support,
    Moderator,
    Unproven,
    Operator,
}

impl Party {
    pub(super) const ALL: &[Self] = &[
        Self::Nobody,
        Self::OtherTenantsKey,
        Self::WeakKey,
        Self::OtherCustomer,
        Self::Customer,
        Self::Reception,
        Self::Staff,
        Self::Manager,
        Self::Owner,
        Self::TenantsKey,
        Self::Support,
        Self::Moderator,
        Self::Unproven,
        Self::Operator,
    ];

    /// As the page calls them.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::OtherTenantsKey => "another tenant's key",
            Self::WeakKey => "key without the permission",
            Self::OtherCustomer => "another customer",
            Self::Customer => "customer",
            Self::Reception => "reception",
            Self::Staff => "staff",
            Self::Manager => "manager",
            Self::Owner => "owner",
            Self::TenantsKey => "tenant's key",
            Self::Support => "support",
            Self::Moderator => "moderator",
            Self::Unproven => "admin, proven long ago",
            Self::Operator => "operator",
        }
    }
}

/// What the party shows.
enum Shown {
    Nothing,
    Operator,
    Key(String),
    Person(Person),
    Admin(Person),
    /// With a recovery code that is left.
    Unproven(Person, String),
}

/// A shop, and a party that calls it.
pub(super) struct House {
    party: Party,
    shop: Booked,
    shown: Shown,
    /// A key that may only manage keys, and one that may only read the catalog.
    weak: [String; 2],
    /// A key that nobody here shows.
    spare_key: String,
    /// A booking of the party's own, if it has one there.
    own_booking: Option<String>,
    colleague: Person,
    colleague_account: String,
    invitation: String,
    admin: String,
    admin_person: Person,
    address: String,
}

impl House {
    pub(super) async fn open(app: &TestApp, party: Party) -> Self {
        // What the party before had sent.
        app.letters.empty();
        let slug = format!("{party:?}").to_lowercase();
        let shop = Booked::open(app, &slug).await;
        let address = |name: &str| format!("{name}@{slug}.example.jp");
        let (colleague, colleague_account) = hire(app, &shop, &address("colleague"), "reception").await;
        let invited = json!({ "email": address("invited"), "role": "reception" });
        let invitation = app.post(shop.at("/invitations"), &invited).key(&shop.key).send().await.is(201).id();
        app.letters.empty();
        let admin_person = Person::sign_up(app, &address("admin")).await;
        let appointed = json!({ "user_id": admin_person.id, "role": "moderator" });
        let admin = app.post("/v1/admins", &appointed).send().await.is(200).id();
        let own = address("own");
        let shown = Self::shown(app, party, &shop, &own).await;
        let (mut weak, mut spare_key) = (Vec::new(), String::new());
        for permission in ["key.manage", "catalog.read", "audit.read"] {
            let of_the_store = (permission == "audit.read").then_some(&shop.store);
            let key = json!({ "name": "weak", "tenant_id": shop.tenant, "store_id": of_the_store, "permissions": [permission] });
            let key = app.post("/v1/api-keys", &key).send().await.is(201).body;
            weak.push(key["secret"].as_str().expect("a secret").to_owned());
            key["key"]["id"].as_str().expect("an id").clone_into(&mut spare_key);
        }
        weak.truncate(2);
        let weak = weak.try_into().expect("two keys");
        let mut own_booking = None;
        if let (Party::Customer, Shown::Person(person)) = (party, &shown) {
            let wish = json!({ "menu_id": shop.menu, "start": "2026-03-20T10:00:00Z" });
            own_booking = Some(app.post(shop.at("/bookings"), &wish).key(&person.access).send().await.is(201).id());
        }
        Self {
            party,
            shop,
            shown,
            weak,
            spare_key,
            own_booking,
            colleague,
            colleague_account,
            invitation,
            admin,
            admin_person,
            address: own,
        }
    }

    async fn shown(app: &TestApp, party: Party, shop: &Booked, address: &str) -> Shown {
        let at_work = async |role: &str| {
            let (person, account) = hire(app, shop, address, role).await;
            let linked = json!({ "resource_id": shop.resource });
            app.patch(shop.at(&format!("/staff/{account}")), &linked).key(&shop.key).send().await.is(200);
            Shown::Person(person)
        };
        match party {
            Party::Nobody | Party::WeakKey => Shown::Nothing,
            Party::OtherTenantsKey => Shown::Key(Booked::open(app, "elsewhere").await.key.clone()),
            Party::OtherCustomer | Party::Customer => Shown::Person(Person::sign_up(app, address).await),
            Party::Reception => at_work("reception").await,
            Party::Staff => at_work("staff").await,
            Party::Manager => at_work("manager").await,
            Party::Owner => at_work("owner").await,
            Party::TenantsKey => Shown::Key(shop.key.clone()),
            Party::Support | Party::Moderator => {
                let role = if matches!(party, Party::Support) { "support" } else { "moderator" };
                let codes = admin(app, address, role).await;
                Shown::Admin(Person::sign_in_with(app, address, &codes[0]).await)
            }
            Party::Unproven => {
                let [first, left, ..] = &admin(app, address, "admin").await[..] else { panic!("two codes") };
                Shown::Unproven(long_ago(app, Person::sign_in_with(app, address, first)).await, left.clone())
            }
            Party::Operator => Shown::Operator,
        }
    }

    /// The call of an operation on the shop's things, as the party.
    pub(super) async fn call<'a>(&mut self, app: &'a TestApp, operation: &Operation) -> Call<'a> {
        let own = ["me", "sign-in"].contains(&operation.tag());
        if let (true, Shown::Person(_)) = (own, &self.shown) {
            // One of these may have ended the session before.
            self.shown = Shown::Person(Person::sign_in(app, &self.address).await);
        }
        if let ("delete_me", Shown::Admin(_)) = (operation.id.as_str(), &self.shown) {
            // By now they have done without their second factor.
            self.shown = Shown::Admin(Person::sign_in(app, &self.address).await);
        }
        if let ("delete_me", Shown::Unproven(person, left)) = (operation.id.as_str(), &mut self.shown) {
            // By now they have signed out.
            *person = long_ago(app, Person::sign_in_with(app, &self.address, left)).await;
        }
        let mut path = operation.path.clone();
        for (name, value) in self.parameters() {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let path = self.shop.address(&path);
        let query = if self.asks_of_the_store(operation) {
            format!("?store_id={}", self.shop.store)
        } else {
            operation.query(|name| self.asked(name))
        };
        let call = app.call(operation.method.parse::<Method>().expect("a method"), format!("{path}{query}"));
        let call = if operation.has_body() { call.json(&self.body(operation)) } else { call };
        match (&self.shown, self.party) {
            (_, Party::WeakKey) => call.key(&self.weak[usize::from(operation.tag() == "keys")]),
            (Shown::Nothing, _) => call.anonymous(),
            (Shown::Operator, _) => call,
            (Shown::Key(key), _) => call.key(key),
            (Shown::Person(person) | Shown::Admin(person) | Shown::Unproven(person, _), _) => call.key(&person.access),
        }
    }

    fn parameters(&self) -> Vec<(&str, &str)> {
        let nothing = "019d088a-0000-7000-8000-000000000000";
        let mut known = vec![
            ("key_id", self.spare_key.as_str()),
            ("staff_id", self.colleague_account.as_str()),
            ("user_id", &self.colleague.id),
            ("invitation_id", &self.invitation),
            ("admin_id", &self.admin),
            ("session_id", nothing),
            ("account_id", nothing),
            ("passkey_id", nothing),
            ("issuer", "line"),
        ];
        known.extend(self.own_booking.as_deref().map(|id| ("booking_id", id)));
        known
    }

    /// Whether it is about API keys of the store: who works there has nothing to do with those of the tenant.
    fn asks_of_the_store(&self, operation: &Operation) -> bool {
        let works_there = matches!(self.party, Party::Reception | Party::Staff | Party::Manager | Party::Owner);
        works_there && operation.path.starts_with("/v1/api-keys")
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.shop.asked(name).or_else(|| (name == "email").then_some(self.address.as_str()))
    }

    fn body(&self, operation: &Operation) -> Value {
        match operation.id.as_str() {
            "change_password" => json!({ "present_password": "not this one", "new_password": "quiet lake at dawn" }),
            "invite_staff" => json!({ "email": "new@example.jp", "role": "reception" }),
            "appoint_admin" => json!({ "user_id": self.admin_person.id, "role": "support" }),
            "reschedule_booking" if self.own_booking.is_some() => json!({ "start": "2026-03-20T11:00:00Z" }),
            "create_api_key" if self.asks_of_the_store(operation) => {
                json!({ "name": "x", "permissions": ["catalog.read"], "store_id": self.shop.store })
            }
            "put_wordpress_link" => operation.example(),
            id => self.shop.body(id).unwrap_or_else(|| operation.example()),
        }
    }
}

/// Somebody who looks after the platform, with a second factor: recovery codes.
async fn admin(app: &TestApp, address: &str, role: &str) -> Vec<String> {
    let person = Person::sign_up(app, address).await;
    let appointed = json!({ "user_id": person.id, "role": role });
    app.post("/v1/admins", &appointed).send().await.is(200);
    let begun = app.post("/v1/me/two-factor/totp", &json!({})).key(&person.access).send().await.is(200).body;
    let secret = TotpSecret::from_base32(begun["secret"].as_str().expect("a secret")).expect("base 32");
    let confirm = json!({ "code": secret.code_at(app.clock_now()).expose() });
    let confirm = app.post("/v1/me/two-factor/totp/confirm", &confirm).key(&person.access).send().await.is(200).body;
    letter(app, MessageKind::TwoFactorChanged);
    let codes = confirm["recovery_codes"].as_array().expect("codes").iter();
    codes.map(|code| code.as_str().expect("a code").to_owned()).collect()
}
