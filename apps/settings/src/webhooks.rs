//! How events reach the systems of tenants.

use clap::Args;
use musubi_outgoing::IpNet;
use musubi_outgoing::reach::Reach;
use std::time::Duration;

/// How the endpoints of tenants are called.
#[derive(Debug, Clone, Args)]
pub struct WebhookSettings {
    /// Networks of your own that webhooks of tenants may reach beside public addresses, such as `10.1.0.0/16,fd00::/8`
    #[arg(long, env = "MUSUBI_WEBHOOK_NETWORKS", value_name = "NETWORKS", value_delimiter = ',')]
    pub webhook_networks: Vec<IpNet>,

    /// Seconds that an endpoint of a tenant has for its answer, 1 to 30
    #[arg(long, env = "MUSUBI_WEBHOOK_SECONDS", default_value_t = 15, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=30))]
    pub webhook_seconds: u32,
}

impl WebhookSettings {
    /// Which addresses are called.
    pub fn reach(&self) -> Reach {
        Reach::public().allowing(&self.webhook_networks)
    }

    /// How long an endpoint has for its answer.
    pub fn answer_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.webhook_seconds))
    }
}
