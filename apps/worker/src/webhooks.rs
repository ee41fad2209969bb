//! Events to the systems of tenants: the use cases of `musubi-notification` over the protocol of `musubi-webhook`.

mod places;

use crate::outcomes::Outcomes;
use crate::work::Work;
use async_trait::async_trait;
use musubi_kernel::clock::Clock;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::NoPause;
use musubi_notification::webhook::courier::Courier;
use musubi_notification::webhook::dispatch::Dispatcher;
use musubi_notification::webhook::endpoints::Ports;
use musubi_notification::webhook::ports::{Call, Caller, Forbidden, Guard, Heard, NotCalled};
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::reach::{self, Reach};
use musubi_outgoing::{Outgoing, Url};
use musubi_settings::WebhookSettings;
use musubi_sql::SqlStore;
use musubi_webhook::payload::Payload;
use musubi_webhook::secret::SigningSecret;
use musubi_webhook::{Endpoint, LIMITS, Webhooks};
use places::Places;
use std::sync::Arc;
use std::time::Duration;

/// Passing events on to the endpoints of tenants.
pub fn work(store: &SqlStore, ids: &Arc<dyn IdGen>, clock: &Arc<dyn Clock>, settings: &WebhookSettings) -> Work {
    let ports = Ports {
        store: Arc::new(store.clone()),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        pause: Arc::new(NoPause),
    };
    let network = Network { way: Way::new(settings, Arc::clone(clock)), places: Places::default() };
    Work::default().subscriber(Dispatcher::new(ports.clone())).handler(Courier::new(
        ports,
        Arc::new(network),
        Arc::new(Outcomes),
    ))
}

/// Says which addresses tenants may name.
#[derive(Debug, Clone)]
pub struct Addresses(Reach);

impl Addresses {
    /// Those that the settings let be called.
    pub fn new(settings: &WebhookSettings) -> Self {
        Self(settings.reach())
    }
}

impl Guard for Addresses {
    fn permit(&self, url: &str) -> Result<(), Forbidden> {
        let forbidden = |of: reach::Forbidden| Forbidden { code: of.code(), why: why(of) };
        let url = Url::parse(url).map_err(|_| forbidden(reach::Forbidden::Address))?;
        self.0.check(&url).map_err(forbidden)
    }
}

/// Why an address may not be called, and who can change that.
fn why(of: reach::Forbidden) -> String {
    use reach::Forbidden::{Address, Credentials, Literal, LocalName, Port, Private, Scheme};
    match of {
        Address | Credentials => of.to_string(),
        Literal | LocalName | Port | Private | Scheme => {
            format!("{of}; only the operator of this installation can allow addresses within a network of its own")
        }
    }
}

/// For how long nothing is tried where nobody can be called.
const UNREADY: Duration = Duration::from_mins(5);

/// For how long an endpoint is not called any more that has as many calls as one may have.
const BUSY: Duration = Duration::from_secs(1);

/// Calls endpoints.
struct Network {
    way: Way,
    places: Places,
}

/// How they are called.
enum Way {
    Ready(Webhooks),
    /// This computer has no certificates of authorities, without which it cannot know whom it calls. Only who has webhooks
    /// needs any, so the program starts without.
    Unready(String),
}

impl Way {
    fn new(settings: &WebhookSettings, clock: Arc<dyn Clock>) -> Self {
        let whole = settings.answer_time();
        let limits = Limits { connect: LIMITS.connect.min(whole), whole, ..LIMITS };
        match Outgoing::new(settings.reach(), limits, Breaking::default(), Arc::clone(&clock)) {
            Ok(outgoing) => Self::Ready(Webhooks::new(Arc::new(outgoing), clock)),
            Err(error) => {
                tracing::warn!(%error, "webhooks of tenants cannot be called");
                Self::Unready(error.to_string())
            }
        }
    }
}

#[async_trait]
impl Caller for Network {
    async fn call(&self, call: &Call) -> Result<Heard, NotCalled> {
        let webhooks = match &self.way {
            Way::Ready(webhooks) => webhooks,
            Way::Unready(why) => return Err(NotCalled { why: why.clone(), rest: UNREADY }),
        };
        let Ok(url) = Url::parse(&call.url) else {
            return Ok(Heard { status: None, outcome: Outcome::refused("the address is none"), gone: false });
        };
        let Some(_place) = self.places.enter(call.endpoint).await else {
            return Err(NotCalled { why: "the endpoint answers slowly, and has other calls".to_owned(), rest: BUSY });
        };
        let secrets = call.secrets.iter().filter_map(|secret| SigningSecret::parse(secret).ok()).collect();
        let endpoint = Endpoint { id: call.endpoint.0, url, secrets };
        let attempt = webhooks.tell(&endpoint, call.id, &Payload::kept(call.body.clone())).await;
        match attempt.heard {
            musubi_webhook::Heard::Outcome(outcome) => Ok(Heard { status: attempt.status, outcome, gone: false }),
            musubi_webhook::Heard::Gone => {
                let outcome = Outcome::refused("the endpoint answers 410: it is gone for good");
                Ok(Heard { status: attempt.status, outcome, gone: true })
            }
            musubi_webhook::Heard::LeftAlone { why, rest } => Err(NotCalled { why, rest }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_name_public_addresses_and_those_of_the_operators_choice() {
        let code = |networks: &[&str], url: &str| {
            let networks = networks.iter().map(|network| network.parse().expect("a network")).collect();
            let settings = WebhookSettings { webhook_networks: networks, webhook_seconds: 15 };
            Addresses::new(&settings).permit(url).err().map(|forbidden| forbidden.code)
        };
        for (networks, url, expected) in [
            (&[][..], "https://hooks.example.jp/a", None),
            (&[], "http://hooks.example.jp/a", Some("not_https")),
            (&[], "HTTPS://hooks.example.jp/a", None),
            (&[], "HTTP://hooks.example.jp/a", Some("not_https")),
            (&[], "HTTPS://LOCALHOST/a", Some("local_host")),
            (&[], "https://127.0.0.1/a", Some("ip_address_as_host")),
            (&[], "https://localhost/a", Some("local_host")),
            (&[], "https://a:b@hooks.example.jp/", Some("credentials_in_address")),
            (&[], "https://", Some("not_an_address")),
            (&["127.0.0.0/8"], "http://127.0.0.1:9000/a", None),
            (&["127.0.0.0/8"], "http://10.0.0.1/a", Some("ip_address_as_host")),
        ] {
            assert_eq!(code(networks, url), expected, "{networks:?} {url}");
        }
    }
}
