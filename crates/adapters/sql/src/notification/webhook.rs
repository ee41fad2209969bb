//! Webhooks: endpoints of tenants, and events on their way there.

mod delivery;
mod endpoint;

use crate::SqlStore;
use crate::audit::chain_of;
use crate::engine::Write;
use crate::{idempotency, jobs, records};
use async_trait::async_trait;
use musubi_kernel::access::TenantScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{DeliveryId, EndpointId, StoreId, TenantId};
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::retry::{NoPause, retrying};
use musubi_notification::webhook::delivery::Delivery;
use musubi_notification::webhook::endpoint::Endpoint;
use musubi_notification::webhook::ports::{DeliveryFilter, WebhookStore};
use sea_query::{Condition, Expr, ExprTrait as _, Query};

#[async_trait]
impl WebhookStore for SqlStore {
    async fn add_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        most: u32,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        if let Some(answered) = answered {
            idempotency::write(&mut tx, &*self.cipher, answered).await?;
        }
        // Whoever writes to the tenant's chain waits for the others who do: none of them counts what another has not committed.
        records::write(&mut tx, &chain_of(Some(scope.tenant()), None), record).await?;
        let present: u32 = tx.optional(&endpoint::counted(scope)).await?.map_or(Ok(0), |row| row.int("n"))?;
        if present >= most {
            return Ok(false);
        }
        tx.exactly_one(&endpoint::adding(new, &*self.cipher)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn endpoint(&self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let row = self.db.optional(&endpoint::by_id(scope, id)).await?;
        row.map(|row| endpoint::read(&row, &*self.cipher)).transpose()
    }

    async fn endpoints(&self, scope: &TenantScope, page: &PageRequest) -> Result<Page<Endpoint>, EntityError> {
        let rows = self.db.all(&endpoint::page(scope, page.position()?, page.limit)).await?;
        let found = rows.iter().map(|row| endpoint::read(row, &*self.cipher)).collect::<Result<_, _>>()?;
        Ok(Page::of(found, page.limit, |endpoint: &Endpoint| endpoint.id))
    }

    async fn enabled(&self, scope: &TenantScope) -> Result<Vec<Endpoint>, StoreError> {
        let rows = self.db.all(&endpoint::enabled(scope)).await?;
        rows.iter().map(|row| endpoint::read(row, &*self.cipher)).collect()
    }

    async fn with_enabled(&self, tenants: &[TenantId]) -> Result<Vec<TenantId>, StoreError> {
        let rows = self.db.all(&endpoint::with_enabled(tenants)).await?;
        rows.iter().map(|row| row.id("tenant_id")).collect()
    }

    async fn has_store(&self, scope: &TenantScope, store: StoreId) -> Result<bool, StoreError> {
        let query = Query::select()
            .column("id")
            .from("stores")
            .cond_where(of_tenant(scope))
            .and_where(Expr::col("id").eq(store.0))
            .to_owned();
        Ok(self.db.optional(&query).await?.is_some())
    }

    async fn save_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        record: Option<&Record>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.exactly_one(&endpoint::saving(scope, new, &*self.cipher)).await?;
        if let Some(record) = record {
            records::write(&mut tx, &chain_of(Some(scope.tenant()), None), record).await?;
        }
        tx.commit().await
    }

    async fn remove_endpoint(&self, scope: &TenantScope, old: &Endpoint, record: &Record) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.exactly_one(&endpoint::removing(scope, old)).await?;
        records::write(&mut tx, &chain_of(Some(scope.tenant()), None), record).await?;
        tx.commit().await
    }

    async fn add_deliveries(&self, scope: &TenantScope, new: &[(Delivery, NewJob)]) -> Result<u64, StoreError> {
        // Whoever adds the same at the same time is first: the next time it is known.
        retrying(&NoPause, || async {
            let known = self.db.all(&delivery::known(scope, new.iter().map(|(delivery, _)| delivery))).await?;
            let known = known.iter().map(delivery::mark).collect::<Result<Vec<_>, _>>()?;
            let (deliveries, to_do): (Vec<_>, Vec<_>) = new
                .iter()
                .filter(|(delivery, _)| !known.contains(&(delivery.endpoint, delivery.event)))
                .map(|(delivery, job)| (delivery, job.clone()))
                .unzip();
            let mut writes: Vec<_> =
                deliveries.iter().map(|delivery| Write::one(delivery::adding(delivery, &*self.cipher))).collect();
            writes.extend(jobs::adding(&to_do));
            self.db.write_alone(&writes).await?;
            Ok(deliveries.len() as u64)
        })
        .await
    }

    async fn delivery(&self, scope: &TenantScope, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let row = self.db.optional(&delivery::by_id(scope, id)).await?;
        row.map(|row| delivery::read(&row, &*self.cipher)).transpose()
    }

    async fn save_delivery(&self, scope: &TenantScope, new: &Delivery, job: Option<&NewJob>) -> Result<(), StoreError> {
        let mut writes = vec![Write::one(delivery::saving(scope, new))];
        writes.extend(jobs::adding(job.map_or(&[], std::slice::from_ref)));
        self.db.write_alone(&writes).await
    }

    async fn deliveries(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, EntityError> {
        let rows = self.db.all(&delivery::page(scope, endpoint, filter, page.position()?, page.limit)).await?;
        let found = rows.iter().map(|row| delivery::read(row, &*self.cipher)).collect::<Result<_, _>>()?;
        Ok(Page::of(found, page.limit, |delivery: &Delivery| delivery.id))
    }
}

/// The rows of a tenant.
fn of_tenant(scope: &TenantScope) -> Condition {
    Condition::all().add(Expr::col("tenant_id").eq(scope.tenant().0))
}
