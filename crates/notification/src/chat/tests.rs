use super::intake::Intake;
use super::memory::ChatInMemory;
use super::*;
use crate::memory::{BookInMemory, Post};
use crate::message::Choice;
use crate::template::examples::{self, Example};
use crate::testing::at;
use musubi_kernel::access::StoreRef;
use musubi_kernel::clock::ManualClock;
use musubi_kernel::id::{CountingIds, CustomerId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_kernel::retry::NoPause;
use std::sync::Mutex;

/// Calls off what it was told to, and remembers that.
#[derive(Default)]
struct Desk {
    answers: Mutex<Vec<CalledOff>>,
    asked: Mutex<Vec<(BookingId, i64)>>,
    /// What happens while it is asked.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

#[async_trait]
impl Till for Desk {
    async fn call_off(
        &self,
        _: &StoreScope,
        booking: BookingId,
        version: i64,
        _: &Caller,
    ) -> Result<CalledOff, StoreError> {
        self.asked.lock().unwrap().push((booking, version));
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        Ok(self.answers.lock().unwrap().pop().unwrap_or(CalledOff::Done))
    }
}

/// A salon whose customer has a booking tomorrow.
struct Salon {
    intake: Intake,
    chat: Chat,
    kept: ChatInMemory,
    jobs: Arc<JobsInMemory>,
    book: Arc<BookInMemory>,
    post: Arc<Post>,
    desk: Arc<Desk>,
    scope: StoreScope,
    facts: BookingFacts,
    told: Mutex<usize>,
}

impl Salon {
    fn open() -> Self {
        let (clock, ids) = (Arc::new(ManualClock::at(at("2026-03-19T03:00:00Z"))), Arc::new(CountingIds::default()));
        let jobs = Arc::new(JobsInMemory::default());
        let kept = ChatInMemory::new(jobs.clone());
        let (book, post, desk) =
            (Arc::new(BookInMemory::default()), Arc::new(Post::default()), Arc::new(Desk::default()));
        let scope = crate::testing::scope();
        let house = crate::facts::House { store: scope.store(), ..examples::house() };
        let zone = house.zone;
        book.put_house(house);
        let facts =
            Example::of(crate::kind::NotificationKind::BookingConfirmed, Locale::Ja, zone, clock.now()).facts().clone();
        book.put_booking(scope.store(), facts.clone());
        let here = StoreRef { store: scope.store(), tenant: scope.tenant(), open_to_public: true };
        kept.put_store(here, Some(Secret::new("secret")));
        kept.put_booking(scope.store(), facts.id, facts.addressee.customer);
        let store: Arc<dyn ChatStore> = Arc::new(kept.clone());
        let intake = Intake::new(store.clone(), clock.clone(), ids, Arc::new(NoPause));
        let ports = Ports {
            store,
            book: book.clone(),
            till: desk.clone(),
            channels: post.clone(),
            clock,
            pause: Arc::new(NoPause),
        };
        let told = Mutex::default();
        Self { intake, chat: Chat::new(ports), kept, jobs, book, post, desk, scope, facts, told }
    }

    /// Somebody does something a minute later each time; what they are answered.
    async fn does(&self, user: &str, deed: Deed) -> Option<Reply> {
        let number = {
            let mut told = self.told.lock().unwrap();
            *told += 1;
            *told
        };
        let event = ChatEvent {
            key: format!("E{number}"),
            at: at("2026-03-19T03:00:00Z") + chrono::TimeDelta::minutes(i64::try_from(number).unwrap()),
            user: user.to_owned(),
            reply_token: Some(format!("r{number}")),
            deed,
        };
        assert_eq!(self.intake.hear(&self.scope, &[event.clone(), event.clone()]).await, Ok(1));
        assert_eq!(self.intake.hear(&self.scope, &[event]).await, Ok(0), "it is told again");
        let before = self.post.replies().len();
        for line in self.jobs.list(&JobFilter::default(), 1_000).await.unwrap() {
            let event = line.key.and_then(|key| key.parse().ok()).unwrap();
            let which = Acting { tenant: self.scope.tenant(), store: self.scope.store(), event };
            self.chat.act(&which).await.unwrap();
            self.chat.act(&which).await.unwrap();
        }
        let replies = self.post.replies();
        assert!(replies.len() <= before + 1, "{replies:?}");
        let (token, reply) = replies.get(before)?.clone();
        assert_eq!(token, format!("r{number}"));
        Some(reply)
    }

    async fn says(&self, user: &str, deed: Deed) -> String {
        match self.does(user, deed).await {
            Some(Reply::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }
}

fn tap(tap: Tap) -> Deed {
    Deed::Tap(tap.data())
}

#[tokio::test]
async fn who_blocks_the_store_is_known_to_have_done_so_until_they_write() {
    let salon = Salon::open();
    for (deed, blocked) in [
        (Deed::Follow, false),
        (Deed::Unfollow, true),
        (Deed::Text("こんにちは".into()), false),
        (Deed::Unfollow, true),
        (Deed::Follow, false),
    ] {
        assert_eq!(salon.does("U1", deed).await, None);
        assert_eq!(salon.kept.has_blocked(salon.scope.store(), "U1"), blocked);
    }
    assert!(!salon.kept.has_blocked(salon.scope.store(), "U2"));
}

#[tokio::test]
async fn a_card_calls_a_booking_off_once_that_was_said_twice() {
    let salon = Salon::open();
    let (booking, version) = (salon.facts.id, salon.facts.now.version);
    let stranger = salon.says("U2", tap(Tap::Ask(booking))).await;
    assert!(stranger.contains("見つかりません") && stranger.contains("03-1234-5678"), "{stranger}");
    assert!(salon.says("U2", tap(Tap::CallOff(booking, version))).await.contains("見つかりません"));

    let code = salon.intake.code(&salon.scope, booking, None).await.unwrap().unwrap().code;
    assert!(salon.says("U1", Deed::Text(code.expose().to_owned())).await.contains("260320-XTHYJC8-P"));
    let Some(Reply::Question { text, choices }) = salon.does("U1", tap(Tap::Ask(booking))).await else {
        panic!("a question")
    };
    assert_eq!(text, "2026年3月20日(金) 14:00 カット＆カラーのご予約をキャンセルしますか？");
    let [Choice { data: yes, .. }, Choice { data: no, .. }] = choices;
    assert_eq!((Tap::read(&yes), Tap::read(&no)), (Some(Tap::CallOff(booking, version)), Some(Tap::Keep(booking))));
    assert!(salon.desk.asked.lock().unwrap().is_empty(), "nothing is called off by one tap");
    assert!(salon.says("U1", Deed::Tap(no)).await.contains("そのまま"));

    // It has been moved since: the question comes once more.
    salon.desk.answers.lock().unwrap().push(CalledOff::Changed);
    assert!(matches!(salon.does("U1", Deed::Tap(yes.clone())).await, Some(Reply::Question { .. })));
    assert!(salon.says("U1", Deed::Tap(yes)).await.contains("キャンセルを承りました"));
    assert_eq!(*salon.desk.asked.lock().unwrap(), [(booking, version), (booking, version)]);
}

#[tokio::test]
async fn two_taps_call_off_once_and_the_second_is_told_so() {
    let salon = Salon::open();
    let (booking, version) = (salon.facts.id, salon.facts.now.version);
    let code = salon.intake.code(&salon.scope, booking, None).await.unwrap().unwrap().code;
    salon.says("U1", Deed::Text(code.expose().to_owned())).await;
    let (book, store, mut cancelled) = (Arc::clone(&salon.book), salon.scope.store(), salon.facts.clone());
    cancelled.now.status = crate::facts::BookingStatus::Cancelled;
    *salon.desk.meanwhile.lock().unwrap() = Some(Box::new(move || book.put_booking(store, cancelled)));
    salon.desk.answers.lock().unwrap().push(CalledOff::Refused);
    assert!(salon.says("U1", tap(Tap::CallOff(booking, version))).await.contains("すでにキャンセルされています"));
}

#[tokio::test]
async fn what_is_said_to_happen_in_the_far_future_happens_soon() {
    let salon = Salon::open();
    let blocked = |at, key: &str| ChatEvent {
        key: key.to_owned(),
        at,
        user: "U1".to_owned(),
        reply_token: None,
        deed: Deed::Unfollow,
    };
    let event = blocked(DateTime::<Utc>::MAX_UTC, "E-far");
    assert_eq!(salon.intake.hear(&salon.scope, &[event]).await, Ok(1));
    let line = salon.jobs.list(&JobFilter::default(), 10).await.unwrap().remove(0);
    let kept = salon.kept.event(&salon.scope, line.key.unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.at, at("2026-03-19T04:00:00Z"));
}

#[tokio::test]
async fn while_line_is_switched_off_nothing_is_done_there() {
    let salon = Salon::open();
    let (booking, version, store) = (salon.facts.id, salon.facts.now.version, salon.scope.store());
    let code = async || salon.intake.code(&salon.scope, booking, None).await.unwrap().unwrap().code.expose().to_owned();
    salon.says("U1", Deed::Text(code().await)).await;
    let second = code().await;
    salon.kept.switch(store, false);
    for tap in [Tap::Ask(booking), Tap::CallOff(booking, version), Tap::Keep(booking)] {
        assert_eq!(salon.does("U1", Deed::Tap(tap.data())).await, None);
    }
    assert_eq!(salon.does("U2", Deed::Text(second.clone())).await, None);
    assert_eq!(salon.desk.asked.lock().unwrap().as_slice(), []);
    assert_eq!(salon.kept.holds(&salon.scope, "U2", booking).await, Ok(false));
    assert_eq!(salon.does("U1", Deed::Unfollow).await, None);
    assert!(salon.kept.has_blocked(store, "U1"), "that is known all the same");
    salon.kept.switch(store, true);
    assert!(salon.says("U2", Deed::Text(second)).await.contains("お届けします"), "the code was not used up");
}

#[tokio::test]
async fn what_cannot_be_called_off_is_said_and_not_asked() {
    let salon = Salon::open();
    let booking = salon.facts.id;
    let code = salon.intake.code(&salon.scope, booking, None).await.unwrap().unwrap().code;
    salon.says("U1", Deed::Text(code.expose().to_owned())).await;
    let late = BookingFacts { changeable_until: at("2026-03-18T00:00:00Z"), ..salon.facts.clone() };
    salon.book.put_booking(salon.scope.store(), late);
    assert!(salon.says("U1", tap(Tap::Ask(booking))).await.contains("受付期限を過ぎています"));
    let mut cancelled = salon.facts.clone();
    cancelled.now.status = crate::facts::BookingStatus::Cancelled;
    salon.book.put_booking(salon.scope.store(), cancelled);
    assert!(salon.says("U1", tap(Tap::Ask(booking))).await.contains("すでにキャンセルされています"));
    for odd in ["", "cancel=", "cancel=x", "cancel=x&version=1", "keep=", "coupon=1"] {
        assert_eq!(Tap::read(odd), None);
        assert_eq!(salon.does("U1", Deed::Tap(odd.into())).await, None);
    }
}

#[tokio::test]
async fn a_code_is_good_for_one_person_and_only_proof_makes_them_the_customer() {
    let salon = Salon::open();
    let (booking, customer) = (salon.facts.id, salon.facts.addressee.customer);
    let other = BookingId(Uuid::from_u128(77));
    salon.kept.put_booking(salon.scope.store(), other, customer);
    let by_link = salon.intake.code(&salon.scope, booking, None).await.unwrap().unwrap().code;
    let send = |user: &'static str, code: &Secret| salon.says(user, Deed::Text(format!("コード {}", code.expose())));
    assert!(send("U1", &by_link).await.contains("お届けします"));
    assert!(send("U2", &by_link).await.contains("無効"));
    assert_eq!(salon.kept.holds(&salon.scope, "U1", booking).await, Ok(true));
    assert_eq!(salon.kept.holds(&salon.scope, "U1", other).await, Ok(false), "the link is of one booking");

    let by_person = salon.intake.code(&salon.scope, booking, Some(customer)).await.unwrap().unwrap().code;
    assert!(send("U3", &by_person).await.contains("お届けします"));
    assert_eq!(salon.kept.holds(&salon.scope, "U3", other).await, Ok(true));

    let somebody_else = CustomerId(Uuid::from_u128(88));
    let third = BookingId(Uuid::from_u128(99));
    salon.kept.put_booking(salon.scope.store(), third, somebody_else);
    let theirs = salon.intake.code(&salon.scope, third, Some(somebody_else)).await.unwrap().unwrap().code;
    assert!(send("U3", &theirs).await.contains("すでに別のお客様"));
    assert_eq!(salon.kept.holds(&salon.scope, "U3", third).await, Ok(false));
}

#[tokio::test]
async fn who_signs_in_through_line_is_recognised() {
    let salon = Salon::open();
    salon.kept.put_account(salon.facts.addressee.customer, "U1");
    assert_eq!(salon.kept.holds(&salon.scope, "U1", salon.facts.id).await, Ok(false));
    salon.does("U1", Deed::Follow).await;
    assert_eq!(salon.kept.holds(&salon.scope, "U1", salon.facts.id).await, Ok(true));
}

#[test]
fn what_is_said_fits_and_names_what_it_is_about() {
    let (house, now) = (examples::house(), at("2026-03-19T03:00:00Z"));
    for language in Locale::ALL {
        let mut facts =
            Example::of(crate::kind::NotificationKind::Reminder, *language, house.zone, now).facts().clone();
        facts.now.terms.menu_name = "カ".repeat(255);
        facts.addressee.preferences.language = Some(*language);
        let Reply::Question { text, choices } = asked(&house, &facts, now) else { panic!("a question") };
        assert!(text.encode_utf16().count() <= 240, "{text}");
        for choice in choices {
            assert!(choice.label.chars().count() <= 20 && choice.data.len() <= 300, "{choice:?}");
        }
        let of_booking = [Saying::Linked, Saying::Over, Saying::TooLate, Saying::CalledOff];
        for saying in of_booking {
            let Reply::Text(text) = said(saying, &house, Some(&facts)) else { panic!("a text") };
            assert!(text.contains("260320-XTHYJC8-P"), "{text}");
        }
    }
}
