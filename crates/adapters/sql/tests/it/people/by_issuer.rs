//! Going to an issuer and coming back.

use super::race::houses;
use super::{HANAKO, House, PASSWORD, acting, refused, scope, visitor};
use crate::contract::{World, contract};
use crate::crowd::all_at_once;
use chrono::TimeDelta;
use musubi_identity::issuer::claims::Claims;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::memory::IssuersInMemory;
use musubi_identity::issuer::pending::Callback;
use musubi_identity::issuer::redirects::Redirects;
use musubi_identity::message::MessageKind;
use musubi_identity::people::SignedIn;
use musubi_identity::people::accounts::Arrived;
use musubi_identity::people::by_issuer::{Back, ByIssuer, SetOut};
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::step_up::StepUpProof;
use musubi_identity::session::Method;
use musubi_kernel::access::PersonScope;
use musubi_kernel::secret::Secret;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;

contract!(
    who_comes_back_is_signed_in,
    an_answer_is_good_once,
    only_who_set_out_comes_back,
    an_answer_is_to_the_issuer_that_was_asked,
    an_answer_comes_in_time,
    an_account_is_linked_by_who_set_out_to,
    a_changed_password_ends_a_link_under_way,
    who_links_proves_who_they_are_before_they_set_out,
    an_id_token_may_be_shown_again,
    nobody_is_sent_elsewhere,
);
on_each_engine!(one_answer_signs_in_once);

const BACK: &str = "https://shop.example.jp/back";

/// The use cases, and the issuers `google` and `line`.
struct Way {
    by: ByIssuer,
    issuers: Arc<IssuersInMemory>,
}

impl Way {
    fn of(house: &House) -> Self {
        Self::through(house, Arc::new(IssuersInMemory::named(&["google", "line"])))
    }

    fn through(house: &House, issuers: Arc<IssuersInMemory>) -> Self {
        let redirects = Redirects::new([BACK.to_owned()]).expect("a good address");
        Self { by: ByIssuer::new(house.people.clone(), issuers.clone(), redirects), issuers }
    }

    async fn set_out(&self, issuer: &str, linking: Option<&PersonScope>) -> SetOut {
        self.by.set_out(issuer, BACK, linking).await.expect("a way")
    }

    /// The person agrees, and comes back with this code.
    fn agrees(&self, out: &SetOut, code: &str, person: Claims) -> Back {
        self.issuers.agrees(code, person);
        let answer = Callback { state: Some(out.state.clone()), code: Some(Secret::new(code)), ..Callback::default() };
        Back { answer, binding: Some(out.binding.clone()), locale: None }
    }

    async fn sign_in(&self, issuer: &str, back: &Back) -> Result<Arrived, PeopleError> {
        self.by.sign_in(&visitor(), issuer, back).await
    }
}

fn claims(issuer: &str, subject: &str, email: Option<&str>) -> Claims {
    Claims {
        issuer_name: issuer.to_owned(),
        subject: subject.to_owned(),
        email: email.map(str::to_owned),
        email_verified: email.is_some(),
        name: Some("花子".to_owned()),
        picture: None,
        locale: None,
    }
}

fn signed_in(arrived: Result<Arrived, PeopleError>) -> SignedIn {
    match arrived {
        Ok(Arrived::SignedIn(signed_in)) => *signed_in,
        other => panic!("{other:?}"),
    }
}

const fn wrong_state<T>() -> Result<T, PeopleError> {
    Err(PeopleError::Issuer(OidcError::WrongState))
}

async fn who_comes_back_is_signed_in(world: World) {
    let (house, person) = (House::of(&world), || claims("google", "108", Some(HANAKO)));
    let way = Way::of(&house);
    let out = way.set_out("google", None).await;
    assert_eq!(out.expires_at, house.now() + TimeDelta::minutes(10));
    let first = signed_in(way.sign_in("google", &way.agrees(&out, "a", person())).await);
    assert_eq!((first.user.display_name.as_str(), first.session.methods.clone()), ("花子", [Method::Federated].into()));
    assert!(house.is_known(&first.tokens.access).await);

    let again = way.set_out("google", None).await;
    let again = signed_in(way.sign_in("google", &way.agrees(&again, "b", person())).await);
    assert_eq!((again.user.id, again.session.id == first.session.id), (first.user.id, false));

    // A person's address is no proof when the issuer does not vouch for it.
    let out = way.set_out("line", None).await;
    let unvouched = Claims { email_verified: false, ..claims("line", "U1", Some(HANAKO)) };
    assert_eq!(way.sign_in("line", &way.agrees(&out, "c", unvouched)).await, Ok(Arrived::ProveFirst));
}

