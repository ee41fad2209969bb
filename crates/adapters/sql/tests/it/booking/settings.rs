//! What a store offers must still hold under the locks of a booking.

use super::house::{House, Jitter, fresh, tokyo, wish};
use async_trait::async_trait;
use chrono::NaiveDate;
use musubi_booking::desk::{Desk, NewBooking, What};
use musubi_booking::error::BookingError;
use musubi_booking::ports::{Offering, SettingsRevision, ShopBook};
use musubi_booking::refusal::Refusal;
use musubi_booking::shop::Shop;
use musubi_catalog::menu::{Menu, MenuDetails};
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::entity::Keeper;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, StoreId, SystemIds};
use musubi_kernel::receipt::NoReceipt;
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql_testing::{TestDb, on_each_engine};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

on_each_engine!(a_menu_that_is_put_away_meanwhile_is_not_booked);

/// Tells what is offered, and then the menu is put away, once.
struct PutAwayMeanwhile {
    book: SqlShops,
    menus: Keeper<Menu>,
    armed: AtomicBool,
}

#[async_trait]
impl ShopBook for PutAwayMeanwhile {
    async fn revision(&self, scope: &StoreScope) -> Result<SettingsRevision, StoreError> {
        self.book.revision(scope).await
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError> {
        self.book.shop(scope).await
    }

    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError> {
        let told = self.book.offering(scope, menu, dates).await?;
        if self.armed.swap(false, Ordering::Relaxed) {
            let put_away = |menu: &Menu| Ok(MenuDetails { is_active: false, ..menu.details.clone() });
            self.menus.update(&Caller::system(), scope, menu, None, put_away).await.expect("the menu is there");
        }
        Ok(told)
    }

    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError> {
        self.book.names(stores).await
    }
}

async fn a_menu_that_is_put_away_meanwhile_is_not_booked(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let customer = house.customer(&scope, CustomerDetails::named("花子")).await;
    let desk_after = |menus| {
        let book = PutAwayMeanwhile { book: SqlShops::new(test.store()), menus, armed: AtomicBool::new(true) };
        let bookings = SqlBookings::new(test.store(), Arc::new(SystemIds));
        Desk::new(Arc::new(book), Arc::new(bookings), house.clock.clone(), Arc::new(SystemIds), Arc::new(Jitter))
    };
    let refused = Some(BookingError::Refused(Refusal::MenuInactive));

    let menu = house.menu(&scope, |_| ()).await;
    let new = fresh(menu, tokyo(10, "10:00"), wish(), customer);
    let booked = desk_after(house.keeper()).book(&house.caller, &scope, &new, &NoReceipt).await;
    assert_eq!(booked.err(), refused);

    let menu = house.menu(&scope, |_| ()).await;
    let held = desk_after(house.keeper()).hold(&scope, menu, tokyo(10, "10:00"), &wish(), &NoReceipt).await;
    assert_eq!(held.err(), refused);

    let menu = house.menu(&scope, |_| ()).await;
    let held = house.desk().hold(&scope, menu, tokyo(10, "10:00"), &wish(), &NoReceipt).await.unwrap();
    let what = What::Held { token: held.token.expose().to_owned() };
    let new = NewBooking { what, ..fresh(menu, tokyo(10, "10:00"), wish(), customer) };
    let booked = desk_after(house.keeper()).book(&house.caller, &scope, &new, &NoReceipt).await;
    assert_eq!(booked.err(), refused);
}
