//! Who may decide about whom.
//!
//! Somebody holds what their role and what differs for them give. Who decides must hold all of it: what the other holds
//! before, and what they hold after. So nobody gives what they do not have, and nobody touches who can do more than they.

use super::error::refused;
use super::invitation::Invitation;
use crate::staff_account::{StaffAccount, StaffDetails};
use musubi_kernel::access::{Actor, AdminRole, Permission, Role};
use musubi_kernel::error::{EntityError, Invalid};

/// The permissions that are had on a tenant as a whole: nobody has them at a store.
const OF_TENANTS: [Permission; 3] = [Permission::TenantRead, Permission::TenantWrite, Permission::WebhookManage];

/// Every rule that `actor` breaks who wants somebody to be that.
pub(super) fn check(actor: &Actor, details: &StaffDetails) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    let StaffDetails { role, permissions, .. } = details;
    let by_role = role.permissions().filter(|permission| !permissions.denied.contains(permission));
    let beyond: Vec<_> = by_role.filter(|permission| !actor.holds(*permission)).map(Permission::code).collect();
    if !beyond.is_empty() {
        let beyond = beyond.join("`, `");
        let detail = format!("nobody can give a role that may do more than they may themselves: you lack `{beyond}`");
        invalid.add("/role", "permission_not_held", detail);
    }
    invalid.require(
        *role != Role::Owner || permissions.denied.is_empty(),
        "/permissions/denied",
        "owner_denied",
        "an owner answers for the store, and is denied nothing: another role is",
    );
    invalid.require(
        permissions.granted.iter().all(|permission| actor.holds(*permission)),
        "/permissions/granted",
        "permission_not_held",
        "nobody can grant what they may not do themselves",
    );
    for (set, pointer) in [(&permissions.granted, "/permissions/granted"), (&permissions.denied, "/permissions/denied")]
    {
        let of_stores = OF_TENANTS.iter().all(|permission| !set.contains(permission));
        invalid.require(of_stores, pointer, "not_of_a_store", "must not name permissions on a tenant as a whole");
    }
    invalid.finish()
}

/// Whether `actor` may decide about `account` as it stands, and make `after` of it.
pub(super) fn may_change(actor: &Actor, account: &StaffAccount, after: &StaffDetails) -> Result<(), EntityError> {
    let before = &account.details;
    let own = actor.as_person().is_ok_and(|person| person.user() == account.user_id);
    if own && (before.role, &before.permissions) != (after.role, &after.permissions) {
        return Err(refused("own_account", "nobody changes what they may do themselves"));
    }
    if !own && !before.held().into_iter().all(|permission| actor.holds(permission)) {
        return Err(refused("outranked", "this person may do what you may not: somebody else must decide"));
    }
    Ok(())
}

/// Whether `actor` may make an invitation void: they could have sent it.
pub(super) fn may_void(actor: &Actor, invitation: &Invitation) -> Result<(), EntityError> {
    let detail = "there is an invitation that gives what you may not give: somebody else must revoke it";
    check(actor, &invitation.details).map_err(|_| refused("outranked", detail))
}

/// Whether a change leaves the store with one active owner less.
pub(super) fn loses_an_owner(before: &StaffDetails, after: &StaffDetails) -> bool {
    before.is_active_owner() && !after.is_active_owner()
}