async fn an_answer_is_good_once(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    let out = way.set_out("google", None).await;
    let back = way.agrees(&out, "a", claims("google", "108", None));
    signed_in(way.sign_in("google", &back).await);
    assert_eq!(way.sign_in("google", &way.agrees(&out, "b", claims("google", "108", None))).await, wrong_state());

    // A refusal at the issuer is an answer as well.
    let out = way.set_out("google", None).await;
    let mut back = way.agrees(&out, "c", claims("google", "108", None));
    back.answer.error = Some("access_denied".to_owned());
    assert_eq!(way.sign_in("google", &back).await, Err(PeopleError::Issuer(OidcError::GivenUp)));
    back.answer.error = None;
    assert_eq!(way.sign_in("google", &back).await, wrong_state());

    // So is one that no issuer was there to hear of.
    let out = way.set_out("google", None).await;
    let back = way.agrees(&out, "d", claims("google", "108", None));
    way.issuers.set_away(true);
    let away = way.sign_in("google", &back).await;
    assert!(matches!(away, Err(PeopleError::Issuer(OidcError::Unavailable(_)))), "{away:?}");
    way.issuers.set_away(false);
    assert_eq!(way.sign_in("google", &back).await, wrong_state());
}

async fn only_who_set_out_comes_back(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    let other = way.set_out("google", None).await;
    let digest_like = Secret::new("msi_");
    for binding in [None, Some(other.binding.clone()), Some(other.state.clone()), Some(digest_like)] {
        let out = way.set_out("google", None).await;
        let good = way.agrees(&out, "a", claims("google", "108", None));
        let stolen = Back { binding, ..good.clone() };
        assert_eq!(way.sign_in("google", &stolen).await, wrong_state(), "{stolen:?}");
        // Whatever was tried with it, the answer is used up.
        assert_eq!(way.sign_in("google", &good).await, wrong_state());
    }
    for state in [None, Some(Secret::new("")), Some(Secret::new("unknown")), Some(other.binding.clone())] {
        let mut back = way.agrees(&other, "a", claims("google", "108", None));
        back.answer.state = state;
        assert_eq!(way.sign_in("google", &back).await, wrong_state());
    }
    signed_in(way.sign_in("google", &way.agrees(&other, "a", claims("google", "108", None))).await);
}

async fn an_answer_is_to_the_issuer_that_was_asked(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    let out = way.set_out("google", None).await;
    let back = way.agrees(&out, "a", claims("google", "108", None));
    assert_eq!(way.sign_in("line", &back).await, Err(PeopleError::Issuer(OidcError::MixUp)));
    let out = way.set_out("google", None).await;
    let mut back = way.agrees(&out, "b", claims("google", "108", None));
    back.answer.iss = Some("https://line.example".to_owned());
    assert_eq!(way.sign_in("google", &back).await, Err(PeopleError::Issuer(OidcError::MixUp)));
    // Another issuer's code.
    let out = way.set_out("google", None).await;
    let back = way.agrees(&out, "c", claims("line", "U1", None));
    assert_eq!(way.sign_in("google", &back).await, Err(PeopleError::Issuer(OidcError::CodeRefused)));
}

async fn an_answer_comes_in_time(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    for (wait, in_time) in
        [(TimeDelta::minutes(10) - TimeDelta::microseconds(1), true), (TimeDelta::minutes(10), false)]
    {
        let out = way.set_out("google", None).await;
        let back = way.agrees(&out, "a", claims("google", "108", None));
        house.later(wait);
        let arrived = way.sign_in("google", &back).await;
        if in_time {
            signed_in(arrived);
        } else {
            assert_eq!(arrived, wrong_state());
        }
    }
}

async fn an_account_is_linked_by_who_set_out_to(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    house.person(HANAKO).await;
    house.person("taro@example.jp").await;
    let (hanako, taro) = (house.sign_in(HANAKO).await, house.sign_in("taro@example.jp").await);
    let (own, others) = (scope(&hanako), scope(&taro));
    let person = || claims("line", "U1", None);
    let link = async |signed_in: &SignedIn, back: &Back| way.by.link(&acting(signed_in), &scope(signed_in), back).await;

    // Another person's device, nobody's, and a sign-in that is taken for a link.
    let out = way.set_out("line", Some(&own)).await;
    assert_eq!(link(&taro, &way.agrees(&out, "a", person())).await, wrong_state());
    let out = way.set_out("line", Some(&own)).await;
    assert_eq!(way.sign_in("line", &way.agrees(&out, "b", person())).await, wrong_state());
    let out = way.set_out("line", None).await;
    assert_eq!(link(&hanako, &way.agrees(&out, "c", person())).await, wrong_state());
    assert_eq!(house.store.accounts(hanako.user.id).await.unwrap().len(), 1);

    let out = way.set_out("line", Some(&own)).await;
    let linked = link(&hanako, &way.agrees(&out, "d", person())).await;
    assert_eq!(linked, Ok(Arrived::Linked(hanako.user.id)));
    house.letter(MessageKind::AccountLinked, HANAKO);
    let out = way.set_out("line", None).await;
    let entered = signed_in(way.sign_in("line", &way.agrees(&out, "e", person())).await);
    assert_eq!(entered.user.id, hanako.user.id);

    let out = way.set_out("line", Some(&others)).await;
    let stolen = link(&taro, &way.agrees(&out, "f", person())).await.unwrap_err();
    assert!(refused("account_belongs_to_another")(&stolen), "{stolen:?}");
}

