//! What the routes of all entities share: they differ in their access, their query and their documentation alone.

use crate::body::MergePatch;
use crate::idempotency::{Once, Presented};
use crate::problem::Problem;
use crate::version::{IfMatch, tagged};
use async_trait::async_trait;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_kernel::access::Caller;
use musubi_kernel::entity::{Entity, Keeper};
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::page::Page;
use musubi_kernel::receipt::Receipt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T: ToSchema> {
    /// The items, in the list's order.
    items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl<T: ToSchema> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next.map(|next| next.as_str().to_owned()) }
    }
}

/// Makes the next details of a thing from the present thing.
pub type Revision<'a, E> = dyn Fn(&E) -> Result<<E as Entity>::Details, Invalid> + Send + Sync + 'a;

/// The use cases on one kind of entity: its [`Keeper`], or what a domain crate puts around it.
#[async_trait]
pub trait UseCases<E: Entity>: Clone + Send + Sync + 'static {
    /// A new entity.
    async fn create(
        &self,
        caller: &Caller,
        scope: &E::Scope,
        details: E::Details,
        receipt: &dyn Receipt<E>,
    ) -> Result<E, EntityError>;
    /// The entity.
    async fn get(&self, scope: &E::Scope, id: E::Id) -> Result<E, EntityError>;
    /// The entity with revised details.
    async fn update(
        &self,
        caller: &Caller,
        scope: &E::Scope,
        id: E::Id,
        expected: Option<i64>,
        revision: &Revision<'_, E>,
    ) -> Result<E, EntityError>;
}

/// Lets `$cases` stand where the use cases on `$entity` are asked for: its own methods have the same names.
macro_rules! use_cases {
    ($cases:ty, $entity:ty $(, $parameter:ident)?) => {
        #[async_trait]
        impl $(<$parameter: Entity>)? UseCases<$entity> for $cases {
            async fn create(
                &self,
                caller: &Caller,
                scope: &<$entity as Entity>::Scope,
                details: <$entity as Entity>::Details,
                receipt: &dyn Receipt<$entity>,
            ) -> Result<$entity, EntityError> {
                <$cases>::create(self, caller, scope, details, receipt).await
            }

            async fn get(
                &self,
                scope: &<$entity as Entity>::Scope,
                id: <$entity as Entity>::Id,
            ) -> Result<$entity, EntityError> {
                <$cases>::get(self, scope, id).await
            }

            async fn update(
                &self,
                caller: &Caller,
                scope: &<$entity as Entity>::Scope,
                id: <$entity as Entity>::Id,
                expected: Option<i64>,
                revision: &Revision<'_, $entity>,
            ) -> Result<$entity, EntityError> {
                <$cases>::update(self, caller, scope, id, expected, revision).await
            }
        }
    };
}

use_cases!(Keeper<E>, E, E);
use_cases!(musubi_catalog::menus::Menus, musubi_catalog::menu::Menu);

/// An entity with its version as entity tag.
pub fn show<E: Entity + Serialize>(entity: &E) -> Response {
    tagged(entity.version(), entity)
}

/// POST: 201 with the new entity.
pub async fn create<E, D>(
    cases: &impl UseCases<E>,
    caller: Caller,
    scope: E::Scope,
    once: Once<D>,
) -> Result<Response, Problem>
where
    E: Entity + Serialize,
    D: Into<E::Details>,
{
    let cases = cases.clone();
    once.run(
        |entity: &E| Presented::created(entity.id(), entity.version(), entity),
        |body, keep| async move { cases.create(&caller, &scope, body.into(), &keep).await },
    )
    .await
}

/// GET of one.
pub async fn get<E: Entity + Serialize>(
    cases: &impl UseCases<E>,
    scope: &E::Scope,
    id: E::Id,
) -> Result<Response, Problem> {
    Ok(show(&cases.get(scope, id).await?))
}

/// PATCH: a merge patch of the details.
pub async fn patch<E>(
    cases: &impl UseCases<E>,
    caller: &Caller,
    scope: &E::Scope,
    id: E::Id,
    expected: IfMatch,
    patch: &MergePatch<E::Details>,
) -> Result<Response, Problem>
where
    E: Entity + Serialize,
    E::Details: Serialize + DeserializeOwned,
{
    let revision = |present: &E| patch.onto(present.details());
    Ok(show(&cases.update(caller, scope, id, expected.0, &revision).await?))
}

/// Details of things that are put away rather than removed.
pub trait PutAway {
    /// Whether the thing is in use.
    fn active(&mut self) -> &mut bool;
}

macro_rules! put_away {
    ($($details:path),+ $(,)?) => {$(
        impl PutAway for $details {
            fn active(&mut self) -> &mut bool {
                &mut self.is_active
            }
        }
    )+};
}

put_away![
    musubi_catalog::menu::MenuDetails,
    musubi_catalog::menu_option::MenuOptionDetails,
    musubi_catalog::resource::ResourceDetails,
    musubi_catalog::store::StoreDetails,
    musubi_customer::details::CustomerDetails,
];

/// DELETE of what others refer to: it becomes inactive. Putting away what is away changes nothing.
pub async fn put_away<E>(
    cases: &impl UseCases<E>,
    caller: &Caller,
    scope: &E::Scope,
    id: E::Id,
    expected: IfMatch,
) -> Result<StatusCode, Problem>
where
    E: Entity,
    E::Details: PutAway,
{
    let present = cases.get(scope, id).await?;
    let away = !*present.details().clone().active();
    if !away || expected.0.is_some_and(|expected| expected != present.version()) {
        let revision = |present: &E| {
            let mut details = present.details().clone();
            *details.active() = false;
            Ok(details)
        };
        cases.update(caller, scope, id, expected.0, &revision).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