/// Whether `actor` may leave a store without an owner: they have a say over the tenant as a whole.
pub(super) const fn is_above_owners(actor: &Actor) -> bool {
    matches!(
        actor,
        Actor::Operator { .. }
            | Actor::System
            | Actor::Admin { role: AdminRole::Admin, .. }
            | Actor::Key { store: None, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff_account::tests::details;
    use chrono::DateTime;
    use musubi_kernel::access::Override;
    use musubi_kernel::id::UserId;
    use proptest::collection::btree_set;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn account(user: u128, details: StaffDetails) -> StaffAccount {
        let id = Uuid::from_u128;
        StaffAccount {
            id: id(user).into(),
            user_id: id(user).into(),
            tenant_id: id(8).into(),
            store_id: id(9).into(),
            details,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn staff(user: u128, details: StaffDetails) -> Actor {
        let post = account(user, details).post().expect("an active one");
        Actor::Staff { user: Uuid::from_u128(user).into(), session: Uuid::from_u128(7).into(), post }
    }

    fn code(result: Result<(), EntityError>) -> &'static str {
        match result {
            Ok(()) => "ok",
            Err(EntityError::Refused { code, .. }) => code,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_may_appoint_whom() {
        use Role::{Manager, Owner, Reception, Staff};
        for (role, may) in [(Owner, vec![Owner, Manager, Staff, Reception]), (Manager, vec![Manager, Staff, Reception])]
        {
            let actor = staff(1, details(role));
            for &other in Role::ALL {
                assert_eq!(check(&actor, &details(other)).is_ok(), may.contains(&other), "{role:?} {other:?}");
                let changed = may_change(&actor, &account(2, details(other)), &details(Reception));
                assert_eq!(code(changed) == "ok", may.contains(&other), "{role:?} {other:?}");
            }
        }
    }

    #[test]
    fn an_invitation_is_made_void_by_who_could_send_it() {
        use Role::{Manager, Owner, Reception, Staff};
        let key_manage = Override { granted: [Permission::KeyManage].into(), ..Override::default() };
        for (decider, invited, granted, may) in [
            (Owner, Owner, false, true),
            (Owner, Staff, true, true),
            (Manager, Owner, false, false),
            (Manager, Staff, true, false),
            (Manager, Manager, false, true),
            (Manager, Reception, false, true),
        ] {
            let permissions = if granted { key_manage.clone() } else { Override::default() };
            let details = StaffDetails { permissions, ..details(invited) };
            let invitation = Invitation { details, ..crate::staff::invitation::tests::invitation() };
            let found = code(may_void(&staff(1, self::details(decider)), &invitation));
            assert_eq!(found, if may { "ok" } else { "outranked" }, "{decider:?} {invited:?} {granted}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        type Case = (StaffDetails, &'static [(&'static str, &'static str)]);
        let manager = staff(1, details(Role::Manager));
        let differing = |role, granted: &[Permission], denied: &[Permission]| StaffDetails {
            permissions: Override {
                granted: granted.iter().copied().collect(),
                denied: denied.iter().copied().collect(),
            },
            ..details(role)
        };
        let cases: [Case; 6] = [
            (details(Role::Owner), &[("/role", "permission_not_held")]),
            (differing(Role::Owner, &[], &[Permission::KeyManage]), &[("/permissions/denied", "owner_denied")]),
            (differing(Role::Staff, &[Permission::KeyManage], &[]), &[("/permissions/granted", "permission_not_held")]),
            // Denied now, but a later change of what is denied would give it.
            (
                differing(Role::Staff, &[Permission::KeyManage], &[Permission::KeyManage]),
                &[("/permissions/granted", "permission_not_held")],
            ),
            (
                differing(Role::Staff, &[Permission::TenantRead], &[]),
                &[("/permissions/granted", "permission_not_held"), ("/permissions/granted", "not_of_a_store")],
            ),
            (
                differing(Role::Staff, &[Permission::AuditRead], &[Permission::TenantWrite]),
                &[("/permissions/denied", "not_of_a_store")],
            ),
        ];
        for (details, expected) in cases {
            let broken = check(&manager, &details).err().map(Invalid::into_violations).unwrap_or_default();
            let broken: Vec<_> = broken.iter().map(|violation| (violation.pointer.as_str(), violation.code)).collect();
            assert_eq!(broken, expected, "{details:?}");
        }
    }

    #[test]
    fn nobody_changes_what_they_may_do_themselves() {
        let owner = details(Role::Owner);
        let (actor, own) = (staff(1, owner.clone()), account(1, owner.clone()));
        assert_eq!(code(may_change(&actor, &own, &details(Role::Manager))), "own_account");
        let denied = Override { denied: [Permission::KeyManage].into(), ..Override::default() };
        assert_eq!(
            code(may_change(&actor, &own, &StaffDetails { permissions: denied, ..owner.clone() })),
            "own_account"
        );
        let resource = Some(Uuid::from_u128(5).into());
        assert_eq!(code(may_change(&actor, &own, &StaffDetails { resource_id: resource, ..owner.clone() })), "ok");
        assert_eq!(code(may_change(&actor, &own, &StaffDetails { is_active: false, ..owner })), "ok");
    }

    #[test]
    fn an_owner_is_lost_by_another_role_or_by_going() {
        let owner = details(Role::Owner);
        let gone = StaffDetails { is_active: false, ..owner.clone() };
        for (before, after, lost) in [
            (&owner, &owner, false),
            (&owner, &details(Role::Manager), true),
            (&owner, &gone, true),
            (&gone, &gone, false),
            (&gone, &owner, false),
            (&details(Role::Manager), &details(Role::Staff), false),
        ] {
            assert_eq!(loses_an_owner(before, after), lost, "{before:?} {after:?}");
        }
    }

    #[test]
    fn who_is_above_owners() {
        let (key, tenant) = (Uuid::nil().into(), Uuid::nil().into());
        let of = |store| Actor::Key { key, tenant, store, permissions: BTreeSet::new() };
        let (admin, user, session) = (Uuid::nil().into(), UserId(Uuid::nil()), Uuid::nil().into());
        let by = |role| Actor::Admin { admin, user, session, role };
        for (actor, above) in [
            (Actor::Operator { key }, true),
            (Actor::System, true),
            (by(AdminRole::Admin), true),
            (by(AdminRole::Support), false),
            (of(None), true),
            (of(Some(Uuid::nil().into())), false),
            (staff(1, details(Role::Owner)), false),
            (Actor::Person { user, session }, false),
            (Actor::Public, false),
        ] {
            assert_eq!(is_above_owners(&actor), above, "{actor:?}");
        }
    }

    fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
        btree_set(select(&Permission::ALL[3..]), 0..6)
    }

    fn any_details() -> impl Strategy<Value = StaffDetails> {
        (select(Role::ALL), permissions(), permissions()).prop_map(|(role, granted, denied)| StaffDetails {
            permissions: Override { granted, denied },
            ..details(role)
        })
    }

    proptest! {
        /// Whatever is decided, by whomever and however often: nobody at the store can do what nobody there could before.
        #[test]
        fn no_chain_of_decisions_makes_more_than_there_was(
            first in any_details(),
            steps in proptest::collection::vec((0..4_usize, 0..4_usize, any_details()), 1..40),
        ) {
            let ceiling = first.held();
            let mut people = vec![first];
            for (decider, other, wanted) in steps {
                let Some(decider_details) = people.get(decider).cloned() else { continue };
                let actor = staff(decider as u128, decider_details);
                match people.get(other).cloned() {
                    None => if check(&actor, &wanted).is_ok() {
                        people.push(wanted);
                    },
                    Some(present) => {
                        let present = account(other as u128, present);
                        if check(&actor, &wanted).is_ok() && may_change(&actor, &present, &wanted).is_ok() {
                            people[other] = wanted;
                        }
                    }
                }
                for person in &people {
                    prop_assert!(person.held().is_subset(&ceiling), "{person:?}");
                }
            }
        }

        /// What a check lets pass is held by whoever asks, permission by permission; and an owner is denied nothing.
        #[test]
        fn nobody_gives_what_they_do_not_hold(own in any_details(), wanted in any_details(), other in any_details()) {
            let actor = staff(1, own.clone());
            let gives = wanted.held().is_subset(&own.held()) && wanted.permissions.granted.is_subset(&own.held());
            let is_whole = wanted.role != Role::Owner || wanted.permissions.denied.is_empty();
            prop_assert_eq!(check(&actor, &wanted).is_ok(), gives && is_whole);
            let touches = other.held().is_subset(&own.held());
            prop_assert_eq!(may_change(&actor, &account(2, other), &wanted).is_ok(), touches);
        }
    }
}