async fn a_changed_password_ends_a_link_under_way(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    house.person(HANAKO).await;
    let hanako = house.sign_in(HANAKO).await;
    let out = way.set_out("line", Some(&scope(&hanako))).await;
    let present = Secret::new(PASSWORD);
    let new = Secret::new("another password");
    house.people.change_password(&acting(&hanako), &scope(&hanako), &present, &new).await.unwrap();
    let back = way.agrees(&out, "a", claims("line", "U1", None));
    assert_eq!(way.by.link(&acting(&hanako), &scope(&hanako), &back).await, wrong_state());
}

async fn who_links_proves_who_they_are_before_they_set_out(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    house.person(HANAKO).await;
    let hanako = house.sign_in(HANAKO).await;
    let own = scope(&hanako);
    house.later(TimeDelta::minutes(10));
    assert_eq!(way.by.set_out("line", BACK, Some(&own)).await, Err(PeopleError::StepUpRequired));
    let proof = StepUpProof::Password(Secret::new(PASSWORD));
    house.people.step_up(&acting(&hanako), &own, &proof).await.unwrap();
    let out = way.set_out("line", Some(&own)).await;
    // And when they come back.
    house.later(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    let back = way.agrees(&out, "a", claims("line", "U1", None));
    assert_eq!(way.by.link(&acting(&hanako), &own, &back).await, Ok(Arrived::Linked(hanako.user.id)));
}

async fn an_id_token_may_be_shown_again(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    way.issuers.gives("token", Some("n"), claims("line", "U1", None));
    let show = async |issuer: &str, token: &str, nonce: Option<&str>| {
        let nonce = nonce.map(Secret::new);
        way.by.sign_in_by_token(&visitor(), issuer, &Secret::new(token), nonce.as_ref(), None).await
    };
    let first = signed_in(show("line", "token", None).await);
    let again = signed_in(show("line", "token", Some("n")).await);
    assert_eq!((again.user.id, again.session.id == first.session.id), (first.user.id, false));
    for (issuer, token, nonce, error) in [
        ("line", "token", Some("other"), OidcError::TokenRefused(TokenCheck::Nonce)),
        ("line", "forged", None, OidcError::TokenRefused(TokenCheck::Signature)),
        ("google", "token", None, OidcError::TokenRefused(TokenCheck::Issuer)),
        ("unheard_of", "token", None, OidcError::UnknownIssuer),
    ] {
        assert_eq!(show(issuer, token, nonce).await, Err(PeopleError::Issuer(error)));
    }
}

async fn nobody_is_sent_elsewhere(world: World) {
    let house = House::of(&world);
    let way = Way::of(&house);
    for elsewhere in ["https://evil.example/back", "https://shop.example.jp/back/", ""] {
        let error = way.by.set_out("google", elsewhere, None).await.unwrap_err();
        let PeopleError::Invalid(invalid) = error else { panic!("{error:?}") };
        assert_eq!(invalid.violations()[0].pointer, "/redirect_uri");
    }
    let unknown = way.by.set_out("unheard_of", BACK, None).await;
    assert_eq!(unknown, Err(PeopleError::Issuer(OidcError::UnknownIssuer)));
    assert_eq!(way.by.names(), ["google", "line"]);
}

/// However many show one answer at once, and on whichever node.
async fn one_answer_signs_in_once(test: TestDb) {
    let houses = houses(&test).await;
    let issuers = Arc::new(IssuersInMemory::named(&["google", "line"]));
    let ways: [Arc<Way>; 2] = [0, 1].map(|node: usize| Arc::new(Way::through(&houses[node], issuers.clone())));
    for _ in 0..3 {
        let out = ways[0].set_out("google", None).await;
        let back = ways[0].agrees(&out, "a", claims("google", "108", None));
        let arrived = all_at_once(6, |n| {
            let (way, back) = (ways[n % 2].clone(), back.clone());
            Box::pin(async move { way.sign_in("google", &back).await })
        });
        let (arrived, refused): (Vec<_>, Vec<_>) = arrived.await.into_iter().partition(Result::is_ok);
        assert!(refused.iter().all(|refused| *refused == wrong_state()), "{refused:?}");
        assert_eq!(arrived.len(), 1);
    }
}
