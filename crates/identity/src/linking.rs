//! What happens when somebody arrives whom a provider vouches for.
//!
//! | known account | signed in | address is a person's | both verified it | what happens |
//! |---|---|---|---|---|
//! | theirs | no, or as its person | | | sign in |
//! | somebody's | as another person | | | refused |
//! | none | yes | | | link |
//! | none | no | no | | create |
//! | none | no | yes | yes | link |
//! | none | no | yes | no | ask to prove the other account first |
//!
//! An address that only one side has verified never joins two accounts: whoever writes another's address into a
//! provider that does not check it, or registered it before its owner came, would else be let in (pre-hijacking: A.
//! Sudhodanan and A. Paverd, "Pre-hijacked accounts", USENIX Security 2022).

use musubi_kernel::id::UserId;

/// Whose the address is that a provider tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The person who has it here.
    pub user: UserId,
    /// Whether they have proven that it is theirs.
    pub verified: bool,
}

/// What is known when somebody arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Who is signed in on the device already.
    pub signed_in: Option<UserId>,
    /// Whose account it is, if the provider's subject is known here.
    pub owner: Option<UserId>,
    /// Who has the address that the provider tells, if it tells one.
    pub holder: Option<Holder>,
    /// Whether the provider vouches for that address.
    pub vouched: bool,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This person signs in.
    SignIn(UserId),
    /// A new person comes into being. `with_email`: the address becomes theirs, as it is vouched for.
    Create {
        /// Whether the address becomes theirs.
        with_email: bool,
    },
    /// The account becomes one of this person's.
    Link(UserId),
    /// The address is this person's: they are to sign in as before, and can link the account then.
    ProveFirst(UserId),
    /// The account is another person's than the one who is signed in.
    BelongsToAnother,
}

/// What happens on an arrival.
pub fn decide(arrival: &Arrival) -> Outcome {
    match (arrival.owner, arrival.signed_in) {
        (Some(owner), Some(present)) if owner != present => Outcome::BelongsToAnother,
        (Some(owner), _) => Outcome::SignIn(owner),
        (None, Some(present)) => Outcome::Link(present),
        (None, None) => match arrival.holder {
            None => Outcome::Create { with_email: arrival.vouched },
            Some(Holder { user, verified: true }) if arrival.vouched => Outcome::Link(user),
            Some(Holder { user, .. }) => Outcome::ProveFirst(user),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{BelongsToAnother, Create, Link, ProveFirst, SignIn};
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        Uuid::from_u128(n).into()
    }

    #[test]
    fn every_combination() {
        let people = [None, Some(user(1)), Some(user(2))];
        let holders = people.into_iter().flat_map(|person| match person {
            None => vec![None],
            Some(user) => vec![Some(Holder { user, verified: false }), Some(Holder { user, verified: true })],
        });
        let mut seen = 0;
        for holder in holders {
            for (signed_in, owner, vouched) in people
                .into_iter()
                .flat_map(|signed_in| people.map(|owner| (signed_in, owner)))
                .flat_map(|(signed_in, owner)| [false, true].map(|vouched| (signed_in, owner, vouched)))
            {
                let arrival = Arrival { signed_in, owner, holder, vouched };
                // The table above, line by line.
                let expected = match (owner, signed_in, holder.map(|holder| (holder.user, holder.verified)), vouched) {
                    (Some(owner), None, _, _) => SignIn(owner),
                    (Some(owner), Some(present), _, _) if present == owner => SignIn(owner),
                    (Some(_), Some(_), _, _) => BelongsToAnother,
                    (None, Some(present), _, _) => Link(present),
                    (None, None, None, with_email) => Create { with_email },
                    (None, None, Some((user, true)), true) => Link(user),
                    (None, None, Some((user, _)), _) => ProveFirst(user),
                };
                assert_eq!(decide(&arrival), expected, "{arrival:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, 5 * 3 * 3 * 2);
    }

    #[test]
    fn cases_by_hand() {
        let nobody = Arrival { signed_in: None, owner: None, holder: None, vouched: false };
        let (one, two) = (user(1), user(2));
        let held = |verified| Some(Holder { user: one, verified });
        for (arrival, outcome) in [
            (nobody, Create { with_email: false }),
            (Arrival { vouched: true, ..nobody }, Create { with_email: true }),
            (Arrival { owner: Some(one), ..nobody }, SignIn(one)),
            (Arrival { owner: Some(one), holder: Some(Holder { user: two, verified: true }), ..nobody }, SignIn(one)),
            (Arrival { owner: Some(one), signed_in: Some(two), ..nobody }, BelongsToAnother),
            (Arrival { signed_in: Some(two), holder: held(true), vouched: true, ..nobody }, Link(two)),
            (Arrival { holder: held(true), vouched: true, ..nobody }, Link(one)),
            (Arrival { holder: held(false), vouched: true, ..nobody }, ProveFirst(one)),
            (Arrival { holder: held(true), vouched: false, ..nobody }, ProveFirst(one)),
            (Arrival { holder: held(false), vouched: false, ..nobody }, ProveFirst(one)),
        ] {
            assert_eq!(decide(&arrival), outcome, "{arrival:?}");
        }
    }
}
